#pragma once

#include <optional>
#include <set>
#include <string>

#include "reconciler/application/application_planner.hpp"
#include "reconciler/rollout/arithmetic.hpp"
#include "reconciler/rollout/census.hpp"

/// The parts of PlanApplication(). Each looks at the snapshot and changes the plan; all are pure.
namespace slipway::application::steps {

/// Why nothing new is made, as a condition says it.
struct Problem {
  std::string reason;
  std::string message;
  bool passing = false;  ///< it may pass by itself
};

/// What the source and the spec together ask for.
struct Desired {
  api::RolloutRelease release;
  api::RolloutTemplate content;
};

/// What one look at an application works on.
struct Desk {
  const Snapshot& snapshot;
  const api::ApplicationSpec& spec;
  const std::string& name;
  Plan& plan;
  api::ApplicationStatus& status;  ///< of the plan
  std::optional<Desired> desired;
  std::optional<Problem> problem;
  std::set<std::int64_t> named;    ///< numbers of rollouts that intents of selected servers name
  std::int64_t newest_number = 0;  ///< the greatest that was ever seen
};

// ---- record.cpp: what has happened ----
/// Counts servers and the rollouts that they name.
void CountServers(Desk& desk);
/// Takes promotions and failures into the status.
void Record(Desk& desk);
/// Whether the release failed before, and nobody said retry since.
const api::FailedRelease* FindFailure(const api::ApplicationStatus& status, const Commit& commit,
                                      const ReleaseHash& hash);
/// The newest rollout where it was interrupted too often and of this release: it is not tried again until something changes or
/// somebody says retry, although it did not fail. nullptr: it was not.
const api::Rollout* FindInterrupted(const Desk& desk, const Commit& commit,
                                    const ReleaseHash& hash);
/// nullptr where there is none of this name.
const api::Rollout* FindRollout(const Desk& desk, const std::string& name);
/// The rollout with the greatest number; nullptr: none.
const api::Rollout* Newest(const Desk& desk);

// ---- desired.cpp: what is wanted ----
/// Fills `desired` or `problem`; asks the mirror where it must.
void Resolve(Desk& desk);

// ---- next_rollout.cpp ----
/// Makes the next rollout where what is wanted is neither there, nor under way, nor known to be bad.
void MakeNext(Desk& desk);

// ---- catch_up.cpp ----
/// Brings servers that stand aside to the promoted release.
void CatchUp(Desk& desk);

// ---- history.cpp ----
/// Deletes the oldest rollouts beyond the limit that nothing names.
void Prune(Desk& desk);

// ---- summary.cpp ----
/// Counts and conditions.
void Summarise(Desk& desk);
/// Keeps the stored status where nothing of weight changed.
void KeepWhatIsStored(Desk& desk);

// ---- shared ----
/// Whether another action fits into this plan.
bool HasRoom(const Plan& plan);
void WakeAfter(Plan& plan, Duration delay);

}  // namespace slipway::application::steps
