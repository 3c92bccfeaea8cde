#pragma once

#include <memory>

#include "reconciler/runtime/planner.hpp"

namespace slipway::fleet {

/// PlanFleet() for the engine.
std::unique_ptr<runtime::Planner> MakeFleetPlanner();

/// PlanServerClaim() for the engine. Claims of one name are planned one after the other, so that one of them is first.
std::unique_ptr<runtime::Planner> MakeServerClaimPlanner();

}  // namespace slipway::fleet
