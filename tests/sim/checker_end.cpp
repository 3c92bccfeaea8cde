#include <algorithm>

#include "tests/sim/checker.hpp"

// What must be so when nothing goes wrong any more and everything had time to settle.
namespace slipway::sim {
namespace {

using Phase = api::RolloutPhase;

bool IsOver(Phase phase) {
  return phase == Phase::kSucceeded || phase == Phase::kRolledBack || phase == Phase::kHalted ||
         phase == Phase::kSuperseded || phase == Phase::kAborted;
}

}  // namespace

void Checker::AtTheEnd(const std::map<std::string, std::unique_ptr<Host>>& hosts) const {
  CheckEnded();
  CheckCollected();
  CheckServersAtRest(hosts);
  CheckMachines();
  CheckLaunchesAtRest(hosts);
  for (const auto& [name, application] : applications_) {
    CheckNewestCommit(application);
  }
}

/// 12: every rollout has ended, or says what it waits for. No rollback goes on for ever.
void Checker::CheckEnded() const {
  for (const auto& [name, rollout] : rollouts_) {
    const api::RolloutStatus& status = rollout.status;
    if (IsOver(status.phase) || !HasApplication(rollout)) {
      continue;
    }
    const bool before_servers = status.phase == Phase::kPending || status.phase == Phase::kTesting;
    const bool waits = (status.phase == Phase::kPaused ||
                        (before_servers && status.cause == api::RolloutCause::kNoServers)) &&
                       status.cause && !status.message.empty();
    // What waits for a gate that a person holds is held with it.
    const bool held =
        !status.message.empty() && std::ranges::any_of(rollouts_, [&](const auto& other) {
          return other.second.spec.paused && !IsOver(other.second.status.phase) &&
                 (other.first == name ||
                  (status.phase == Phase::kPending &&
                   other.second.spec.application == rollout.spec.application));
        });
    if (!waits && !held) {
      throw Violation("12: " + name + " is " + std::string(api::ToString(status.phase)) +
                      " for ever: " + status.message);
    }
  }
}

/// 13: the state is reached. Every server that is there runs what its application last promoted.
void Checker::CheckServersAtRest(const std::map<std::string, std::unique_ptr<Host>>& hosts) const {
  for (const auto& [name, application] : applications_) {
    const auto& stable = application.status.stable;
    const bool halted = std::ranges::any_of(rollouts_, [&](const auto& entry) {
      const api::Rollout& rollout = entry.second;
      return rollout.spec.application == name && HasApplication(rollout) &&
             (rollout.status.phase == Phase::kHalted || rollout.status.phase == Phase::kPaused);
    });
    const CommitInfo* commit = stable ? git_.Find(stable->commit) : nullptr;
    // What only falls sick once it is promoted, or on servers within the budget, is healthy nowhere for long.
    if (commit == nullptr || commit->behaviour != Behaviour::kGood || halted ||
        excused_.contains(name)) {
      continue;
    }
    for (const auto& [server_name, server] : servers_) {
      const auto host = hosts.find(server_name);
      if (host == hosts.end() || !host->second->reachable() || server.spec.cordoned ||
          server.spec.standby || !Means(application.spec.servers, server)) {
        continue;
      }
      const host::ReleaseId id{stable->commit, stable->hash};
      if (!host->second->IsHealthyOn(name, id)) {
        throw Violation("13: " + server_name + " does not run " + stable->rollout + " of " + name +
                        " at the end");
      }
    }
  }
}

/// 13, 9: the newest commit is what runs, unless it was measured as bad, or a rollout says what went wrong.
void Checker::CheckNewestCommit(const api::Application& application) const {
  const std::string& name = application.metadata.name;
  const CommitInfo* head = git_.Find(git_.Head(application.spec.source.repository));
  if (head == nullptr || head->behaviour != Behaviour::kGood || application.spec.suspend ||
      application.status.hold || excused_.contains(name)) {
    return;
  }
  const auto& stable = application.status.stable;
  if (stable && (stable->commit == head->id || !git_.Descends(head->id, stable->commit))) {
    return;
  }
  for (const auto& [rollout_name, rollout] : rollouts_) {
    const bool ours = rollout.spec.application == name && HasApplication(rollout);
    const bool tried = ours && rollout.spec.release.commit == head->id;
    // A history that was rewritten waits for the end of what it rewrites.
    const bool awaited = ours && !IsOver(rollout.status.phase) &&
                         !git_.Descends(head->id, rollout.spec.release.commit);
    if ((tried || awaited) && (rollout.status.cause || rollout.status.phase == Phase::kPaused)) {
      return;  // it says why, or what it waits for
    }
  }
  throw Violation("13: the newest commit of " + name +
                  " is good, and nobody brings it: " + head->id.value);
}

}  // namespace slipway::sim
