#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/agent/agent_world.hpp"

namespace slipway::agent {
namespace {

using test::Eventually;
using test::Lives;
using ::testing::HasSubstr;

/// kill -9 of the agent in the middle of each step, then a new start (case 29 of what the field
/// learned).
class CrashTest : public test::AgentWorld {
 protected:
  void Prepare() {
    StartAgent();
    first = Push("one");
    Roll("shop-1", 1, first);
    second = Push("two");
  }

  /// The agent comes back, says that the attempt was interrupted, and does nothing more by itself;
  /// asked again it succeeds.
  void ExpectInterruptedThenGood(const std::string& step) {
    StartAgent();
    ASSERT_TRUE(Ended("shop-2", 2)) << AgentLog();
    EXPECT_EQ(Release().attempt->result, api::Outcome::kInterrupted);
    EXPECT_THAT(Release().attempt->message, HasSubstr("during step " + step));
    Roll("shop-2", 3, second);
    EXPECT_EQ(Release().running->commit, second);
    EXPECT_EQ(Release().running->health, api::RunningHealth::kHealthy);
    EXPECT_TRUE(Lives(Application()));
  }

  Commit first;
  Commit second;
};

TEST_F(CrashTest, DuringFetch) {
  Prepare();
  const pid_t old = Application();
  gateway.HoldPacks(true);
  gateway.Assign({Wanted("shop-2", 2, second)});
  ASSERT_TRUE(gateway.Reported([](const protocol::Report& report) {
    return report.releases.at(0).attempt->step == "Fetch";
  }));
  KillAgent();
  EXPECT_EQ(Application(), old);
  gateway.HoldPacks(false);
  ExpectInterruptedThenGood("Fetch");
  EXPECT_EQ(Begun("install"), 2);
}

TEST_F(CrashTest, DuringInstall) {
  Prepare();
  const pid_t old = Application();
  Hold("install");
  gateway.Assign({Wanted("shop-2", 2, second)});
  ASSERT_TRUE(Eventually([&] { return Begun("install") == 2; }));
  KillAgent();
  EXPECT_EQ(Application(), old);
  StartAgent();
  ASSERT_TRUE(Ended("shop-2", 2));
  EXPECT_EQ(Begun("install"), 2) << "no step runs twice unasked";
  EXPECT_EQ(Application(), old) << "the application does not notice";
  LetGo("install");
  KillAgent();
  ExpectInterruptedThenGood("Install");
  EXPECT_EQ(Begun("install"), 3) << "in a fresh directory";
}

TEST_F(CrashTest, DuringTest) {
  Prepare();
  const pid_t old = Application();
  Hold("test");
  gateway.Assign({Wanted("shop-2", 2, second)});
  ASSERT_TRUE(Eventually([&] { return Begun("test") == 2; }));
  KillAgent();
  EXPECT_EQ(Application(), old);
  LetGo("test");
  ExpectInterruptedThenGood("Test");
}

TEST_F(CrashTest, DuringStop) {
  Prepare();
  Hold("stop");
  gateway.Assign({Wanted("shop-2", 2, second)});
  ASSERT_TRUE(Eventually([&] { return Begun("stop") == 1; }));
  KillAgent();
  LetGo("stop");
  ExpectInterruptedThenGood("Stop");
}

TEST_F(CrashTest, DuringHealth) {
  Prepare();
  config.processes[0].health.min_healthy_time = Duration(15'000);
  gateway.Assign({Wanted("shop-2", 2, second)});
  ASSERT_TRUE(Eventually([&] { return Begun("start") == 2; }));
  ASSERT_TRUE(gateway.Reported([](const protocol::Report& report) {
    return report.releases.at(0).attempt->step == "Health";
  }));
  const pid_t fresh = Application();
  KillAgent();
  config.processes[0].health.min_healthy_time = Duration(300);
  ExpectInterruptedThenGood("Health");
  EXPECT_EQ(Application(), fresh) << "it runs already: it is not started again";
  EXPECT_EQ(Begun("start"), 2);
}

TEST_F(CrashTest, EndsTheConnectionAlthoughTheApplicationGoesOn) {
  Prepare();
  const Found found = FindSupervised(directory / "agent/run/applications/shop/web");
  ASSERT_TRUE(found.state);
  EXPECT_FALSE(test::HasOpen(found.state->supervisor, "socket:"));
  KillAgent();
  EXPECT_TRUE(Eventually([&] { return !gateway.HasSession(); }));
  EXPECT_TRUE(Lives(Application()));
}

TEST_F(CrashTest, BetweenAttemptsNothingIsRepeated) {
  Prepare();
  const pid_t old = Application();
  for (int i = 0; i < 3; ++i) {
    KillAgent();
    StartAgent();
  }
  ASSERT_TRUE(gateway.Reported([&](const protocol::Report& report) {
    return report.incarnation == gateway.Hellos().back().incarnation;
  }));
  EXPECT_EQ(Release().attempt->result, api::Outcome::kSucceeded) << "the result is kept";
  EXPECT_EQ(Release().running->health, api::RunningHealth::kHealthy);
  EXPECT_EQ(Application(), old);
  EXPECT_EQ(Begun("start"), 1);
}

TEST_F(CrashTest, AJournalThatIsLostChangesNothingForTheApplication) {
  Prepare();
  const pid_t old = Application();
  KillAgent();
  test::WriteText(directory / "agent/journal.json", "");
  const std::size_t before = gateway.Reports().size();
  StartAgent();
  ASSERT_TRUE(Eventually([&] { return gateway.Reports().size() > before; }));
  ASSERT_TRUE(Ended("shop-1", 1)) << AgentLog();
  EXPECT_EQ(Release().attempt->result, api::Outcome::kSucceeded) << Release().attempt->message;
  EXPECT_EQ(Application(), old);
  EXPECT_EQ(Begun("install"), 1);
  Roll("shop-2", 2, second);
  Roll("shop-1", 3, first);
  EXPECT_EQ(Begun("install"), 2) << "it is on record again";
}

TEST_F(CrashTest, InTheMiddleOfASuiteIsInterruptedAndCleanedUp) {
  StartAgent();
  Hold("unit");
  gateway.Assign({}, {WantedTest("shop-1-gate-1", Push("one"))});
  ASSERT_TRUE(Eventually([&] { return Begun("unit") == 1; })) << AgentLog();
  KillAgent();
  StartAgent();
  ASSERT_TRUE(gateway.Reported([](const protocol::Report& report) {
    return !report.test_runs.empty() &&
           report.test_runs[0].status.phase == api::TestRunPhase::kEnded;
  })) << AgentLog();
  EXPECT_EQ(gateway.LastReport()->test_runs[0].status.result, api::Outcome::kInterrupted);
  EXPECT_EQ(Begun("cleanup"), 1);
  EXPECT_EQ(Begun("unit"), 1);
  EXPECT_FALSE(FindSupervised(directory / "agent/run/tests/shop-1-gate-1/web").running);
}

}  // namespace
}  // namespace slipway::agent
