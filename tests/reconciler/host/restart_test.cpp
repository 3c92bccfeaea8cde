#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reconciler/host/fake_host.hpp"

namespace slipway::host {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Goes on until the journal says that the attempt is at this step.
void RunUntil(FakeHost& host, Step step) {
  for (int i = 0; i < 1'000; ++i) {
    const auto& attempt = host.journal.applications["shop"].attempt;
    if (attempt && attempt->step == step && !attempt->result) {
      return;
    }
    host.Step();
  }
  FAIL() << "never came to " << ToString(step);
}

class RestartAtStep : public ::testing::TestWithParam<Step> {};

// Case 29: a restart in the middle of a step is Interrupted, not Failed, and nothing runs twice
// unasked.
TEST_P(RestartAtStep, InterruptsTheAttemptAndRepeatsNothingUnasked) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.Want({WantRelease("shop-2", 2, 'b')});
  RunUntil(host, GetParam());
  const Wanted wanted = *host.wanted;
  host.done.clear();
  host.Restart();
  host.Run();
  const api::Attempt attempt = *host.Report("shop")->attempt;
  EXPECT_EQ(attempt.phase, api::AttemptPhase::kEnded);
  EXPECT_EQ(attempt.result, Outcome::kInterrupted);
  EXPECT_THAT(attempt.message, HasSubstr(std::string("during step ") + ToString(GetParam())));
  host.wanted = wanted;  // the control plane still says the same
  host.Run();
  for (const std::string& action : host.done) {
    EXPECT_THAT(action, Not(HasSubstr("shop-2/2"))) << "unasked";
  }
  host.done.clear();
  WantedRelease again = WantRelease("shop-2", 3, 'b');
  host.Want({again});
  host.Run();
  EXPECT_EQ(host.Report("shop")->attempt->result, Outcome::kSucceeded);
  EXPECT_EQ(host.Report("shop")->running->commit.value, std::string(40, 'b'));
  EXPECT_EQ(host.Report("shop")->running->health, api::RunningHealth::kHealthy);
}

INSTANTIATE_TEST_SUITE_P(AllSteps, RestartAtStep,
                         ::testing::Values(Step::kFetch, Step::kInstall, Step::kTest, Step::kStop,
                                           Step::kSwitch, Step::kStart, Step::kHealth),
                         [](const auto& one) { return ToString(one.param); });

TEST(Restart, WhatRunsIsNotTouched) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.done.clear();
  host.Restart();
  host.Run();
  EXPECT_THAT(host.done, IsEmpty());
  EXPECT_EQ(host.Report("shop")->running->health, api::RunningHealth::kHealthy);
  EXPECT_EQ(host.Report("shop")->attempt->result, Outcome::kSucceeded) << "the result is kept";
}

TEST(Restart, NothingIsReportedBeforeWhatRunsWasChecked) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.Restart();
  std::vector<Observed> apps = {host.applications["shop"]};
  const std::optional<ActionId> active;
  const std::optional<Finished> finished;
  const std::vector<Observed> none;
  const auto plan = [&] {
    return PlanHost({.journal = host.journal,
                     .wanted = nullptr,
                     .applications = apps,
                     .tests = none,
                     .active = active,
                     .finished = finished,
                     .now = host.now});
  };
  EXPECT_FALSE(plan().report_ready);
  apps[0].processes[0].checked = true;
  EXPECT_TRUE(plan().report_ready);
}

TEST(Restart, AnAttemptThatWasBeingMeasuredGoesOnToBeMeasuredWhenAskedAgain) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  RunUntil(host, Step::kHealth);
  host.Restart();
  host.Run(0);
  host.done.clear();
  host.Want({WantRelease("shop-1", 2, 'a')});
  host.Run();
  EXPECT_THAT(host.done, IsEmpty()) << "the processes run: there is nothing to start";
  EXPECT_EQ(host.Report("shop")->attempt->result, Outcome::kSucceeded);
}

TEST(Restart, AfterARebootTheGoodReleaseIsStartedWithoutBeingAsked) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.done.clear();
  host.Reboot();
  host.Run();
  EXPECT_THAT(host.done, ElementsAre("upkeep shop/web"));
  EXPECT_EQ(host.Report("shop")->running->health, api::RunningHealth::kHealthy);
}

TEST(Restart, KilledBetweenStopAndSwitchTheOldReleaseComesUpAgain) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.Want({WantRelease("shop-2", 2, 'b')});
  RunUntil(host, Step::kSwitch);
  host.done.clear();
  host.Restart();
  host.Run();
  EXPECT_THAT(host.done, Contains("upkeep shop/web"));
  EXPECT_EQ(host.Report("shop")->running->commit.value, std::string(40, 'a'));
}

