#include "reconciler/application/application_planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/api/conditions.hpp"
#include "tests/reconciler/rollout/world.hpp"

namespace slipway::application {
namespace {

using api::RolloutPhase;
using rollout::testing::CommitOf;
using rollout::testing::Fate;
using rollout::testing::World;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const api::Condition& Ready(const World& world) {
  return *api::FindCondition(world.app.status.conditions, "Ready");
}

TEST(Desired, TheReleaseIsTheCommitAndTheConfiguration) {
  World world(2);
  world.Push(1);
  world.Run();
  EXPECT_EQ(world.rollout(1).spec.release.commit, CommitOf(1));
  EXPECT_EQ(world.rollout(1).spec.release.ref, "main");
  EXPECT_EQ(world.rollout(1).spec.template_.release, world.app.spec.release);
  EXPECT_EQ(world.rollout(1).spec.template_.source->repository, "code");
  EXPECT_EQ(world.app.status.stable->hash, world.rollout(1).spec.release.hash);
  // A new configuration of the same commit is a new release; a new strategy is none.
  world.app.spec.strategy.max_unavailable = api::IntOrPercent::Count(2);
  world.app.spec.revision_history_limit = 3;
  world.Run();
  EXPECT_THAT(world.rollouts, SizeIs(1));
  world.app.spec.release.env = {{.name = "PORT", .value = "80"}};
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.rollout(2).spec.release.commit, CommitOf(1));
}

TEST(Desired, AnotherPathOfTheSameCommitIsAnotherRelease) {
  World world(2);
  world.Push(1);
  world.Run();
  world.app.spec.source.path = "services/shop";
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.rollout(2).spec.release.commit, CommitOf(1));
  EXPECT_EQ(world.rollout(2).spec.template_.source->path, "services/shop");
}

TEST(Desired, NoReportOfAServerUsesNumbersUp) {
  World world(3);
  world.Promote(1);
  world.ReportOn("web-2")->attempt = api::Attempt{.rollout = "shop-9223372036854775807",
                                                  .number = 9'223'372'036'854'775'807,
                                                  .phase = api::AttemptPhase::kEnded};
  world.SetReachable("web-2", true);
  world.ReportOn("web-3")->attempt->rollout = "shop-999999999";
  world.SetReachable("web-3", true);
  world.Push(2);
  world.Run();
  ASSERT_TRUE(world.rollouts.contains(2));
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.app.status.last_number, 2);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 3)));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(Desired, SlipwayYamlFillsInWhatTheApplicationLeavesOpen) {
  World world(1);
  world.AddGate();
  world.app.spec.release.install = api::Command{.run = "make install"};
  world.manifest = R"({"gate":{"suites":[{"name":"api","run":"make test"}]},
    "release":{"install":{"run":"ours"},"test":{"run":"make check"},
               "processes":[{"name":"web","run":"other"},{"name":"worker","run":"work"}]}})";
  world.Push(1);
  world.Run();
  ASSERT_TRUE(world.rollouts.contains(1));
  const api::RolloutTemplate& content = world.rollout(1).spec.template_;
  EXPECT_EQ(content.release.install->run, "make install");
  EXPECT_EQ(content.release.test->run, "make check");
  ASSERT_THAT(content.release.processes, SizeIs(2));
  EXPECT_EQ(content.release.processes[0].run, "serve");
  EXPECT_EQ(content.release.processes[1].name, "worker");
  ASSERT_THAT(content.gate->suites, SizeIs(1));
  EXPECT_EQ(content.gate->suites[0].run, "make test");
}

TEST(Desired, TheApplicationsOwnSuitesAndCommandsWin) {
  World world(1);
  world.AddGate();
  world.app.spec.gate->suites = {{.name = "smoke", .run = "curl"}};
  world.manifest = R"({"gate":{"suites":[{"name":"api","run":"make test"}]},
    "release":{"processes":[{"name":"web","run":"other"}]}})";
  world.Push(1);
  world.Run();
  const api::RolloutTemplate& content = world.rollout(1).spec.template_;
  EXPECT_EQ(content.gate->suites[0].name, "smoke");
  EXPECT_EQ(content.release.processes[0].run, "serve");
}

