#include <algorithm>

#include "reconciler/rollout/desk.hpp"

namespace slipway::rollout::steps {
namespace {

/// Which clock a status says is running, if any. It is read off the stored status alone, because only that says what was
/// going on during the time that has passed since it was written.
Duration* RunningClock(api::RolloutStatus& status) {
  switch (status.phase) {
    case api::RolloutPhase::kProgressing:
      if (!status.waves.empty() && status.waves.back().baking) {
        return &status.waves.back().bake_elapsed;
      }
      return &status.progress.elapsed;
    case api::RolloutPhase::kRollingBack:
      return &status.progress.elapsed;
    case api::RolloutPhase::kPending:
    case api::RolloutPhase::kTesting:
    case api::RolloutPhase::kPaused:
    case api::RolloutPhase::kSucceeded:
    case api::RolloutPhase::kRolledBack:
    case api::RolloutPhase::kHalted:
    case api::RolloutPhase::kSuperseded:
    case api::RolloutPhase::kAborted:
      return nullptr;
  }
  return nullptr;
}

/// The part of a status that decides what happens next: whatever differs here is durable before anything is done.
bool SameDecisions(const api::RolloutStatus& left, const api::RolloutStatus& right) {
  const auto same_wave = [](const api::WaveStatus& one, const api::WaveStatus& other) {
    return one.name == other.name && one.target == other.target && one.last == other.last &&
           one.baking == other.baking && one.verdict == other.verdict;
  };
  return left.phase == right.phase && left.wave == right.wave && left.stable == right.stable &&
         left.gate == right.gate && left.cause == right.cause &&
         std::ranges::equal(left.waves, right.waves, same_wave);
}

/// Puts the stored clocks into `status`.
void CopyClocks(const api::RolloutStatus& stored, api::RolloutStatus& status) {
  status.progress = stored.progress;
  for (std::size_t wave = 0; wave < std::min(stored.waves.size(), status.waves.size()); ++wave) {
    status.waves[wave].bake_elapsed = stored.waves[wave].bake_elapsed;
  }
}

}  // namespace

void AdvanceClocks(const Snapshot& snapshot, api::RolloutStatus& status) {
  if (Duration* clock = RunningClock(status); clock != nullptr && snapshot.settled) {
    *clock += snapshot.elapsed;
  }
}

void NoteProgress(Desk& desk, std::int64_t done) {
  api::RolloutProgress& progress = desk.status.progress;
  if (done > progress.high_water) {
    progress.elapsed = Duration(0);
  }
  progress.high_water = done;
}

void WatchClock(Desk& desk, Duration reached, Duration limit) {
  if (!desk.snapshot.settled) {
    return;
  }
  WakeAfter(desk.plan, std::max(Duration(0), limit - reached));
  WakeAfter(desk.plan, std::max(Duration(0), kSaveClocksAfter - desk.snapshot.elapsed));
}

void KeepWhatIsStored(Desk& desk) {
  if (!SameDecisions(desk.status, desk.stored)) {
    return;
  }
  api::RolloutStatus frozen = desk.status;
  CopyClocks(desk.stored, frozen);
  const bool can_wait = !desk.plan.actions.empty() || frozen == desk.stored;
  if (can_wait && desk.snapshot.elapsed < kSaveClocksAfter) {
    desk.status = desk.stored;
  }
}

}  // namespace slipway::rollout::steps
