#pragma once

#include <nlohmann/json_fwd.hpp>

namespace slipway::cli {

/// The annotation in which `apply` keeps what it applied last: kubectl's own, so that both can
/// apply the same object.
inline constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/// The JSON merge patch (RFC 7396) that brings `live` to `desired`: sets what differs, and removes
/// the fields that `last` (what was applied before; null for nothing) had and `desired` has not.
/// Fields that others set stay. Lists are replaced whole. An empty object means that nothing has to
/// change. The algorithm is that of `kubectl apply` for custom resources.
nlohmann::json ThreeWayMergePatch(const nlohmann::json& last, const nlohmann::json& live,
                                  const nlohmann::json& desired);

}  // namespace slipway::cli
