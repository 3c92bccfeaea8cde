#include "reconciler/rollout/census.hpp"

#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::rollout {
namespace {

/// Whether an agent is changing what runs, and what it reports of that is no measurement.
bool IsBeingSwitched(const ReleaseFacts& release) {
  return IsReported(release) && (release.attempt->phase == api::AttemptPhase::kSwitching ||
                                 release.attempt->phase == api::AttemptPhase::kVerifying);
}

/// Sorts one of ours into the census.
void CountOurs(const ServerView& view, std::uint32_t index, std::int64_t wave, Census& census) {
  const ReleaseFacts& release = view.release;
  const bool in_wave = release.intent->wave == wave;
  if (EndedWith(release, api::Outcome::kFailed)) {
    // Measured is measured: going out of reach afterwards does not hide it.
    census.failed.Add(index);
    census.wave_failed += in_wave ? 1 : 0;
    ++census.counted;
    return;
  }
  const bool done = EndedWith(release, api::Outcome::kSucceeded) && Matches(release);
  census.done += done ? 1 : 0;
  if (!view.reachable) {
    census.lost.Add(index);
    census.counted += done ? 1 : 0;
    census.lost_at_work += done ? 0 : 1;
    census.wave_lost += !done && in_wave ? 1 : 0;
    return;
  }
  ++census.counted;
  if (!IsSettled(release)) {
    census.pending.Add(index);
  } else if (!done) {
    // Interrupted, or something else runs than what was brought: nothing was measured.
    if (release.intent->retries < kMaxRetries) {
      census.retry.push_back(index);
      census.pending.Add(index);
    } else {
      census.exhausted.Add(index);
    }
  } else if (release.running->health == api::RunningHealth::kHealthy) {
    ++census.succeeded;
    census.wave_succeeded += in_wave ? 1 : 0;
  } else {
    census.unhealthy.Add(index);
  }
}

/// Whether the gateway may send this intent, as Live() says for objects.
bool IsLive(const api::Rollout& rollout, std::int64_t stable, const ReleaseFacts& release) {
  if (!release.intent || release.intent->rollout == 0) {
    return false;
  }
  const bool brings = rollout.status.phase == api::RolloutPhase::kProgressing ||
                      rollout.status.phase == api::RolloutPhase::kPaused;
  return release.intent->rollout == stable ||
         (brings && release.intent->rollout == rollout.spec.number && release.intent->wave > 0);
}

}  // namespace

void Tally::Add(std::uint32_t index) {
  ++count;
  if (first.size() < kNamesInMessages) {
    first.push_back(index);
  }
}

std::string NamesOf(const Tally& tally, std::span<const ServerView> servers) {
  std::vector<std::string_view> names;
  for (const std::uint32_t index : tally.first) {
    names.push_back(servers[index].server->name);
  }
  return ListNames(names, tally.count);
}

void Count(const ServerView& view, const PackedRelease& stable, StableHealth& health) {
  if (!view.reachable || !view.release.running) {
    return;
  }
  const bool healthy = view.release.running->health == api::RunningHealth::kHealthy;
  if (view.release.running->release == stable) {
    if (!healthy && IsBeingSwitched(view.release)) {
      return;  // our own doing, which says nothing about the release
    }
    ++health.running;
    health.healthy += healthy ? 1 : 0;
  } else {
    health.other_healthy += healthy ? 1 : 0;
  }
}

void Count(const ServerView& view, bool live, Usage& usage) {
  if (view.held) {
    const bool again = live && IsInFlight(view.release) && view.release.intent->attempt > 1;
    usage.down += view.reachable && again ? 1 : 0;
    return;
  }
  if (!view.reachable) {
    ++usage.unreachable;
  } else if (!(live ? Available(view) : MayServe(view))) {
    ++usage.down;
  }
}

Census TakeCensus(const api::Rollout& rollout, const api::ReleaseRef* promoted,
                  std::span<const ServerView> servers) {
  const std::int64_t number = rollout.spec.number;
  const PackedRelease wanted(rollout.spec.release.commit, rollout.spec.release.hash);
  const PackedRelease stable =
      promoted != nullptr ? PackedRelease(promoted->commit, promoted->hash) : PackedRelease();
  const std::int64_t stable_number =
      promoted != nullptr ? RolloutNumber(rollout.spec.application, promoted->rollout) : 0;
  Census census;
  for (std::uint32_t index = 0; index < servers.size(); ++index) {
    const ServerView& view = servers[index];
    Count(view, IsLive(rollout, stable_number, view.release), census.usage);
    if (view.held) {
      continue;
    }
    const bool has_intent = view.release.intent.has_value();
    census.total += view.joining ? 0 : 1;
    Count(view, stable, census.stable);
    if (has_intent && !view.joining && view.release.intent->rollout == number &&
        view.release.intent->wave > 0) {
      ++census.possible;
      CountOurs(view, index, rollout.status.wave, census);
      continue;
    }
    const bool in_service = Available(view);
    if (!in_service) {
      census.out.Add(index);
    }
    // A newcomer gets the promoted release first, from the application's planner.
    const bool newcomer = !has_intent && promoted != nullptr;
    if (view.full) {
      census.full.Add(index);
    }
    const bool spared = newcomer || view.cordoned || view.joining || view.full;
    census.possible += spared ? 0 : 1;
    census.others_down += view.reachable && !in_service ? 1 : 0;
    // Only what is live will end by itself: intents of other rollouts are inert while this one is active. What goes back from
    // one that failed is not waited for either: the fix must not be held up by it.
    const bool in_flight = has_intent && view.release.intent->rollout == stable_number &&
                           view.release.intent->from == 0 && IsInFlight(view.release);
    if (spared || !view.reachable) {
      continue;
    }
    if (in_flight || view.busy) {
      census.waiting.Add(index);
      continue;
    }
    census.candidates.push_back(
        {.index = index, .rank = RankOf(view, wanted, stable), .in_service = MayServe(view)});
  }
  return census;
}

}  // namespace slipway::rollout
