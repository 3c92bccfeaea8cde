#include <string>
#include <utility>

#include "reconciler/application/desk.hpp"
#include "reconciler/rollout/cache_views.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::application::steps {
namespace {

bool IsSame(const api::RolloutRelease& left, const api::RolloutRelease& right) {
  return left.commit == right.commit && left.hash == right.hash;
}

bool IsPromoted(const Desk& desk, const api::RolloutRelease& release) {
  const auto& stable = desk.status.stable;
  return stable && stable->commit == release.commit && stable->hash == release.hash;
}

/// Whether a rollout waits at a gate, without a run, that was corrected since. Its own copy of the gate never changes, so it
/// would wait there for ever. A run that was made decides by the gate that it was made for.
bool WaitsAtAnotherGate(const api::Rollout& rollout, const Desired& desired) {
  const api::RolloutStatus& status = rollout.status;
  const bool waits = status.wave == 0 && !status.gate.passed &&
                     (status.gate.attempts == 0 || status.cause == api::RolloutCause::kNoServers);
  return waits && rollout.spec.template_.gate != desired.content.gate;
}

/// Whether what is wanted needs a rollout of its own.
bool IsNeeded(const Desk& desk) {
  const api::RolloutRelease& wanted = desk.desired->release;
  const api::Rollout* newest = Newest(desk);
  if (newest != nullptr && !rollout::HasEnded(newest->status.phase)) {
    // Even where the promoted release is wanted again: what is under way now must not be the last word.
    return !IsSame(newest->spec.release, wanted) || WaitsAtAnotherGate(*newest, *desk.desired);
  }
  return !IsPromoted(desk, wanted);
}

/// Whether the release failed or was interrupted before and nothing has changed since. A gate that was edited after it stopped
/// the release is a change, although it makes no other release. The promoted release is none of these, whatever became of a
/// rollout back to it.
bool WasTriedBefore(const Desk& desk) {
  const api::RolloutRelease& wanted = desk.desired->release;
  if (IsPromoted(desk, wanted)) {
    return false;
  }
  const api::FailedRelease* failure = FindFailure(desk.status, wanted.commit, wanted.hash);
  const api::Rollout* tried = failure != nullptr
                                  ? FindRollout(desk, failure->rollout)
                                  : FindInterrupted(desk, wanted.commit, wanted.hash);
  if (failure == nullptr && tried == nullptr) {
    return false;
  }
  const bool other_gate = tried != nullptr && tried->status.wave == 0 &&
                          (tried->status.cause == api::RolloutCause::kGateFailed ||
                           tried->status.cause == api::RolloutCause::kInfrastructure) &&
                          tried->spec.template_.gate != desk.desired->content.gate;
  return !other_gate;
}

/// Keeps the commit in the mirror under the name that the rollout will have; true once it is durable there.
bool IsPinned(Desk& desk, const std::string& name) {
  const PinState* pin = desk.snapshot.pin;
  const Commit& commit = desk.desired->release.commit;
  if (pin == nullptr || pin->id != name || pin->commit != commit) {
    desk.plan.actions.push_back(PinCommit{.id = name, .commit = commit});
    return false;
  }
  if (!pin->error) {
    return true;
  }
  desk.problem =
      Problem{"PinFailed", "The commit cannot be kept in the mirror: " + pin->error->message, true};
  const Duration delay = rollout::RetryDelay(pin->failures);
  if (pin->age >= delay) {
    desk.plan.actions.push_back(PinCommit{.id = name, .commit = commit});
  } else {
    WakeAfter(desk.plan, delay - pin->age);
  }
  return false;
}

}  // namespace

void MakeNext(Desk& desk) {
  if (!desk.desired || desk.spec.suspend || desk.status.hold || !IsNeeded(desk)) {
    return;
  }
  if (WasTriedBefore(desk)) {
    return;
  }
  const api::RolloutRelease& release = desk.desired->release;
  // A number is used up once it was seen in a Rollout, whoever that belongs to, in an intent or in our status. What agents say
  // decides no numbers: one of them could use them all up.
  const std::int64_t number = desk.newest_number + 1;
  const std::string name = rollout::RolloutName(desk.name, number);
  if (!IsPinned(desk, name)) {
    return;
  }
  desk.plan.actions.push_back(CreateRollout{.name = name,
                                            .spec = {.application = desk.name,
                                                     .number = number,
                                                     .release = release,
                                                     .template_ = desk.desired->content}});
}

}  // namespace slipway::application::steps
