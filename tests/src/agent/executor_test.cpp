#include "src/agent/executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <filesystem>

#include "src/agent/files.hpp"
#include "src/agent/http_check.hpp"
#include "tests/src/agent/support.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
using test::CountIn;
using test::Directory;
using test::ReadText;
using test::WriteText;
using ::testing::HasSubstr;

class TestClock final : public Clock {
 public:
  Time Now() const override {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
  }
  MonoTime Mono() const override {
    return {std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
  }
};

class NoPacks final : public PackSource {
 public:
  asio::awaitable<Result<void>> Fetch(std::string, Commit, Commit, std::string path,
                                      std::shared_ptr<Control>) override {
    ++asked;
    WriteText(path, "a part");
    co_return Fail(Code::kUnavailable, "nobody is there");
  }
  int asked = 0;
};

/// An executor in this process. `systemctl` is a script that notes what it is asked.
class ExecutorTest : public ::testing::Test {
 protected:
  ExecutorTest() {
    WriteText(directory / "systemctl", "#!/bin/sh\necho \"$*\" >> " + (directory / "asked") +
                                           "\n[ \"$1\" != is-active ] || [ -e " +
                                           (directory / "active") + " ]\n");
    ::chmod((directory / "systemctl").c_str(), 0755);
    options.layout.root = directory / "agent";
    options.program = SLIPWAY_AGENT_PROGRAM;
    options.content_program = SLIPWAY_CONTENT_PROGRAM;
    options.address = "127.0.0.1";
    options.systemctl = directory / "systemctl";
    options.systemd_marker = directory / "systemd";
    options.fetch_patience = Duration(50);
    watching.layout = options.layout;
    watching.systemctl = options.systemctl;
    observer = std::make_unique<Observer>(io.get_executor(), watching, clock, [] {});
    MakeExecutor();
    action.id.application = "shop";
    action.release = {.commit = Commit(std::string(40, 'a')),
                      .hash = ReleaseHash(std::string(64, 'b'))};
    action.directory = "r1";
    action.config.processes = {Named("web")};
    action.content.repository = "default/shop";
    std::filesystem::create_directories(Release());
  }

  /// Anew, after `options` were changed.
  void MakeExecutor() { executor = std::make_unique<Executor>(options, *observer, packs, clock); }

  static api::Process Named(const std::string& name) {
    api::Process process;
    process.name = name;
    process.run = "exec sleep 1000";
    return process;
  }

  std::string Release() const { return options.layout.root + "/apps/shop/releases/r1"; }

  host::Finished Run(host::Step step) {
    action.id.step = step;
    auto result = asio::co_spawn(io, executor->Run(action), asio::use_future);
    io.restart();
    while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      io.run_one();
    }
    return result.get();
  }

  asio::awaitable<bool> StartAgain(host::Upkeep upkeep) {
    const Result<void> started = co_await executor->StartAgain(std::move(upkeep));
    co_return started.has_value();
  }

  /// Runs what is due until it holds.
  bool Until(const std::function<bool()>& holds) {
    return test::Eventually([&] {
      io.restart();
      io.poll();
      observer->Refresh();
      return holds();
    });
  }

  Directory directory;
  asio::io_context io;
  TestClock clock;
  NoPacks packs;
  ExecutorOptions options;
  Observer::Options watching;
  std::unique_ptr<Observer> observer;
  std::unique_ptr<Executor> executor;
  host::Action action;
  host::Journal journal;
};

TEST_F(ExecutorTest, WithoutSystemdAServiceIsRefusedWithTheReason) {
  action.config.processes[0].service = "shop.service";
  const host::Finished finished = Run(host::Step::kStart);
  EXPECT_EQ(finished.outcome, host::Outcome::kFailed);
  EXPECT_THAT(finished.message, HasSubstr("systemd does not run on this server; use run instead"));
}

