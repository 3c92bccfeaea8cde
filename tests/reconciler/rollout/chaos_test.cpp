#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "reconciler/base/rng.hpp"
#include "tests/reconciler/rollout/world.hpp"

// Properties over random worlds: whatever happens in whatever order, no invariant breaks (the world checks each write); and
// when the trouble ends, the newest commit reaches every server and then nothing is written any more.
namespace slipway::rollout::testing {
namespace {

using api::IntOrPercent;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

IntOrPercent AnyBudget(Rng& rng, std::int64_t least) {
  return rng.Chance(50) ? IntOrPercent::Count(least + static_cast<std::int64_t>(rng.Below(4)))
                        : IntOrPercent::Percent(std::max<std::int64_t>(
                              least, static_cast<std::int64_t>(rng.Below(60))));
}

World AnyWorld(Rng& rng) {
  World world(static_cast<int>(1 + rng.Below(12)));
  api::Strategy& strategy = world.app.spec.strategy;
  for (std::uint64_t wave = rng.Below(3); wave > 0; --wave) {
    strategy.waves.push_back(
        {.up_to = AnyBudget(rng, 1), .bake = std::chrono::seconds(rng.Below(90))});
  }
  strategy.max_unavailable = AnyBudget(rng, 1);
  strategy.unreachable.max = AnyBudget(rng, 0);
  strategy.failure_budget = rng.Chance(60) ? IntOrPercent::Count(0) : AnyBudget(rng, 0);
  strategy.on_new_revision =
      rng.Chance(50) ? api::OnNewRevision::kFinish : api::OnNewRevision::kSupersede;
  world.app.spec.revision_history_limit = static_cast<std::int64_t>(1 + rng.Below(10));
  if (rng.Chance(60)) {
    world.AddGate();
  }
  if (rng.Chance(70)) {
    world.Promote(1);
  }
  return world;
}

/// How badly each release fares, decided once per (server, commit, attempt).
Fate AnyFate(std::uint64_t seed, const std::string& server, int commit, int attempt) {
  Rng by_commit(seed + static_cast<std::uint64_t>(commit));
  if (by_commit.Chance(50)) {
    return Fate::kGood;  // half of all commits are good everywhere
  }
  Rng rng(seed ^ StableHash(server + "/" + std::to_string(commit) + "/" + std::to_string(attempt)));
  const std::uint64_t roll = rng.Below(10);
  return roll < 5   ? Fate::kGood
         : roll < 7 ? Fate::kUnhealthy
         : roll < 8 ? Fate::kBadInstall
         : roll < 9 ? Fate::kInterrupted
                    : Fate::kHangs;
}

std::string AnyServer(const World& world, Rng& rng) {
  auto server = world.servers.begin();
  std::advance(server, static_cast<std::ptrdiff_t>(rng.Below(world.servers.size())));
  return server->first;
}

api::Rollout& AnyRollout(World& world, Rng& rng) {
  auto rollout = world.rollouts.begin();
  std::advance(rollout, static_cast<std::ptrdiff_t>(rng.Below(world.rollouts.size())));
  return rollout->second;
}

/// A restart of the control plane: nothing in memory is left, and agents are not back yet.
void Restart(World& world) {
  world.Forget();
  world.settled = false;
}

void APersonDoesSomething(World& world, Rng& rng) {
  if (world.rollouts.empty()) {
    return;
  }
  api::Rollout& rollout = AnyRollout(world, rng);
  switch (rng.Below(6)) {
    case 0:
      rollout.spec.paused = !rollout.spec.paused;
      break;
    case 1:
      rollout.spec.aborted = rollout.spec.aborted || rng.Chance(30);
      break;
    case 2:
      ++rollout.spec.promoted_through;
      break;
    case 3:
      rollout.spec.hold = false;
      break;
    case 4:
      world.Repeat(rollout.spec.number, rng.Chance(50));
      break;
    case 5:
      world.app.spec.release.env = {{.name = "N", .value = std::to_string(rng.Below(3))}};
      break;
  }
}

void SomethingHappens(World& world, Rng& rng, unsigned eager, int& commit) {
  const std::uint64_t roll = rng.Below(1000);
  const std::string server = AnyServer(world, rng);
  if (roll < 600) {
    world.StepKey(rng.Below(world.keys()));
  } else if (roll < 880) {
    world.StepAgent(server);
    world.StepGate(server);
  } else if (roll < 950) {
    world.Pass(std::chrono::seconds(rng.Below(40)));
  } else if (roll < 970) {
    world.SetReachable(server, rng.Chance(70));
  } else if (roll < 980) {
    commit += rng.Chance(eager) ? 1 : 0;
    world.Push(commit);
  } else if (roll < 984) {
    APersonDoesSomething(world, rng);
  } else if (roll < 987) {
    world.AddServer("web-x" + std::to_string(rng.Below(5)));
  } else if (roll < 989 && world.servers.size() > 3 && server.starts_with("web")) {
    world.RemoveServer(server);
  } else if (roll < 992) {
    Restart(world);
  } else {
    world.settled = true;
  }
}

/// All trouble ends: everybody is back, nobody holds anything, and the next commit is good.
void Heal(World& world, int commit) {
  world.settled = true;
  world.fate = [](const std::string&, int, int) { return Fate::kGood; };
  world.gate_result = [](int) { return api::Outcome::kSucceeded; };
  for (const auto& [name, server] : world.servers) {
    world.SetReachable(name, true);
  }
  for (auto& [number, rollout] : world.rollouts) {
    rollout.spec.paused = false;
    rollout.spec.hold = false;
  }
  world.Push(commit);
}

void LiveThrough(std::uint64_t seed) {
  SCOPED_TRACE("replay with SLIPWAY_SEED=" + std::to_string(seed));
  Rng rng(seed);
  World world = AnyWorld(rng);
  world.fate = [seed](const std::string& server, int number, int attempt) {
    return AnyFate(seed, server, number, attempt);
  };
  world.gate_result = [seed](int number) {
    Rng by_commit(seed * 31 + static_cast<std::uint64_t>(number));
    const std::uint64_t roll = by_commit.Below(10);
    return roll < 7   ? api::Outcome::kSucceeded
           : roll < 9 ? api::Outcome::kFailed
                      : api::Outcome::kInterrupted;
  };
  int commit = 1;
  const unsigned eager = rng.Chance(50) ? 100 : 10;  // a push every now and then, or without end
  world.Push(++commit);
  for (int step = 0; step < 3000; ++step) {
    SomethingHappens(world, rng, eager, commit);
  }
  Heal(world, ++commit);
  world.Run();
  ASSERT_THAT(world.violations, IsEmpty());
  std::size_t web = 0;
  for (const auto& [name, server] : world.servers) {
    web += server.spec.fleet == "web" ? 1 : 0;
  }
  ASSERT_THAT(world.CountByCommit(), ElementsAre(Pair(commit, web))) << world.log.back();
  const std::size_t writes = world.log.size();
  world.Pass(std::chrono::hours(3));
  world.Run();
  ASSERT_EQ(world.log.size(), writes) << world.log.back();
}

TEST(Chaos, NoInvariantBreaksAndTheStateIsReached) {
  const char* replayed = std::getenv("SLIPWAY_SEED");
  const std::uint64_t first = replayed != nullptr ? std::stoull(replayed) : 1;
  const std::uint64_t last = replayed != nullptr ? first : 300;
  for (std::uint64_t seed = first; seed <= last && !HasFatalFailure(); ++seed) {
    LiveThrough(seed);
  }
}

}  // namespace
}  // namespace slipway::rollout::testing
