#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "reconciler/base/assert.hpp"
#include "tests/reconciler/rollout/ten_servers.hpp"

namespace slipway::rollout::testing {
namespace {

using api::IntOrPercent;
using api::RolloutCause;
using api::RolloutPhase;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(Waves, AGoodReleaseReachesEveryServerWaveByWave) {
  World world = TenServers();
  world.Run();
  EXPECT_THAT(world.violations, IsEmpty());
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
  ASSERT_THAT(world.status(2).waves, SizeIs(3));
  EXPECT_EQ(world.status(2).waves[0].target, 1);
  EXPECT_EQ(world.status(2).waves[1].target, 3);
  EXPECT_EQ(world.status(2).waves[2].target, 10);
  EXPECT_EQ(world.app.status.stable->rollout, "shop-2");
  EXPECT_EQ(world.most_down, 2);  // 25 % of ten, rounded down
}

TEST(Waves, NothingIsWrittenOnceTheStateIsReached) {
  World world = TenServers();
  world.Run();
  const std::size_t writes = world.log.size();
  world.Pass(std::chrono::hours(5));
  world.Run();
  EXPECT_EQ(world.log.size(), writes) << world.log.back();
}

TEST(Waves, AWaveBakesBeforeTheNextOneBegins) {
  World world = TenServers();
  world.app.spec.strategy.waves[0].bake = minutes(10);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && world.status(2).wave == 1 &&
           world.status(2).waves[0].baking;
  });
  const Duration begun = world.time;
  world.RunUntil([&] { return world.status(2).wave == 2; });
  EXPECT_GE(world.time - begun, minutes(10));
  EXPECT_LE(world.time - begun, minutes(10) + seconds(1));
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, BakeIsInterruptedWhileAServerIsNotHealthy) {
  World world = TenServers();
  world.app.spec.strategy.waves[0].bake = minutes(10);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && world.status(2).wave == 1 &&
           world.status(2).waves[0].baking;
  });
  const std::string canary = world.WithIntentOf(2).front();
  world.Pass(minutes(5));
  world.ReportOn(canary)->running->health = api::RunningHealth::kUnhealthy;
  world.SetReachable(canary, true);
  world.Settle();
  EXPECT_FALSE(world.status(2).waves[0].baking);
  EXPECT_EQ(world.status(2).waves[0].bake_elapsed, minutes(5));
  world.Pass(minutes(3));
  world.Settle();
  world.ReportOn(canary)->running->health = api::RunningHealth::kHealthy;
  world.SetReachable(canary, true);
  world.Settle();
  EXPECT_TRUE(world.status(2).waves[0].baking);
  EXPECT_EQ(world.status(2).waves[0].bake_elapsed, minutes(5));
  EXPECT_EQ(world.status(2).progress.elapsed, minutes(3));
}

TEST(Waves, PromotedThroughSkipsTheRestOfABake) {
  World world = TenServers();
  world.app.spec.strategy.waves[0].bake = minutes(10);
  world.app.spec.strategy.waves[1].bake = minutes(10);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && world.status(2).wave == 1 &&
           world.status(2).waves[0].baking;
  });
  world.rollouts.at(2).spec.promoted_through = 1;
  world.RunUntil([&] { return world.status(2).wave == 2 && world.status(2).waves[1].baking; });
  EXPECT_LT(world.time, minutes(2));
}

TEST(Waves, ARestartGoesOnCounting) {
  World world = TenServers();
  world.app.spec.strategy.waves[0].bake = minutes(10);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && world.status(2).wave == 1 &&
           world.status(2).waves[0].baking;
  });
  world.Pass(seconds(31));
  world.Settle();
  EXPECT_EQ(world.status(2).waves[0].bake_elapsed,
            seconds(31));  // saved: a crash costs at most 30 s
  world.Pass(seconds(20));
  world.Settle();
  EXPECT_EQ(world.status(2).waves[0].bake_elapsed, seconds(31));
}

TEST(Waves, NothingHappensUntilAgentsHadTimeToComeBack) {
  World world = TenServers();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 2; });
  world.settled = false;
  const std::size_t writes = world.log.size();
  for (int index = 1; index <= 10; ++index) {
    world.SetReachable("web-" + std::to_string(index), false);
  }
  world.Pass(std::chrono::hours(2));
  EXPECT_EQ(world.PlanOf(2).actions.size(), 0u);
  EXPECT_EQ(world.PlanOf(2).status.phase, RolloutPhase::kProgressing);
  EXPECT_EQ(world.log.size(), writes);
}

