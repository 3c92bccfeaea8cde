#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::objects {

/// kBadRequest, in kube-apiserver's words, for what it cannot even read into its own types: metadata of
/// any kind, and the values of a Secret or a ConfigMap. What else is of the wrong type is left to the
/// schema. Expects any tree; pure.
Result<void> CheckDecodes(const KindInfo& kind, const nlohmann::json& object);

/// kBadRequest for a whole object that does not say its kind, where Kubernetes knows it by nothing else:
/// our own kinds. `sent` is what `text` says.
Result<void> CheckSaysKind(const KindInfo& kind, const nlohmann::json& sent, std::string_view text);

}  // namespace slipway::objects
