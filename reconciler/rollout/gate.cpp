#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/rollout/desk.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::rollout::steps {
namespace {

using api::Outcome;
using api::RolloutCause;
using api::RolloutPhase;

/// "2 of 40 cases failed. Failed: api/login, api/logout."
std::string DescribeFailure(const api::TestRun& run) {
  std::string text =
      run.status.message.empty() ? "The gate failed." : api::Sentence(run.status.message);
  std::size_t named = 0;
  for (const api::CaseFailure& failure : run.status.failures) {
    if (named == kNamesInMessages) {
      break;
    }
    text += (named == 0 ? " Failed: " : ", ") + failure.suite + "/" + failure.name;
    ++named;
  }
  return api::Sentence(std::move(text));
}

/// The integration server that has least to do; among equals another one for each rollout. The one of the run before comes
/// last: something interrupted it there.
const GateServer* ChooseServer(const Desk& desk, const std::string& previous) {
  const std::string& rollout = desk.snapshot.rollout.metadata.name;
  const auto order = [&](const GateServer& gate) {
    return std::tuple(gate.server->name == previous, gate.queued,
                      StableHash(rollout + "/" + gate.server->name));
  };
  const GateServer* best = nullptr;
  for (const GateServer& gate : desk.snapshot.gate_servers) {
    if (gate.server->reachable && !gate.server->cordoned && !gate.server->joining &&
        (best == nullptr || order(gate) < order(*best))) {
      best = &gate;
    }
  }
  return best;
}

void StartRun(Desk& desk, std::int64_t number, const std::string& previous) {
  const api::Rollout& rollout = desk.snapshot.rollout;
  // A run under way is not cancelled, but the next one would test what nobody wants any more.
  if (const api::Rollout* newer = NewestAfter(desk, false)) {
    Supersede(desk, *newer);
    return;
  }
  if (rollout.spec.paused) {
    Wait(desk, RolloutCause::kPausedByUser, "Paused by a person at the gate.");
    return;
  }
  if (!desk.snapshot.settled) {
    return;  // whom we can reach is not known yet
  }
  if (!desk.snapshot.unreadable_run.empty()) {
    Wait(desk, std::nullopt,
         "Waits at the gate: the TestRun " + std::string(desk.snapshot.unreadable_run) +
             " cannot be read, and may be the one that is wanted. Mend or delete it.");
    return;
  }
  const GateServer* gate = ChooseServer(desk, previous);
  if (gate == nullptr) {
    Wait(desk, RolloutCause::kNoServers,
         desk.snapshot.gate_servers.empty()
             ? "Waits at the gate: spec.gate.servers selects no server."
             : "Waits at the gate: none of its servers can be reached.");
    return;
  }
  Wait(desk, std::nullopt, "Starts its gate on " + gate->server->name + ".");
  desk.plan.actions.push_back(CreateTestRun{.name = TestRunName(rollout.metadata.name, number),
                                            .spec = {.application = rollout.spec.application,
                                                     .rollout = rollout.metadata.name,
                                                     .server = gate->server->name,
                                                     .number = number,
                                                     .commit = rollout.spec.release.commit,
                                                     .hash = rollout.spec.release.hash}});
}

/// What a run that has ended means.
void JudgeRun(Desk& desk, const api::TestRun& run) {
  switch (run.status.result.value_or(Outcome::kInterrupted)) {
    case Outcome::kSucceeded:
      desk.status.gate.passed = true;
      desk.status.phase = RolloutPhase::kPending;
      Wait(desk, std::nullopt, "The gate has passed; waits for its turn.");
      return;
    case Outcome::kFailed:
      desk.status.cause = RolloutCause::kGateFailed;
      End(desk, RolloutPhase::kHalted, DescribeFailure(run) + " No server was touched.");
      return;
    case Outcome::kInterrupted:
      break;
  }
  if (run.spec.number >= kMaxGateRuns) {
    desk.status.cause = RolloutCause::kInfrastructure;
    End(desk, RolloutPhase::kHalted,
        "The gate was interrupted " + std::to_string(kMaxGateRuns) +
            " times, so nothing is known about the release: " + api::Sentence(run.status.message) +
            " No server was touched. Mend the integration servers, then retry.");
    return;
  }
  StartRun(desk, run.spec.number + 1, run.spec.server);
}

/// A run for other bytes than ours decides nothing.
bool IsOurs(const Desk& desk, const api::TestRun& run) {
  const api::RolloutRelease& release = desk.snapshot.rollout.spec.release;
  return run.spec.commit == release.commit && run.spec.hash == release.hash;
}

}  // namespace

void PlanTesting(Desk& desk) {
  if (desk.snapshot.rollout.spec.aborted) {
    desk.status.cause = RolloutCause::kAborted;
    End(desk, RolloutPhase::kAborted, "Aborted at the gate; no server was touched.");
    return;
  }
  const api::TestRun* newest = nullptr;
  for (const api::TestRun* run : desk.snapshot.test_runs) {
    newest = IsOurs(desk, *run) ? run : newest;
  }
  const std::int64_t made =
      std::max(desk.stored.gate.attempts, newest != nullptr ? newest->spec.number : 0);
  if (newest == nullptr || newest->spec.number < made) {
    // The newest one was deleted by somebody: as good as interrupted.
    if (made >= kMaxGateRuns) {
      desk.status.cause = RolloutCause::kInfrastructure;
      End(desk, RolloutPhase::kHalted, "The gate's test runs were deleted; retry.");
    } else {
      StartRun(desk, made + 1, "");
    }
    return;
  }
  desk.status.gate.attempts = made;
  desk.status.gate.test_run = newest->metadata.name;
  switch (newest->status.phase) {
    case api::TestRunPhase::kPending:
    case api::TestRunPhase::kRunning:
      Wait(desk, std::nullopt, "At the gate on " + newest->spec.server + ".");
      return;
    case api::TestRunPhase::kEnded:
      JudgeRun(desk, *newest);
      return;
  }
}

}  // namespace slipway::rollout::steps
