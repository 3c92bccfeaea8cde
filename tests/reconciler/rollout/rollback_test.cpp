#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/rollout/world.hpp"

namespace slipway::rollout::testing {
namespace {

using api::IntOrPercent;
using api::RolloutCause;
using api::RolloutPhase;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

/// Commit 2 is bad wherever it comes to, from wave `from` on.
void MakeBad(World& world, int bad_commit, Fate kind = Fate::kUnhealthy) {
  world.fate = [bad_commit, kind](const std::string&, int commit, int) {
    return commit == bad_commit ? kind : Fate::kGood;
  };
}

World CanaryOfTen() {
  World world(10);
  world.app.spec.strategy.waves = {{.name = "canary", .up_to = IntOrPercent::Count(1)}};
  world.Promote(1);
  world.Push(2);
  return world;
}

TEST(Rollback, Case1AFailedReleaseIsNotTriedAgainUntilSomethingChangesOrSomebodySaysRetry) {
  World world = CanaryOfTen();
  MakeBad(world, 2);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack);
  EXPECT_THAT(
      world.status(2).message,
      HasSubstr("connection refused. The one server that it had reached is back on shop-1."));
  EXPECT_EQ(world.status(2).cause, RolloutCause::kServerFailed);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  ASSERT_THAT(world.app.status.failed, SizeIs(1));
  world.Pass(std::chrono::hours(100));
  world.Run();
  EXPECT_THAT(world.rollouts, SizeIs(2));
  // The record outlives the Rollout.
  world.rollouts.erase(2);
  world.Run();
  EXPECT_THAT(world.rollouts, SizeIs(1));
  // Another configuration of the same commit is another release.
  world.app.spec.release.processes[0].run = "serve --safely";
  world.Run();
  EXPECT_EQ(world.phase(3), RolloutPhase::kRolledBack);
  EXPECT_THAT(world.app.status.failed, SizeIs(2));
  world.fate = [](const std::string&, int, int) { return Fate::kGood; };
  const std::int64_t retry = world.Repeat(3, false);
  world.Run();
  EXPECT_EQ(world.phase(retry), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.app.status.failed, SizeIs(1));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, Case3ItSkipsWavesButKeepsMaxUnavailable) {
  World world = CanaryOfTen();
  // The last server of the last wave fails: nine have to go back.
  int succeeded = 0;
  std::map<std::string, int> turn;
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit != 2) {
      return Fate::kGood;
    }
    turn.emplace(server, ++succeeded);
    return turn[server] >= 10 ? Fate::kUnhealthy : Fate::kGood;
  };
  turn.clear();
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit == 2 && !turn.contains(server)) {
      turn[server] = static_cast<int>(turn.size()) + 1;
    }
    return commit == 2 && turn[server] == 10 ? Fate::kUnhealthy : Fate::kGood;
  };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  EXPECT_EQ(world.most_down, 2);
  EXPECT_EQ(world.status(2).waves.back().verdict, api::WaveVerdict::kFailed);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, Case3ItEndsAsHaltedWhenGoingBackFailsToo) {
  World world = CanaryOfTen();
  std::string canary;
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit == 2) {
      canary = server;
    }
    return commit == 2 || server == canary ? Fate::kUnhealthy : Fate::kGood;
  };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kHalted);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kRollbackFailed);
  EXPECT_THAT(world.status(2).message,
              HasSubstr("web: connection refused. Going back to"));  // why it failed at first
  EXPECT_THAT(world.status(2).message, HasSubstr("Going back to shop-1 failed too"));
  EXPECT_THAT(world.status(2).message, HasSubstr(canary));
  EXPECT_EQ(world.IntentOn(canary)->retries, 3);  // an attempt budget of its own
  EXPECT_EQ(world.app.status.failed[0].reason, "RollbackFailed");
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, Case3ItHasADeadlineOfItsOwn) {
  World world = CanaryOfTen();
  std::string canary;
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit == 2) {
      canary = server;
      return Fate::kUnhealthy;
    }
    return server == canary ? Fate::kHangs : Fate::kGood;
  };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kHalted);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kRollbackFailed);
  EXPECT_THAT(world.status(2).message, HasSubstr("not done within 10m"));
}

