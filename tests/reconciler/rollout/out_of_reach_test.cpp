#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/reconciler/rollout/ten_servers.hpp"

// Servers that are down or out of reach while a release is brought.
namespace slipway::rollout::testing {
namespace {

using api::IntOrPercent;
using api::RolloutCause;
using api::RolloutPhase;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(OutOfReach, Case10WhateverIsDownCountsAndUnknownCountsAsDown) {
  World world = TenServers();
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(3);
  world.app.spec.strategy.unreachable.max = IntOrPercent::Count(0);
  // One is broken, one is out of reach: that leaves room for one.
  world.ReportOn("web-4")->running->health = api::RunningHealth::kUnhealthy;
  world.SetReachable("web-4", true);
  world.SetReachable("web-7", false);
  world.fate = [](const std::string& server, int, int) {
    return server == "web-4" ? Fate::kHangs : Fate::kGood;
  };
  world.app.spec.strategy.waves = {};
  world.RunUntil([&] { return world.WithIntentOf(2).size() >= 2; });
  world.Settle();
  EXPECT_THAT(world.WithIntentOf(2),
              SizeIs(2));  // the broken one, which costs nothing, and one more
  EXPECT_EQ(world.WithIntentOf(2).back() == "web-4" || world.WithIntentOf(2).front() == "web-4",
            true);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(OutOfReach, Case11OneServerOutOfReachNeitherBlocksNorIsForgotten) {
  World world = TenServers();
  world.SetReachable("web-3", false);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.status(2).message, HasSubstr("1 cannot be reached"));
  EXPECT_EQ(world.status(2).servers.unreachable, 1);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 1), Pair(2, 9)));
  world.SetReachable("web-3", true);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
  EXPECT_EQ(world.IntentOn("web-3")->wave, 0);
  EXPECT_THAT(world.violations, IsEmpty());
}

/// What is told to go back runs the promoted release still: it serves, although its agent has not said so. Where the budget is
/// used up by others, the next release must not have it.
TEST(OutOfReach, WhoServesWhileItIsToldToGoBackIsNotTakenForNothing) {
  World world(4);
  world.app.spec.strategy.waves = {};
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(1);
  world.app.spec.strategy.unreachable.max = IntOrPercent::Count(1);
  world.Promote(1);
  world.Push(2);
  world.Settle();
  ASSERT_THAT(world.WithIntentOf(2), SizeIs(1));
  const std::string taken = world.WithIntentOf(2).front();
  std::vector<std::string> others = {"web-1", "web-2", "web-3", "web-4"};
  std::erase(others, taken);
  for (const std::string& lost : {taken, others[0], others[1]}) {
    world.SetReachable(lost, false);
  }
  world.Push(3);
  world.Settle();
  ASSERT_EQ(world.phase(3), RolloutPhase::kPaused);
  world.SetReachable(taken, true);
  world.Settle();
  EXPECT_EQ(world.IntentOn(taken)->rollout, "shop-1")
      << "two are lost, and one may be out of service";
  world.SetReachable(others[0], true);
  world.SetReachable(others[1], true);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 4)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(OutOfReach, Case11ACanaryThatGoesOutOfReachIsReplaced) {
  World world = TenServers();
  world.RunUntil([&] { return world.WithIntentOf(2).size() == 1; });
  const std::string lost = world.WithIntentOf(2).front();
  world.SetReachable(lost, false);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 1), Pair(2, 9)));
  world.SetReachable(lost, true);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
  EXPECT_THAT(world.violations, IsEmpty());
}

/// Whoever is taken for commit 2 in `wave` or later goes out of reach at once, as if the release cut its network.
void LoseWhoeverIsTaken(World& world, std::int64_t wave) {
  for (int rounds = 0; rounds < 1000; ++rounds) {
    for (const std::string& name : world.WithIntentOf(2)) {
      if (world.IntentOn(name)->wave >= wave) {
        world.SetReachable(name, false);
      }
    }
    if (!world.Step() && !world.StepAgents()) {
      return;
    }
  }
  FAIL() << "it never comes to rest";
}