TEST_F(ExecutorTest, AServiceIsRestartedAndWatched) {
  WriteText(directory / "systemd", "");
  WriteText(directory / "active", "");
  action.config.processes[0].service = "shop.service";
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  EXPECT_EQ(CountIn(directory / "asked", "restart shop.service"), 1);
  observer->Look(journal);
  ASSERT_TRUE(Until([&] {
    const host::ObservedProcess& process = observer->applications().at(0).processes.at(0);
    return process.checked && process.running && process.healthy_since;
  }));
  EXPECT_EQ(observer->applications()[0].processes[0].id, action.release);
  const MonoTime healthy = *observer->applications()[0].processes[0].healthy_since;
  action.release.commit = Commit(std::string(40, 'c'));
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  observer->Look(journal);
  EXPECT_EQ(observer->applications()[0].processes[0].id, action.release)
      << "the next release is seen as such";
  EXPECT_FALSE(observer->applications()[0].processes[0].was_healthy);
  ASSERT_TRUE(Until([&] {
    const host::ObservedProcess& process = observer->applications().at(0).processes.at(0);
    return process.healthy_since && *process.healthy_since > healthy;
  }));
  ASSERT_EQ(Run(host::Step::kStop).outcome, host::Outcome::kSucceeded);
  EXPECT_EQ(CountIn(directory / "asked", "stop shop.service"), 1);
  observer->Refresh();
  EXPECT_FALSE(observer->applications()[0].processes[0].running);
}

TEST_F(ExecutorTest, ProcessesStartInOrderAndStopInTheOpposite) {
  const std::string marks = directory / "marks";
  for (const std::string name : {"db", "app", "web"}) {
    api::Process process = Named(name);
    process.run = "trap 'echo stop " + name + " >> " + marks + "; exit 0' TERM; echo start " +
                  name + " >> " + marks + "; while :; do sleep 0.02; done";
    action.config.processes.push_back(process);
  }
  action.config.processes.erase(action.config.processes.begin());
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  ASSERT_TRUE(test::Eventually([&] { return CountIn(marks, "start") == 3; }));
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  EXPECT_EQ(CountIn(marks, "start"), 3) << "what runs is not started again";
  ASSERT_EQ(Run(host::Step::kStop).outcome, host::Outcome::kSucceeded);
  const std::string text = ReadText(marks);
  EXPECT_THAT(text, HasSubstr("stop web\nstop app\nstop db\n"));
}

TEST_F(ExecutorTest, AnAttemptReplacesWhatUpkeepStartedMeanwhile) {
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  const std::string process = options.layout.Processes("shop") + "/web";
  const pid_t old = FindSupervised(process).state->pid;
  action.release.commit = Commit(std::string(40, 'c'));
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  EXPECT_FALSE(test::Lives(old));
  EXPECT_EQ(FindSupervised(process).state->release, action.release);
  ASSERT_EQ(Run(host::Step::kStop).outcome, host::Outcome::kSucceeded);
  EXPECT_FALSE(FindSupervised(process).running);
}

TEST_F(ExecutorTest, ContentThatNobodyGivesHasMeasuredNothing) {
  const host::Finished finished = Run(host::Step::kFetch);
  EXPECT_EQ(finished.outcome, host::Outcome::kInterrupted);
  EXPECT_THAT(finished.message, HasSubstr("nobody is there"));
  EXPECT_GE(packs.asked, 1);
  EXPECT_THAT(ListDirectory(options.layout.Work()), ::testing::IsEmpty());
}

