#include <algorithm>
#include <string>

#include "reconciler/application/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::application::steps {
namespace {

using api::RolloutCause;
using api::RolloutPhase;

bool IsSame(const api::RolloutRelease& left, const Commit& commit, const ReleaseHash& hash) {
  return left.commit == commit && left.hash == hash;
}

/// Whether the rollout ended in a way that makes a bad release. A healthy one that was superseded is not among them, nor is one
/// that was interrupted: nothing was measured.
bool CountsAsFailed(const api::Rollout& rollout) {
  if (rollout.status.cause == RolloutCause::kInfrastructure) {
    return false;
  }
  switch (rollout.status.phase) {
    case RolloutPhase::kRolledBack:
    case RolloutPhase::kHalted:
    case RolloutPhase::kAborted:
      return true;
    case RolloutPhase::kSuperseded:
      return rollout.status.cause && *rollout.status.cause != RolloutCause::kSuperseded;
    case RolloutPhase::kPending:
    case RolloutPhase::kTesting:
    case RolloutPhase::kProgressing:
    case RolloutPhase::kPaused:
    case RolloutPhase::kRollingBack:
    case RolloutPhase::kSucceeded:
      return false;
  }
  return false;
}

/// Whether a later rollout promoted the same release after all.
bool WasPromotedLater(const Desk& desk, const api::Rollout& rollout) {
  return std::ranges::any_of(desk.snapshot.rollouts, [&](const api::Rollout* other) {
    return other->spec.number > rollout.spec.number &&
           other->status.phase == RolloutPhase::kSucceeded &&
           IsSame(other->spec.release, rollout.spec.release.commit, rollout.spec.release.hash);
  });
}

void RecordPromotions(Desk& desk) {
  for (const api::Rollout* rollout : desk.snapshot.rollouts) {
    const auto& stable = desk.status.stable;
    const std::int64_t before =
        stable ? rollout::RolloutNumber(desk.name, stable->rollout) : std::int64_t{0};
    if (rollout->status.phase != RolloutPhase::kSucceeded || rollout->spec.number <= before) {
      continue;
    }
    const api::RolloutRelease& release = rollout->spec.release;
    desk.status.stable = api::ReleaseRef{
        .rollout = rollout->metadata.name, .commit = release.commit, .hash = release.hash};
    // What a person went back to names no reference: it says nothing about where the followed one stands.
    if (!release.ref.empty()) {
      desk.status.promoted = api::PromotedRevision{.ref = release.ref, .commit = release.commit};
    }
    std::erase_if(desk.status.failed, [&](const api::FailedRelease& failed) {
      return IsSame(release, failed.commit, failed.hash);
    });
  }
}

void RecordFailures(Desk& desk) {
  auto& failed = desk.status.failed;
  for (const api::Rollout* rollout : desk.snapshot.rollouts) {
    const bool noted = std::ranges::find(failed, rollout->metadata.name,
                                         &api::FailedRelease::rollout) != failed.end();
    if (!CountsAsFailed(*rollout) || noted || WasPromotedLater(desk, *rollout)) {
      continue;
    }
    const api::RolloutStatus& status = rollout->status;
    failed.push_back({.commit = rollout->spec.release.commit,
                      .hash = rollout->spec.release.hash,
                      .rollout = rollout->metadata.name,
                      .reason = std::string(status.cause ? api::ToString(*status.cause)
                                                         : api::ToString(status.phase)),
                      .time = desk.snapshot.now});
  }
  std::ranges::stable_sort(failed, std::ranges::greater(), [&](const api::FailedRelease& one) {
    return rollout::RolloutNumber(desk.name, one.rollout);
  });
  if (failed.size() > kMaxFailedReleases) {
    failed.resize(kMaxFailedReleases);
  }
}

/// Says which rollout may touch servers. It is the only place that does, so there is never more than one; the newest that
/// passed its gate is next.
void ChooseActive(Desk& desk) {
  const api::Rollout* active = FindRollout(desk, desk.status.active);
  if (active != nullptr && !rollout::HasEnded(active->status.phase)) {
    return;
  }
  desk.status.active.clear();
  for (const api::Rollout* rollout : desk.snapshot.rollouts) {
    const bool begun = rollout::IsActive(rollout->status.phase);
    const bool ready = rollout->status.phase == RolloutPhase::kPending &&
                       rollout->status.gate.passed && !rollout->spec.paused &&
                       !rollout->spec.aborted;
    if (begun || ready) {
      desk.status.active = rollout->metadata.name;
    }
    if (begun) {
      return;
    }
  }
}

}  // namespace

void CountServers(Desk& desk) {
  // Most servers name the same few rollouts: only what differs from the server before is looked up.
  std::int64_t last = 0;
  std::int64_t last_from = 0;
  for (const rollout::ServerView& view : desk.snapshot.servers) {
    if (view.release.intent && view.release.intent->rollout != last) {
      last = view.release.intent->rollout;
      desk.named.insert(last);
    }
    if (view.release.intent && view.release.intent->from != last_from) {
      last_from = view.release.intent->from;
      desk.named.insert(last_from);
    }
  }
  if (!desk.named.empty()) {
    desk.newest_number = std::max(desk.newest_number, *desk.named.rbegin());
  }
}

void Record(Desk& desk) {
  const api::Rollout* newest = Newest(desk);
  desk.newest_number =
      std::max({desk.newest_number, desk.status.last_number, desk.snapshot.number_used});
  if (newest != nullptr) {
    desk.newest_number = std::max(desk.newest_number, newest->spec.number);
  }
  desk.status.last_number = desk.newest_number;
  RecordPromotions(desk);
  RecordFailures(desk);
  desk.status.hold.reset();
  if (newest != nullptr && newest->spec.hold) {
    desk.status.hold = api::Hold{.rollout = newest->metadata.name, .reason = newest->spec.reason};
  }
  ChooseActive(desk);
}

const api::FailedRelease* FindFailure(const api::ApplicationStatus& status, const Commit& commit,
                                      const ReleaseHash& hash) {
  const auto found = std::ranges::find_if(status.failed, [&](const api::FailedRelease& failed) {
    return failed.commit == commit && failed.hash == hash;
  });
  return found == status.failed.end() ? nullptr : &*found;
}

const api::Rollout* FindInterrupted(const Desk& desk, const Commit& commit,
                                    const ReleaseHash& hash) {
  const api::Rollout* newest = Newest(desk);
  const bool interrupted = newest != nullptr && rollout::HasEnded(newest->status.phase) &&
                           newest->status.cause == RolloutCause::kInfrastructure &&
                           IsSame(newest->spec.release, commit, hash);
  return interrupted ? newest : nullptr;
}

const api::Rollout* FindRollout(const Desk& desk, const std::string& name) {
  const auto found = std::ranges::find_if(
      desk.snapshot.rollouts, [&](const api::Rollout* one) { return one->metadata.name == name; });
  return found == desk.snapshot.rollouts.end() ? nullptr : *found;
}

const api::Rollout* Newest(const Desk& desk) {
  return desk.snapshot.rollouts.empty() ? nullptr : desk.snapshot.rollouts.back();
}

}  // namespace slipway::application::steps
