#include <algorithm>
#include <string>
#include <vector>

#include "reconciler/api/conditions.hpp"
#include "reconciler/rollout/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

// Going back: the servers that bear an intent of this rollout get one of the promoted release, which says where it comes
// `from`. Without waves, but within maxUnavailable; with an attempt budget for each server and a deadline of its own, so that
// it always ends.
namespace slipway::rollout::steps {
namespace {

using api::RolloutCause;
using api::RolloutPhase;

struct Returning {
  std::vector<Candidate> out;  ///< reachable, still on an intent of this rollout
  std::vector<std::uint32_t>
      again;  ///< reachable, failed or interrupted on the way back, to be tried again
  std::int64_t back = 0;
  Tally in_flight;
  Tally exhausted;
  Tally lost;
};

void Sort(const ServerView& view, std::uint32_t index, Returning& returning) {
  const ReleaseFacts& release = view.release;
  const bool back = EndedWith(release, api::Outcome::kSucceeded) && Matches(release);
  if (!view.reachable && !back) {
    returning.lost.Add(index);
  } else if (back) {
    ++returning.back;
  } else if (!IsSettled(release)) {
    returning.in_flight.Add(index);
  } else if (release.intent->retries < kMaxRetries) {
    returning.again.push_back(index);
  } else {
    returning.exhausted.Add(index);
  }
}

Returning TakeStock(const Desk& desk) {
  const std::int64_t number = desk.snapshot.rollout.spec.number;
  Returning returning;
  for (std::uint32_t index = 0; index < desk.snapshot.servers.size(); ++index) {
    const ServerView& view = desk.snapshot.servers[index];
    if (!view.release.intent || view.joining) {
      continue;
    }
    if (view.release.intent->from == number) {
      Sort(view, index, returning);
    } else if (view.release.intent->rollout == number && view.reachable) {
      returning.out.push_back({.index = index, .in_service = MayServe(view)});
    } else if (view.release.intent->rollout == number) {
      returning.lost.Add(index);
    }
  }
  return returning;
}

void Send(Desk& desk, std::uint32_t index, std::int64_t retries) {
  AssignIntent action = NextIntent(desk.snapshot.servers[index], desk.application.metadata.name,
                                   *desk.status.stable, 0);
  action.intent.from = desk.snapshot.rollout.metadata.name;
  action.intent.retries = retries;
  desk.plan.actions.push_back(std::move(action));
}

/// Sends back what the budget allows. Where the promoted release is healthy nowhere, what is healthy on ours is left alone: it
/// may be all that there is.
void SendBack(Desk& desk, Returning& returning) {
  const bool spare = desk.status.cause != RolloutCause::kAborted && desk.census.stable.IsWorse();
  std::int64_t headroom = spare ? 0 : Headroom(desk.limits, desk.census.usage);
  OrderFirst(returning.out, desk.snapshot.servers, kMaxActions);
  for (const Candidate& candidate : returning.out) {
    if (!HasRoom(desk.plan) || (candidate.in_service && headroom == 0)) {
      break;
    }
    headroom -= candidate.in_service ? 1 : 0;
    Send(desk, candidate.index, 0);
  }
  for (const std::uint32_t index : returning.again) {
    const ServerView& view = desk.snapshot.servers[index];
    const bool in_service = MayServe(view);
    if (HasRoom(desk.plan) && (!in_service || headroom > 0)) {
      headroom -= in_service ? 1 : 0;
      Send(desk, index, view.release.intent->retries + 1);
    }
  }
}

/// Why the rollout failed, as it was recorded when it did.
std::string WhyItFailed(const Desk& desk) {
  const api::Condition* ready = api::FindCondition(desk.stored.conditions, "Ready");
  return ready != nullptr ? api::Sentence(ready->message) : std::string();
}

void GiveUp(Desk& desk, const std::string& why) {
  desk.plan.actions.clear();
  // A release that was interrupted stays one about which nothing is known.
  if (desk.status.cause != RolloutCause::kInfrastructure) {
    desk.status.cause = RolloutCause::kRollbackFailed;
  }
  End(desk, RolloutPhase::kHalted,
      WhyItFailed(desk) + " Going back to " + desk.status.stable->rollout + " failed too: " + why);
}

RolloutPhase EndOf(const Desk& desk) {
  if (desk.status.cause == RolloutCause::kAborted) {
    return RolloutPhase::kAborted;
  }
  return desk.status.cause == RolloutCause::kInfrastructure ? RolloutPhase::kHalted
                                                            : RolloutPhase::kRolledBack;
}

void Finish(Desk& desk, const Returning& returning) {
  const std::string reached =
      returning.back == 1 ? "The one server that it had reached is"
                          : "All " + NumberOfServers(returning.back) + " that it had reached are";
  std::string message =
      WhyItFailed(desk) + " " + reached + " back on " + desk.status.stable->rollout + ".";
  if (returning.lost.count > 0) {
    message += " " + NamesOf(returning.lost, desk.snapshot.servers) +
               " cannot be reached and will go back when they return.";
  }
  const RolloutPhase phase = EndOf(desk);
  if (phase == RolloutPhase::kHalted) {
    message += " Mend what interrupts it, then retry.";
  }
  End(desk, phase, message);
}

/// What it still waits for; "" when there is nothing.
std::string WaitsFor(const Desk& desk, const Returning& returning) {
  const auto servers = desk.snapshot.servers;
  if (returning.in_flight.count > 0) {
    return NamesOf(returning.in_flight, servers);
  }
  if (!returning.out.empty() || !returning.again.empty()) {
    return "room to take servers out of service";
  }
  if (returning.lost.count > desk.limits.unreachable) {
    return NamesOf(returning.lost, servers) + ", which cannot be reached";
  }
  return {};
}

}  // namespace

void PlanRollback(Desk& desk) {
  if (const api::Rollout* successor = Successor(desk)) {
    Supersede(desk, *successor);
    return;
  }
  if (!desk.snapshot.settled) {
    return;
  }
  Returning returning = TakeStock(desk);
  NoteProgress(desk, returning.back);
  SendBack(desk, returning);
  const std::string waits_for = WaitsFor(desk, returning);
  const std::string& stable = desk.status.stable->rollout;
  const Duration deadline = desk.application.spec.strategy.progress_deadline;
  if (desk.status.progress.elapsed >= deadline && !waits_for.empty()) {
    GiveUp(desk,
           "not done within " + api::FormatDuration(deadline) + ", waited for " + waits_for + ".");
    return;
  }
  if (!desk.plan.actions.empty()) {
    Say(desk, "Goes back to " + stable + ".");
    return;
  }
  const bool stuck = returning.in_flight.count == 0 && !returning.out.empty() &&
                     desk.status.cause != RolloutCause::kAborted && desk.census.stable.IsWorse();
  if (stuck) {
    GiveUp(desk, stable +
                     " is healthy nowhere, so servers that are healthy on the new release "
                     "keep it.");
  } else if (!waits_for.empty()) {
    Say(desk, "Goes back to " + stable + ": " + NumberOfServers(returning.back) +
                  (returning.back == 1 ? " is" : " are") + " back; waits for " + waits_for + ".");
    WatchClock(desk, desk.status.progress.elapsed, deadline);
  } else if (returning.exhausted.count > 0) {
    GiveUp(desk, "it failed on " + NamesOf(returning.exhausted, desk.snapshot.servers) + ".");
  } else {
    Finish(desk, returning);
  }
}

}  // namespace slipway::rollout::steps
