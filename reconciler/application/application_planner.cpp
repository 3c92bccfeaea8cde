#include "reconciler/application/application_planner.hpp"

#include <algorithm>

#include "reconciler/application/desk.hpp"

namespace slipway::application {
namespace steps {

bool HasRoom(const Plan& plan) { return plan.actions.size() < rollout::kMaxActions; }

void WakeAfter(Plan& plan, Duration delay) {
  plan.requeue_after = std::min(plan.requeue_after.value_or(delay), delay);
}

}  // namespace steps

// The order matters in one place: what happened is recorded before what is wanted is looked at, so that a rollout that just
// failed is known to have, and the ancestor of the next one is the newest.
Plan PlanApplication(const Snapshot& snapshot) {
  Plan plan{.status = snapshot.application.status};
  steps::Desk desk{.snapshot = snapshot,
                   .spec = snapshot.application.spec,
                   .name = snapshot.application.metadata.name,
                   .plan = plan,
                   .status = plan.status};
  steps::CountServers(desk);
  steps::Record(desk);
  steps::Resolve(desk);
  steps::MakeNext(desk);
  steps::CatchUp(desk);
  steps::Prune(desk);
  steps::Summarise(desk);
  steps::KeepWhatIsStored(desk);
  return plan;
}

}  // namespace slipway::application
