#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/objects/kinds.hpp"

// What Kubernetes' own validation says of its own kinds, word for word. Trees as in kind_rules.hpp; kinds
// of ours pass.
namespace slipway::objects {

/// Whether a kind is a Secret or a ConfigMap.
bool HoldsValues(const KindInfo& kind);

/// What is wrong with one object of a core kind, and with the annotations of any.
std::vector<Cause> CheckCoreRules(const KindInfo& kind, const nlohmann::json& object);

/// What is wrong with a change of a Secret or a ConfigMap.
std::vector<Cause> CheckCoreChange(const KindInfo& kind, const nlohmann::json& before,
                                   const nlohmann::json& after);

}  // namespace slipway::objects
