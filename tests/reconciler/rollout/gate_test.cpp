#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/rollout/world.hpp"

namespace slipway::rollout::testing {
namespace {

using api::Outcome;
using api::RolloutCause;
using api::RolloutPhase;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

World WithGate() {
  World world(4);
  world.AddGate();
  world.Promote(1);
  world.Push(2);
  return world;
}

TEST(Gate, NoServerIsTouchedBeforeItHasPassed) {
  World world = WithGate();
  world.RunUntil([&] { return world.test_runs.contains("shop-2-gate-1"); });
  EXPECT_EQ(world.phase(2), RolloutPhase::kTesting);
  EXPECT_THAT(world.WithIntentOf(2), IsEmpty());
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Gate, AFailureStopsTheReleaseAndIsRemembered) {
  World world = WithGate();
  world.gate_result = [](int) { return Outcome::kFailed; };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kHalted);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kGateFailed);
  EXPECT_THAT(world.status(2).message, HasSubstr("1 of 3 cases failed. No server was touched."));
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 4)));
  ASSERT_THAT(world.app.status.failed, SizeIs(1));
  EXPECT_EQ(world.app.status.failed[0].reason, "GateFailed");
  EXPECT_FALSE(world.rollouts.contains(3));
}

TEST(Gate, ACorrectedGateTakesOverFromTheOneThatIsWaitedFor) {
  World world = WithGate();
  world.app.spec.gate->servers.fleets = {"integratoin"};
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kTesting);
  EXPECT_THAT(world.status(2).message, HasSubstr("selects no server"));
  world.app.spec.gate->servers.fleets = {"integration"};
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSuperseded);
  EXPECT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 4)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Gate, APushTakesOverWhereTheGateHasNoServer) {
  World world = WithGate();
  world.app.spec.gate->servers.fleets = {"integratoin"};
  world.Run();
  world.Push(3);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSuperseded);
  EXPECT_EQ(world.phase(3), RolloutPhase::kTesting);
  EXPECT_EQ(world.status(3).cause, RolloutCause::kNoServers);
}

TEST(Gate, AnEditOfTheGateDoesNotCancelARunUnderWay) {
  World world = WithGate();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).gate.attempts == 1; });
  world.app.spec.gate->suites = {{.name = "api", .run = "make test"}};
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_FALSE(world.rollouts.contains(3));
}

TEST(Gate, AnEditedGateIsAChangeAfterWhichAReleaseIsTriedAgain) {
  World world = WithGate();
  world.gate_result = [](int) { return Outcome::kFailed; };
  world.Run();
  ASSERT_EQ(world.phase(2), RolloutPhase::kHalted);
  world.gate_result = [](int) { return Outcome::kSucceeded; };
  world.app.spec.gate->suites = {{.name = "api", .run = "make test"}};
  world.Run();
  EXPECT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.app.status.failed, IsEmpty());
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 4)));
}

TEST(Gate, ARunIsAlwaysOnAServerThatCanBeReached) {
  World world = WithGate();
  world.SetReachable("gate-1", false);
  world.SetReachable("gate-2", false);
  world.Run(minutes(5));
  EXPECT_EQ(world.phase(2), RolloutPhase::kTesting);
  EXPECT_THAT(world.status(2).message, HasSubstr("none of its servers can be reached"));
  EXPECT_THAT(world.test_runs, IsEmpty());
  world.SetReachable("gate-2", true);
  world.Run();
  EXPECT_EQ(world.test_runs.at("shop-2-gate-1").spec.server, "gate-2");
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
}

TEST(Gate, InterruptedIsTriedAgainElsewhereThreeTimes) {
  World world = WithGate();
  world.gate_result = [](int) { return Outcome::kInterrupted; };
  world.Run();
  EXPECT_THAT(world.test_runs, SizeIs(4));
  EXPECT_EQ(world.phase(2), RolloutPhase::kHalted);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kInfrastructure);
  EXPECT_NE(world.test_runs.at("shop-2-gate-1").spec.server,
            world.test_runs.at("shop-2-gate-2").spec.server);
  EXPECT_FALSE(world.rollouts.contains(3));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Gate, ADeletedRunCountsAsInterrupted) {
  World world = WithGate();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).gate.attempts == 1; });
  world.test_runs.clear();
  world.Run();
  EXPECT_TRUE(world.test_runs.contains("shop-2-gate-2"));
  EXPECT_FALSE(world.test_runs.contains("shop-2-gate-1"));
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
}

