#pragma once

#include <memory>

#include "reconciler/rollout/cache_views.hpp"
#include "reconciler/runtime/planner.hpp"

namespace slipway::application {

/// PlanApplication() for the engine.
std::unique_ptr<runtime::Planner> MakeApplicationPlanner(rollout::PlannerOptions options);

}  // namespace slipway::application
