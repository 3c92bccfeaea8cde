#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/host/fake_host.hpp"

namespace slipway::host {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Directory(char commit) {
  return std::string(40, commit) + "-" + std::string(8, commit);
}

const api::Attempt& AttemptIn(const FakeHost& host) { return *host.Report("shop")->attempt; }
const api::Running& RunningIn(const FakeHost& host) { return *host.Report("shop")->running; }

/// A host on which release 'a' is good.
FakeHost HostWithA() {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.done.clear();
  return host;
}

TEST(Attempt, TheFirstDeploymentGoesThroughItsStepsInOrder) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  EXPECT_THAT(host.done, ElementsAre("shop-1/1 Fetch", "shop-1/1 Install", "shop-1/1 Test",
                                     "shop-1/1 Switch", "shop-1/1 Start"));
  EXPECT_EQ(AttemptIn(host).phase, api::AttemptPhase::kEnded);
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
  EXPECT_EQ(RunningIn(host).health, api::RunningHealth::kHealthy);
  EXPECT_EQ(RunningIn(host).digest, std::string(40, 'e'));
  EXPECT_EQ(host.applications["shop"].current, Directory('a'));
}

TEST(Attempt, SucceedsOnlyAfterMinHealthyTimeWithoutABreak) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run(9'999);
  EXPECT_EQ(AttemptIn(host).phase, api::AttemptPhase::kVerifying);
  EXPECT_EQ(RunningIn(host).health, api::RunningHealth::kHealthy);
  host.applications["shop"].processes[0].healthy_since =
      host.now + Duration(5'000);  // one bad check between
  host.now = host.now + Duration(12'000);
  host.Step();
  EXPECT_EQ(AttemptIn(host).phase, api::AttemptPhase::kVerifying);
  host.Run(10'000);
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

TEST(Attempt, TheNextReleaseStopsTheOldOneOnlyAfterEverythingIsPrepared) {
  FakeHost host = HostWithA();
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run();
  EXPECT_THAT(host.done, ElementsAre("shop-2/2 Fetch", "shop-2/2 Install", "shop-2/2 Test",
                                     "shop-2/2 Stop", "shop-2/2 Switch", "shop-2/2 Start"));
  EXPECT_EQ(RunningIn(host).commit.value, std::string(40, 'b'));
}

// Case 27 of what the field learned: stopping uses the release that is being left.
TEST(Attempt, StopIsGivenTheReleaseThatIsBeingLeft) {
  FakeHost host = HostWithA();
  ReleaseId stopped;
  host.outcome = [&](const Action& action) {
    if (action.id.step == Step::kStop) {
      stopped = action.release;
    }
    return std::optional<Finished>();
  };
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run();
  EXPECT_EQ(stopped.commit.value, std::string(40, 'a'));
}

TEST(Attempt, AReleaseThatWasHealthyOnceIsReusedUntouched) {
  FakeHost host = HostWithA();
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run();
  host.done.clear();
  host.Want({WantRelease("shop-1", 3, 'a')});
  host.Run();
  EXPECT_THAT(host.done, ElementsAre("shop-1/3 Stop", "shop-1/3 Switch", "shop-1/3 Start"));
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

TEST(Attempt, AGoodReleaseWhoseDirectoryIsGoneIsFetchedAgain) {
  FakeHost host = HostWithA();
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run();
  std::erase(host.applications["shop"].directories, Directory('a'));
  host.done.clear();
  host.Want({WantRelease("shop-1", 3, 'a')});
  host.Run();
  EXPECT_EQ(host.done.front(), "shop-1/3 Fetch");
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

TEST(Attempt, NothingHappensWhereTheTargetRunsAlready) {
  FakeHost host = HostWithA();
  host.Want({WantRelease("shop-9", 2, 'a')});
  host.Run();
  EXPECT_THAT(host.done, IsEmpty());
  EXPECT_EQ(AttemptIn(host).rollout, "shop-9");
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

TEST(Attempt, AnEndedAttemptIsNeverRepeatedUnasked) {
  FakeHost host = HostWithA();
  const std::size_t writes = host.journal_writes;
  for (int i = 0; i < 5; ++i) {
    host.Want({WantRelease("shop-1", 1, 'a')});
    host.Run();
  }
  EXPECT_THAT(host.done, IsEmpty());
  EXPECT_EQ(host.journal_writes, writes + 5) << "one write for each newer epoch";
}

TEST(Attempt, FailureWhilePreparingTouchesNothingThatRuns) {
  FakeHost host = HostWithA();
  host.outcome = [](const Action& action) -> std::optional<Finished> {
    return action.id.step == Step::kInstall
               ? std::optional(Ended(Outcome::kFailed, "exited with code 1"))
               : std::nullopt;
  };
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run();
  EXPECT_EQ(AttemptIn(host).result, Outcome::kFailed);
  EXPECT_EQ(AttemptIn(host).message, "Install: exited with code 1");
  EXPECT_EQ(AttemptIn(host).step, "Install");
  EXPECT_EQ(RunningIn(host).commit.value, std::string(40, 'a'));
  EXPECT_EQ(RunningIn(host).health, api::RunningHealth::kHealthy);
  EXPECT_THAT(host.removed, ElementsAre(Directory('b'))) << "what is not whole is deleted";
}

TEST(Attempt, FailureAfterTheSwitchLeavesWhatRunsAndSaysSo) {
  FakeHost host = HostWithA();
  host.healthy = [](const ReleaseId& id) { return id.commit.value[0] == 'a'; };
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run();
  EXPECT_EQ(AttemptIn(host).result, Outcome::kFailed);
  EXPECT_THAT(AttemptIn(host).message, HasSubstr("web: was not healthy for 10s within 2m"));
  EXPECT_THAT(AttemptIn(host).message, HasSubstr("answered 500"));
  EXPECT_THAT(AttemptIn(host).message, HasSubstr("What ran before was stopped"));
  EXPECT_EQ(RunningIn(host).commit.value, std::string(40, 'b'));
  EXPECT_EQ(RunningIn(host).health, api::RunningHealth::kUnhealthy);
}

TEST(Attempt, AProcessThatEndsWhileItIsMeasuredFailsAtOnce) {
  FakeHost host = HostWithA();
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run(3'000);
  ASSERT_EQ(AttemptIn(host).phase, api::AttemptPhase::kVerifying);
  host.applications["shop"].processes[0].running = false;
  host.applications["shop"].processes[0].trouble = "exited with code 3";
  host.Run(0);
  EXPECT_EQ(AttemptIn(host).result, Outcome::kFailed);
  EXPECT_THAT(AttemptIn(host).message, HasSubstr("web: exited with code 3"));
  EXPECT_EQ(RunningIn(host).health, api::RunningHealth::kStopped);
  EXPECT_THAT(host.done, Not(Contains(HasSubstr("upkeep"))))
      << "a release that was never good is left alone";
}

TEST(Attempt, TheWayBackFromAFailureNeedsNoContent) {
  FakeHost host = HostWithA();
  host.healthy = [](const ReleaseId& id) { return id.commit.value[0] == 'a'; };
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run();
  host.done.clear();
  host.Want({WantRelease("shop-1", 3, 'a')});
  host.Run();
  EXPECT_THAT(host.done, ElementsAre("shop-1/3 Stop", "shop-1/3 Switch", "shop-1/3 Start"));
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

TEST(Attempt, ARetryOfAFailedReleaseStartsFromAFreshDirectory) {
  FakeHost host;
  host.healthy = [](const ReleaseId&) { return false; };
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  ASSERT_EQ(AttemptIn(host).result, Outcome::kFailed);
  host.done.clear();
  host.healthy = [](const ReleaseId&) { return true; };
  host.Want({WantRelease("shop-2", 2, 'a')});
  host.Run();
  EXPECT_THAT(host.done, ElementsAre("shop-2/2 Fetch", "shop-2/2 Install", "shop-2/2 Test",
                                     "shop-2/2 Stop", "shop-2/2 Switch", "shop-2/2 Start"));
  EXPECT_EQ(host.applications["shop"].current, Directory('a') + ".2");
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

TEST(Attempt, ANewerIntentCancelsPreparationAndWaitsForNothing) {
  FakeHost host = HostWithA();
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Step();  // the epoch and the attempt are written
  const std::vector<Observed> apps = {host.applications["shop"]};
  const ActionId active{
      .application = "shop", .rollout = "shop-2", .number = 2, .step = Step::kFetch};
  host.Want({WantRelease("shop-3", 3, 'c')});
  host.journal.epoch = host.wanted->epoch;
  const std::optional<ActionId> running = active;
  const std::optional<Finished> finished;
  const std::vector<Observed> none;
  const HostPlan plan = PlanHost({.journal = host.journal,
                                  .wanted = &*host.wanted,
                                  .applications = apps,
                                  .tests = none,
                                  .active = running,
                                  .finished = finished,
                                  .now = host.now});
  EXPECT_TRUE(plan.cancel);
  EXPECT_FALSE(plan.action);
  host.Run();
  EXPECT_EQ(AttemptIn(host).rollout, "shop-3");
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

TEST(Attempt, ANewerIntentEndsTheMeasuringOfTheOldOne) {
  FakeHost host = HostWithA();
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run(1'000);
  ASSERT_EQ(AttemptIn(host).phase, api::AttemptPhase::kVerifying);
  host.Want({WantRelease("shop-1", 3, 'a')});
  host.Run(0);
  EXPECT_EQ(AttemptIn(host).rollout, "shop-1");
  EXPECT_EQ(host.applications["shop"].current, Directory('a'));
}

TEST(Attempt, AnApplicationThatIsNoLongerNamedIsLeftAlone) {
  FakeHost host = HostWithA();
  host.Want({});
  host.Run();
  EXPECT_THAT(host.done, IsEmpty());
  EXPECT_EQ(RunningIn(host).health, api::RunningHealth::kHealthy);
}

// Case 19: two applications on one server take turns.
TEST(Attempt, TwoApplicationsTakeTurns) {
  FakeHost host;
  WantedRelease other = WantRelease("blog-1", 1, 'b');
  other.application = "blog";
  host.Want({WantRelease("shop-1", 1, 'a'), other});
  host.Run();
  EXPECT_THAT(host.done,
              ElementsAre("blog-1/1 Fetch", "blog-1/1 Install", "blog-1/1 Test", "blog-1/1 Switch",
                          "blog-1/1 Start", "shop-1/1 Fetch", "shop-1/1 Install", "shop-1/1 Test",
                          "shop-1/1 Switch", "shop-1/1 Start"));
  EXPECT_EQ(host.Report("blog")->attempt->result, Outcome::kSucceeded);
  EXPECT_EQ(AttemptIn(host).result, Outcome::kSucceeded);
}

// Invariant 6: an agent never goes back in epoch.
TEST(Attempt, AnOlderAssignmentIsRefused) {
  FakeHost host = HostWithA();
  const Epoch accepted = host.journal.epoch;
  for (const Epoch& older : {Epoch{"a", accepted.version - 1}, Epoch{"A", 9}}) {
    host.wanted = Wanted{.epoch = older, .releases = {WantRelease("shop-2", 2, 'b')}, .tests = {}};
    host.Run();
    EXPECT_THAT(host.plan.refused, HasSubstr("older"));
    EXPECT_THAT(host.done, IsEmpty());
    EXPECT_EQ(host.journal.epoch, accepted);
  }
  for (const Epoch& newer : {Epoch{"a", accepted.version + 1}, Epoch{"b", 0}}) {
    host.wanted = Wanted{.epoch = newer, .releases = {}, .tests = {}};
    host.Run();
    EXPECT_EQ(host.plan.refused, "");
    EXPECT_EQ(host.journal.epoch, newer);
  }
}

TEST(Attempt, OldReleasesAreDeletedButNeverTheLiveOrTheLastGoodOne) {
  FakeHost host = HostWithA();
  for (int number = 2; number <= 5; ++number) {
    host.Want({WantRelease("shop-" + std::to_string(number), number,
                           static_cast<char>('a' + number - 1))});
    host.Run();
  }
  EXPECT_THAT(host.removed, ElementsAre(Directory('a'), Directory('b'))) << "three are kept";
  host.healthy = [](const ReleaseId& id) { return id.commit.value[0] <= 'e'; };
  for (int number = 6; number <= 12; ++number) {
    host.Want({WantRelease("shop-" + std::to_string(number), number,
                           static_cast<char>('0' + number - 6))});
    host.outcome = [](const Action& action) -> std::optional<Finished> {
      return action.id.step == Step::kStart ? std::optional(Ended(Outcome::kFailed, "no"))
                                            : std::nullopt;
    };
    host.Run();
    EXPECT_THAT(host.removed, Not(Contains(Directory('e')))) << "the last good one";
    EXPECT_THAT(host.removed, Not(Contains(host.applications["shop"].current)));
  }
  EXPECT_LE(host.applications["shop"].directories.size(), 4U);
}

TEST(Attempt, ARemovalThatFailsIsTriedAgainAfterAMinute) {
  FakeHost host = HostWithA();
  bool read_only = true;
  host.outcome = [&](const Action& action) -> std::optional<Finished> {
    if (action.id.remove) {
      return read_only ? std::optional(Ended(Outcome::kInterrupted, "read-only")) : std::nullopt;
    }
    return action.id.step == Step::kInstall ? std::optional(Ended(Outcome::kFailed, "no"))
                                            : std::nullopt;
  };
  host.Want({WantRelease("shop-2", 2, 'b')});
  host.Run(90'000);
  EXPECT_EQ(std::ranges::count(host.done, "remove shop"), 2);
  EXPECT_THAT(host.removed, IsEmpty());
  read_only = false;
  host.Run();
  EXPECT_EQ(std::ranges::count(host.done, "remove shop"), 3);
  EXPECT_THAT(host.removed, ElementsAre(Directory('b')));
}

TEST(Attempt, MessagesAreBounded) {
  FakeHost host;
  host.outcome = [](const Action&) {
    return std::optional(Ended(Outcome::kFailed, std::string(100'000, 'x')));
  };
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  EXPECT_LE(AttemptIn(host).message.size(), 1'024U);
}

}  // namespace
}  // namespace slipway::host