TEST(Waves, Case13BrokenServersGoFirstThenUnknownOnes) {
  World world(6);
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(2)}};
  world.Promote(1);
  world.ReportOn("web-5")->running->health = api::RunningHealth::kUnhealthy;
  world.ReportOn("web-2")->running->health = api::RunningHealth::kStarting;
  world.SetReachable("web-5", true);
  world.SetReachable("web-2", true);
  world.Push(2);
  world.RunUntil([&] { return world.WithIntentOf(2).size() == 2; });
  EXPECT_THAT(world.WithIntentOf(2), ElementsAre("web-2", "web-5"));
  EXPECT_EQ(world.status(2).wave, 1);
}

TEST(Waves, Case13TheOrderIsTheSameEveryTime) {
  World one = TenServers();
  World other = TenServers();
  one.RunUntil([&] { return one.WithIntentOf(2).size() == 3; });
  other.RunUntil([&] { return other.WithIntentOf(2).size() == 3; });
  EXPECT_EQ(one.WithIntentOf(2), other.WithIntentOf(2));
}

TEST(Waves, ServersThatAreDownCostNothingEvenWhenNoneIsAvailable) {
  World world(4);
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(1);
  world.Push(1);
  world.RunUntil([&] { return world.rollouts.contains(1) && world.WithIntentOf(1).size() == 4; });
  world.Run();
  EXPECT_EQ(world.phase(1), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, Case14ZeroSuccessesAreNeverGood) {
  World world = TenServers();
  world.app.spec.strategy.failure_budget = IntOrPercent::Count(5);
  world.fate = [](const std::string&, int commit, int) {
    return commit == 2 ? Fate::kUnhealthy : Fate::kGood;
  };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kNoSuccess);
  EXPECT_EQ(world.status(2).wave, 1);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
}

TEST(Waves, Case14NoServersAreNoSuccess) {
  World world(0);
  world.Push(1);
  world.Run();
  EXPECT_EQ(world.phase(1), RolloutPhase::kPending);
  EXPECT_EQ(world.status(1).cause, RolloutCause::kNoServers);
  EXPECT_THAT(world.status(1).message, HasSubstr("spec.servers"));
  world.AddServer("web-1");
  world.Run();
  EXPECT_EQ(world.phase(1), RolloutPhase::kSucceeded);
}

TEST(Waves, TheFailureBudgetCountsOverTheWholeRollout) {
  World world = TenServers();
  world.app.spec.strategy.failure_budget = IntOrPercent::Count(1);
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(4);
  int bad = 0;
  std::map<std::string, bool> fails;
  // The second server of wave 2 and one of wave 3 fail: one is within the budget, two are not.
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit != 2) {
      return Fate::kGood;
    }
    const bool wanted =
        (world.status(2).wave == 2 && bad == 0) || (world.status(2).wave == 3 && bad == 1);
    if (!fails.contains(server)) {
      fails[server] = wanted;
      bad += wanted ? 1 : 0;
    }
    return fails[server] ? Fate::kUnhealthy : Fate::kGood;
  };
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 3; });
  EXPECT_EQ(world.status(2).servers.failed, 1);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kServerFailed);
  EXPECT_THAT(world.status(2).message, HasSubstr("connection refused"));
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, AFailureWithinTheBudgetDoesNotStopIt) {
  World world = TenServers();
  world.app.spec.strategy.failure_budget = IntOrPercent::Count(1);
  world.app.spec.strategy.waves = {};
  world.fate = [](const std::string& server, int commit, int) {
    return server == "web-6" && commit == 2 ? Fate::kBadInstall : Fate::kGood;
  };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.status(2).message, HasSubstr("web-6"));
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 1), Pair(2, 9)));
}

TEST(Waves, Case15AServerThatAppearsGetsThePromotedReleaseFirst) {
  World world = TenServers();
  world.app.spec.strategy.waves[0].bake = minutes(10);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && world.status(2).wave == 1 &&
           world.status(2).waves[0].baking;
  });
  world.AddServer("web-new");
  world.RunUntil([&] { return world.RunningOn("web-new") != 0; });
  EXPECT_EQ(world.RunningOn("web-new"), 1);
  EXPECT_EQ(world.status(2).wave, 1);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 11)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, Case15AServerThatAppearsInTheLastWaveIsCaughtUpAfterwards) {
  World world = TenServers();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 3; });
  world.AddServer("web-new");
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.status(2).waves[2].target, 10);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 11)));
}

