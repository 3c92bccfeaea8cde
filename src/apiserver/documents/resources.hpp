#pragma once

#include <string>
#include <vector>

// What discovery tells of.
namespace slipway::apiserver {

/// A part of a resource, such as status.
struct Subresource {
  std::string name;
  std::vector<std::string> verbs;
};

/// One resource that is served, and what may be asked of it.
struct Resource {
  std::string group;  ///< "" for the core
  std::string version;
  std::string plural;
  std::string singular;
  std::string kind;
  bool namespaced = true;
  bool custom = false;  ///< a custom resource: Kubernetes describes these a little differently
  std::vector<std::string> short_names{};
  std::vector<std::string> categories{};
  std::vector<std::string> verbs{};
  std::vector<Subresource> subresources{};

  /// "slipway.dev/v1alpha1", or "v1" for the core.
  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
};

/// All of them, ordered by group, then plural. Made at the first call; lives as long as the process.
/// Thread-safe.
const std::vector<Resource>& Resources();

}  // namespace slipway::apiserver