TEST(Gate, ARunWhoseServerIsGoneEndsAndIsMadeAgain) {
  World world = WithGate();
  world.RunUntil([&] { return world.test_runs.contains("shop-2-gate-1"); });
  const std::string server = world.test_runs.at("shop-2-gate-1").spec.server;
  world.servers.erase(server);
  world.Run();
  EXPECT_EQ(world.test_runs.at("shop-2-gate-1").status.result, Outcome::kInterrupted);
  EXPECT_THAT(world.test_runs.at("shop-2-gate-1").status.message, HasSubstr("no longer"));
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
}

TEST(Gate, ARunOutlivesAShortLossOfItsServer) {
  World world = WithGate();
  world.RunUntil([&] { return world.test_runs.contains("shop-2-gate-1"); });
  const std::string server = world.test_runs.at("shop-2-gate-1").spec.server;
  world.SetReachable(server, false);
  world.Settle();
  world.Pass(seconds(59));
  world.Settle();
  EXPECT_NE(world.test_runs.at("shop-2-gate-1").status.phase, api::TestRunPhase::kEnded);
  world.SetReachable(server, true);
  world.Settle();
  world.Pass(minutes(5));
  world.Settle();
  EXPECT_NE(world.test_runs.at("shop-2-gate-1").status.phase, api::TestRunPhase::kEnded);
  world.SetReachable(server, false);
  world.Settle();
  world.Pass(seconds(60));
  world.Settle();
  EXPECT_EQ(world.test_runs.at("shop-2-gate-1").status.result, Outcome::kInterrupted);
}

TEST(Gate, APushMeanwhileWaitsAndTheGateIsNotCancelled) {
  World world = WithGate();
  world.RunUntil([&] { return world.test_runs.contains("shop-2-gate-1"); });
  world.Push(3);
  world.Settle();
  world.Push(4);
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kTesting);
  EXPECT_EQ(world.phase(3), RolloutPhase::kSuperseded);  // the newest wins
  EXPECT_EQ(world.phase(4), RolloutPhase::kPending);
  EXPECT_THAT(world.test_runs, SizeIs(1));
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.phase(4), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(4, 4)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Gate, PausedBeforeItBeganItStartsNothing) {
  World world = WithGate();
  world.RunUntil([&] { return world.rollouts.contains(2); });
  world.rollouts.at(2).spec.paused = true;
  world.Run(minutes(5));
  EXPECT_EQ(world.phase(2), RolloutPhase::kPending);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kPausedByUser);
  EXPECT_THAT(world.test_runs, IsEmpty());
  world.rollouts.at(2).spec.paused = false;
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
}

TEST(Gate, AbortedAtTheGateItTouchesNothingAndItsRunEnds) {
  World world = WithGate();
  world.RunUntil([&] { return world.test_runs.contains("shop-2-gate-1"); });
  world.rollouts.at(2).spec.aborted = true;
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kAborted);
  EXPECT_EQ(world.test_runs.at("shop-2-gate-1").status.result, Outcome::kInterrupted);
  world.Run();
  EXPECT_FALSE(world.rollouts.contains(3));
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 4)));
}

TEST(Gate, ItIsNotRunAgainForAReleaseThatWasPromotedWithTheSameTemplate) {
  World world = WithGate();
  world.Run();
  world.Push(3);
  world.Run();
  ASSERT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  const std::int64_t undo = world.Repeat(2, true);
  world.Run();
  EXPECT_EQ(world.phase(undo), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 4)));
  EXPECT_FALSE(world.test_runs.contains("shop-4-gate-1"));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Gate, ACommitThatCannotBeKeptBeginsNothing) {
  World world = WithGate();
  world.RunUntil([&] { return world.rollouts.contains(2); });
  const api::Rollout& rollout = world.rollout(2);
  const Plan plan = PlanRollout({.application = &world.app,
                                 .rollout = rollout,
                                 .pinned = false,
                                 .pin_problem = "the mirror lacks it."});
  EXPECT_EQ(plan.status.phase, RolloutPhase::kPending);
  EXPECT_THAT(plan.status.message, HasSubstr("the mirror lacks it."));
}

}  // namespace
}  // namespace slipway::rollout::testing
