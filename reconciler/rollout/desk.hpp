#pragma once

#include <optional>
#include <string>

#include "reconciler/rollout/arithmetic.hpp"
#include "reconciler/rollout/census.hpp"
#include "reconciler/rollout/rollout_planner.hpp"

/// The parts of PlanRollout(). Each looks at the snapshot and changes the plan; all are pure.
namespace slipway::rollout::steps {

/// What one look at a rollout works on.
struct Desk {
  const Snapshot& snapshot;
  const api::Application& application;
  const api::RolloutStatus& stored;  ///< as it is durable
  Limits limits;
  Census census;
  Plan& plan;
  api::RolloutStatus& status;  ///< of the plan; begins as `stored` with its clocks advanced
};

// ---- clocks.cpp: elapsed time in status ----
/// Adds the time since the stored status to the clock that it says was running.
void AdvanceClocks(const Snapshot& snapshot, api::RolloutStatus& status);
/// Takes note of how many servers are done. Only more than ever before sets the clock of the progress deadline back; servers
/// that vanish take their part of the mark with them.
void NoteProgress(Desk& desk, std::int64_t done);
/// Makes the plan wake when the clock that runs now reaches `limit`, and when clocks must be saved.
void WatchClock(Desk& desk, Duration reached, Duration limit);
/// Keeps the stored clocks, or the whole stored status, where nothing of weight changed.
void KeepWhatIsStored(Desk& desk);

// ---- turns.cpp: who may begin, and who gives way ----
/// Begins when it is its turn, or gives way to a newer one.
void PlanPending(Desk& desk);
/// The newest rollout after this one that has not ended and, where asked for, has passed its gate; nullptr: none.
const api::Rollout* NewestAfter(const Desk& desk, bool passed);
/// A newer rollout that waits with its gate passed; nullptr: none.
const api::Rollout* Successor(const Desk& desk);
/// Whether a rollout that is healthy gives way to `successor` at once.
bool GivesWay(const Desk& desk, const api::Rollout& successor);
void Supersede(Desk& desk, const api::Rollout& successor);

// ---- gate.cpp ----
/// Runs the gate, and again when it was interrupted.
void PlanTesting(Desk& desk);

// ---- waves.cpp ----
/// Begins the wave after the current one. Durable before its first server is taken.
void BeginNextWave(Desk& desk);
void PlanWaves(Desk& desk);
/// Stands still because of servers that are out of service through no fault of the release.
void PauseForHeadroom(Desk& desk);
/// Stands still because the wave has only lost servers: whether the release is to blame is not known.
void PauseForLost(Desk& desk);

// ---- verdict.cpp ----
/// Ends the current wave as failed: goes back, or ends where there is no way back.
void Fail(Desk& desk, api::RolloutCause cause, const std::string& why);
/// Judges the current wave, once nothing more is to be taken for it: waits, bakes, passes or fails.
void JudgeWave(Desk& desk);
/// Fails when the progress deadline has passed; true where it did. Wakes at it otherwise.
bool FailOnDeadline(Desk& desk, const std::string& waits_for);
/// Fails when too many servers failed or were interrupted; true where it did. Notes progress otherwise.
bool FailOnResults(Desk& desk);

// ---- rollback.cpp ----
/// Brings the servers back, within the budget and its own deadline.
void PlanRollback(Desk& desk);

// ---- summary.cpp: what people see ----
/// Sets the message that people read.
void Say(Desk& desk, std::string message);
void Wait(Desk& desk, std::optional<api::RolloutCause> cause, std::string message);
void End(Desk& desk, api::RolloutPhase phase, std::string message);
/// Counts and conditions.
void Summarise(Desk& desk);
/// "wave 2 (early)".
std::string NameOfWave(const Desk& desk, std::int64_t wave);

// ---- shared ----
/// Whether another action fits into this plan.
bool HasRoom(const Plan& plan);
void WakeAfter(Plan& plan, Duration delay);

}  // namespace slipway::rollout::steps
