#include "reconciler/rollout/rollout_planner.hpp"

#include <algorithm>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/rollout/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::rollout {

AssignIntent NextIntent(const ServerView& view, const std::string& application,
                        const api::ReleaseRef& release, std::int64_t wave) {
  std::int64_t attempt = 0;
  if (view.release.intent) {
    attempt = view.release.intent->attempt;
  }
  // An entry that somebody deleted begins anew; what its agent has in its journal must not look like the new attempt.
  if (view.release.attempt) {
    attempt = std::max(attempt, view.release.attempt->number);
  }
  return {.view = view,
          .intent = {.application = application,
                     .rollout = release.rollout,
                     .wave = wave,
                     .attempt = attempt + 1,
                     .commit = release.commit,
                     .hash = release.hash}};
}

namespace steps {

bool HasRoom(const Plan& plan) { return plan.actions.size() < kMaxActions; }

void WakeAfter(Plan& plan, Duration delay) {
  plan.requeue_after = std::min(plan.requeue_after.value_or(delay), delay);
}

namespace {

void Decide(Desk& desk) {
  switch (desk.stored.phase) {
    case api::RolloutPhase::kPending:
      PlanPending(desk);
      return;
    case api::RolloutPhase::kTesting:
      PlanTesting(desk);
      return;
    case api::RolloutPhase::kProgressing:
    case api::RolloutPhase::kPaused:
      PlanWaves(desk);
      return;
    case api::RolloutPhase::kRollingBack:
      SLIPWAY_ASSERT(desk.stored.stable.has_value(), "a rollout that goes back knows where to");
      PlanRollback(desk);
      return;
    case api::RolloutPhase::kSucceeded:
    case api::RolloutPhase::kRolledBack:
    case api::RolloutPhase::kHalted:
    case api::RolloutPhase::kSuperseded:
    case api::RolloutPhase::kAborted:
      SLIPWAY_UNREACHABLE("a rollout that has ended is not planned");
  }
}

}  // namespace
}  // namespace steps

Plan PlanRollout(const Snapshot& snapshot) {
  const api::RolloutStatus& stored = snapshot.rollout.status;
  Plan plan{.status = stored};
  if (snapshot.application == nullptr) {
    return plan;
  }
  if (HasEnded(stored.phase)) {
    plan.status.observed_generation = snapshot.rollout.metadata.generation;
    return plan;
  }
  SLIPWAY_ASSERT(snapshot.rollout.metadata.name ==
                     RolloutName(snapshot.rollout.spec.application, snapshot.rollout.spec.number),
                 "a rollout is named after its application and its number");
  const bool begun = IsActive(stored.phase);
  SLIPWAY_ASSERT(
      stored.wave == static_cast<std::int64_t>(stored.waves.size()) && (stored.wave >= 1) == begun,
      "a rollout records each wave that has begun, and is active from the first one on");
  const auto& stable = begun ? stored.stable : snapshot.application->status.stable;
  Census census = TakeCensus(snapshot.rollout, stable ? &*stable : nullptr, snapshot.servers);
  const Limits limits = ResolveLimits(snapshot.application->spec.strategy, census.total);
  steps::Desk desk{
      .snapshot = snapshot,
      .application = *snapshot.application,
      .stored = stored,
      .limits = limits,
      .census = std::move(census),
      .plan = plan,
      .status = plan.status,
  };
  steps::AdvanceClocks(snapshot, plan.status);
  steps::Decide(desk);
  steps::Summarise(desk);
  steps::KeepWhatIsStored(desk);
  return plan;
}

}  // namespace slipway::rollout
