#include <algorithm>
#include <string>

#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"
#include "tests/reconciler/rollout/world.hpp"

// The invariants, written down a second time and without the planners' own arithmetic.
namespace slipway::rollout::testing {
namespace {

bool IsReachable(const api::Server& server) {
  return server.status.conditions.front().status == api::ConditionStatus::kTrue;
}

/// In service: reachable, healthy, and nothing of ours is under way or wanted there.
bool IsInService(const api::Server& server) {
  if (!IsReachable(server) || server.status.releases.empty() ||
      !server.status.releases.front().running ||
      server.status.releases.front().running->health != api::RunningHealth::kHealthy) {
    return false;
  }
  if (server.spec.releases.empty()) {
    return true;
  }
  const api::Intent& intent = server.spec.releases.front();
  const api::ServerRelease& report = server.status.releases.front();
  return report.running->commit == intent.commit && report.running->hash == intent.hash &&
         report.attempt && report.attempt->rollout == intent.rollout &&
         report.attempt->number == intent.attempt &&
         report.attempt->phase == api::AttemptPhase::kEnded;
}

int BudgetOf(const api::IntOrPercent& budget, int total) {
  const int value = static_cast<int>(budget.value());
  return budget.is_percent() ? (value == 0 ? 0 : std::max(1, total * value / 100)) : value;
}

}  // namespace

void World::Violated(std::string what) {
  violations.push_back(std::move(what));
  log.push_back("VIOLATION: " + violations.back());
}

// Invariants 1 to 3, at the moment at which a server is taken.
void World::CheckTaking(const AssignIntent& action) {
  int total = 0;
  int down = 0;
  int unreachable = 0;
  for (const auto& [name, server] : servers) {
    const bool held = server.spec.joining && !server.spec.admitted;
    if (server.spec.fleet == "web" && !held) {
      total += server.spec.joining ? 0 : 1;
      unreachable += IsReachable(server) ? 0 : 1;
      down += IsReachable(server) && !IsInService(server) ? 1 : 0;
    }
  }
  const api::Strategy& strategy = app.spec.strategy;
  const int over = std::max(0, unreachable - BudgetOf(strategy.unreachable.max, total));
  const int limit = std::max(1, BudgetOf(strategy.max_unavailable, total));
  const api::Server& server = servers.at(action.view.server->name);
  if (server.spec.joining && action.intent.wave > 0 &&
      (!app.status.stable || app.status.stable->rollout != action.intent.rollout)) {
    Violated(server.metadata.name + " joins, and a wave comes to it");
  }
  if (IsInService(server) && !(server.spec.joining && !server.spec.admitted)) {
    if (down + 1 + over > limit) {
      Violated(server.metadata.name + " is taken although " + std::to_string(down) + " are down, " +
               std::to_string(over) + " too many out of reach, and at most " +
               std::to_string(limit) + " may be");
    }
    most_down = std::max(most_down, down + 1);
  }
  if (!IsReachable(server)) {
    Violated(server.metadata.name + " is written to although it is out of reach");
  }
  const api::Rollout& rollout = rollouts.at(RolloutNumber("shop", action.intent.rollout));
  if (rollout.spec.template_.gate && !rollout.status.gate.passed) {
    Violated(action.intent.rollout + " is brought although its gate has not passed");
  }
  if (action.intent.wave > rollout.status.wave) {
    Violated(action.intent.rollout + " brings a wave that has not begun");
  }
  if (action.intent.wave == 0 &&
      (!app.status.stable || app.status.stable->rollout != action.intent.rollout)) {
    Violated(action.intent.rollout + " is gone back to although it is not the promoted one");
  }
}

// Invariants 4 and 12.
void World::CheckTransition(const api::Rollout& before, const api::RolloutStatus& after) {
  const api::RolloutStatus& stored = before.status;
  const std::string& name = before.metadata.name;
  if (HasEnded(stored.phase) && after.phase != stored.phase) {
    Violated(name + " had ended");
  }
  if (after.wave > stored.wave + 1 || after.wave < stored.wave) {
    Violated(name + " skips a wave");
  }
  if (after.wave == stored.wave + 1 && stored.wave > 0 &&
      stored.waves.back().verdict != api::WaveVerdict::kPassed) {
    Violated(name + " begins wave " + std::to_string(after.wave) + " without a verdict");
  }
  if (stored.stable && after.stable != stored.stable) {
    Violated(name + " changes its way back");
  }
  const bool goes_on = after.phase == stored.phase && after.wave == stored.wave;
  if (goes_on && after.progress.high_water <= stored.progress.high_water &&
      after.progress.elapsed < stored.progress.elapsed) {
    Violated(name + " sets its deadline back without progress");
  }
  if (after.message.empty()) {
    Violated(name + " does not say what it waits for");
  }
}

void World::CheckAlways() {
  int active = 0;
  int testing = 0;
  for (const auto& [number, rollout] : rollouts) {
    active += IsActive(rollout.status.phase) ? 1 : 0;
    testing += rollout.status.phase == api::RolloutPhase::kTesting ? 1 : 0;
  }
  if (active > 1 || testing > 1) {
    Violated(std::to_string(active) + " rollouts are active and " + std::to_string(testing) +
             " at the gate");
  }
}

}  // namespace slipway::rollout::testing