TEST(Waves, Case15ServersThatVanishLeaveTheCounts) {
  World world = TenServers();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 2; });
  world.RunUntil([&] { return world.WithIntentOf(2).size() == 3; });
  world.servers.erase(world.WithIntentOf(2).back());
  world.servers.erase(world.WithIntentOf(2).front());
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 8)));
  EXPECT_EQ(world.status(2).servers.total, 8);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, Case16TheVerdictIsDurableBeforeTheNextWave) {
  World world = TenServers();
  world.RunUntil([&] {
    return world.rollouts.contains(2) && !world.status(2).waves.empty() &&
           world.status(2).waves[0].verdict;
  });
  EXPECT_EQ(world.status(2).wave, 1);
  EXPECT_EQ(world.status(2).waves[0].verdict, api::WaveVerdict::kPassed);
  EXPECT_THAT(world.WithIntentOf(2), SizeIs(1));
  world.Run();
  EXPECT_THAT(world.violations, IsEmpty());  // CheckTransition looks at every other wave
}

TEST(Waves, ProgressDeadlineIsMeasuredByHighWaterMarksOnly) {
  World world = TenServers();
  world.app.spec.strategy.waves = {{.up_to = IntOrPercent::Count(2)}};
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(2);
  std::string hangs;
  world.fate = [&](const std::string& server, int commit, int) {
    if (commit == 2 && (hangs.empty() || hangs == server)) {
      hangs = server;
      return Fate::kHangs;
    }
    return Fate::kGood;
  };
  world.RunUntil(
      [&] { return world.rollouts.contains(2) && world.status(2).progress.high_water == 1; });
  std::string good;
  for (const std::string& name : world.WithIntentOf(2)) {
    good = name == hangs ? good : name;
  }
  // It flaps once a minute: back to the old mark, never above it.
  for (int minute = 0; minute < 12 && world.phase(2) == RolloutPhase::kProgressing; ++minute) {
    for (const auto health : {api::RunningHealth::kUnhealthy, api::RunningHealth::kHealthy}) {
      world.ReportOn(good)->running->health = health;
      world.SetReachable(good, true);
      world.Settle();
      world.Pass(seconds(30));
    }
  }
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRollingBack);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kProgressDeadline);
  EXPECT_THAT(world.status(2).message, HasSubstr(hangs));
}

TEST(Waves, ServersThatVanishTakeTheirPartOfTheHighWaterMarkWithThem) {
  World world = TenServers();
  world.app.spec.strategy.waves = {};
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(1);
  world.RunUntil(
      [&] { return world.rollouts.contains(2) && world.status(2).progress.high_water == 6; });
  for (int removed = 0; removed < 3; ++removed) {
    const auto done = std::ranges::find_if(
        world.servers, [&](const auto& server) { return world.RunningOn(server.first) == 2; });
    world.RemoveServer(done->first);
  }
  // Each of the others takes most of the deadline.
  std::size_t taken = world.WithIntentOf(2).size();
  for (int rounds = 0; rounds < 500 && world.phase(2) == RolloutPhase::kProgressing; ++rounds) {
    world.Settle();
    if (world.WithIntentOf(2).size() > taken) {
      taken = world.WithIntentOf(2).size();
      world.Pass(minutes(6));
      world.Settle();
    }
    world.StepAgents();
  }
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded) << world.status(2).message;
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, AServerThatCannotBeWrittenToDoesNotKeepTheDeadlineAway) {
  World world = TenServers();
  world.app.spec.strategy.waves = {};
  world.refused = {"web-4"};
  world.RunUntil([&] { return world.rollouts.contains(2) && world.WithIntentOf(2).size() == 9; });
  world.Run(minutes(5));
  EXPECT_EQ(world.phase(2), RolloutPhase::kProgressing);
  EXPECT_EQ(world.status(2).progress.high_water, 9);  // saved, so that a restart goes on counting
  EXPECT_GE(world.status(2).progress.elapsed, minutes(4));
  world.RunUntil([&] { return world.phase(2) == RolloutPhase::kRollingBack; });
  EXPECT_EQ(world.status(2).cause, RolloutCause::kProgressDeadline);
  EXPECT_THAT(world.status(2).message, HasSubstr("written to web-4"));
  EXPECT_LE(world.time, minutes(15));
}

