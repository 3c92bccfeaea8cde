#pragma once

#include <memory>

#include "reconciler/rollout/cache_views.hpp"
#include "reconciler/runtime/planner.hpp"

namespace slipway::rollout {

/// PlanRollout() for the engine. It also keeps the pin of a rollout's commit: pinned before the rollout begins, unpinned
/// before the rollout goes (finalizer kPinFinalizer).
std::unique_ptr<runtime::Planner> MakeRolloutPlanner(PlannerOptions options);

/// PlanTestRun() for the engine.
std::unique_ptr<runtime::Planner> MakeTestRunPlanner(PlannerOptions options);

}  // namespace slipway::rollout
