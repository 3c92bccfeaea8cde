#include <algorithm>
#include <string>

#include "reconciler/api/conditions.hpp"
#include "reconciler/api/scalars.hpp"
#include "reconciler/rollout/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::rollout::steps {
namespace {

using api::RolloutCause;
using api::RolloutPhase;

bool IsSameRelease(const api::ReleaseRef& stable, const api::RolloutRelease& release) {
  return stable.commit == release.commit && stable.hash == release.hash;
}

/// Why the first server of a tally says that it failed; it ends the sentence.
std::string FirstMessage(const Desk& desk, const Tally& tally) {
  const ServerFacts& server = *desk.snapshot.servers[tally.first.front()].server;
  const std::string_view message = MessageOf(server, desk.application.metadata.name);
  return message.empty() ? "." : ": " + api::Sentence(std::string(message));
}

/// How long the servers of the current wave must still stay healthy.
Duration BakeLeft(const Desk& desk) {
  const auto& waves = desk.application.spec.strategy.waves;
  const auto index = static_cast<std::size_t>(desk.status.wave - 1);
  if (index >= waves.size() || desk.status.wave <= desk.snapshot.rollout.spec.promoted_through) {
    return Duration(0);
  }
  return std::max(Duration(0), waves[index].bake - desk.status.waves.back().bake_elapsed);
}

void Pass(Desk& desk) {
  api::WaveStatus& wave = desk.status.waves.back();
  wave.baking = false;
  wave.verdict = api::WaveVerdict::kPassed;
  if (!wave.last) {
    Say(desk, "Passed " + NameOfWave(desk, desk.status.wave) + ".");
    return;
  }
  std::string message = "Promoted to " + std::to_string(desk.census.succeeded) + " of " +
                        NumberOfServers(desk.census.total) + ".";
  if (desk.census.usage.unreachable > 0) {
    message += " " + std::to_string(desk.census.usage.unreachable) +
               " cannot be reached and will catch up when they come back.";
  }
  if (desk.census.full.count > 0) {
    message += " " + NamesOf(desk.census.full, desk.snapshot.servers) +
               " cannot bear it: there are " + std::to_string(kMaxIntents) + " other applications.";
  }
  if (desk.census.failed.count > 0) {
    message += " It failed, within the budget, on " +
               NamesOf(desk.census.failed, desk.snapshot.servers) + ".";
  }
  End(desk, RolloutPhase::kSucceeded, message);
}

/// The wave is not complete: time runs against the rollout.
void GoOn(Desk& desk) {
  const Census& census = desk.census;
  desk.status.waves.back().baking = false;
  const std::string waits_for =
      census.pending.count > 0     ? NamesOf(census.pending, desk.snapshot.servers)
      : census.unhealthy.count > 0 ? NamesOf(census.unhealthy, desk.snapshot.servers)
      : census.failed.count > 0    ? NamesOf(census.failed, desk.snapshot.servers)
                                   : NamesOf(census.out, desk.snapshot.servers);
  if (FailOnDeadline(desk, waits_for)) {
    return;
  }
  Say(desk, "In " + NameOfWave(desk, desk.status.wave) + " " + std::to_string(census.succeeded) +
                " of " + NumberOfServers(desk.status.waves.back().target) +
                " run the release and are healthy; at most " +
                std::to_string(desk.limits.max_unavailable) + " may be out of service" +
                (waits_for.empty() ? "." : "; waits for " + waits_for + "."));
}

}  // namespace