TEST(Desired, AFileThatCannotBeUsedChangesNothingAndSaysSo) {
  World world(2);
  world.Promote(1);
  world.Push(2);
  world.manifest = R"({"release":{"install":7}})";
  world.Run();
  EXPECT_THAT(world.rollouts, SizeIs(1));
  EXPECT_EQ(Ready(world).reason, "RepositoryFileInvalid");
  EXPECT_EQ(Ready(world).status, api::ConditionStatus::kFalse);
  EXPECT_THAT(Ready(world).message, HasSubstr("Push a commit that mends it"));
  world.manifest = R"({"release":{"processes":[{"name":"job"}]}})";
  World other(2);
  other.Promote(1);
  other.Push(2);
  other.manifest = world.manifest;
  other.Run();
  EXPECT_EQ(Ready(other).reason, "ReleaseInvalid");
  EXPECT_THAT(Ready(other).message, HasSubstr("job needs either run or service"));
}

TEST(Desired, MoreProcessesThanARolloutCanHoldAreRefusedWithAReason) {
  World world(1);
  world.manifest = R"({"release":{"processes":[)";
  for (int process = 1; process <= 50; ++process) {
    world.manifest += (process == 1 ? R"({"name":"p)" : R"(,{"name":"p)") +
                      std::to_string(process) + R"(","run":"work"})";
  }
  world.manifest += "]}}";
  world.Push(1);
  world.Run();
  EXPECT_EQ(Ready(world).reason, "ReleaseInvalid");
  EXPECT_THAT(Ready(world).message, HasSubstr("name 51 processes"));
  EXPECT_THAT(world.rollouts, IsEmpty());
}

TEST(Desired, ALongErrorIsCutSoThatTheStatusCanBeWritten) {
  World world(1);
  std::string message = "x";
  for (int letter = 0; letter < 20'000; ++letter) {
    message += "ñ";
  }
  world.resolve_error = Error{.code = Code::kInvalid, .message = message};
  world.Push(1);
  world.Run(std::chrono::seconds(1));
  EXPECT_EQ(Ready(world).message.size(), 4096u);
  EXPECT_THAT(Ready(world).message, EndsWith("ñ..."));
  EXPECT_TRUE(Ready(world).message.starts_with("xñ"));
}

TEST(Desired, WithoutARepositoryOrACommitItSaysWhatToDo) {
  World world(1);
  world.Run();
  EXPECT_EQ(Ready(world).reason, "RepositoryNotReady");
  const Plan plan = PlanApplication({.application = world.app});
  EXPECT_EQ(api::FindCondition(plan.status.conditions, "Ready")->reason, "RepositoryNotFound");
  EXPECT_THAT(api::FindCondition(plan.status.conditions, "Ready")->message,
              HasSubstr("create it, or correct spec.source.repository"));
}

TEST(Desired, ATroubleOfTheMirrorIsAConditionAndIsAskedAgain) {
  World world(1);
  Error error{.code = Code::kInvalid, .message = "services/shop holds no files: push some."};
  error.causes.push_back({.reason = "EmptyTree"});
  world.resolve_error = error;
  world.Push(1);
  world.Run(std::chrono::seconds(1));
  EXPECT_EQ(Ready(world).reason, "EmptyTree");
  EXPECT_THAT(world.rollouts, IsEmpty());
  world.resolve_error.reset();
  world.Run();
  EXPECT_EQ(world.phase(1), RolloutPhase::kSucceeded);
}

TEST(Desired, Case8RewrittenHistoryIsNotAppliedSilently) {
  World world(2);
  world.Push(1);
  world.Run();
  world.parents[2] = 0;
  world.Push(2);
  world.Run();
  EXPECT_THAT(world.rollouts, SizeIs(1));
  EXPECT_EQ(Ready(world).reason, "NotDescendant");
  EXPECT_THAT(Ready(world).message, HasSubstr("set spec.ref.commit"));
  // Somebody says so: what is followed is another reference now.
  world.repository.spec.ref.commit = CommitOf(2);
  world.repository.status.artifact->revision = "sha1:" + CommitOf(2).value;
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 2)));
}

TEST(Desired, Case8DescentIsMeasuredFromWhatTheReferenceBroughtNotFromAnUndo) {
  World world(2);
  world.Push(1);
  world.Run();
  world.Push(2);
  world.Run();
  const std::int64_t undo = world.Repeat(1, true);
  world.Run();
  ASSERT_EQ(world.app.status.stable->commit, CommitOf(1));
  EXPECT_EQ(world.app.status.promoted->commit, CommitOf(2));
  world.rollouts.at(undo).spec.hold = false;
  world.Push(3);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 2)));
}

void RunUntilItTakesServers(World& world, std::int64_t number) {
  world.RunUntil([&] {
    return world.rollouts.contains(number) && world.phase(number) == RolloutPhase::kProgressing;
  });
}

