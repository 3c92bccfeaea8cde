#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reconciler/api/shared.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::runtime {

inline constexpr const char* kReady = "Ready";
inline constexpr const char* kReconciling = "Reconciling";
inline constexpr const char* kStalled = "Stalled";

/// The reason of the Stalled condition that the engine writes about an object whose planner fails.
/// The engine takes it away again; planners leave it alone.
inline constexpr const char* kPlannerFailed = "PlannerFailed";

/// nullptr where there is none of the type.
const api::Condition* FindCondition(const std::vector<api::Condition>& conditions,
                                    const std::string& type);

/// Puts `condition` in the place of the one of its type, or at the end. lastTransitionTime becomes
/// `now` only where the status is another one; otherwise the old time stays.
void SetCondition(std::vector<api::Condition>& conditions, api::Condition condition, Time now);

/// Takes the condition of a type away.
void RemoveCondition(std::vector<api::Condition>& conditions, const std::string& type);

}  // namespace slipway::runtime
