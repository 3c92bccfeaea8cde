#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reconciler/rollout/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::rollout::steps {
namespace {

using api::RolloutCause;
using api::RolloutPhase;

/// What the wave in progress still lacks, given who can be taken at all.
std::int64_t Missing(const Desk& desk) {
  return std::max<std::int64_t>(0, desk.status.waves.back().target - desk.census.counted);
}

api::ReleaseRef OwnRelease(const Desk& desk) {
  const api::Rollout& rollout = desk.snapshot.rollout;
  return {.rollout = rollout.metadata.name,
          .commit = rollout.spec.release.commit,
          .hash = rollout.spec.release.hash};
}

/// Attempts that were interrupted are made again. One that ended so with the release already running and healthy is in
/// service, so it costs as much as any other.
void Retry(Desk& desk, std::int64_t& headroom) {
  for (const std::uint32_t index : desk.census.retry) {
    const ServerView& view = desk.snapshot.servers[index];
    const bool in_service = MayServe(view);
    if (!HasRoom(desk.plan) || (in_service && headroom == 0)) {
      continue;
    }
    headroom -= in_service ? 1 : 0;
    const IntentFacts& before = *view.release.intent;
    AssignIntent action =
        NextIntent(view, desk.application.metadata.name, OwnRelease(desk), before.wave);
    action.intent.retries = before.retries + 1;
    desk.plan.actions.push_back(std::move(action));
  }
}

/// Whether a wave has lost more servers than it is about, and succeeded on none: the release may be what cuts them off, and
/// more servers would tell no more. One that is lost otherwise is replaced.
bool LosesWhatItTakes(const Desk& desk) {
  const auto& waves = desk.status.waves;
  const std::int64_t before = waves.size() < 2 ? 0 : waves[waves.size() - 2].target;
  const std::int64_t size = std::max<std::int64_t>(1, waves.back().target - before);
  return desk.census.wave_succeeded == 0 && desk.census.wave_lost > size;
}

/// Takes servers for the wave, as many as the budget allows. Returns how many are still missing that could be taken if it
/// allowed more.
std::int64_t Fill(Desk& desk, std::int64_t& headroom) {
  std::int64_t missing = std::min<std::int64_t>(
      Missing(desk), static_cast<std::int64_t>(desk.census.candidates.size()));
  OrderFirst(desk.census.candidates, desk.snapshot.servers,
             std::min(kMaxActions, static_cast<std::size_t>(missing)));
  for (std::size_t next = 0; missing > 0 && HasRoom(desk.plan); ++next, --missing) {
    const Candidate& candidate = desk.census.candidates[next];
    if (candidate.in_service && headroom == 0) {
      break;
    }
    headroom -= candidate.in_service ? 1 : 0;
    desk.plan.actions.push_back(NextIntent(desk.snapshot.servers[candidate.index],
                                           desk.application.metadata.name, OwnRelease(desk),
                                           desk.status.wave));
  }
  return missing;
}

/// The servers that this plan writes to. Where a write is refused again and again, time runs against the rollout.
std::string NamesOfTaken(const Desk& desk) {
  std::vector<std::string_view> names;
  for (const Action& action : desk.plan.actions) {
    if (names.size() < kNamesInMessages) {
      names.push_back(std::get<AssignIntent>(action).view.server->name);
    }
  }
  return ListNames(names, static_cast<std::int64_t>(desk.plan.actions.size()));
}

/// Whether what others lost leaves no room at all: then waiting is no fault of the release.
bool BlockedByOthers(const Desk& desk) {
  const Census& census = desk.census;
  const Usage others{.down = census.others_down + census.lost_at_work,
                     .unreachable = census.WhileBringing().unreachable};
  return InUse(desk.limits, others) >= desk.limits.max_unavailable;
}

/// Stands still until what goes on where it would go next has ended.
void PauseForTurn(Desk& desk) {
  desk.status.phase = RolloutPhase::kPaused;
  Wait(desk, RolloutCause::kServersBusy,
       "Waits for its turn where something else is being brought: " +
           NamesOf(desk.census.waiting, desk.snapshot.servers) + ". Goes on by itself.");
}

/// True where the rollout is to stand still, for whatever reason; the status says which.
bool StandsStill(Desk& desk) {
  if (desk.snapshot.rollout.spec.paused) {
    desk.status.phase = RolloutPhase::kPaused;
    Wait(desk, RolloutCause::kPausedByUser, "Paused by a person; resume goes on.");
    return true;
  }
  if (desk.census.total == 0) {
    desk.status.phase = RolloutPhase::kPaused;
    Wait(desk, RolloutCause::kNoServers,
         "spec.servers of the application selects no server any more; goes on when it does.");
    return true;
  }
  return false;
}

}  // namespace