TEST(OutOfReach, Case11AServerThatIsLostAtWorkUsesUpTheBudget) {
  World world(3);
  world.app.spec.strategy.waves = {{.name = "canary", .up_to = IntOrPercent::Count(1)}};
  world.Promote(1);
  world.Push(2);
  LoseWhoeverIsTaken(world, 2);
  EXPECT_THAT(world.WithIntentOf(2), SizeIs(2));
  EXPECT_EQ(world.phase(2), RolloutPhase::kPaused) << world.status(2).message;
  EXPECT_EQ(world.status(2).cause, RolloutCause::kNoHeadroom);
  EXPECT_EQ(world.app.status.stable->rollout, "shop-1");
  EXPECT_EQ(world.status(2).servers.unreachable, 1);
  for (const auto& [name, server] : world.servers) {
    world.SetReachable(name, true);
  }
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 3)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(OutOfReach, Case11ALastWaveThatOnlyLostServersDoesNotPass) {
  World world(3);
  world.app.spec.strategy.waves = {{.name = "canary", .up_to = IntOrPercent::Count(1)}};
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(2);
  world.Promote(1);
  world.Push(2);
  LoseWhoeverIsTaken(world, 2);
  EXPECT_THAT(world.WithIntentOf(2), SizeIs(3));
  EXPECT_EQ(world.phase(2), RolloutPhase::kPaused) << world.status(2).message;
  EXPECT_THAT(world.status(2).message, HasSubstr("out of reach while they were at work"));
  EXPECT_EQ(world.app.status.stable->rollout, "shop-1");
}

TEST(OutOfReach, Case11ACanaryThatCutsServersOffIsNotReplacedForEver) {
  World world(100);
  world.app.spec.strategy.waves = {{.name = "canary", .up_to = IntOrPercent::Count(1)}};
  world.Promote(1);
  world.Push(2);
  LoseWhoeverIsTaken(world, 1);
  EXPECT_THAT(world.WithIntentOf(2), SizeIs(2));  // the canary, and the one that replaced it
  EXPECT_EQ(world.phase(2), RolloutPhase::kPaused);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kNoHeadroom);
  EXPECT_THAT(world.status(2).message, HasSubstr(world.WithIntentOf(2).front()));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(OutOfReach, NoHeadroomPausesNamesAndRollsNothingBack) {
  World world = TenServers();
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(3)}};
  for (const char* name : {"web-1", "web-2", "web-3", "web-4"}) {
    world.SetReachable(name, false);
  }
  world.RunUntil(
      [&] { return world.rollouts.contains(2) && world.phase(2) == RolloutPhase::kPaused; });
  EXPECT_EQ(world.status(2).cause, RolloutCause::kNoHeadroom);
  EXPECT_THAT(world.status(2).message, HasSubstr("web-1, web-2, web-3, web-4"));
  world.Pass(std::chrono::hours(5));
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kPaused);
  EXPECT_EQ(world.status(2).progress.elapsed, Duration(0));
  for (const char* name : {"web-1", "web-2", "web-3", "web-4"}) {
    world.SetReachable(name, true);
  }
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(OutOfReach, TooManyOutOfReachKeepTheLastWaveFromPassing) {
  World world = TenServers();
  world.app.spec.strategy.waves = {};
  world.RunUntil([&] { return world.rollouts.contains(2) && world.WithIntentOf(2).size() == 8; });
  world.Run(minutes(1));
  World again = TenServers();
  again.app.spec.strategy.waves = {};
  again.RunUntil([&] { return again.rollouts.contains(2) && again.WithIntentOf(2).size() >= 9; });
  int lost = 0;
  for (auto& [name, server] : again.servers) {
    const auto waiting = again.WithIntentOf(2);
    if (std::ranges::find(waiting, name) == waiting.end() || again.RunningOn(name) == 1) {
      again.SetReachable(name, false);
      ++lost;
    }
  }
  for (const auto& [name, server] : again.servers) {
    if (lost < 4 && again.RunningOn(name) == 2) {
      again.SetReachable(name, false);
      ++lost;
    }
  }
  again.Run();
  EXPECT_EQ(again.phase(2), RolloutPhase::kPaused) << again.status(2).message;
  EXPECT_EQ(again.status(2).cause, RolloutCause::kNoHeadroom);
}

}  // namespace
}  // namespace slipway::rollout::testing
