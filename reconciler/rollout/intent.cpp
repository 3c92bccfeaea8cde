#include "reconciler/rollout/intent.hpp"

#include <algorithm>

#include "reconciler/base/assert.hpp"

namespace slipway::rollout {

bool BelongsTo(const api::Rollout& rollout, const api::Application& application) {
  const auto& owners = rollout.metadata.owner_references;
  return rollout.spec.application == application.metadata.name &&
         std::ranges::find(owners, application.metadata.uid, &api::OwnerReference::uid) !=
             owners.end();
}

bool Live(const api::Intent& intent, const api::Application& application,
          const api::Rollout* rollout) {
  if (application.status.stable && application.status.stable->rollout == intent.rollout) {
    return true;
  }
  if (rollout == nullptr || rollout->metadata.name != intent.rollout ||
      rollout->metadata.deletion_timestamp) {
    return false;
  }
  // RollingBack is not among them: what was not yet sent of a release that failed is never sent.
  const bool brings = rollout->status.phase == api::RolloutPhase::kProgressing ||
                      rollout->status.phase == api::RolloutPhase::kPaused;
  return brings && intent.wave >= 1 && intent.wave <= rollout->status.wave;
}

bool IsActive(api::RolloutPhase phase) {
  switch (phase) {
    case api::RolloutPhase::kProgressing:
    case api::RolloutPhase::kPaused:
    case api::RolloutPhase::kRollingBack:
      return true;
    case api::RolloutPhase::kPending:
    case api::RolloutPhase::kTesting:
    case api::RolloutPhase::kSucceeded:
    case api::RolloutPhase::kRolledBack:
    case api::RolloutPhase::kHalted:
    case api::RolloutPhase::kSuperseded:
    case api::RolloutPhase::kAborted:
      return false;
  }
  SLIPWAY_UNREACHABLE("rollout phase outside the enum");
}

bool HasEnded(api::RolloutPhase phase) {
  switch (phase) {
    case api::RolloutPhase::kSucceeded:
    case api::RolloutPhase::kRolledBack:
    case api::RolloutPhase::kHalted:
    case api::RolloutPhase::kSuperseded:
    case api::RolloutPhase::kAborted:
      return true;
    case api::RolloutPhase::kPending:
    case api::RolloutPhase::kTesting:
    case api::RolloutPhase::kProgressing:
    case api::RolloutPhase::kPaused:
    case api::RolloutPhase::kRollingBack:
      return false;
  }
  SLIPWAY_UNREACHABLE("rollout phase outside the enum");
}

bool Matches(const ReleaseFacts& release) {
  return release.intent && release.running && release.intent->release == release.running->release;
}

bool IsReported(const ReleaseFacts& release) {
  return release.intent && release.attempt && release.intent->rollout != 0 &&
         release.attempt->rollout == release.intent->rollout &&
         release.attempt->number == release.intent->attempt;
}

bool IsSettled(const ReleaseFacts& release) {
  return IsReported(release) && release.attempt->phase == api::AttemptPhase::kEnded;
}

bool IsInFlight(const ReleaseFacts& release) { return release.intent && !IsSettled(release); }

bool EndedWith(const ReleaseFacts& release, api::Outcome result) {
  return IsSettled(release) && release.attempt->result == result;
}

// An intent that was written but not heard of yet counts as taken even where its release runs already: the agent will check
// it soon, and the moment at which it begins to is not ours to choose.
bool Taken(const ReleaseFacts& release) {
  return release.intent && (!Matches(release) || !IsSettled(release));
}

bool Success(const ReleaseFacts& release) {
  return Matches(release) && release.running->health == api::RunningHealth::kHealthy &&
         EndedWith(release, api::Outcome::kSucceeded);
}

bool Available(const ServerView& view) {
  return view.reachable && view.release.running &&
         view.release.running->health == api::RunningHealth::kHealthy && !Taken(view.release);
}

bool MayServe(const ServerView& view) {
  const ReleaseFacts& release = view.release;
  const bool undisturbed =
      !release.intent || (Matches(release) && (!IsReported(release) || IsSettled(release)));
  return view.reachable && release.running &&
         release.running->health == api::RunningHealth::kHealthy && undisturbed;
}

bool Taken(const api::Intent* intent, const api::ServerRelease* release) {
  return intent != nullptr && Taken(MakeReleaseFacts(intent->application, intent, release));
}

bool Success(const api::Intent* intent, const api::ServerRelease* release) {
  return intent != nullptr && Success(MakeReleaseFacts(intent->application, intent, release));
}

bool Available(const api::Server& server, const std::string& application) {
  const ServerFacts facts = MakeServerFacts(server);
  return Available(ViewOf(facts, application));
}

}  // namespace slipway::rollout
