#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/rollout/world.hpp"

namespace slipway::rollout::testing {
namespace {

using api::IntOrPercent;
using api::OnNewRevision;
using api::RolloutCause;
using api::RolloutPhase;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

/// Six servers on commit 1; commit 2 bakes on its canary.
World Baking(OnNewRevision policy = OnNewRevision::kFinish) {
  World world(6);
  world.AddGate();
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(2), .bake = minutes(10)}};
  world.app.spec.strategy.on_new_revision = policy;
  world.Promote(1);
  world.Push(2);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && !world.status(2).waves.empty() &&
           world.status(2).waves[0].baking;
  });
  return world;
}

TEST(Turns, AHealthyRolloutIsFinishedFirst) {
  World world = Baking();
  world.Push(3);
  world.RunUntil([&] { return world.rollouts.contains(3) && world.status(3).gate.passed; });
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kProgressing);
  EXPECT_EQ(world.phase(3), RolloutPhase::kPending);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.status(3).stable->rollout, "shop-2");
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 6)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Turns, Case2SupersedeStartsAfreshAndTheWayBackStaysThePromotedRelease) {
  World world = Baking(OnNewRevision::kSupersede);
  world.Push(3);
  world.RunUntil(
      [&] { return world.rollouts.contains(3) && world.phase(3) == RolloutPhase::kProgressing; });
  EXPECT_EQ(world.phase(2), RolloutPhase::kSuperseded);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kSuperseded);
  EXPECT_EQ(world.status(3).stable->rollout, "shop-1");
  EXPECT_EQ(world.status(3).progress.high_water, 0);
  EXPECT_EQ(world.status(3).waves[0].bake_elapsed, Duration(0));
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 6)));
  EXPECT_THAT(world.app.status.failed, IsEmpty());
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Turns, Case2AnActiveRolloutGoesOnUntilTheNewerOneHasPassedItsGate) {
  World world = Baking(OnNewRevision::kSupersede);
  world.gate_result = [](int commit) {
    return commit == 3 ? api::Outcome::kFailed : api::Outcome::kSucceeded;
  };
  world.Push(3);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.phase(3), RolloutPhase::kHalted);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 6)));
}

TEST(Turns, Case2AFailingRolloutNeverHoldsUpTheFix) {
  World world = Baking();
  const std::string canary = world.WithIntentOf(2).front();
  // Going back hangs; the fix is there before that is over.
  world.fate = [](const std::string&, int commit, int) {
    return commit == 3 ? Fate::kGood : Fate::kHangs;
  };
  world.rollouts.at(2).spec.promoted_through = 1;
  for (const std::string& name : world.WithIntentOf(2)) {
    world.ReportOn(name)->attempt->result = api::Outcome::kFailed;
    world.ReportOn(name)->running->health = api::RunningHealth::kUnhealthy;
    world.SetReachable(name, true);
  }
  world.RunUntil([&] { return world.phase(2) == RolloutPhase::kRollingBack; });
  world.Push(3);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSuperseded);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kServerFailed);  // that it failed stays on record
  ASSERT_THAT(world.app.status.failed, SizeIs(1));
  EXPECT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 6)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Turns, APausedRolloutIsSupersededAtOnce) {
  World world = Baking();
  world.rollouts.at(2).spec.paused = true;
  world.Settle();
  world.Push(3);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSuperseded);
  EXPECT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 6)));
}

TEST(Turns, WhatASupersededRolloutBroughtIsTakenBack) {
  World world = Baking(OnNewRevision::kSupersede);
  // The newer one waits on its canary for hours; the servers of the older one do not wait with it.
  world.app.spec.strategy.waves[0].bake = std::chrono::hours(9);
  world.app.spec.strategy.waves[0].up_to = IntOrPercent::Count(1);
  world.Push(3);
  world.Run(std::chrono::hours(1));
  EXPECT_EQ(world.phase(3), RolloutPhase::kProgressing);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 5), Pair(3, 1)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Turns, UnderEndlessPushesPromotionsStillHappen) {
  for (const OnNewRevision policy : {OnNewRevision::kFinish, OnNewRevision::kSupersede}) {
    World world = Baking(policy);
    int promotions = 0;
    std::string stable = world.app.status.stable->rollout;
    for (int push = 3; push < 203; ++push) {
      world.Push(push);
      world.Run(std::chrono::seconds(50));
      world.Pass(std::chrono::seconds(10));
      promotions += world.app.status.stable->rollout != stable ? 1 : 0;
      stable = world.app.status.stable->rollout;
    }
    EXPECT_GE(promotions, 4) << api::ToString(policy);
    EXPECT_LE(world.rollouts.size(), 16u);  // history is bounded
    world.Run();
    EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(202, 6)));
    EXPECT_THAT(world.violations, IsEmpty());
  }
}

TEST(Turns, Case5APersonsUndoIsDoneAtOnceAndHolds) {
  World world = Baking();
  world.Run();
  world.Push(3);
  world.RunUntil([&] { return world.rollouts.contains(3) && world.status(3).wave == 1; });
  const std::int64_t undo = world.Repeat(2, true);
  world.rollouts.at(undo).spec.reason = "checkout is broken";
  world.Run();
  EXPECT_EQ(world.phase(3), RolloutPhase::kSuperseded);
  EXPECT_EQ(world.phase(undo), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 6)));
  ASSERT_TRUE(world.app.status.hold.has_value());
  EXPECT_EQ(world.app.status.hold->reason, "checkout is broken");
  world.Push(4);
  world.Run();
  EXPECT_FALSE(world.rollouts.contains(undo + 1));
  world.rollouts.at(undo).spec.hold = false;
  world.Run();
  EXPECT_FALSE(world.app.status.hold.has_value());
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(4, 6)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Turns, Case5AGateThatTakesLongUndoesNothingThatAPersonDid) {
  World world = Baking();
  world.Run();
  world.Push(3);
  world.Run();
  world.Push(4);
  world.RunUntil([&] { return world.test_runs.contains("shop-4-gate-1"); });
  const std::string busy = world.test_runs.at("shop-4-gate-1").spec.server;
  // The agent at the gate takes its time; meanwhile a person goes back, all the way.
  const std::int64_t undo = world.Repeat(2, true);
  world.Settle();
  while (world.phase(undo) != RolloutPhase::kSucceeded) {
    for (const auto& [name, server] : world.servers) {
      world.StepAgent(name);
    }
    world.Settle();
    world.Pass(minutes(1));
  }
  EXPECT_EQ(world.phase(4), RolloutPhase::kTesting);
  world.Run();
  EXPECT_EQ(world.phase(4), RolloutPhase::kSuperseded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 6)));
  EXPECT_THAT(world.violations, IsEmpty());
}

}  // namespace
}  // namespace slipway::rollout::testing