TEST(Restart, AnAgentThatLostItsJournalReportsWhatItsProcessesSay) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.Restart();
  host.journal = Journal{};
  host.journal.incarnation = 9;
  host.done.clear();
  host.Run();
  ASSERT_NE(host.Report("shop"), nullptr);
  EXPECT_EQ(host.Report("shop")->running->commit.value, std::string(40, 'a'));
  EXPECT_FALSE(host.Report("shop")->attempt);
  EXPECT_THAT(host.removed, IsEmpty()) << "a directory may be the way back";
}

/// A host on which release 'a' runs, and which has lost its journal: what is current is seen only
/// once the configuration says where to look.
FakeHost HostWithoutItsJournal() {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.Restart();
  host.journal = Journal{};
  host.journal.incarnation = 9;
  host.sees_only_what_is_on_record = true;
  host.done.clear();
  return host;
}

TEST(Restart, WithoutItsJournalWhatIsWantedAndRunsIsOnlyMeasured) {
  FakeHost host = HostWithoutItsJournal();
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  EXPECT_THAT(host.done, IsEmpty());
  EXPECT_EQ(host.Report("shop")->attempt->result, Outcome::kSucceeded);
  EXPECT_EQ(host.Report("shop")->running->health, api::RunningHealth::kHealthy);
  EXPECT_EQ(host.journal.applications["shop"].last_good, host.applications["shop"].current);
}

TEST(Restart, WithoutItsJournalALiveDirectoryIsNotFetchedInto) {
  FakeHost host = HostWithoutItsJournal();
  host.applications["shop"].processes[0].running = false;
  const std::string live = host.applications["shop"].current;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  EXPECT_EQ(host.done.front(), "shop-1/1 Fetch");
  EXPECT_EQ(host.applications["shop"].current, live + ".1");
  EXPECT_EQ(host.Report("shop")->attempt->result, Outcome::kSucceeded);
}

TEST(Upkeep, AProcessThatEndsIsStartedAgainEverLater) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.done.clear();
  ObservedProcess& process = host.applications["shop"].processes[0];
  process.running = false;
  process.ended = host.now;
  process.restarts = 2;
  host.Step();
  EXPECT_THAT(host.done, IsEmpty());
  EXPECT_EQ(host.plan.wake_after, Duration(4'000));
  host.Run(4'000);
  EXPECT_THAT(host.done, ElementsAre("upkeep shop/web"));
}

TEST(Upkeep, WhatWasNotLookedAtYetIsNotStarted) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.done.clear();
  host.Restart();
  host.applications["shop"].processes[0].running = false;  // a service, until systemd was asked
  host.applications["shop"].processes[0].checked = false;
  host.Step();
  EXPECT_THAT(host.done, IsEmpty());
}

TEST(Upkeep, WaitsForNoInstallOfTheNextRelease) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.Want({WantRelease("shop-2", 2, 'b')});
  RunUntil(host, Step::kInstall);
  host.applications["shop"].processes[0].running = false;
  host.now = host.now + Duration(60'000);
  host.Step();
  EXPECT_THAT(host.done, Contains("upkeep shop/web"));
}

TEST(Upkeep, ApplicationsThatAreOverAreForgottenWhereThereAreTooMany) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.healthy = [](const ReleaseId&) { return false; };
  for (int i = 0; i < 110; ++i) {
    WantedRelease wanted = WantRelease("short-1", 1, 'b');
    wanted.application = "short-" + std::to_string(i);
    host.Want({wanted});
    host.Run();
    host.applications[wanted.application].processes[0].running = false;
  }
  host.Want({});
  host.Run();
  EXPECT_EQ(host.journal.applications.size(), kMaxApplications);
  EXPECT_EQ(host.applications.size(), kMaxApplications);
  EXPECT_EQ(host.plan.releases.size(), kMaxApplications);
  ASSERT_NE(host.Report("shop"), nullptr) << "it runs";
  EXPECT_TRUE(host.Report("shop")->running);
}

TEST(Upkeep, AnApplicationThatIsKeptRunningIsNotForgotten) {
  FakeHost host;
  for (std::size_t i = 0; i <= kMaxApplications; ++i) {
    WantedRelease wanted = WantRelease("app-1", 1, 'b');
    wanted.application = "app-" + std::to_string(i);
    host.Want({wanted});
    host.Run();
  }
  host.Want({});
  host.Reboot();
  host.Want({});
  host.Step();
  EXPECT_EQ(host.journal.applications.size(), kMaxApplications + 1);
  EXPECT_EQ(host.plan.releases.size(), kMaxApplications);
}

TEST(Upkeep, ThreeBadChecksMakeAHealthyProcessUnhealthy) {
  FakeHost host;
  host.Want({WantRelease("shop-1", 1, 'a')});
  host.Run();
  host.healthy = [](const ReleaseId&) { return false; };
  host.Step();
  host.Step();
  EXPECT_EQ(host.Report("shop")->running->health, api::RunningHealth::kHealthy);
  host.Step();
  EXPECT_EQ(host.Report("shop")->running->health, api::RunningHealth::kUnhealthy);
}

}  // namespace
}  // namespace slipway::host
