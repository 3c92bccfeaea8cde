#include "src/apiserver/registry/namespaces.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace slipway::apiserver {

const objects::KindInfo* NamespaceKind() {
  static const objects::KindInfo* const kKind = objects::FindByKind("v1", "Namespace");
  return kKind;
}

Result<void> CloseNamespace(nlohmann::json& tree) {
  nlohmann::json& metadata = tree["metadata"];
  if (metadata["name"] == kDefaultNamespace) {
    return Fail(Code::kForbidden,
                "namespaces \"default\" is forbidden: this namespace may not be deleted");
  }
  nlohmann::json& finalizers = tree["spec"]["finalizers"];
  if (!metadata.contains("deletionTimestamp") &&
      std::find(finalizers.begin(), finalizers.end(), kContentsFinalizer) == finalizers.end()) {
    finalizers.push_back(kContentsFinalizer);
  }
  tree["status"]["phase"] = "Terminating";
  return Ok();
}

}  // namespace slipway::apiserver