TEST_F(ExecutorTest, CommandsRunInTheReleaseWithItsFacts) {
  action.command = api::Command{.run = "pwd; echo $SLIPWAY_RELEASE $SLIPWAY_ROOT; exit 5",
                                .timeout = Duration(10'000)};
  const host::Finished finished = Run(host::Step::kInstall);
  EXPECT_EQ(finished.outcome, host::Outcome::kFailed);
  EXPECT_EQ(finished.message, "exited with code 5: " + std::string(40, 'a') + "-bbbbbbbb " +
                                  options.layout.root + "/apps/shop");
  EXPECT_THAT(executor->output(), HasSubstr(Release()));
  EXPECT_THAT(ReadText(options.layout.StepLogs("shop") + "/Install.log"), HasSubstr("-bbbbbbbb"));
}

TEST_F(ExecutorTest, ACommandThatCouldNotBeStartedHasMeasuredNothing) {
  std::filesystem::remove(Release());
  action.command = api::Command{.run = "true", .timeout = Duration(10'000)};
  const host::Finished finished = Run(host::Step::kInstall);
  EXPECT_EQ(finished.outcome, host::Outcome::kInterrupted);
  EXPECT_THAT(finished.message, HasSubstr("cannot enter the directory"));
}

TEST_F(ExecutorTest, AProcessThatTheMachineCouldNotStartHasMeasuredNothing) {
  const std::string process = options.layout.Processes("shop") + "/web";
  std::filesystem::create_directories(process + "/spec");
  EXPECT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kInterrupted)
      << "no place for its spec";
  std::filesystem::remove(process + "/spec");
  options.program = "/nowhere/slipway-agent";
  MakeExecutor();
  EXPECT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kInterrupted) << "no supervisor";
  options.program = "/bin/true";
  MakeExecutor();
  const host::Finished finished = Run(host::Step::kStart);
  EXPECT_EQ(finished.outcome, host::Outcome::kInterrupted);
  EXPECT_THAT(finished.message, HasSubstr("its supervisor did not answer"));
}

TEST_F(ExecutorTest, UpkeepOfAServiceWaitsForNoCommandAndIsNotCancelledWithIt) {
  WriteText(directory / "systemd", "");
  action.command = api::Command{.run = "until [ -e " + (directory / "enough") +
                                       " ]; do sleep 0.01; done; touch " +
                                       (directory / "installed") + "; sleep 1000",
                                .timeout = Duration(60'000)};
  action.id.step = host::Step::kInstall;
  auto install = asio::co_spawn(io, executor->Run(action), asio::use_future);
  host::Upkeep upkeep;
  upkeep.application = "shop";
  upkeep.process = "web";
  upkeep.config = action.config;
  upkeep.config.processes[0].service = "shop.service";
  auto again = asio::co_spawn(io, StartAgain(upkeep), asio::use_future);
  ASSERT_TRUE(
      Until([&] { return again.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_TRUE(again.get());
  EXPECT_EQ(CountIn(directory / "asked", "restart shop.service"), 1);
  WriteText(directory / "enough", "");
  ASSERT_TRUE(Until([&] { return std::filesystem::exists(directory / "installed"); }));
  executor->Cancel();
  ASSERT_TRUE(Until(
      [&] { return install.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_EQ(install.get().outcome, host::Outcome::kInterrupted);
}

TEST_F(ExecutorTest, AServiceThatSystemdCannotStartIsBad) {
  WriteText(directory / "systemd", "");
  WriteText(directory / "systemctl", "#!/bin/sh\necho no such unit; exit 5\n");
  action.config.processes[0].service = "shop.service";
  const host::Finished finished = Run(host::Step::kStart);
  EXPECT_EQ(finished.outcome, host::Outcome::kFailed);
  EXPECT_THAT(finished.message, HasSubstr("restarting service shop.service: exited with code 5"));
}

TEST_F(ExecutorTest, ASuiteWhoseReportNobodyCanLookForHasMeasuredNothing) {
  options.content_program = "/nowhere/slipway-agent-content";
  MakeExecutor();
  action.id.test_run = "gate";
  std::filesystem::create_directories(options.layout.root + "/apps/shop/tests/gate");
  action.suite = api::Suite{};
  action.suite->name = "unit";
  action.suite->run = "true";
  action.suite->report = "*.xml";
  const host::Finished finished = Run(host::Step::kSuite);
  EXPECT_EQ(finished.outcome, host::Outcome::kInterrupted) << finished.message;
}

TEST_F(ExecutorTest, WhatIsKnownOfProcessesIsForgottenOnlyWhereNoneRuns) {
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  host::Action forget;
  forget.id = {.application = "shop", .remove = true};
  forget.forget = true;
  const auto run = [&] {
    auto result = asio::co_spawn(io, executor->Run(forget), asio::use_future);
    EXPECT_TRUE(Until(
        [&] { return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    return result.get();
  };
  EXPECT_EQ(run().message, "web still runs");
  EXPECT_TRUE(FindSupervised(options.layout.Processes("shop") + "/web").running);
  ASSERT_EQ(Run(host::Step::kStop).outcome, host::Outcome::kSucceeded);
  EXPECT_EQ(run().outcome, host::Outcome::kSucceeded);
  EXPECT_FALSE(std::filesystem::exists(options.layout.Processes("shop")));
  EXPECT_TRUE(std::filesystem::exists(Release()));
}

TEST_F(ExecutorTest, TheConfiguredUserOwnsWhatRuns) {
  action.config.user = "nobody";
  action.command = api::Command{.run = "id -un > /dev/null && id -un", .timeout = Duration(10'000)};
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
  const host::Finished finished = Run(host::Step::kInstall);
  if (::geteuid() == 0) {
    EXPECT_EQ(executor->output(), "nobody\n") << finished.message;
  } else {
    EXPECT_THAT(finished.message, HasSubstr("the agent does not run as root"));
  }
}

TEST_F(ExecutorTest, ARunOfSomethingThatIsGoneIsSaid) {
  std::filesystem::remove(Release());
  EXPECT_THAT(Run(host::Step::kSwitch).message, HasSubstr("is not there any more"));
  EXPECT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kFailed);
}

TEST_F(ExecutorTest, AnIpv6AddressIsInBrackets) {
  auto trouble = asio::co_spawn(io, CheckHttp("::1", git::test::FreePort(), "/", Duration(5'000)),
                                asio::use_future);
  ASSERT_TRUE(Until(
      [&] { return trouble.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_THAT(trouble.get(), HasSubstr("GET / at [::1]:"));
}

TEST_F(ExecutorTest, AnAgentThatComesBackFindsWhatRunsAndSeesItEnd) {
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  int changes = 0;
  Observer later(io.get_executor(), watching, clock, [&] { ++changes; });
  later.Look(journal);
  ASSERT_TRUE(later.applications().at(0).processes.at(0).running);
  EXPECT_TRUE(later.applications()[0].processes[0].was_healthy)
      << "without http a process that runs is healthy";
  const Found found = FindSupervised(options.layout.Processes("shop") + "/web");
  ::kill(found.state->pid, SIGKILL);
  ASSERT_TRUE(Until([&] {
    later.Refresh();
    return !later.applications()[0].processes[0].running;
  }));
  EXPECT_GT(changes, 0);
  EXPECT_EQ(later.applications()[0].processes[0].trouble, "was killed by signal 9");
}

TEST_F(ExecutorTest, AStartThatDidNotLastUntilTheNextLookIsCounted) {
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  observer->Look(journal);
  ASSERT_TRUE(observer->applications().at(0).processes.at(0).running);
  const std::string process = options.layout.Processes("shop") + "/web";
  ::kill(FindSupervised(process).state->pid, SIGKILL);
  ASSERT_TRUE(Until([&] { return !observer->applications()[0].processes[0].running; }));
  EXPECT_EQ(observer->applications()[0].processes[0].restarts, 1);
  const MonoTime ended = observer->applications()[0].processes[0].ended;
  std::filesystem::remove(Release());
  EXPECT_NE(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  observer->Look(journal);
  EXPECT_EQ(observer->applications()[0].processes[0].restarts, 2);
  EXPECT_GE(observer->applications()[0].processes[0].ended, ended);
  EXPECT_THAT(observer->applications()[0].processes[0].trouble,
              HasSubstr("cannot enter the directory"));
  observer->Look(journal);
  EXPECT_EQ(observer->applications()[0].processes[0].restarts, 2) << "once";
}

TEST_F(ExecutorTest, AServiceThatEndsByItselfIsCountedAndOneThatWasStoppedIsNot) {
  WriteText(directory / "systemd", "");
  WriteText(directory / "active", "");
  action.config.processes[0].service = "shop.service";
  action.config.processes[0].health.interval = Duration(10);
  action.config.processes[0].health.min_healthy_time = Duration(3'600'000);
  ASSERT_EQ(Run(host::Step::kStart).outcome, host::Outcome::kSucceeded);
  observer->Look(journal);
  ASSERT_TRUE(Until([&] { return observer->applications().at(0).processes.at(0).running; }));
  std::filesystem::remove(directory / "active");
  ASSERT_TRUE(Until([&] { return !observer->applications()[0].processes[0].running; }));
  EXPECT_EQ(observer->applications()[0].processes[0].restarts, 1);
  ASSERT_EQ(Run(host::Step::kStop).outcome, host::Outcome::kSucceeded);
  observer->Refresh();
  EXPECT_EQ(observer->applications()[0].processes[0].restarts, 0);
}

}  // namespace
}  // namespace slipway::agent
