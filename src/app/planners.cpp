#include <memory>
#include <vector>

#include "reconciler/application/adapter.hpp"
#include "reconciler/fleet/adapter.hpp"
#include "reconciler/rollout/adapter.hpp"
#include "reconciler/source/adapter.hpp"
#include "src/app/controllers.hpp"

namespace slipway::app {

std::vector<std::unique_ptr<runtime::Planner>> AllPlanners(Duration first_grace) {
  const rollout::PlannerOptions options{.first_grace = first_grace};
  std::vector<std::unique_ptr<runtime::Planner>> planners;
  planners.push_back(source::MakeGitRepositoryPlanner());
  planners.push_back(fleet::MakeFleetPlanner());
  planners.push_back(fleet::MakeServerClaimPlanner());
  planners.push_back(application::MakeApplicationPlanner(options));
  planners.push_back(rollout::MakeRolloutPlanner(options));
  planners.push_back(rollout::MakeTestRunPlanner(options));
  return planners;
}

}  // namespace slipway::app