TEST(Waves, PauseStopsTheClocksAndResumeGoesOn) {
  World world = TenServers();
  world.fate = [](const std::string&, int commit, int) {
    return commit == 2 ? Fate::kHangs : Fate::kGood;
  };
  world.RunUntil([&] { return world.rollouts.contains(2) && world.WithIntentOf(2).size() == 1; });
  world.Settle();
  world.Pass(minutes(9));
  world.rollouts.at(2).spec.paused = true;
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kPaused);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kPausedByUser);
  world.Pass(std::chrono::hours(10));
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kPaused);
  world.fate = [](const std::string&, int, int) { return Fate::kGood; };
  world.rollouts.at(2).spec.paused = false;
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
}

TEST(Waves, InterruptedIsTriedAgainThreeTimesAndIsNoFailure) {
  World world = TenServers();
  world.fate = [](const std::string&, int commit, int attempt) {
    return commit == 2 && attempt < 5 ? Fate::kInterrupted : Fate::kGood;
  };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.app.status.failed, IsEmpty());
  EXPECT_EQ(world.IntentOn("web-1")->retries, 3);
  EXPECT_EQ(world.IntentOn("web-1")->attempt, 5);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, InterruptedOnceTooOftenEndsItForInfrastructure) {
  World world = TenServers();
  world.fate = [](const std::string&, int commit, int) {
    return commit == 2 ? Fate::kInterrupted : Fate::kGood;
  };
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kHalted);
  EXPECT_EQ(world.status(2).cause, RolloutCause::kInfrastructure);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 10)));
  // It is no bad release, and still it is not tried again for ever.
  EXPECT_THAT(world.app.status.failed, IsEmpty());
  EXPECT_FALSE(world.rollouts.contains(3));
  const auto ready = std::ranges::find(world.app.status.conditions, "Ready", &api::Condition::type);
  EXPECT_EQ(ready->reason, "Interrupted");
  EXPECT_THAT(ready->message, HasSubstr("then retry"));
  world.fate = [](const std::string&, int, int) { return Fate::kGood; };
  const std::int64_t retry = world.Repeat(2, false);
  world.Run();
  EXPECT_EQ(world.phase(retry), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, AReportOfAnotherAttemptDecidesNothing) {
  World world = TenServers();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.WithIntentOf(2).size() == 1; });
  world.Settle();
  const std::string canary = world.WithIntentOf(2).front();
  auto* report = world.ReportOn(canary);
  report->attempt = api::Attempt{.rollout = "shop-2",
                                 .number = 1,
                                 .phase = api::AttemptPhase::kEnded,
                                 .result = api::Outcome::kFailed};
  world.SetReachable(canary, true);
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kProgressing);
  EXPECT_EQ(world.status(2).servers.failed, 0);
}

TEST(Waves, AStatusThatMakesNoSenseIsAFaultAndNotRead) {
  World world = TenServers();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 1; });
  const GuardedScope guard;  // as the engine has it: it quarantines the rollout
  world.rollouts.at(2).status.wave = 7;
  EXPECT_THROW(world.PlanOf(2), AssertionFailed);
  world.rollouts.at(2).status.phase = RolloutPhase::kPending;
  EXPECT_THROW(world.PlanOf(2), AssertionFailed);
}

TEST(Waves, EditingTheStrategyRestartsNothingAndNeverCutsTheLastWaveShort) {
  World world = TenServers();
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 2; });
  world.app.spec.strategy.waves.clear();
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_FALSE(world.rollouts.contains(3));
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
}

TEST(Waves, ACordonedServerKeepsWhatItRunsAndSoDoesOneOnStandby) {
  World world = TenServers();
  world.servers.at("web-5").spec.cordoned = true;
  world.servers.at("web-6").spec.standby = true;
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.RunningOn("web-5"), 1);
  EXPECT_EQ(world.RunningOn("web-6"), 1);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 2), Pair(2, 8)));
}