// What is under way may be promoted before the next begins.
TEST(Desired, Case8HistoryThatIsRewrittenDuringARolloutWaitsForItsEnd) {
  World world(4);
  world.Push(1);
  world.Run();
  world.Push(2);
  RunUntilItTakesServers(world, 2);
  world.parents[3] = 1;
  world.Push(3);
  world.Settle();
  EXPECT_EQ(Ready(world).reason, "RolloutInProgress");
  EXPECT_THAT(Ready(world).message, HasSubstr("waits until shop-2 has ended"));
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.rollouts, SizeIs(2));
  EXPECT_EQ(Ready(world).reason, "NotDescendant");
  EXPECT_THAT(Ready(world).message, HasSubstr("set spec.ref.commit"));
}

TEST(Desired, Case8WhatEndedBadlyMayBeRewritten) {
  World world(4);
  world.fate = [](const std::string&, int commit, int) {
    return commit == 2 ? Fate::kUnhealthy : Fate::kGood;
  };
  world.Push(1);
  world.Run();
  world.Push(2);
  RunUntilItTakesServers(world, 2);
  world.parents[3] = 1;
  world.Push(3);
  world.Run();
  EXPECT_EQ(world.phase(2), RolloutPhase::kRolledBack);
  EXPECT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(3, 4)));
}

// A rollout back to what is promoted says nothing about it, however it ended.
TEST(NextRollout, TheReleaseThatIsPromotedNeverCountsAsTriedInVain) {
  World world(4);
  world.Push(1);
  world.Run();
  world.Push(2);
  RunUntilItTakesServers(world, 2);
  world.Push(1);
  world.RunUntil([&] { return world.rollouts.contains(3); });
  world.rollouts.at(2).spec.aborted = true;
  world.rollouts.at(3).spec.aborted = true;
  world.Run();
  EXPECT_EQ(world.phase(3), RolloutPhase::kAborted);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 4)));
  EXPECT_EQ(Ready(world).reason, "Succeeded");
  // The next release begins, and is taken back by another push of the promoted one: that is brought.
  world.Push(4);
  RunUntilItTakesServers(world, 4);
  world.Push(1);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 4)));
  EXPECT_EQ(Ready(world).reason, "Succeeded");
}

TEST(Desired, AnArtifactOfAnotherReferenceIsNotUsed) {
  World world(1);
  world.Push(1);
  world.repository.spec.ref.branch = "release";
  world.Run();
  EXPECT_EQ(Ready(world).reason, "RepositoryNotReady");
  EXPECT_THAT(world.rollouts, IsEmpty());
}

TEST(NextRollout, ThePinIsDurableBeforeTheRolloutThatNamesTheCommit) {
  World world(1);
  world.Push(1);
  world.Run();
  EXPECT_THAT(world.violations, IsEmpty());  // the world checks it at every creation
  EXPECT_EQ(world.phase(1), RolloutPhase::kSucceeded);
}

TEST(NextRollout, AFailedPinIsTriedAgainAndSaid) {
  World world(1);
  world.Push(1);
  world.Run();
  const Answer answer{.query = {.repository = "code", .head = CommitOf(2), .ancestor = CommitOf(1)},
                      .revision = Revision{.commit = CommitOf(2)}};
  PinState pin{.id = "shop-2", .commit = CommitOf(2), .failures = 1};
  pin.error = Error{.code = Code::kInternal, .message = "the disk is full."};
  world.Push(2);
  std::vector<const api::Rollout*> rollouts{&world.rollouts.at(1)};
  Snapshot snapshot{.application = world.app,
                    .repository = &world.repository,
                    .answer = &answer,
                    .pin = &pin,
                    .rollouts = rollouts};
  Plan plan = PlanApplication(snapshot);
  EXPECT_EQ(api::FindCondition(plan.status.conditions, "Ready")->reason, "PinFailed");
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(5));
  pin.age = std::chrono::seconds(5);
  plan = PlanApplication(snapshot);
  ASSERT_THAT(plan.actions, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<PinCommit>(plan.actions[0]));
}

