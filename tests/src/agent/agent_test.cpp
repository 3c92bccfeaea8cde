#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/src/agent/agent_world.hpp"

namespace slipway::agent {
namespace {

using test::Eventually;
using test::Lives;
using test::ReadText;
using test::WriteText;
using ::testing::HasSubstr;

using AgentTest = test::AgentWorld;

TEST_F(AgentTest, JoinsAndBringsAReleaseToItsServer) {
  gateway.RefuseOnce("NoSuchServer");
  StartAgent();
  EXPECT_THAT(AgentLog(), HasSubstr("NoSuchServer: wait"));
  const Commit first = Push("one");
  Roll("shop-1", 1, first);
  EXPECT_EQ(Release().running->commit, first);
  EXPECT_EQ(Release().running->health, api::RunningHealth::kHealthy);
  EXPECT_TRUE(Lives(Application()));
  EXPECT_EQ(std::filesystem::read_symlink(AppRoot() + "/current"),
            "releases/" + first.value + "-bbbbbbbb");
  EXPECT_EQ(ReadText(AppRoot() + "/current/VERSION"), "one");
  struct stat info {};
  ASSERT_EQ(::stat((directory / "agent/identity/agent.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(AgentTest, TheNextReleaseComesAsAThinPackAndGoingBackNeedsNone) {
  StartAgent();
  const Commit first = Push("one");
  Roll("shop-1", 1, first);
  const pid_t old = Application();
  const Commit second = Push("two");
  Roll("shop-2", 2, second);
  EXPECT_FALSE(Lives(old));
  EXPECT_EQ(ReadText(AppRoot() + "/current/VERSION"), "two");
  Roll("shop-1", 3, first);
  EXPECT_EQ(ReadText(AppRoot() + "/current/VERSION"), "one");
  EXPECT_EQ(Begun("install"), 2);
  EXPECT_EQ(gateway.PackRequests(),
            (std::vector<std::string>{" " + first.value, first.value + " " + second.value}));
}

TEST_F(AgentTest, AWayBackDoesNotWaitForADownload) {
  StartAgent();
  const Commit first = Push("one");
  Roll("shop-1", 1, first);
  const pid_t old = Application();
  gateway.HoldPacks(true);
  gateway.Assign({Wanted("shop-2", 2, Push("two"))});
  ASSERT_TRUE(Eventually([&] { return gateway.HeldPacks() == 1; })) << AgentLog();
  Roll("shop-1", 3, first);
  EXPECT_EQ(Application(), old);
  EXPECT_EQ(gateway.HeldPacks(), 1) << "nobody asks for it any more";
}

TEST_F(AgentTest, ContentOnItsWayIsForNobodyElseAndIsNotLeftBehind) {
  WriteText(directory / "agent/work/left.pack", "by an agent that was killed");
  StartAgent();
  const auto none = [&] { return std::filesystem::is_empty(directory / "agent/work"); };
  EXPECT_TRUE(none());
  std::filesystem::remove(directory / "agent/work");
  config.install = api::Command{.run = "true"};
  Roll("shop-1", 1, Push("one"));
  EXPECT_TRUE(none());
  for (const std::string private_one : {"work", "repositories"}) {
    struct stat info {};
    ASSERT_EQ(::stat((directory / ("agent/" + private_one)).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U) << private_one;
  }
}

TEST_F(AgentTest, AFailingCommandLeavesWhatRunsAlone) {
  StartAgent();
  Roll("shop-1", 1, Push("one"));
  const pid_t old = Application();
  config.test = api::Command{.run = "echo the check says no; exit 4"};
  Roll("shop-2", 2, Push("two"), api::Outcome::kFailed);
  EXPECT_EQ(Release().attempt->message, "Test: exited with code 4: the check says no");
  EXPECT_EQ(Application(), old);
  EXPECT_EQ(Release().running->health, api::RunningHealth::kHealthy);
}

TEST_F(AgentTest, AMissingSharedFileFailsBeforeAnythingChanges) {
  StartAgent();
  config.shared = api::SharedPaths{.dirs = {"log"}, .files = {"config.json"}};
  const Commit first = Push("one");
  Roll("shop-1", 1, first, api::Outcome::kFailed);
  EXPECT_THAT(Release().attempt->message,
              HasSubstr("the shared file config.json is missing on this server"));
  WriteText(AppRoot() + "/shared/config.json", "{}");
  Roll("shop-1", 2, first);
  EXPECT_EQ(ReadText(AppRoot() + "/current/config.json"), "{}");
}

TEST_F(AgentTest, AProcessThatEndsAtOnceFailsTheAttemptAndSaysWhat) {
  StartAgent();
  config.processes[0].run = "echo cannot listen; exit 9";
  Roll("shop-1", 1, Push("one"), api::Outcome::kFailed);
  EXPECT_THAT(Release().attempt->message, HasSubstr("web: exited with code 9: cannot listen"));
  EXPECT_EQ(Release().running->health, api::RunningHealth::kStopped);
}

TEST_F(AgentTest, HealthIsAskedOverHttp) {
  StartAgent();
  const int port = git::test::FreePort();
  config.processes[0].run =
      "mkdir -p www && cp VERSION www/healthz; exec /usr/bin/python3 -m http.server --bind "
      "127.0.0.1 -d www " +
      std::to_string(port);
  config.processes[0].health.http = api::HttpCheck{.port = port, .path = "/healthz"};
  config.processes[0].health.interval = Duration(50);
  Roll("shop-1", 1, Push("one"));
  config.processes[0].health.http->path = "/missing";
  config.processes[0].health.deadline = Duration(8'000);  // for a slow start of Python
  Roll("shop-2", 2, Push("two"), api::Outcome::kFailed);
  EXPECT_THAT(Release().attempt->message, HasSubstr("GET /missing answered 404"));
  EXPECT_THAT(Release().attempt->message, HasSubstr("What ran before was stopped"));
}

TEST_F(AgentTest, AUserThatItCannotBecomeIsRefusedWithTheReason) {
  StartAgent();
  config.user = "no-such-user";
  Roll("shop-1", 1, Push("one"), api::Outcome::kFailed);
  EXPECT_THAT(Release().attempt->message, HasSubstr("no-such-user: there is none on this server"));
}

TEST_F(AgentTest, AProcessThatEndsLaterIsStartedAgain) {
  StartAgent();
  Roll("shop-1", 1, Push("one"));
  const pid_t old = Application();
  ::kill(old, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return Application() > 0 && Application() != old; })) << AgentLog();
  EXPECT_TRUE(gateway.Reported([](const protocol::Report& report) {
    return report.releases.at(0).running->health == api::RunningHealth::kHealthy;
  }));
}

TEST_F(AgentTest, AProcessThatCannotBeStartedIsTriedEverLater) {
  StartAgent();
  Roll("shop-1", 1, Push("one"));
  const auto tries = [&] {
    return test::CountIn(directory / "agent.log", "starts shop/web again");
  };
  std::filesystem::rename(AppRoot() + "/releases", AppRoot() + "/elsewhere");
  ::kill(Application(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return tries() == 1; })) << AgentLog();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(Eventually([&] { return tries() > 1; })) << AgentLog();
  EXPECT_EQ(tries(), 2);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
  std::filesystem::rename(AppRoot() + "/elsewhere", AppRoot() + "/releases");
  EXPECT_TRUE(Eventually([&] { return Application() > 0; })) << AgentLog();
}

TEST_F(AgentTest, SigtermStopsTheAgentAndNotTheApplication) {
  StartAgent();
  Roll("shop-1", 1, Push("one"));
  agent->Signal(SIGTERM);
  EXPECT_EQ(agent->Wait(), 0);
  EXPECT_TRUE(Lives(Application()));
}

TEST_F(AgentTest, ReportsAreSentAgainUntilTheyAreAcknowledged) {
  gateway.AcknowledgeReports(false);
  StartAgent();
  const Commit first = Push("one");
  gateway.Assign({Wanted("shop-1", 1, first)});
  ASSERT_TRUE(Eventually([&] { return Begun("start") == 1 && !gateway.Reports().empty(); }));
  gateway.AcknowledgeReports(true);
  gateway.Drop();
  EXPECT_TRUE(Ended("shop-1", 1)) << AgentLog();
  std::int64_t last = 0;
  for (const protocol::Report& report : gateway.Reports()) {
    EXPECT_GE(report.sequence, last);
    last = report.sequence;
  }
}

TEST_F(AgentTest, LogsAreSentWhenTheyAreAskedFor) {
  StartAgent();
  Roll("shop-1", 1, Push("one"));
  protocol::LogsRequest request;
  request.request_id = "r-1";
  request.application = "shop";
  request.process = "web";
  gateway.Ask(request);
  EXPECT_TRUE(Eventually([&] { return gateway.Log("r-1") == "serving one at 127.0.0.1\n"; }));
  request.request_id = "r-2";
  request.process = "worker";
  gateway.Ask(request);
  EXPECT_TRUE(Eventually(
      [&] { return gateway.Log("r-2").value_or("").find("it has: web") != std::string::npos; }));
}

TEST_F(AgentTest, AnOlderAssignmentIsRefused) {
  StartAgent();
  const Commit first = Push("one");
  Roll("shop-1", 1, first);
  protocol::Assign older;
  older.epoch = {.incarnation = "2025", .version = 99};
  older.releases = {Wanted("shop-2", 2, Push("two"))};
  KillAgent();
  gateway.AssignAs(older);
  StartAgent();
  EXPECT_TRUE(gateway.Reported([](const protocol::Report& report) {
    return !report.refused.empty();
  })) << AgentLog();
  EXPECT_EQ(Release().running->commit, first);
  EXPECT_EQ(gateway.LastReport()->epoch.incarnation, "2026");
}

TEST_F(AgentTest, AGateRunLeavesNothingBehind) {
  StartAgent();
  gateway.Assign({}, {WantedTest("shop-1-gate-1", Push("one"))});
  ASSERT_TRUE(gateway.Reported([](const protocol::Report& report) {
    return !report.test_runs.empty() &&
           report.test_runs[0].status.phase == api::TestRunPhase::kEnded;
  })) << AgentLog();
  const api::TestRunStatus status = gateway.LastReport()->test_runs[0].status;
  EXPECT_EQ(status.result, api::Outcome::kSucceeded) << status.message;
  EXPECT_EQ(status.message, "2 suites passed, 1 case");
  EXPECT_EQ(Begun("populate"), 1);
  EXPECT_EQ(Begun("cleanup"), 1);
  EXPECT_TRUE(std::filesystem::is_empty(AppRoot() + "/tests"));
  EXPECT_FALSE(std::filesystem::exists(directory / "agent/run/tests/shop-1-gate-1"));
  gateway.Assign({}, {});
  EXPECT_TRUE(
      gateway.Reported([](const protocol::Report& report) { return report.test_runs.empty(); }));
}

TEST_F(AgentTest, WhatIsNotNeededIsDeletedWhereTheApplicationLives) {
  StartAgent();
  config.root = directory / "srv";
  Roll("shop-1", 1, Push("one"));
  config.install = api::Command{.run = "exit 1"};
  const Commit second = Push("two");
  Roll("shop-2", 2, second, api::Outcome::kFailed);
  const std::string left = directory / ("srv/releases/" + second.value + "-bbbbbbbb");
  EXPECT_TRUE(Eventually([&] { return !std::filesystem::exists(left); })) << AgentLog();
  config.install.reset();
  gateway.Assign({}, {WantedTest("shop-1-gate-1", second)});
  ASSERT_TRUE(gateway.Reported([](const protocol::Report& report) {
    return !report.test_runs.empty() &&
           report.test_runs[0].status.phase == api::TestRunPhase::kEnded;
  })) << AgentLog();
  EXPECT_TRUE(std::filesystem::is_empty(directory / "srv/tests"));
}

TEST_F(AgentTest, TheServerMayHaveAName) {
  const std::string url = gateway.Url();
  agent = std::make_unique<test::Process>(
      std::vector<std::string>{SLIPWAY_AGENT_PROGRAM, "--server",
                               "https://localhost" + url.substr(url.rfind(':')), "--ca-hash",
                               gateway.CaHash(), "--token-file", directory / "token", "--name",
                               "web-1", "--root", directory / "agent"},
      directory / "agent.log");
  EXPECT_TRUE(Eventually([&] { return gateway.Hellos().size() == 1; })) << AgentLog();
}

TEST_F(AgentTest, ATokenFileThatCannotBeReadIsNamedWithTheReason) {
  test::Process joining(
      {SLIPWAY_AGENT_PROGRAM, "--server", gateway.Url(), "--ca-hash", gateway.CaHash(),
       "--token-file", directory / "nope", "--name", "web-1", "--root", directory / "agent"},
      directory / "agent.log");
  EXPECT_EQ(joining.Wait(), 1);
  EXPECT_THAT(AgentLog(), HasSubstr((directory / "nope") + ": cannot open: No such file"));
}

TEST_F(AgentTest, TwoAgentsNeverUseOneDirectory) {
  StartAgent();
  test::Process second(
      {SLIPWAY_AGENT_PROGRAM, "--server", gateway.Url(), "--ca-hash", gateway.CaHash(),
       "--token-file", directory / "token", "--name", "web-1", "--root", directory / "agent"},
      directory / "second.log");
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(ReadText(directory / "second.log"), HasSubstr("another agent uses this directory"));
}

TEST_F(AgentTest, WaitsForALockThatIsAboutToBeLetGo) {
  std::filesystem::create_directories(directory / "agent");
  Result<Descriptor> left = TakeLock(directory / "agent/agent.lock");
  ASSERT_TRUE(left);
  StartAgent(/*wait=*/false);
  ASSERT_TRUE(Eventually([&] {
    return AgentLog().find("waits for the agent") != std::string::npos;
  })) << AgentLog();
  left.value().Close();
  EXPECT_TRUE(Eventually([&] { return gateway.Hellos().size() == 1; })) << AgentLog();
}

TEST_F(AgentTest, AsksToBeLetInAgainWhenItIsNoLongerKnown) {
  StartAgent();
  const Commit first = Push("one");
  Roll("shop-1", 1, first);
  const std::string before = ReadText(directory / "agent/identity/agent.crt");
  gateway.ForgetAgents();
  gateway.Drop();
  EXPECT_TRUE(Eventually([&] { return gateway.Hellos().size() == 2; })) << AgentLog();
  EXPECT_NE(ReadText(directory / "agent/identity/agent.crt"), before);
  EXPECT_THAT(AgentLog(), HasSubstr("does not know it any more"));
}

TEST_F(AgentTest, ClaimsThatHelpNothingAreMadeEverLater) {
  gateway.RefuseSessions(true);
  StartAgent(/*wait=*/false);
  ASSERT_TRUE(Eventually([&] { return gateway.Claims() == 1; })) << AgentLog();
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(Eventually([&] { return gateway.Claims() >= 3; })) << AgentLog();
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
  gateway.RefuseSessions(false);
  EXPECT_TRUE(Eventually([&] { return gateway.Hellos().size() == 1; })) << AgentLog();
}

TEST_F(AgentTest, ACertificateThatEndsSoonIsRenewedWithoutAToken) {
  gateway.LifetimeOfCertificates(std::chrono::hours(24 * 29));
  StartAgent();
  KillAgent();
  const std::string before = ReadText(directory / "agent/identity/agent.crt");
  std::filesystem::remove(directory / "token");
  gateway.LifetimeOfCertificates(std::chrono::hours(24 * 365));
  StartAgent();
  EXPECT_TRUE(Eventually([&] {
    return AgentLog().find("has the next certificate") != std::string::npos;
  })) << AgentLog();
  EXPECT_NE(ReadText(directory / "agent/identity/agent.crt"), before);
  EXPECT_EQ(gateway.Claims(), 2);
}

TEST_F(AgentTest, WithoutATokenAnAgentThatIsNotKnownGoesOnAsking) {
  StartAgent();
  Roll("shop-1", 1, Push("one"));
  KillAgent();
  std::filesystem::remove(directory / "token");
  gateway.RefuseSessions(true);
  StartAgent(/*wait=*/false);
  ASSERT_TRUE(Eventually([&] {
    return AgentLog().find("goes on with the certificate that it has") != std::string::npos;
  })) << AgentLog();
  gateway.RefuseSessions(false);
  EXPECT_TRUE(Eventually([&] { return gateway.Hellos().size() == 2; })) << AgentLog();
}

TEST_F(AgentTest, ABadTokenEndsItWithAdvice) {
  WriteText(directory / "token", "wrong.token");
  StartAgent(/*wait=*/false);
  EXPECT_EQ(agent->Wait(), 1);
  EXPECT_THAT(AgentLog(), HasSubstr("does not accept the token"));
  EXPECT_THAT(AgentLog(), HasSubstr("slipway token create"));
}

TEST_F(AgentTest, AServerOfAnotherCaIsToldNothing) {
  test::FakeGateway other(directory / "repository");
  agent = std::make_unique<test::Process>(
      std::vector<std::string>{SLIPWAY_AGENT_PROGRAM, "--server", other.Url(), "--ca-hash",
                               gateway.CaHash(), "--token-file", directory / "token", "--name",
                               "web-1", "--root", directory / "agent"},
      directory / "agent.log");
  EXPECT_TRUE(Eventually([&] {
    return AgentLog().find("not signed by the CA that --ca-hash names") != std::string::npos;
  })) << AgentLog();
  EXPECT_TRUE(other.Hellos().empty());
}

TEST_F(AgentTest, IsSmallAndStillWhenNothingHappens) {
  StartAgent();
  ASSERT_TRUE(gateway.Reported([](const protocol::Report&) { return true; }));
  long private_kib = 0;
  std::ifstream smaps("/proc/" + std::to_string(agent->pid()) + "/smaps_rollup");
  for (std::string line; std::getline(smaps, line);) {
    if (line.rfind("Private_", 0) == 0) {
      private_kib += std::stol(line.substr(line.find(':') + 1));
    }
  }
  RecordProperty("private_kib", static_cast<int>(private_kib));
  EXPECT_GT(private_kib, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LE(private_kib, 12 * 1'024);
#endif
}

}  // namespace
}  // namespace slipway::agent
