#include <string>
#include <vector>

#include "reconciler/api/conditions.hpp"
#include "reconciler/application/desk.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::application::steps {
namespace {

using api::ConditionStatus;

struct Account {
  std::string reason;
  std::string message;
  bool ready = false;
  bool reconciling = false;
  bool stalled = false;
};

/// Servers where the promoted release failed or was given up, for the message.
std::string Marked(const Desk& desk) {
  const auto& stable = desk.status.stable;
  const std::int64_t number =
      stable ? rollout::RolloutNumber(desk.name, stable->rollout) : std::int64_t{0};
  rollout::Tally marked;
  for (std::uint32_t index = 0; index < desk.snapshot.servers.size() && number != 0; ++index) {
    const rollout::ReleaseFacts& release = desk.snapshot.servers[index].release;
    const bool ended_badly = release.intent && release.intent->rollout == number &&
                             rollout::IsSettled(release) &&
                             !rollout::EndedWith(release, api::Outcome::kSucceeded);
    if (ended_badly) {
      marked.Add(index);
    }
  }
  return NamesOf(marked, desk.snapshot.servers);
}

/// Servers that can bear no further application, for the message.
std::string Full(const Desk& desk) {
  rollout::Tally full;
  for (std::uint32_t index = 0; index < desk.snapshot.servers.size(); ++index) {
    if (desk.snapshot.servers[index].full) {
      full.Add(index);
    }
  }
  return NamesOf(full, desk.snapshot.servers);
}

/// What became of the release that is wanted.
Account AccountOfTarget(const Desk& desk) {
  const auto& target = *desk.status.target;
  const std::string commit = target.commit.value.substr(0, 12);
  const auto& stable = desk.status.stable;
  if (!stable || stable->commit != target.commit || stable->hash != target.hash) {
    if (const auto* failed = FindFailure(desk.status, target.commit, target.hash)) {
      return {
          .reason = "ReleaseFailed",
          .message = commit + " failed in " + failed->rollout + " (" + failed->reason +
                     ") and is not tried again by itself: push a commit that mends it, or retry.",
          .stalled = true};
    }
    if (const auto* interrupted = FindInterrupted(desk, target.commit, target.hash)) {
      return {.reason = "Interrupted",
              .message = commit + " was interrupted too often in " + interrupted->metadata.name +
                         ", so nothing is known about it, and it is not tried again by itself: "
                         "mend the servers that the rollout names, then retry.",
              .stalled = true};
    }
    return desk.spec.suspend ? Account{.reason = "Suspended",
                                       .message = "Suspended: " + commit +
                                                  " is not brought until spec.suspend is false."}
                             : Account{.reason = "Reconciling",
                                       .message = "Brings " + commit + ".",
                                       .reconciling = true};
  }
  if (const std::string marked = Marked(desk); !marked.empty()) {
    return {.reason = "ServersFailed",
            .message = commit + " is promoted, but failed on " + marked + ".",
            .stalled = true};
  }
  if (const std::string full = Full(desk); !full.empty()) {
    return {.reason = "ServersFull",
            .message = commit + " is promoted, but cannot be brought to " + full + ", where " +
                       std::to_string(rollout::kMaxIntents) +
                       " other applications are: take one of them away from there.",
            .stalled = true};
  }
  const api::ApplicationServers& servers = desk.status.servers;
  if (servers.updated < servers.total) {
    return {.reason = "CatchingUp",
            .message = commit + " is promoted and runs on " + std::to_string(servers.updated) +
                       " of " + rollout::NumberOfServers(servers.total) + "; " +
                       std::to_string(servers.unreachable) + " cannot be reached.",
            .reconciling = true};
  }
  return {
      .reason = "Succeeded",
      .message = commit + (servers.total == 1
                               ? " runs on its one server."
                               : " runs on all " + rollout::NumberOfServers(servers.total) + "."),
      .ready = true};
}

/// Where `rollout` stands, and why what is wanted meanwhile does not come next.
Account AccountOfRollout(const Desk& desk, const api::Rollout& rollout) {
  const bool refused = desk.problem && !desk.problem->passing;
  return {.reason = "RolloutInProgress",
          .message = rollout.metadata.name + " is " +
                     std::string(api::ToString(rollout.status.phase)) + "." +
                     (refused ? " " + desk.problem->message : std::string()),
          .reconciling = true};
}

Account AccountOf(const Desk& desk) {
  if (const api::Rollout* active = FindRollout(desk, desk.status.active)) {
    return AccountOfRollout(desk, *active);
  }
  const api::Rollout* newest = Newest(desk);
  if (newest != nullptr && !rollout::HasEnded(newest->status.phase)) {
    return AccountOfRollout(desk, *newest);
  }
  if (desk.problem) {
    return {.reason = desk.problem->reason,
            .message = desk.problem->message,
            .reconciling = desk.problem->passing,
            .stalled = !desk.problem->passing};
  }
  if (desk.status.hold) {
    return {.reason = "Held",
            .message = desk.status.hold->rollout +
                       " holds: a person decided, and nothing newer is made until somebody lifts "
                       "it with `slipway rollout resume " +
                       desk.name + "`." +
                       (desk.status.hold->reason.empty()
                            ? std::string()
                            : " Reason: " + api::Sentence(desk.status.hold->reason))};
  }
  return desk.status.target ? AccountOfTarget(desk)
                            : Account{.reason = "Resolving",
                                      .message = "Looks for what is wanted.",
                                      .reconciling = true};
}

void CountRunning(Desk& desk) {
  const auto& target = desk.status.target;
  const rollout::PackedRelease wanted =
      target ? rollout::PackedRelease(target->commit, target->hash) : rollout::PackedRelease();
  api::ApplicationServers counts;
  for (const rollout::ServerView& view : desk.snapshot.servers) {
    ++counts.total;
    counts.available += rollout::Available(view) ? 1 : 0;
    counts.unreachable += view.reachable ? 0 : 1;
    counts.updated += view.release.running && view.release.running->release == wanted ? 1 : 0;
  }
  desk.status.servers = counts;
}

/// Everything that decides what happens next: whatever differs here is durable before anything is done.
bool SameDecisions(const api::ApplicationStatus& left, const api::ApplicationStatus& right) {
  return left.source == right.source && left.target == right.target &&
         left.stable == right.stable && left.promoted == right.promoted &&
         left.last_number == right.last_number && left.active == right.active &&
         left.failed == right.failed && left.hold == right.hold;
}

}  // namespace

void Summarise(Desk& desk) {
  CountRunning(desk);
  const Account account = AccountOf(desk);
  const std::int64_t generation = desk.snapshot.application.metadata.generation;
  desk.status.observed_generation = generation;
  const auto set = [&](const char* type, bool holds) {
    api::SetCondition(desk.status.conditions,
                      {.type = type,
                       .status = holds ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                       .reason = account.reason,
                       .message = account.message,
                       .observed_generation = generation},
                      desk.snapshot.now);
  };
  set("Ready", account.ready);
  set("Reconciling", account.reconciling);
  set("Stalled", account.stalled);
}

void KeepWhatIsStored(Desk& desk) {
  const api::ApplicationStatus& stored = desk.snapshot.application.status;
  if (!desk.plan.actions.empty() && SameDecisions(desk.status, stored)) {
    desk.status = stored;
  }
}

}  // namespace slipway::application::steps
