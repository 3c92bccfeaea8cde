#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reconciler/base/result.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::objects {

/// Kubernetes' strategic merge patch: as a merge patch, but lists that are sets or maps are merged item
/// by item, and `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…` and `$setElementOrder/…` say what
/// that cannot. Core kinds only. kBadRequest and kUnexplained as kube-apiserver says them. Pure.
Result<nlohmann::json> ApplyStrategicMerge(const KindInfo& kind, const nlohmann::json& object,
                                           const nlohmann::json& patch);

}  // namespace slipway::objects