TEST(Rollback, Case3WhatNeverLeftThePromotedReleaseIsANoOp) {
  World world = CanaryOfTen();
  MakeBad(world, 2, Fate::kBadInstall);
  world.RunUntil(
      [&] { return world.rollouts.contains(2) && world.phase(2) == RolloutPhase::kRolledBack; });
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  world.Run();
  EXPECT_FALSE(world.rollouts.contains(3));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, Case3TheSameReleaseIsNothingToGoBackTo) {
  World world = CanaryOfTen();
  world.Run();
  ASSERT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  const std::int64_t again = world.Repeat(2, false);
  MakeBad(world, 2);
  world.RunUntil([&] { return world.phase(again) == RolloutPhase::kHalted; });
  EXPECT_THAT(world.status(again).message, HasSubstr("nothing to go back to"));
}

TEST(Rollback, Case4ItGoesToTheLastPromotedReleaseOnly) {
  World world = CanaryOfTen();
  world.Run();
  world.Push(3);
  MakeBad(world, 3);
  world.Run();
  EXPECT_EQ(world.phase(3), RolloutPhase::kRolledBack);
  EXPECT_EQ(world.status(3).stable->rollout, "shop-2");
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
  world.Push(4);
  MakeBad(world, 4);
  world.Run();
  EXPECT_EQ(world.status(4).stable->rollout, "shop-2");  // never shop-3, which failed
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
}

TEST(Rollback, Case6NothingIsTakenFromTheOnlyHealthyRelease) {
  World world(4);
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(1)}};
  world.Promote(1);
  world.Push(2);
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 2; });
  const std::string canary = world.WithIntentOf(2).front();
  // The promoted release breaks everywhere, and the new one fails on the next server.
  for (int index = 1; index <= 4; ++index) {
    const std::string name = "web-" + std::to_string(index);
    if (name != canary) {
      world.ReportOn(name)->running->health = api::RunningHealth::kUnhealthy;
      world.SetReachable(name, true);
    }
  }
  bool failed = false;
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit == 2 && server != canary && !failed) {
      failed = true;
      return Fate::kBadInstall;
    }
    return Fate::kHangs;
  };
  world.RunUntil([&] { return world.phase(2) == RolloutPhase::kHalted; });
  EXPECT_THAT(world.status(2).message, HasSubstr("only healthy one"));
  world.Run();
  EXPECT_EQ(world.RunningOn(canary), 2);
  // Once the promoted release is healthy somewhere again, the rest follows by itself.
  for (int index = 1; index <= 4; ++index) {
    const std::string name = "web-" + std::to_string(index);
    if (name != canary) {
      world.ReportOn(name)->running->health = api::RunningHealth::kHealthy;
      world.SetReachable(name, true);
    }
  }
  world.fate = [](const std::string&, int, int) { return Fate::kGood; };
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 4)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, Case6WhatWeStopOurselvesDoesNotMakeThePromotedReleaseWorse) {
  World world(3);
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(1)}};
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(2);
  world.Promote(1);
  world.Push(2);
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 2; });
  const std::string canary = world.WithIntentOf(2).front();
  world.RunUntil([&] { return world.WithIntentOf(2).size() == 3; });
  // Of the two others, one is stopped for the new release while that fails on the other one.
  bool failed = false;
  for (const std::string& name : world.WithIntentOf(2)) {
    if (name == canary) {
      continue;
    }
    api::ServerRelease& report = *world.ReportOn(name);
    report.attempt = api::Attempt{.rollout = "shop-2",
                                  .number = world.IntentOn(name)->attempt,
                                  .phase = api::AttemptPhase::kSwitching};
    report.running->health = api::RunningHealth::kStopped;
    if (!failed) {
      failed = true;
      report.attempt->phase = api::AttemptPhase::kEnded;
      report.attempt->result = api::Outcome::kFailed;
      report.running->commit = CommitOf(2);
      report.running->hash = world.IntentOn(name)->hash;
      report.running->health = api::RunningHealth::kUnhealthy;
    }
    world.SetReachable(name, true);
  }
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRollingBack) << world.status(2).message;
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack) << world.status(2).message;
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 3)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, Case9TheFirstDeploymentHaltsWhereItStands) {
  World world(3);
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(1)}};
  world.Push(1);
  MakeBad(world, 1);
  world.Run();
  EXPECT_EQ(world.phase(1), RolloutPhase::kHalted);
  EXPECT_EQ(world.status(1).cause, RolloutCause::kServerFailed);
  EXPECT_THAT(world.status(1).message, HasSubstr("no way back"));
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(0, 2), Pair(1, 1)));
  bool stalled = false;
  for (const auto& condition : world.app.status.conditions) {
    stalled |= condition.type == "Stalled" && condition.status == api::ConditionStatus::kTrue &&
               condition.reason == "ReleaseFailed";
  }
  EXPECT_TRUE(stalled);
  // The fix is not held up by what was left behind.
  world.Push(2);
  world.fate = [](const std::string&, int, int) { return Fate::kGood; };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 3)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, Case9TheFixTakesServersWhoseFirstAttemptNeverEnded) {
  World world(3);
  world.Push(1);
  MakeBad(world, 1, Fate::kHangs);
  world.RunUntil(
      [&] { return world.rollouts.contains(1) && world.phase(1) == RolloutPhase::kHalted; });
  EXPECT_EQ(world.status(1).cause, RolloutCause::kProgressDeadline);
  world.Push(2);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 3)));
}