TEST(Waves, AServerThatJoinsIsOfNoWaveAndCostsNothing) {
  World world = TenServers();
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(1);
  world.fate = [](const std::string& server, int, int) {
    return server == "web-new" ? Fate::kHangs : Fate::kGood;
  };
  world.RunUntil([&] { return world.rollouts.contains(2) && world.status(2).wave == 1; });
  world.AddServer("web-new");
  world.servers.at("web-new").spec.joining = true;
  world.RunUntil([&] { return world.phase(2) == RolloutPhase::kSucceeded; });
  EXPECT_EQ(world.status(2).servers.total, 10);
  EXPECT_EQ(world.IntentOn("web-new")->wave, 0) << "what was promoted came, and is no matter of it";
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, AServerThatIsAdmittedCountsWhereItIsDown) {
  World world = TenServers();
  world.app.spec.strategy.max_unavailable = IntOrPercent::Count(1);
  world.AddServer("web-new");
  world.servers.at("web-new").spec.joining = true;
  world.servers.at("web-new").spec.admitted = true;
  world.fate = [](const std::string& server, int, int) {
    return server == "web-new" ? Fate::kUnhealthy : Fate::kGood;
  };
  world.RunUntil(
      [&] { return world.rollouts.contains(2) && world.phase(2) == RolloutPhase::kPaused; });
  EXPECT_EQ(world.status(2).cause, RolloutCause::kNoHeadroom);
  EXPECT_THAT(world.status(2).message, HasSubstr("web-new"));
  EXPECT_THAT(world.WithIntentOf(2), IsEmpty());
}

TEST(Waves, AServerThatJoinsWithAWavesReleaseGoesBackToWhatIsPromoted) {
  World world = TenServers();
  world.app.spec.strategy.waves[0].bake = minutes(10);
  world.RunUntil([&] {
    return world.rollouts.contains(2) && world.status(2).wave == 1 &&
           world.status(2).waves[0].baking;
  });
  const std::string canary = world.WithIntentOf(2).front();
  world.servers.at(canary).spec.joining = true;
  world.RunUntil([&] { return world.RunningOn(canary) == 1; });
  EXPECT_EQ(world.IntentOn(canary)->from, "shop-2");
  EXPECT_EQ(world.phase(2), RolloutPhase::kProgressing);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 10)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Waves, AServerThatCanBearNoFurtherApplicationIsLeftOutAndNamed) {
  World world = TenServers();
  world.AddServer("web-full");
  auto& entries = world.servers.at("web-full").spec.releases;
  for (std::size_t other = 0; other < kMaxIntents; ++other) {
    entries.push_back({.application = "other-" + std::to_string(other), .rollout = "none"});
  }
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.status(2).message, HasSubstr("web-full cannot bear it"));
  EXPECT_THAT(entries, SizeIs(kMaxIntents));
  const auto& conditions = world.app.status.conditions;
  const auto ready = std::ranges::find(conditions, "Ready", &api::Condition::type);
  EXPECT_EQ(ready->reason, "ServersFull");
  EXPECT_THAT(ready->message, HasSubstr("web-full"));
}

TEST(Waves, Case19AServerWhereAnotherApplicationIsAtWorkWaitsItsTurn) {
  World world(1);
  world.Promote(1);
  world.Push(2);
  api::Server& server = world.servers.at("web-1");
  server.spec.releases.push_back(
      {.application = "api", .rollout = "api-4", .wave = 1, .attempt = 9});
  world.RunUntil(
      [&] { return world.rollouts.contains(2) && world.phase(2) == RolloutPhase::kProgressing; });
  server.status.releases.push_back(
      {.application = "api",
       .attempt =
           api::Attempt{.rollout = "api-4", .number = 9, .phase = api::AttemptPhase::kSwitching}});
  world.Settle();
  EXPECT_THAT(world.WithIntentOf(2), IsEmpty());
  EXPECT_EQ(world.status(2).cause, RolloutCause::kServersBusy);
  EXPECT_THAT(world.status(2).message, HasSubstr("web-1"));
  // It is healthy, so a newer commit waits until it is finished.
  world.Push(3);
  world.Settle();
  EXPECT_EQ(world.phase(2), RolloutPhase::kPaused);
  EXPECT_EQ(world.phase(3), RolloutPhase::kPending);
  server.status.releases.back().attempt->phase = api::AttemptPhase::kEnded;
  world.Settle();
  EXPECT_THAT(world.WithIntentOf(2), SizeIs(1));
}

}  // namespace
}  // namespace slipway::rollout::testing
