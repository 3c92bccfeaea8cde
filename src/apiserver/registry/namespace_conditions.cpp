#include "src/apiserver/registry/namespace_conditions.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "reconciler/api/scalars.hpp"

namespace slipway::apiserver {
namespace {

using nlohmann::json;

json Condition(const char* type, const char* status, const char* reason,
               const std::string& message) {
  return {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}};
}

std::string Counted(const std::map<std::string, int>& counts, const char* verb) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text +=
        (text.empty() ? "" : ", ") + name + verb + std::to_string(count) + " resource instances";
  }
  return text;
}

json ContentRemaining(const NamespaceRemains& remains) {
  constexpr const char* kType = "NamespaceContentRemaining";
  return remains.resources.empty()
             ? Condition(kType, "False", "ContentRemoved", "All content successfully removed")
             : Condition(kType, "True", "SomeResourcesRemain",
                         "Some resources are remaining: " + Counted(remains.resources, " has "));
}

json FinalizersRemaining(const NamespaceRemains& remains) {
  constexpr const char* kType = "NamespaceFinalizersRemaining";
  return remains.finalizers.empty()
             ? Condition(kType, "False", "ContentHasNoFinalizers",
                         "All content-preserving finalizers finished")
             : Condition(kType, "True", "SomeFinalizersRemain",
                         "Some content in the namespace has finalizers remaining: " +
                             Counted(remains.finalizers, " in "));
}

}  // namespace

bool SetConditions(json& tree, const NamespaceRemains& remains, Time now) {
  json conditions = {Condition("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered",
                               "All resources successfully discovered"),
                     Condition("NamespaceDeletionGroupVersionParsingFailure", "False",
                               "ParsedGroupVersions", "All legacy kube types successfully parsed"),
                     Condition("NamespaceDeletionContentFailure", "False", "ContentDeleted",
                               "All content successfully deleted, may be waiting on finalization"),
                     ContentRemaining(remains), FinalizersRemaining(remains)};
  const json before = tree["status"].value("conditions", json::array());
  bool changed = before.size() != conditions.size();
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    json old = i < before.size() ? before[i] : json::object();
    const json since = old.value("lastTransitionTime", json());
    old.erase("lastTransitionTime");
    changed = changed || old != conditions[i];
    const bool same = old.value("status", json()) == conditions[i]["status"];
    conditions[i]["lastTransitionTime"] =
        same ? since : json(api::FormatTime(std::chrono::floor<std::chrono::seconds>(now)));
  }
  tree["status"]["conditions"] = std::move(conditions);
  return changed;
}

}  // namespace slipway::apiserver