// Where nothing was ever promoted there is no way back; where the promoted release is the only one that is not healthy, the
// way back leads to nothing. Both stay where they are, and say so.
void Fail(Desk& desk, RolloutCause cause, const std::string& why) {
  const api::Rollout& rollout = desk.snapshot.rollout;
  const bool by_person = cause == RolloutCause::kAborted;
  if (!desk.status.waves.empty()) {
    desk.status.waves.back().baking = false;
    desk.status.waves.back().verdict = api::WaveVerdict::kFailed;
  }
  desk.plan.actions.clear();
  desk.status.cause = cause;
  desk.status.progress = {};
  const RolloutPhase ended = by_person ? RolloutPhase::kAborted : RolloutPhase::kHalted;
  if (!desk.status.stable) {
    End(desk, ended,
        why +
            " Nothing was ever promoted, so there is no way back: the servers stay as they are. "
            "Push a commit that mends it, or retry.");
  } else if (IsSameRelease(*desk.status.stable, rollout.spec.release)) {
    End(desk, ended,
        why + " This is the promoted release itself, so there is nothing to go back to.");
  } else if (!by_person && desk.application.spec.strategy.rollback == api::RollbackPolicy::kNever) {
    End(desk, ended, why + " The strategy says never to roll back: undo, retry or push a commit.");
  } else if (!by_person && desk.census.stable.IsWorse()) {
    End(desk, ended,
        why + " The new release is the only healthy one, so it stays where it runs; " +
            desk.status.stable->rollout + " is healthy nowhere.");
  } else {
    desk.status.phase = RolloutPhase::kRollingBack;
    Say(desk, why);
  }
}

bool FailOnDeadline(Desk& desk, const std::string& waits_for) {
  const Duration deadline = desk.application.spec.strategy.progress_deadline;
  const Duration elapsed = desk.status.progress.elapsed;
  if (elapsed < deadline) {
    WatchClock(desk, elapsed, deadline);
    return false;
  }
  Fail(desk, RolloutCause::kProgressDeadline,
       "No further server became healthy within " + api::FormatDuration(deadline) + " in " +
           NameOfWave(desk, desk.status.wave) +
           (waits_for.empty() ? "." : "; waited for " + waits_for + "."));
  return true;
}

bool FailOnResults(Desk& desk) {
  const Census& census = desk.census;
  if (census.failed.count > desk.limits.failures) {
    Fail(desk, RolloutCause::kServerFailed,
         "It failed on " + NamesOf(census.failed, desk.snapshot.servers) +
             FirstMessage(desk, census.failed));
    return true;
  }
  if (census.exhausted.count > 0) {
    Fail(desk, RolloutCause::kInfrastructure,
         "Interrupted " + std::to_string(kMaxRetries + 1) + " times on " +
             NamesOf(census.exhausted, desk.snapshot.servers) +
             ", so nothing is known about the release" + FirstMessage(desk, census.exhausted));
    return true;
  }
  // Not by health: servers that flap must not keep the deadline away.
  NoteProgress(desk, census.done);
  return false;
}

void JudgeWave(Desk& desk) {
  const Census& census = desk.census;
  const bool full = desk.status.waves.back().target <= census.counted ||
                    (census.candidates.empty() && census.waiting.count == 0);
  if (!full || census.pending.count > 0 || census.unhealthy.count > 0) {
    GoOn(desk);
    return;
  }
  const bool none_here = census.wave_failed > 0 && census.wave_succeeded == 0;
  if (none_here || (census.succeeded == 0 && census.failed.count > 0)) {
    Fail(desk, RolloutCause::kNoSuccess,
         "It succeeded on no server of " + NameOfWave(desk, desk.status.wave) + "; it failed on " +
             NamesOf(census.failed, desk.snapshot.servers) + FirstMessage(desk, census.failed));
    return;
  }
  if (census.wave_succeeded == 0 && census.wave_lost > 0) {
    PauseForLost(desk);
    return;
  }
  const Usage usage = census.WhileBringing();
  const bool too_many_lost =
      (usage.unreachable > desk.limits.unreachable || census.lost_at_work > 0) &&
      InUse(desk.limits, usage) > desk.limits.max_unavailable;
  if (census.succeeded == 0 || too_many_lost) {
    PauseForHeadroom(desk);
    return;
  }
  const Duration left = BakeLeft(desk);
  if (left <= Duration(0)) {
    Pass(desk);
    return;
  }
  desk.status.waves.back().baking = true;
  const Duration reached = desk.status.waves.back().bake_elapsed;
  const bool one = census.succeeded == 1;
  Say(desk,
      (one ? "The one server of " : "All " + NumberOfServers(census.succeeded) + " of ") +
          NameOfWave(desk, desk.status.wave) +
          (one ? " is healthy; it must stay so for " : " are healthy; they must stay so for ") +
          api::FormatDuration(reached + left) + ".");
  WatchClock(desk, reached, reached + left);
}

}  // namespace slipway::rollout::steps
