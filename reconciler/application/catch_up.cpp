#include <algorithm>
#include <string>
#include <vector>

#include "reconciler/application/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"
#include "reconciler/rollout/order.hpp"

// Servers that stand aside get the promoted release, one intent of wave 0 each: newcomers; servers that join, whatever they bear;
// servers whose rollout ended without success; attempts that were interrupted. What else bears an intent of the active rollout, or goes back from it, is left to the
// rollout's own planner. One that joins and is healthy may serve already, let in by somebody else since the last listing: it costs
// headroom as any other; a fresh one costs none. Only what can be reached is written to: an intent that waits on a server out of reach would start
// whenever that comes back, with no regard to the budget of that moment.
namespace slipway::application::steps {
namespace {

using rollout::Candidate;
using rollout::IntentFacts;
using rollout::ServerView;

struct Stage {
  const api::ReleaseRef& stable;
  std::int64_t stable_number = 0;
  std::int64_t active_number = 0;  ///< 0: none
  rollout::PackedRelease release;
};

/// Whether the gateway may send its intent: what is neither the promoted release nor the active rollout's is inert.
bool IsLive(const Stage& stage, const ServerView& view) {
  const std::int64_t rollout = view.release.intent ? view.release.intent->rollout : 0;
  return rollout != 0 && (rollout == stage.stable_number || rollout == stage.active_number);
}

enum class Need : std::uint8_t { kNone, kBring, kAgain };

/// A rollout that halted where it stood because its strategy says never to go back keeps its servers, until a newer one is
/// promoted.
bool StandsByItself(const Desk& desk, const Stage& stage, std::int64_t number) {
  const api::Rollout* halted = FindRollout(desk, rollout::RolloutName(desk.name, number));
  return desk.spec.strategy.rollback == api::RollbackPolicy::kNever && halted != nullptr &&
         number > stage.stable_number && halted->status.phase == api::RolloutPhase::kHalted;
}

/// Whether a rollout is known to have ended without success.
bool WasNeverPromoted(const Desk& desk, std::int64_t number) {
  const api::Rollout* rollout = FindRollout(desk, rollout::RolloutName(desk.name, number));
  return rollout != nullptr && rollout->status.phase != api::RolloutPhase::kSucceeded;
}

Need NeedOf(const Desk& desk, const Stage& stage, const ServerView& view) {
  if (!view.reachable || view.busy || view.full) {
    return Need::kNone;
  }
  if (!view.release.intent) {
    return view.cordoned ? Need::kNone : Need::kBring;
  }
  const IntentFacts& intent = *view.release.intent;
  const bool of_active =
      !view.joining && stage.active_number != 0 &&
      (intent.rollout == stage.active_number || intent.from == stage.active_number);
  if (of_active) {
    return Need::kNone;
  }
  if (intent.rollout != stage.stable_number) {
    const bool stands = !view.joining && StandsByItself(desk, stage, intent.rollout);
    // Cordoned servers are left alone, but for those that bear a release that was never promoted.
    const bool spared = view.cordoned && !WasNeverPromoted(desk, intent.rollout);
    return stands || spared ? Need::kNone : Need::kBring;
  }
  const bool done =
      rollout::EndedWith(view.release, api::Outcome::kSucceeded) && rollout::Matches(view.release);
  const bool failed = rollout::EndedWith(view.release, api::Outcome::kFailed);
  const bool again = rollout::IsSettled(view.release) && !done && !failed &&
                     intent.retries < rollout::kMaxRetries && !view.cordoned;
  return again ? Need::kAgain : Need::kNone;
}

rollout::AssignIntent Bring(const Desk& desk, const Stage& stage, const ServerView& view,
                            Need need) {
  rollout::AssignIntent action = rollout::NextIntent(view, desk.name, stage.stable, 0);
  const IntentFacts* before = view.release.intent ? &*view.release.intent : nullptr;
  if (need == Need::kBring && before != nullptr && WasNeverPromoted(desk, before->rollout)) {
    action.intent.from = rollout::RolloutName(desk.name, before->rollout);
  } else if (need == Need::kAgain) {
    // Where it was brought by a wave, it stays a server of that wave.
    action.intent.wave = before->wave;
    action.intent.retries = before->retries + 1;
    action.intent.from = before->from == 0 ? "" : rollout::RolloutName(desk.name, before->from);
  }
  return action;
}

}  // namespace

void CatchUp(Desk& desk) {
  const auto& stable = desk.status.stable;
  if (!stable || !desk.snapshot.settled || FindRollout(desk, stable->rollout) == nullptr) {
    return;
  }
  const Stage stage{.stable = *stable,
                    .stable_number = rollout::RolloutNumber(desk.name, stable->rollout),
                    .active_number = rollout::RolloutNumber(desk.name, desk.status.active),
                    .release = rollout::PackedRelease(stable->commit, stable->hash)};
  rollout::Usage usage;
  rollout::StableHealth health;
  std::vector<Candidate> candidates;
  std::int64_t total = 0;
  for (std::uint32_t index = 0; index < desk.snapshot.servers.size(); ++index) {
    const ServerView& view = desk.snapshot.servers[index];
    total += view.joining ? 0 : 1;
    rollout::Count(view, IsLive(stage, view), usage);
    if (!view.held) {
      rollout::Count(view, stage.release, health);
    }
    if (NeedOf(desk, stage, view) != Need::kNone) {
      candidates.push_back({.index = index,
                            .rank = rollout::RankOf(view, stage.release, stage.release),
                            .in_service = rollout::MayServe(view)});
    }
  }
  const rollout::Limits limits = rollout::ResolveLimits(desk.spec.strategy, total);
  // Where the promoted release is healthy nowhere, what is healthy on another one is left alone.
  std::int64_t headroom = health.IsWorse() ? 0 : rollout::Headroom(limits, usage);
  rollout::OrderFirst(candidates, desk.snapshot.servers, rollout::kMaxActions);
  for (const Candidate& candidate : candidates) {
    if (!HasRoom(desk.plan) || (candidate.in_service && headroom == 0)) {
      return;
    }
    headroom -= candidate.in_service ? 1 : 0;
    const ServerView& view = desk.snapshot.servers[candidate.index];
    desk.plan.actions.push_back(Bring(desk, stage, view, NeedOf(desk, stage, view)));
  }
}

}  // namespace slipway::application::steps
