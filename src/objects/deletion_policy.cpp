#include "src/objects/deletion_policy.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/objects/owner_tracking.hpp"

namespace slipway::objects {
namespace {

using nlohmann::json;
using Propagation = DeleteRequest::Propagation;

bool HasPolicies(const KindInfo& kind) {
  return kind.kind != "Event" && kind.kind != "Namespace" && kind.kind != "AccessToken";
}

}  // namespace

void SetDeletionPolicy(const KindInfo& kind, json& object, Propagation policy) {
  if (!HasPolicies(kind)) {
    return;
  }
  json left = json::array();
  for (const json& finalizer : object["metadata"].value("finalizers", json::array())) {
    if (finalizer != kForegroundFinalizer && finalizer != kOrphanFinalizer) {
      left.push_back(finalizer);
    }
  }
  if (policy != Propagation::kBackground) {
    left.push_back(policy == Propagation::kOrphan ? kOrphanFinalizer : kForegroundFinalizer);
  }
  object["metadata"]["finalizers"] = std::move(left);
  DropEmpty(object["metadata"]);
}

}  // namespace slipway::objects
