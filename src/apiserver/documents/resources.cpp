#include "src/apiserver/documents/resources.hpp"

#include "src/objects/kinds.hpp"

namespace slipway::apiserver {
namespace {

using Verbs = std::vector<std::string>;

// In the orders of kube-apiserver, which clients print.
const Verbs kBuiltInOrder = {"create", "delete", "deletecollection", "get",
                             "list",   "patch",  "update",           "watch"};
const Verbs kCustomOrder = {"delete", "deletecollection", "get",    "list",
                            "patch",  "create",           "update", "watch"};
const Verbs kStatusVerbs = {"get", "patch", "update"};

Resource ResourceOf(const objects::KindInfo& kind) {
  Resource resource{.group = kind.group,
                    .version = kind.version,
                    .plural = kind.plural,
                    .singular = kind.singular,
                    .kind = kind.kind,
                    .namespaced = kind.namespaced,
                    .custom = IsCustom(kind),
                    .short_names = kind.short_names,
                    .categories = kind.categories};
  for (const std::string& verb : resource.custom ? kCustomOrder : kBuiltInOrder) {
    if (kind.Offers(verb)) {
      resource.verbs.push_back(verb);
    }
  }
  if (kind.has_status) {
    resource.subresources.push_back({"status", kStatusVerbs});
  }
  if (kind.kind == "Server") {
    resource.subresources.push_back({"log", {"get"}});
  }
  return resource;
}

}  // namespace

const std::vector<Resource>& Resources() {
  static const std::vector<Resource> kResources = [] {
    std::vector<Resource> resources;
    for (const objects::KindInfo& kind : objects::AllKinds()) {
      resources.push_back(ResourceOf(kind));
    }
    return resources;
  }();
  return kResources;
}

}  // namespace slipway::apiserver
