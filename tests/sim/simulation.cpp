#include "tests/sim/simulation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/application/adapter.hpp"
#include "reconciler/fleet/adapter.hpp"
#include "reconciler/rollout/adapter.hpp"
#include "reconciler/source/adapter.hpp"
#include "tests/sim/story.hpp"

namespace slipway::sim {

std::vector<std::unique_ptr<runtime::Planner>> RealPlanners() {
  const rollout::PlannerOptions options;
  std::vector<std::unique_ptr<runtime::Planner>> planners;
  planners.push_back(source::MakeGitRepositoryPlanner());
  planners.push_back(fleet::MakeFleetPlanner());
  planners.push_back(fleet::MakeServerClaimPlanner());
  planners.push_back(application::MakeApplicationPlanner(options));
  planners.push_back(rollout::MakeRolloutPlanner(options));
  planners.push_back(rollout::MakeTestRunPlanner(options));
  return planners;
}

Outcome Play(const Scenario& scenario, const Options& options) {
  Story story(scenario, options);
  return story.Play();
}

}  // namespace slipway::sim
