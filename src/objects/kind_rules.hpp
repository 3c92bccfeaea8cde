#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "reconciler/base/error.hpp"
#include "src/objects/kinds.hpp"

// What a schema cannot say. All functions expect trees that fit their schema and are defaulted.
namespace slipway::objects {

/// Brings an object into the form that is stored: a Secret's stringData becomes data, a Namespace
/// gets its name as a label.
void Normalise(const KindInfo& kind, nlohmann::json& object);

/// What is wrong with one object, such as a process with neither run nor service.
std::vector<Cause> CheckRules(const KindInfo& kind, const nlohmann::json& object);

/// What is wrong with the change from `before` to `after`, such as another template in a Rollout.
std::vector<Cause> CheckChange(const KindInfo& kind, const nlohmann::json& before,
                               const nlohmann::json& after);

}  // namespace slipway::objects
