#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reconciler/base/time.hpp"

namespace slipway::apiserver {

/// What is still in a namespace that is being deleted, because somebody must let it go first.
struct NamespaceRemains {
  std::map<std::string, int> resources{};   ///< objects, by `plural.group`
  std::map<std::string, int> finalizers{};  ///< objects, by who holds them
};

/// Puts into the status of a Namespace what keeps it, in the words of Kubernetes. False: it is there
/// already. Thread-safe.
bool SetConditions(nlohmann::json& tree, const NamespaceRemains& remains, Time now);

}  // namespace slipway::apiserver
