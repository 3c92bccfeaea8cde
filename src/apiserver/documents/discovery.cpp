#include "src/apiserver/documents/discovery.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/base/json.hpp"
#include "src/apiserver/documents/resources.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

constexpr const char* kMajor = "1";
constexpr const char* kMinor = "32";
constexpr const char* kGitVersion = "v1.32.3+slipway";

/// The groups with a name, and the versions of each.
std::map<std::string, std::set<std::string>> Groups() {
  std::map<std::string, std::set<std::string>> groups;
  for (const Resource& resource : Resources()) {
    if (!resource.group.empty()) {
      groups[resource.group].insert(resource.version);
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

Json ResourceTree(const Resource& resource) {
  Json tree = {{"name", resource.plural},
               {"singularName", resource.singular},
               {"namespaced", resource.namespaced},
               {"kind", resource.kind},
               {"verbs", resource.verbs}};
  if (!resource.short_names.empty()) {
    tree["shortNames"] = resource.short_names;
  }
  if (!resource.categories.empty()) {
    tree["categories"] = resource.categories;
  }
  return tree;
}

Json SubresourceTree(const Resource& resource, const Subresource& part) {
  return {{"name", resource.plural + "/" + part.name},
          {"singularName", ""},
          {"namespaced", resource.namespaced},
          {"kind", resource.kind},
          {"verbs", part.verbs}};
}

/// A resource in the aggregated form.
Json AggregatedTree(const Resource& resource) {
  // kube-apiserver names group and version for custom resources only; clients know both.
  const Json kind = {{"group", resource.custom ? resource.group : ""},
                     {"version", resource.custom ? resource.version : ""},
                     {"kind", resource.kind}};
  Json tree = {{"resource", resource.plural},
               {"responseKind", kind},
               {"scope", resource.namespaced ? "Namespaced" : "Cluster"},
               {"singularResource", resource.singular},
               {"verbs", resource.verbs}};
  if (!resource.short_names.empty()) {
    tree["shortNames"] = resource.short_names;
  }
  if (!resource.categories.empty()) {
    tree["categories"] = resource.categories;
  }
  for (const Subresource& part : resource.subresources) {
    tree["subresources"].push_back(
        {{"subresource", part.name}, {"responseKind", kind}, {"verbs", part.verbs}});
  }
  return tree;
}

}  // namespace

std::string ApiVersionText() { return kGitVersion; }

std::string PathList() {
  Json paths = {"/api",     "/api/v1",     "/apis",       "/healthz", "/livez",
                "/metrics", "/openapi/v2", "/openapi/v3", "/readyz",  "/version"};
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
  for (const Resource& resource : Resources()) {
    if (resource.group != group || resource.version != version) {
      continue;
    }
    resources.push_back(ResourceTree(resource));
    for (const Subresource& part : resource.subresources) {
      resources.push_back(SubresourceTree(resource, part));
    }
  }
  return PrintJson({{"kind", "APIResourceList"},
                    {"apiVersion", "v1"},
                    {"groupVersion", group.empty() ? version : group + "/" + version},
                    {"resources", resources}});
}

std::string AggregatedDiscovery(bool groups, const std::string& version) {
  // group -> version -> resources
  std::map<std::string, std::map<std::string, Json>> served;
  for (const Resource& resource : Resources()) {
    if (resource.group.empty() != groups) {
      served[resource.group][resource.version].push_back(AggregatedTree(resource));
    }
  }
  Json items = Json::array();
  for (const auto& [group, versions] : served) {
    Json item = {{"metadata", {{"creationTimestamp", nullptr}}}, {"versions", Json::array()}};
    if (!group.empty()) {
      item["metadata"]["name"] = group;
    }
    for (const auto& [name, resources] : versions) {
      item["versions"].push_back(
          {{"version", name}, {"freshness", "Current"}, {"resources", resources}});
    }
    items.push_back(std::move(item));
  }
  return PrintJson({{"kind", "APIGroupDiscoveryList"},
                    {"apiVersion", "apidiscovery.k8s.io/" + version},
                    {"metadata", Json::object()},
                    {"items", items}});
}

}  // namespace slipway::apiserver
