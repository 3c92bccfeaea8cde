#pragma once

#include <string>
#include <utility>
#include <vector>

#include "src/garbage/owner_graph.hpp"

namespace slipway::garbage {

/// A ConfigMap of the namespace `default` whose uid is its name.
inline Node Map(const std::string& name, std::vector<Owner> owners = {}) {
  return {.place = {objects::FindByKind("v1", "ConfigMap"), "default", name},
          .uid = name,
          .revision = 7,
          .owners = std::move(owners),
          .finalizers = {}};
}

/// The same, being deleted, with a finalizer.
inline Node Deleted(const std::string& name, const char* finalizer,
                    std::vector<Owner> owners = {}) {
  Node node = Map(name, std::move(owners));
  node.finalizers = {finalizer};
  node.deleting = true;
  return node;
}

inline Owner By(const std::string& name) {
  return {.api_version = "v1", .kind = "ConfigMap", .name = name, .uid = name};
}

inline Owner BlockedBy(const std::string& name) {
  Owner owner = By(name);
  owner.blocks = true;
  return owner;
}

}  // namespace slipway::garbage
