#include "src/apiserver/discovery.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/base/json.hpp"
#include "src/apiserver/collection_delete.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

/// The version of Kubernetes whose habits this API follows: clients compare it with their own.
constexpr const char* kMajor = "1";
constexpr const char* kMinor = "27";
constexpr const char* kGitVersion = "v1.27.0+slipway";

/// The groups with a name, and the versions of each.
std::map<std::string, std::set<std::string>> Groups() {
  std::map<std::string, std::set<std::string>> groups;
  for (const objects::KindInfo& kind : objects::AllKinds()) {
    if (!kind.group.empty()) {
      groups[kind.group].insert(kind.version);
    }
  }
  return groups;
}

Json GroupTree(const std::string& group, const std::set<std::string>& versions) {
  Json tree = {{"name", group}, {"versions", Json::array()}};
  for (const std::string& version : versions) {
    tree["versions"].push_back({{"groupVersion", group + "/" + version}, {"version", version}});
  }
  tree["preferredVersion"] = tree["versions"].back();
  return tree;
}

Json ResourceTree(const objects::KindInfo& kind, const std::string& subresource,
                  const std::vector<std::string>& verbs) {
  Json tree = {{"name", subresource.empty() ? kind.plural : kind.plural + "/" + subresource},
               {"singularName", subresource.empty() ? kind.singular : ""},
               {"namespaced", kind.namespaced},
               {"kind", kind.kind},
               {"verbs", verbs}};
  if (subresource.empty() && !kind.short_names.empty()) {
    tree["shortNames"] = kind.short_names;
  }
  if (subresource.empty() && !kind.categories.empty()) {
    tree["categories"] = kind.categories;
  }
  return tree;
}

std::vector<std::string> VerbsOf(const objects::KindInfo& kind) {
  std::vector<std::string> verbs = {"create", "delete", "get", "list", "patch", "update", "watch"};
  if (OffersCollectionDelete(kind)) {
    verbs.insert(verbs.begin() + 2, "deletecollection");
  }
  return verbs;
}

}  // namespace

std::string PathList() {
  Json paths = {"/api",   "/api/v1",  "/apis",   "/healthz",
                "/livez", "/metrics", "/readyz", "/version"};
  for (const auto& [group, versions] : Groups()) {
    paths.push_back("/apis/" + group);
    for (const std::string& version : versions) {
      paths.push_back("/apis/" + group + "/" + version);
    }
  }
  return PrintJson({{"paths", paths}});
}

std::string VersionInfo() {
  return PrintJson({{"major", kMajor},
                    {"minor", kMinor},
                    {"gitVersion", kGitVersion},
                    {"gitCommit", ""},
                    {"gitTreeState", ""},
                    {"buildDate", ""},
                    {"goVersion", ""},
                    {"compiler", ""},
                    {"platform", "linux/amd64"}});
}

std::string CoreVersions() {
  return PrintJson({{"kind", "APIVersions"},
                    {"versions", {"v1"}},
                    {"serverAddressByClientCIDRs", Json::array()}});
}

std::string GroupList() {
  Json groups = Json::array();
  for (const auto& [group, versions] : Groups()) {
    groups.push_back(GroupTree(group, versions));
  }
  return PrintJson({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}});
}

std::string GroupInfo(const std::string& group) {
  Json tree = GroupTree(group, Groups()[group]);
  tree["kind"] = "APIGroup";
  tree["apiVersion"] = "v1";
  return PrintJson(tree);
}

std::string ResourceList(const std::string& group, const std::string& version) {
  Json resources = Json::array();
  for (const objects::KindInfo& kind : objects::AllKinds()) {
    if (kind.group != group || kind.version != version) {
      continue;
    }
    resources.push_back(ResourceTree(kind, "", VerbsOf(kind)));
    if (kind.has_status) {
      resources.push_back(ResourceTree(kind, "status", {"get", "patch", "update"}));
    }
    if (kind.kind == "Server") {
      resources.push_back(ResourceTree(kind, "log", {"get"}));
    }
  }
  return PrintJson({{"kind", "APIResourceList"},
                    {"apiVersion", "v1"},
                    {"groupVersion", group.empty() ? version : group + "/" + version},
                    {"resources", resources}});
}

}  // namespace slipway::apiserver
