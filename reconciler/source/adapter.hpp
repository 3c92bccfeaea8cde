#pragma once

#include <memory>

#include "reconciler/runtime/planner.hpp"

namespace slipway::source {

/// PlanGitRepository() for the engine.
std::unique_ptr<runtime::Planner> MakeGitRepositoryPlanner();

}  // namespace slipway::source