TEST(NextRollout, NumbersAreNeverUsedAgain) {
  World world(2);
  world.Push(1);
  world.Run();
  world.Push(2);
  world.Run();
  world.rollouts.erase(2);           // somebody deletes it, the newest
  world.app.status.last_number = 0;  // and the application is made anew
  world.Push(3);
  world.Run();
  EXPECT_TRUE(world.rollouts.contains(3));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(NextRollout, SuspendedItMakesNoneAndLetsTheOneInProgressGoOn) {
  World world(2);
  world.Push(1);
  world.RunUntil([&] { return world.rollouts.contains(1); });
  world.app.spec.suspend = true;
  world.Run();
  EXPECT_EQ(world.phase(1), RolloutPhase::kSucceeded);
  world.Push(2);
  world.Run();
  EXPECT_THAT(world.rollouts, SizeIs(1));
  EXPECT_EQ(Ready(world).reason, "Suspended");
}

TEST(NextRollout, GoingBackToThePromotedConfigurationWhileAnotherIsUnderWayIsARolloutToo) {
  World world(3);
  world.app.spec.strategy.waves = {{.up_to = api::IntOrPercent::Count(1), .bake = minutes(5)}};
  world.Push(1);
  world.Run();
  const std::string before = world.app.spec.release.processes[0].run;
  world.app.spec.release.processes[0].run = "serve --new";
  RunUntilItTakesServers(world, 2);
  world.app.spec.release.processes[0].run = before;
  world.Run();
  EXPECT_EQ(world.phase(3), RolloutPhase::kSucceeded);
  EXPECT_EQ(world.rollout(3).spec.release.hash, world.rollout(1).spec.release.hash);
  EXPECT_EQ(Ready(world).status, api::ConditionStatus::kTrue);
}

TEST(CatchUp, ItStaysWithinMaxUnavailable) {
  World world(8);
  world.app.spec.strategy.max_unavailable = api::IntOrPercent::Count(2);
  world.Promote(1);
  for (int index = 1; index <= 5; ++index) {
    world.SetReachable("web-" + std::to_string(index), false);
  }
  world.app.spec.strategy.unreachable.max = api::IntOrPercent::Count(5);
  world.Push(2);
  world.Run();
  ASSERT_EQ(world.phase(2), RolloutPhase::kSucceeded);
  for (int index = 1; index <= 5; ++index) {
    world.SetReachable("web-" + std::to_string(index), true);
  }
  world.most_down = 0;
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(2, 8)));
  EXPECT_EQ(world.most_down, 2);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(CatchUp, WhoJoinsFreshGetsThePromotedReleaseAtOnceAndWhoIsHealthyThereWithinTheBudget) {
  for (const bool admitted : {false, true}) {
    World world(6);
    world.app.spec.strategy.max_unavailable = api::IntOrPercent::Count(1);
    world.Promote(1);
    for (const char* name : {"web-4", "web-5", "web-6"}) {
      world.servers.at(name).spec.joining = true;
      world.servers.at(name).spec.admitted = admitted;
    }
    world.Push(2);
    std::size_t most = 0;
    world.RunUntil([&] {
      std::size_t taken = 0;
      for (const char* name : {"web-4", "web-5", "web-6"}) {
        taken += world.IntentOn(name)->rollout == "shop-2" && world.RunningOn(name) == 1 ? 1 : 0;
      }
      most = std::max(most, taken);
      return world.CountByCommit() == std::map<int, int>{{2, 6}};
    });
    EXPECT_EQ(world.rollout(2).status.servers.total, 3);
    EXPECT_EQ(most, 1U) << "they may have come into service by themselves";
    EXPECT_THAT(world.violations, IsEmpty());
  }
}

