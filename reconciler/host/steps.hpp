#pragma once

#include <optional>
#include <string>

#include "reconciler/host/planner.hpp"

/// The parts of PlanHost(). Each looks at the snapshot and changes the plan; all are pure.
namespace slipway::host::steps {

/// What one look at a server works on. `wanted` is nullptr also where the newest assignment was
/// refused.
struct Desk {
  const HostSnapshot& snapshot;
  const Wanted* wanted = nullptr;
  HostPlan& plan;
};

// ---- attempt.cpp: one application on its way to a release ----
/// Ends attempts of earlier starts of the agent as Interrupted.
void InterruptAttempts(Desk& desk);
/// Takes the result of an action of an attempt into the journal.
void FoldAttempt(Desk& desk, const Finished& finished);
/// Goes on with the attempt in progress. False where there is none.
bool DriveAttempt(Desk& desk);
/// Writes down the next attempt. False where nothing else is wanted.
bool BeginAttempt(Desk& desk);

// ---- gate_run.cpp: one gate run ----
/// Begins to end gate runs of earlier starts of the agent, as Interrupted where they had no result.
void InterruptGateRuns(Desk& desk);
void FoldGateRun(Desk& desk, const Finished& finished);
/// Forgets gate runs that are over here and there.
void ForgetGateRuns(Desk& desk);
bool DriveGateRun(Desk& desk);
bool BeginGateRun(Desk& desk);

// ---- upkeep.cpp: what goes on beside attempts ----
/// Starts again what ended by itself.
void KeepUp(Desk& desk);
/// Drops records beyond `keep` once an attempt ended; never the live one, the last good one or
/// `attempt`'s.
void TrimReleases(ApplicationRecord& record, const std::string& current, std::int64_t keep);
/// Forgets applications that are over here, where there are more than can be reported.
void ForgetApplications(Desk& desk);
/// Deletes directories that no record names. True where there are some.
bool RemoveGarbage(Desk& desk);

// ---- health.cpp ----
struct Verdict {
  std::optional<Outcome> outcome;      ///< nullopt: not known yet
  std::string message;                 ///< why it failed
  std::optional<Duration> look_again;  ///< when time alone may decide
};

/// Whether the processes of `config` run from `id` and were healthy long enough: each its
/// minHealthyTime, or, where `once`, one good check. A process that ended fails at once; `began`
/// starts the deadlines.
Verdict JudgeHealth(const api::ReleaseTemplate& config, const ReleaseId& id,
                    const Observed* observed, MonoTime began, MonoTime now, bool once);

/// Whether every process of `config` runs from `id`.
bool AllRun(const api::ReleaseTemplate& config, const ReleaseId& id, const Observed* observed);
bool AnyRuns(const Observed* observed);

// ---- report.cpp ----
/// Says what is known, from the journal and what is observed.
void FillReports(Desk& desk);

// ---- shared ----
/// nullptr where there is none.
const Observed* FindObserved(const std::vector<Observed>& all, const std::string& name);
/// What is wanted of an application, also nullptr where nothing was heard.
const WantedRelease* FindWanted(const Desk& desk, const std::string& application);
const ObservedProcess* FindProcess(const Observed* observed, const std::string& name);
/// Makes the plan wake after `delay` at the latest.
void WakeAfter(HostPlan& plan, std::optional<Duration> delay);
/// At most 1,024 bytes, cut between characters.
std::string Shorten(std::string text);
/// Snapshots of `repository` that something in the journal needs.
std::vector<Commit> CommitsToKeep(const Journal& journal, const std::string& repository);

}  // namespace slipway::host::steps
