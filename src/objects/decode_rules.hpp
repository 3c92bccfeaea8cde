#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reconciler/base/result.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::objects {

/// kBadRequest, in kube-apiserver's words, for what it cannot even read into its own types: metadata of
/// any kind, and the values of a Secret or a ConfigMap. What else is of the wrong type is left to the
/// schema. Expects any tree; pure.
Result<void> CheckDecodes(const KindInfo& kind, const nlohmann::json& object);

}  // namespace slipway::objects