TEST(CatchUp, FreshOnesThatJoinWaitForNoBudget) {
  World world(3);
  world.app.spec.strategy.max_unavailable = api::IntOrPercent::Count(1);
  world.Promote(1);
  for (const char* name : {"web-7", "web-8", "web-9"}) {
    world.AddServer(name);
    world.servers.at(name).spec.joining = true;
  }
  std::size_t most = 0;
  world.RunUntil([&] {
    std::size_t taken = 0;
    for (const char* name : {"web-7", "web-8", "web-9"}) {
      taken += world.IntentOn(name) != nullptr && world.RunningOn(name) != 1 ? 1 : 0;
    }
    most = std::max(most, taken);
    return world.CountByCommit() == std::map<int, int>{{1, 6}};
  });
  EXPECT_EQ(most, 3U);
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(CatchUp, WhoJoinsIsBroughtBackAlsoWhereTheStrategyNeverRollsBack) {
  World world(4);
  world.Promote(1);
  world.app.spec.strategy.rollback = api::RollbackPolicy::kNever;
  world.fate = [](const std::string&, int commit, int) {
    return commit == 2 ? Fate::kUnhealthy : Fate::kGood;
  };
  world.Push(2);
  world.Run();
  ASSERT_EQ(world.phase(2), RolloutPhase::kHalted);
  const std::string taken = world.WithIntentOf(2).front();
  world.servers.at(taken).spec.joining = true;
  world.Run();
  EXPECT_EQ(world.RunningOn(taken), 1);
}

TEST(CatchUp, WhoJoinsAndIsCordonedByAPersonIsLeftAlone) {
  World world(2);
  world.Promote(1);
  world.AddServer("web-new");
  world.servers.at("web-new").spec.joining = true;
  world.servers.at("web-new").spec.cordoned = true;
  world.Run();
  EXPECT_EQ(world.IntentOn("web-new"), nullptr);
}

TEST(CatchUp, AFailureMarksTheServerAndIsNotTriedAgain) {
  World world(3);
  world.Push(1);
  world.Run();
  world.fate = [](const std::string& server, int, int) {
    return server == "web-new" ? Fate::kUnhealthy : Fate::kGood;
  };
  world.AddServer("web-new");
  world.Run();
  EXPECT_EQ(Ready(world).reason, "ServersFailed");
  EXPECT_THAT(Ready(world).message, HasSubstr("failed on web-new"));
  EXPECT_EQ(world.IntentOn("web-new")->attempt, 1);
  const std::size_t writes = world.log.size();
  world.Pass(std::chrono::hours(9));
  world.Run();
  EXPECT_EQ(world.log.size(), writes);
}

TEST(CatchUp, InterruptedIsTriedAgainThreeTimes) {
  World world(3);
  world.Push(1);
  world.Run();
  world.fate = [](const std::string& server, int, int) {
    return server == "web-new" ? Fate::kInterrupted : Fate::kGood;
  };
  world.AddServer("web-new");
  world.Run();
  EXPECT_EQ(world.IntentOn("web-new")->attempt, 4);
  EXPECT_EQ(world.IntentOn("web-new")->retries, 3);
  EXPECT_EQ(world.RunningOn("web-new"), 0);
}

TEST(CatchUp, AServerThatRunsSomethingElseThanItWasBroughtIsMended) {
  World world(3);
  world.Push(1);
  world.Run();
  world.ReportOn("web-2")->running->commit = CommitOf(77);
  world.SetReachable("web-2", true);
  world.Run();
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 3)));
  EXPECT_EQ(world.IntentOn("web-2")->attempt, 2);
}

TEST(History, IsBoundedAndKeepsWhatIsNamed) {
  World world(3);
  world.app.spec.revision_history_limit = 2;
  world.Push(1);
  world.Run();
  // One server is out of reach and stays on the first release: its rollout is named by an intent.
  world.SetReachable("web-3", false);
  for (int commit = 2; commit <= 8; ++commit) {
    world.Push(commit);
    world.Run();
  }
  EXPECT_TRUE(world.rollouts.contains(1));
  EXPECT_TRUE(world.rollouts.contains(8));  // the promoted one
  EXPECT_TRUE(world.rollouts.contains(7));  // where undo goes
  EXPECT_THAT(world.rollouts, SizeIs(3));
  EXPECT_EQ(world.app.status.last_number, 8);
  world.SetReachable("web-3", true);
  world.Run();
  EXPECT_FALSE(world.rollouts.contains(1));
  EXPECT_THAT(world.violations, IsEmpty());
}

TEST(History, FailuresAreRememberedUpToALimit) {
  World world(2);
  world.app.spec.revision_history_limit = 1;
  world.Promote(1);
  world.fate = [](const std::string&, int commit, int) {
    return commit == 1 ? Fate::kGood : Fate::kBadInstall;
  };
  for (int commit = 2; commit <= 60; ++commit) {
    world.Push(commit);
    world.Run();
  }
  EXPECT_THAT(world.app.status.failed, SizeIs(kMaxFailedReleases));
  EXPECT_EQ(world.app.status.failed.front().rollout, "shop-60");
  EXPECT_EQ(world.app.status.failed.back().rollout, "shop-11");
  EXPECT_LE(world.rollouts.size(), 4u);
  EXPECT_THAT(world.CountByCommit(), ElementsAre(Pair(1, 2)));
}

TEST(Counts, SayWhatRunsWhere) {
  World world(4);
  world.Push(1);
  world.Run();
  world.SetReachable("web-4", false);
  world.ReportOn("web-3")->running->health = api::RunningHealth::kUnhealthy;
  world.SetReachable("web-3", true);
  world.Run();
  const api::ApplicationServers& servers = world.app.status.servers;
  EXPECT_EQ(servers.total, 4);
  EXPECT_EQ(servers.updated, 4);
  EXPECT_EQ(servers.available, 2);
  EXPECT_EQ(servers.unreachable, 1);
}

}  // namespace
}  // namespace slipway::application