void BeginNextWave(Desk& desk) {
  const auto& waves = desk.application.spec.strategy.waves;
  const std::int64_t number = desk.status.wave + 1;
  const bool listed = number <= static_cast<std::int64_t>(waves.size());
  const std::int64_t before = desk.status.waves.empty() ? 0 : desk.status.waves.back().target;
  api::WaveStatus wave;
  if (listed) {
    const api::Wave& wanted = waves[static_cast<std::size_t>(number - 1)];
    wave.name = wanted.name.empty() ? std::to_string(number) : wanted.name;
    wave.target = std::min(desk.census.possible, WaveTarget(wanted.up_to, desk.census.total));
  } else {
    wave.name = "all";
    wave.target = desk.census.possible;
  }
  // Edits of the strategy while it goes on may make a wave smaller than the one before; what was brought stays.
  wave.target = std::max(wave.target, before);
  wave.last = !listed || (number == static_cast<std::int64_t>(waves.size()) &&
                          wave.target >= desk.census.possible);
  desk.status.phase = RolloutPhase::kProgressing;
  desk.status.wave = number;
  desk.status.waves.push_back(std::move(wave));
  desk.status.progress.elapsed = Duration(0);
  Say(desk, "Begins " + NameOfWave(desk, number) + ".");
}

void PauseForHeadroom(Desk& desk) {
  desk.status.phase = RolloutPhase::kPaused;
  std::string names = NamesOf(desk.census.out, desk.snapshot.servers);
  if (const std::string lost = NamesOf(desk.census.lost, desk.snapshot.servers); !lost.empty()) {
    names += (names.empty() ? "" : ", ") + lost;
  }
  Wait(desk, RolloutCause::kNoHeadroom,
       "No server may be taken: at most " + std::to_string(desk.limits.max_unavailable) + " of " +
           std::to_string(desk.limits.total) +
           " may be out of service, and these are or cannot be reached: " + names +
           ". Goes on by itself when they are back; nothing is rolled back.");
}

void PauseForLost(Desk& desk) {
  desk.status.phase = RolloutPhase::kPaused;
  Wait(desk, RolloutCause::kNoHeadroom,
       "In " + NameOfWave(desk, desk.status.wave) +
           " no server has succeeded, and these went out of reach while they were at work: " +
           NamesOf(desk.census.lost, desk.snapshot.servers) +
           ". Goes on by itself when they are back. Nothing is rolled back; if the release is what "
           "cuts them off, abort it or push a commit that mends it.");
}

// The order is that of who decides: a person, then what was measured, then a newer release, then the wave.
void PlanWaves(Desk& desk) {
  if (desk.snapshot.rollout.spec.aborted) {
    Fail(desk, RolloutCause::kAborted, "Aborted by a person.");
    return;
  }
  if (!desk.snapshot.settled) {
    // Nothing is decided on what agents said before this process started.
    return;
  }
  const api::Rollout* successor = Successor(desk);
  // One that only waits for its turn on a server is healthy: whether it gives way is a matter of policy.
  const bool stands_still =
      desk.snapshot.rollout.spec.paused || (desk.stored.phase == RolloutPhase::kPaused &&
                                            desk.stored.cause != RolloutCause::kServersBusy);
  if (successor != nullptr && stands_still) {
    Supersede(desk, *successor);
    return;
  }
  desk.status.phase = RolloutPhase::kProgressing;
  desk.status.cause.reset();
  if (StandsStill(desk) || FailOnResults(desk)) {
    return;
  }
  if (successor != nullptr && GivesWay(desk, *successor)) {
    Supersede(desk, *successor);
    return;
  }
  if (desk.stored.waves.back().verdict == api::WaveVerdict::kPassed) {
    BeginNextWave(desk);
    return;
  }
  std::int64_t headroom = Headroom(desk.limits, desk.census.WhileBringing());
  Retry(desk, headroom);
  const bool losing = LosesWhatItTakes(desk);
  const std::int64_t missing = losing ? 0 : Fill(desk, headroom);
  if (!desk.plan.actions.empty()) {
    if (!FailOnDeadline(desk, "what is written to " + NamesOfTaken(desk) + " to be accepted")) {
      Say(desk, "Brings " + NameOfWave(desk, desk.status.wave) + ".");
    }
    return;
  }
  const bool idle = desk.census.pending.count == 0 && desk.census.unhealthy.count == 0;
  if (idle && losing) {
    PauseForLost(desk);
    return;
  }
  if (idle && Missing(desk) > 0 && missing == 0 && desk.census.waiting.count > 0) {
    PauseForTurn(desk);
    return;
  }
  if (idle && missing > 0 && BlockedByOthers(desk)) {
    PauseForHeadroom(desk);
    return;
  }
  JudgeWave(desk);
}

}  // namespace slipway::rollout::steps
