#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconciler/runtime/planner.hpp"

// Planners that are wrong in one way each. The simulator must find every one of them.
namespace slipway::sim {

enum class Mutant : std::uint8_t {
  kSkipsTheGate,          ///< sees rollouts without their gate
  kForgetsTheBudget,      ///< sees strategies that allow everything
  kStartsWavesEarly,      ///< sees every bake as waived
  kPlansTooEarly,         ///< does not wait for the lists that it reads
  kReusesAName,           ///< does not see the newest rollout, nor its number
  kBelievesOneListing,    ///< sees fleets that want no second listing
  kRemovesMany,           ///< sees fleets that let everybody leave at once
  kTakesErrorsForNobody,  ///< sees a failed listing as an empty one
  kLetsInEarly,           ///< sees applications that have promoted nothing
  kRollsToEverybody,      ///< sees servers that all serve
  kTakesRunningForGood,   ///< sees what runs as healthy, and its attempt as a success
  kIgnoresReach,          ///< sees servers that can all be reached
};

/// The real planners, one of which is wrong.
std::vector<std::unique_ptr<runtime::Planner>> WithMutant(Mutant mutant);

}  // namespace slipway::sim
