#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reconciler/host/fake_host.hpp"

namespace slipway::host {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kRun = "shop-1-gate-1";

const api::TestRunStatus& StatusIn(const FakeHost& host) { return host.Test(kRun)->status; }

std::vector<std::string> All(const std::vector<std::string>& steps) {
  std::vector<std::string> all;
  for (const std::string& step : steps) {
    all.push_back(kRun + " " + step);
  }
  return all;
}

TEST(GateRun, GoesThroughItsStepsAndCleansUp) {
  FakeHost host;
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  std::vector<std::string> expected =
      All({"Fetch", "Install", "Populate", "Start", "Suite 0", "Suite 1", "Stop", "CleanUp"});
  expected.push_back("remove " + kRun);
  EXPECT_EQ(host.done, expected);
  EXPECT_EQ(StatusIn(host).phase, api::TestRunPhase::kEnded);
  EXPECT_EQ(StatusIn(host).result, Outcome::kSucceeded);
  EXPECT_EQ(StatusIn(host).message, "2 suites passed, 4 cases");
  EXPECT_EQ(StatusIn(host).suites.size(), 2U);
  EXPECT_THAT(host.removed, ElementsAre(kRun));
}

TEST(GateRun, AllSuitesRunAlsoAfterAFailureAndItIsFailed) {
  FakeHost host;
  host.outcome = [](const Action& action) -> std::optional<Finished> {
    if (action.id.step != Step::kSuite || action.id.suite != 0) {
      return std::nullopt;
    }
    Finished finished = Ended(Outcome::kFailed, "1 of 2 cases failed");
    finished.failures = {{.suite = "unit", .name = "adds", .message = "1 != 2"}};
    return finished;
  };
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_THAT(host.done, Contains(kRun + " Suite 1"));
  EXPECT_THAT(host.done, Contains(kRun + " CleanUp"));
  EXPECT_EQ(StatusIn(host).result, Outcome::kFailed);
  EXPECT_EQ(StatusIn(host).message, "suite unit: 1 of 2 cases failed");
  ASSERT_EQ(StatusIn(host).failures.size(), 1U);
  EXPECT_EQ(StatusIn(host).suites[0].result, Outcome::kFailed);
  EXPECT_EQ(StatusIn(host).suites[1].result, Outcome::kSucceeded);
}

TEST(GateRun, AtMostAHundredFailuresAreKept) {
  FakeHost host;
  host.outcome = [](const Action& action) -> std::optional<Finished> {
    if (action.id.step != Step::kSuite) {
      return std::nullopt;
    }
    Finished finished = Ended(Outcome::kFailed, "bad");
    finished.failures.resize(80);
    return finished;
  };
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_EQ(StatusIn(host).failures.size(), kMaxCaseFailures);
}

class FailingStep : public ::testing::TestWithParam<std::pair<Step, Outcome>> {};

TEST_P(FailingStep, EndsTheRunAndStillCleansUp) {
  const auto [step, outcome] = GetParam();
  FakeHost host;
  host.outcome = [&](const Action& action) -> std::optional<Finished> {
    return action.id.step == step && !action.id.remove ? std::optional(Ended(outcome, "broke"))
                                                       : std::nullopt;
  };
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_EQ(StatusIn(host).phase, api::TestRunPhase::kEnded);
  EXPECT_EQ(StatusIn(host).result, outcome);
  EXPECT_THAT(StatusIn(host).message, HasSubstr("broke"));
  EXPECT_EQ(std::count(host.done.begin(), host.done.end(), kRun + " CleanUp"),
            step == Step::kFetch ? 0 : 1);
  EXPECT_EQ(host.done.back(), "remove " + kRun);
  EXPECT_FALSE(std::ranges::any_of(host.tests[kRun].processes, &ObservedProcess::running));
}

INSTANTIATE_TEST_SUITE_P(AllSteps, FailingStep,
                         ::testing::Values(std::pair(Step::kFetch, Outcome::kInterrupted),
                                           std::pair(Step::kInstall, Outcome::kFailed),
                                           std::pair(Step::kPopulate, Outcome::kFailed),
                                           std::pair(Step::kStart, Outcome::kFailed),
                                           std::pair(Step::kSuite, Outcome::kInterrupted)),
                         [](const auto& one) { return ToString(one.param.first); });

TEST(GateRun, ProcessesThatNeverBecomeHealthyFailIt) {
  FakeHost host;
  host.healthy = [](const ReleaseId&) { return false; };
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_EQ(StatusIn(host).result, Outcome::kFailed);
  EXPECT_THAT(StatusIn(host).message, HasSubstr("web: was not healthy within 2m"));
  EXPECT_THAT(host.done, Contains(kRun + " CleanUp"));
}

/// Goes on until the journal says that the run is at this step.
void RunTestUntil(FakeHost& host, Step step) {
  for (int i = 0; i < 1'000; ++i) {
    const auto found = host.journal.tests.find(kRun);
    if (found != host.journal.tests.end() && found->second.step == step) {
      return;
    }
    host.Step();
  }
  FAIL() << "never came to " << ToString(step);
}

class RestartedRun : public ::testing::TestWithParam<Step> {};

TEST_P(RestartedRun, IsInterruptedAndThenCleanedUp) {
  FakeHost host;
  host.Want({}, {WantTest(kRun, 'a')});
  host.healthy = [](const ReleaseId&) { return GetParam() != Step::kHealth; };
  RunTestUntil(host, GetParam());
  host.done.clear();
  host.Restart();
  host.Run();
  EXPECT_TRUE(host.journal.tests[kRun].done)
      << "cleaned up before anything was heard from the control plane";
  EXPECT_FALSE(std::ranges::any_of(host.tests[kRun].processes, &ObservedProcess::running));
  for (const std::string& action : host.done) {
    EXPECT_TRUE(action == kRun + " Stop" || action == kRun + " CleanUp" ||
                action == "remove " + kRun)
        << action;
  }
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_EQ(StatusIn(host).phase, api::TestRunPhase::kEnded);
  EXPECT_EQ(StatusIn(host).result, Outcome::kInterrupted);
}

INSTANTIATE_TEST_SUITE_P(AllSteps, RestartedRun,
                         ::testing::Values(Step::kFetch, Step::kInstall, Step::kPopulate,
                                           Step::kStart, Step::kHealth, Step::kSuite),
                         [](const auto& one) { return ToString(one.param); });

TEST(GateRun, ARestartWhileItEndsKeepsTheResult) {
  FakeHost host;
  host.Want({}, {WantTest(kRun, 'a')});
  RunTestUntil(host, Step::kCleanUp);
  host.Restart();
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_EQ(StatusIn(host).result, Outcome::kSucceeded);
  EXPECT_LE(std::count(host.done.begin(), host.done.end(), kRun + " CleanUp"), 3);
}

TEST(GateRun, ProcessesThatCannotBeStoppedDoNotKeepItFromEnding) {
  FakeHost host;
  host.outcome = [](const Action& action) -> std::optional<Finished> {
    return action.id.step == Step::kStop && !action.id.remove
               ? std::optional(Ended(Outcome::kInterrupted, "cannot be stopped"))
               : std::nullopt;
  };
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_EQ(std::ranges::count(host.done, kRun + " Stop"), 3);
  EXPECT_THAT(host.done, Contains(kRun + " CleanUp"));
  EXPECT_EQ(StatusIn(host).phase, api::TestRunPhase::kEnded);
  EXPECT_EQ(StatusIn(host).result, Outcome::kInterrupted);
  EXPECT_EQ(StatusIn(host).message, "2 suites passed, 4 cases; Stop: cannot be stopped");
  EXPECT_GE(host.now, MonoTime{Duration(20'000)}) << "with a pause between the tries";
}

TEST(GateRun, ADirectoryThatCannotBeDeletedDoesNotKeepItFromEnding) {
  FakeHost host;
  host.outcome = [](const Action& action) -> std::optional<Finished> {
    return action.id.remove ? std::optional(Ended(Outcome::kInterrupted, "in use")) : std::nullopt;
  };
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_EQ(std::ranges::count(host.done, "remove " + kRun), 3);
  EXPECT_EQ(StatusIn(host).phase, api::TestRunPhase::kEnded);
  EXPECT_EQ(StatusIn(host).result, Outcome::kSucceeded);
  EXPECT_THAT(StatusIn(host).message, HasSubstr("Remove: in use"));
}

TEST(GateRun, OneThatWasWithdrawnIsStoppedCleanedUpAndForgotten) {
  FakeHost host;
  host.Want({}, {WantTest(kRun, 'a')});
  RunTestUntil(host, Step::kSuite);
  host.Want({}, {});
  host.Run();
  EXPECT_THAT(host.done, Contains(kRun + " CleanUp"));
  EXPECT_THAT(host.journal.tests, IsEmpty());
}

TEST(GateRun, OneThatEndedIsNotRunAgainAndIsForgottenOnceItIsNoLongerNamed) {
  FakeHost host;
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  host.done.clear();
  host.Want({}, {WantTest(kRun, 'a')});
  host.Run();
  EXPECT_THAT(host.done, IsEmpty());
  host.Want({}, {});
  host.Run();
  EXPECT_THAT(host.journal.tests, IsEmpty());
}

}  // namespace
}  // namespace slipway::host
