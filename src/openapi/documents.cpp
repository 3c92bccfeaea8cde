#include "src/openapi/documents.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "src/objects/kinds.hpp"
#include "src/openapi/definitions.hpp"
#include "src/openapi/operations.hpp"

namespace slipway::openapi {
namespace {

using objects::KindInfo;
using Json = nlohmann::json;
using Kinds = std::vector<const KindInfo*>;

Json Info(const std::string& version) { return {{"title", "Slipway"}, {"version", version}}; }

}  // namespace

std::string GroupVersion::Path() const {
  return group.empty() ? "api/" + version : "apis/" + group + "/" + version;
}

std::vector<GroupVersion> GroupVersions() {
  std::map<std::string, GroupVersion> served;
  for (const KindInfo& info : objects::AllKinds()) {
    GroupVersion one{info.group, info.version};
    served.emplace(one.Path(), one);
  }
  std::vector<GroupVersion> ordered;
  for (auto& [path, one] : served) {
    ordered.push_back(std::move(one));
  }
  return ordered;
}

Json DocumentV2(const std::string& version) {
  Kinds kinds;
  for (const KindInfo& info : objects::AllKinds()) {
    kinds.push_back(&info);
  }
  return {{"swagger", "2.0"},
          {"info", Info(version)},
          {"paths", Paths(kinds, Dialect::kV2)},
          {"definitions", Definitions(kinds, Dialect::kV2)}};
}

Json DocumentV3(const GroupVersion& served, const std::string& version) {
  Kinds kinds;
  for (const KindInfo& info : objects::AllKinds()) {
    if (info.group == served.group && info.version == served.version) {
      kinds.push_back(&info);
    }
  }
  return {{"openapi", "3.0.0"},
          {"info", Info(version)},
          {"paths", Paths(kinds, Dialect::kV3)},
          {"components", {{"schemas", Definitions(kinds, Dialect::kV3)}}}};
}

}  // namespace slipway::openapi
