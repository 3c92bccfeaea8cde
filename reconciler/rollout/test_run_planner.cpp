#include "reconciler/rollout/test_run_planner.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/rollout/intent.hpp"

namespace slipway::rollout {
namespace {

/// Type of the condition that says, while it is True, since which status the server has been out of reach.
constexpr const char* kWaits = "ServerLost";

void Interrupt(api::TestRunStatus& status, std::string message) {
  status.phase = api::TestRunPhase::kEnded;
  status.result = api::Outcome::kInterrupted;
  status.message = std::move(message);
}

/// Out of reach: the time is measured from the durable status that says so.
void Wait(const TestRunSnapshot& snapshot, TestRunPlan& plan) {
  const api::Condition* waits = api::FindCondition(plan.status.conditions, kWaits);
  const std::string& server = snapshot.test_run.spec.server;
  if (waits != nullptr && waits->status == api::ConditionStatus::kTrue) {
    if (snapshot.elapsed >= kGateGrace) {
      Interrupt(plan.status,
                server + " could not be reached for " + api::FormatDuration(kGateGrace) + ".");
    } else {
      plan.requeue_after = kGateGrace - snapshot.elapsed;
    }
    return;
  }
  api::SetCondition(plan.status.conditions,
                    {.type = kWaits,
                     .status = api::ConditionStatus::kTrue,
                     .reason = "Unreachable",
                     .message = server + " cannot be reached; waits for it.",
                     .observed_generation = snapshot.test_run.metadata.generation},
                    snapshot.now);
}

}  // namespace

TestRunPlan PlanTestRun(const TestRunSnapshot& snapshot) {
  TestRunPlan plan{.status = snapshot.test_run.status};
  if (plan.status.phase == api::TestRunPhase::kEnded) {
    return plan;
  }
  const std::string& server = snapshot.test_run.spec.server;
  if (snapshot.rollout == nullptr || HasEnded(snapshot.rollout->status.phase)) {
    Interrupt(plan.status, "Its rollout has ended.");
  } else if (snapshot.server == nullptr) {
    Interrupt(plan.status, server + " is no longer in its fleet.");
  } else if (!snapshot.settled) {
    return plan;
  } else if (!snapshot.server->reachable) {
    Wait(snapshot, plan);
  } else if (api::FindCondition(plan.status.conditions, kWaits) != nullptr) {
    std::erase_if(plan.status.conditions,
                  [](const api::Condition& condition) { return condition.type == kWaits; });
  }
  return plan;
}

}  // namespace slipway::rollout
