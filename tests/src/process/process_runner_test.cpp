#include "src/process/process_runner.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "tests/src/git/world.hpp"

namespace slipway::process {
namespace {

using git::test::Directory;
using git::test::Execute;
using git::test::Noise;
using git::test::ReadText;

ProcessOutcome RunShell(const std::string& script, const std::string& input = "",
                        Duration deadline = Duration(30'000), std::size_t cap = 64 << 20) {
  PosixProcessRunner runner;
  ProcessRequest request;
  request.argv = {"sh", "-c", script};
  request.env = {"PATH=/usr/bin:/bin", "GREETING=hello"};
  request.input = input;
  request.deadline = deadline;
  request.max_output_bytes = cap;
  auto outcome = runner.Run(request);
  EXPECT_TRUE(outcome.has_value()) << outcome.error().message;
  return outcome.has_value() ? outcome.value() : ProcessOutcome{};
}

bool IsGone(const std::string& pid) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    const std::string stat = ReadText("/proc/" + pid + "/stat");
    if (stat.empty() || stat.find(") Z ") != std::string::npos) {
      return true;
    }
  }
  return false;
}

TEST(ProcessRunner, PassesInputOutputErrorsAndExitCode) {
  ProcessOutcome outcome = RunShell("cat; echo oops >&2; exit 7", "some input");
  EXPECT_EQ(outcome.out, "some input");
  EXPECT_EQ(outcome.err, "oops\n");
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_FALSE(outcome.succeeded());
}

TEST(ProcessRunner, MovesMoreThanPipesHoldInBothDirectionsAtOnce) {
  const std::string noise = Noise(20 << 20, 1);
  ProcessOutcome outcome = RunShell("cat", noise);
  EXPECT_TRUE(outcome.succeeded());
  EXPECT_TRUE(outcome.out == noise);
}

TEST(ProcessRunner, AProgramThatReadsNothingIsNoError) {
  ProcessOutcome outcome = RunShell("exit 0", Noise(4 << 20, 1));
  EXPECT_TRUE(outcome.succeeded());
}

TEST(ProcessRunner, InheritsNoEnvironmentAndNoDescriptors) {
  ::setenv("SLIPWAY_SECRET", "do not leak", 1);
  int leaky = ::open("/dev/null", O_RDONLY);  // Without O_CLOEXEC.
  ProcessOutcome outcome = RunShell("env; echo; ls /proc/self/fd | sort -n | tr '\\n' ' '");
  ::close(leaky);
  EXPECT_NE(outcome.out.find("GREETING=hello"), std::string::npos);
  EXPECT_EQ(outcome.out.find("SLIPWAY_SECRET"), std::string::npos);
  EXPECT_TRUE(outcome.out.ends_with("0 1 2 3 "))
      << outcome.out;  // 3 is the directory that ls reads.
}

TEST(ProcessRunner, KillsEverythingAtTheDeadline) {
  Directory directory;
  const std::string pid_file = directory / "pid";
  ProcessOutcome outcome =
      RunShell("sleep 600 & echo $! > '" + pid_file + "'; wait", "", Duration(300));
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.signal, SIGKILL);
  const std::string pid = Execute({"cat", pid_file});
  EXPECT_TRUE(IsGone(pid)) << "process " << pid << " outlived its group";
}

TEST(ProcessRunner, DoesNotWaitForAGrandchildThatKeepsTheOutputOpen) {
  const auto start = std::chrono::steady_clock::now();
  ProcessOutcome outcome = RunShell("sleep 600 & echo done");
  EXPECT_EQ(outcome.out, "done\n");
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(ProcessRunner, KillsAProgramThatSaysTooMuch) {
  ProcessOutcome outcome = RunShell("yes", "", Duration(30'000), 100'000);
  EXPECT_TRUE(outcome.too_much_output);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.out.size(), 100'000u);
}

TEST(ProcessRunner, KeepsTheBeginningOfLongComplaints) {
  ProcessOutcome outcome = RunShell("echo first >&2; head -c 3000000 /dev/zero >&2; echo out");
  EXPECT_TRUE(outcome.succeeded());
  EXPECT_EQ(outcome.err.size(), 65536u);
  EXPECT_TRUE(outcome.err.starts_with("first\n"));
  EXPECT_EQ(outcome.out, "out\n");
}

TEST(ProcessRunner, SaysWhichSignalEndedIt) {
  ProcessOutcome outcome = RunShell("kill -SEGV $$");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  EXPECT_FALSE(outcome.succeeded());
}

TEST(ProcessRunner, WritesOutputIntoANewPrivateFile) {
  Directory directory;
  PosixProcessRunner runner;
  ProcessRequest request;
  request.argv = {"/bin/echo", "content"};
  request.output_file = directory / "out";
  ASSERT_TRUE(runner.Run(request).has_value());
  EXPECT_EQ(ReadText(directory / "out"), "content\n");
  EXPECT_EQ(std::filesystem::status(directory / "out").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(runner.Run(request).has_value()) << "an existing file must not be overwritten";
}

TEST(ProcessRunner, RunsInTheGivenDirectory) {
  Directory directory;
  EXPECT_EQ(Execute({"pwd"}, "", directory.path()),
            std::filesystem::canonical(directory.path()).string());
}

TEST(ProcessRunner, WhatItStartedDiesWithAProcessThatIsKilled) {
  Directory directory;
  const std::string pid_file = directory / "pid";
  const pid_t process = ::fork();
  ASSERT_GE(process, 0);
  if (process == 0) {
    RunShell("echo $$ > '" + pid_file + ".new'; mv '" + pid_file + ".new' '" + pid_file +
             "'; exec sleep 600");
    ::_exit(0);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string pid;
  while (pid.empty() && std::chrono::steady_clock::now() < end) {
    pid = ReadText(pid_file);
  }
  ASSERT_FALSE(pid.empty());
  pid.pop_back();
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
  EXPECT_TRUE(IsGone(pid)) << "process " << pid << " outlived us";
}

TEST(ProcessRunner, NamesAProgramThatDoesNotExist) {
  PosixProcessRunner runner;
  ProcessRequest request;
  request.argv = {"/nonexistent/program"};
  auto outcome = runner.Run(request);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, Code::kNotFound);
  EXPECT_NE(outcome.error().message.find("/nonexistent/program"), std::string::npos);
}

}  // namespace
}  // namespace slipway::process
