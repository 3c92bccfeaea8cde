#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "src/objects/kinds.hpp"

// The annotation in which client-side apply keeps what it applied last, so that an object can go over
// to server-side apply. Pure.
namespace slipway::objects {

/// What client-side apply wrote last; nullopt where it did not, or wrote what does not fit.
std::optional<nlohmann::json> LastApplied(const KindInfo& kind, const nlohmann::json& object);

/// Puts `configuration` into the annotation of `object`, where it has one.
void RenewLastApplied(const nlohmann::json& configuration, nlohmann::json& object);

}  // namespace slipway::objects