TEST(Rollback, ServersAtWorkOnABadReleaseAreTakenBackAtOnce) {
  World world = CanaryOfTen();
  world.app.spec.strategy.waves = {};
  std::string first;
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit == 2 && first.empty()) {
      first = server;
    }
    return commit != 2 ? Fate::kGood : server == first ? Fate::kBadInstall : Fate::kHangs;
  };
  world.Run(minutes(5));
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, AbortGoesBackAndEndsAsAborted) {
  World world = CanaryOfTen();
  world.app.spec.strategy.waves[0].bake = minutes(30);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && !world.status(2).waves.empty() &&
           world.status(2).waves[0].baking;
  });
  world.rollouts.at(2).spec.aborted = true;
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kAborted);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kAborted);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  EXPECT_FALSE(world.rollouts.contains(3));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, NeverHaltsAndLeavesTheServersToAPerson) {
  World world = CanaryOfTen();
  world.app.spec.strategy.rollback = api::RollbackPolicy::kNever;
  MakeBad(world, 2);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kHalted);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kServerFailed);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 9), Pair(2, 1)));
  world.Push(3);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 10)));
}

TEST(Rollback, AServerOutOfReachGoesBackWhenItReturns) {
  World world = CanaryOfTen();
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(3)}};
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 2; });
  const std::string lost = world.WithIntentOf(2).front();
  world.SetReachable(lost, false);
  MakeBad(world, 2);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack);
  EXPECT_THAT(world.status(2).message, HasSubstr(lost));
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 9), Pair(2, 1)));
  world.SetReachable(lost, true);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Rollback, EndedWithoutSuccessLeavesNoServerOnAReleaseThatWasNeverPromoted) {
  for (const Fate kind : {Fate::kUnhealthy, Fate::kBadInstall, Fate::kInterrupted, Fate::kHangs}) {
    World world = CanaryOfTen();
    MakeBad(world, 2, kind);
    world.Run();
    EXPECT_EQ(world.phase(2),
              kind == Fate::kInterrupted ? RolloutPhase::kHalted : RolloutPhase::kRolledBack);
    EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10))) << static_cast<int>(kind);
    EXPECT_THAT(world.violations, IsEmpty());
    EXPECT_THAT(world.status(2).message, Not(IsEmpty()));
  }
}

}  // namespace
}  // namespace slipway::rollout::testing
