#include "src/agent/supervise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "tests/src/agent/support.hpp"

namespace slipway::agent {
namespace {

using test::CountIn;
using test::Directory;
using test::Eventually;
using test::Lives;
using test::PidIn;
using test::ReadText;
using test::ShellProcess;
using test::SupervisorProcess;
using test::WriteSpec;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Supervise, IsFoundByItsLockAndItsState) {
  const Directory directory;
  EXPECT_FALSE(FindSupervised(directory.path()).running);
  EXPECT_FALSE(FindSupervised(directory.path()).state);
  WriteSpec(directory.path(), ShellProcess("exec sleep 1000"));
  SupervisorProcess supervisor(directory.path());
  ASSERT_EQ(supervisor.said, "started");
  const Found found = FindSupervised(directory.path());
  EXPECT_TRUE(found.running);
  ASSERT_TRUE(found.state);
  EXPECT_EQ(found.state->release.commit.value, std::string(40, 'a'));
  EXPECT_EQ(found.state->supervisor, supervisor.process.pid());
  EXPECT_TRUE(Lives(found.state->pid));
  EXPECT_EQ(StartTicks(found.state->pid), found.state->start_ticks);
  EXPECT_FALSE(found.state->exited);
}

TEST(Supervise, RecordsHowTheProcessEnded) {
  const Directory directory;
  WriteSpec(directory.path(), ShellProcess("echo working; exit 7"));
  SupervisorProcess supervisor(directory.path());
  EXPECT_EQ(supervisor.process.Wait(), kSuperviseDone);
  const Found found = FindSupervised(directory.path());
  EXPECT_FALSE(found.running);
  ASSERT_TRUE(found.state && found.state->exited);
  EXPECT_EQ(found.state->exited->code, 7);
  EXPECT_EQ(Describe(*found.state->exited), "exited with code 7");
  EXPECT_EQ(ReadText(directory / "log"), "working\n");
}

TEST(Supervise, TermStopsTheProcessAndAllThatItStarted) {
  const Directory directory;
  WriteSpec(directory.path(),
            ShellProcess("trap 'echo stopping; exit 0' TERM; setsid sleep 1000 & echo $! > " +
                         (directory / "child") + "; while :; do sleep 0.05; done"));
  SupervisorProcess supervisor(directory.path());
  ASSERT_TRUE(Eventually([&] { return PidIn(directory / "child") > 0; }));
  const pid_t child = PidIn(directory / "child");
  supervisor.process.Signal(SIGTERM);
  EXPECT_EQ(supervisor.process.Wait(), kSuperviseDone);
  EXPECT_FALSE(Lives(child));
  const Found found = FindSupervised(directory.path());
  EXPECT_TRUE(found.state->exited->stopped);
  EXPECT_EQ(Describe(*found.state->exited), "was stopped");
  EXPECT_THAT(ReadText(directory / "log"), HasSubstr("stopping"));
}

TEST(Supervise, TermArrivesOnceAndInOtherGroupsOfTheSessionToo) {
  const Directory directory;
  WriteSpec(directory.path(),
            ShellProcess("trap 'echo term >> " + (directory / "terms") +
                         "' TERM; set -m; sleep 1000 & set +m; echo $! > " + (directory / "child") +
                         "; until [ -e " + (directory / "done") + " ]; do sleep 0.01; done"));
  SupervisorProcess supervisor(directory.path());
  ASSERT_TRUE(Eventually([&] { return PidIn(directory / "child") > 0; }));
  const pid_t child = PidIn(directory / "child");
  supervisor.process.Signal(SIGTERM);
  // The group is told first; so when the other group's process has ended, all that comes has come.
  ASSERT_TRUE(Eventually([&] { return !Lives(child); }));
  ASSERT_TRUE(Eventually([&] { return CountIn(directory / "terms", "term") > 0; }));
  test::WriteText(directory / "done", "");
  EXPECT_EQ(supervisor.process.Wait(), kSuperviseDone);
  EXPECT_EQ(CountIn(directory / "terms", "term"), 1);
}

TEST(Supervise, KillsAfterStopTimeout) {
  const Directory directory;
  SuperviseSpec spec = ShellProcess("trap '' TERM; echo $$ > " + (directory / "pid") +
                                    "; while :; do sleep 0.05; done");
  spec.stop_timeout = Duration(200);
  WriteSpec(directory.path(), spec);
  SupervisorProcess supervisor(directory.path());
  ASSERT_TRUE(Eventually([&] { return PidIn(directory / "pid") > 0; }));
  supervisor.process.Signal(SIGTERM);
  EXPECT_EQ(supervisor.process.Wait(), kSuperviseDone);
  EXPECT_FALSE(Lives(PidIn(directory / "pid")));
  EXPECT_EQ(FindSupervised(directory.path()).state->exited->signal, SIGKILL);
}

TEST(Supervise, NeverTwoCopies) {
  const Directory directory;
  WriteSpec(directory.path(),
            ShellProcess("echo start >> " + (directory / "starts") + "; exec sleep 1000"));
  SupervisorProcess first(directory.path());
  ASSERT_TRUE(Eventually([&] { return CountIn(directory / "starts", "start") == 1; }));
  SupervisorProcess second(directory.path());
  EXPECT_EQ(second.process.Wait(), kSuperviseTaken);
  EXPECT_THAT(second.said, HasSubstr("somebody else has this lock"));
  EXPECT_THAT(second.said, Not(HasSubstr(kSaysRefused.data()))) << "nothing was tried";
  EXPECT_EQ(CountIn(directory / "starts", "start"), 1);
  EXPECT_TRUE(Lives(FindSupervised(directory.path()).state->pid));
}

TEST(Supervise, LookingForItDoesNotKeepItFromStarting) {
  const Directory directory;
  WriteSpec(directory.path(), ShellProcess("exec sleep 1000"));
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_FALSE(FindSupervised(directory.path()).running);
  }
  SupervisorProcess supervisor(directory.path());
  EXPECT_EQ(supervisor.said, "started");
}

TEST(Supervise, SaysWhatCannotBeStartedAndRecordsIt) {
  const Directory directory;
  SuperviseSpec spec = ShellProcess("true");
  spec.launch.directory = "/nowhere";
  WriteSpec(directory.path(), spec);
  SupervisorProcess supervisor(directory.path());
  EXPECT_THAT(supervisor.said, HasSubstr("refused: /nowhere: cannot enter the directory"));
  supervisor.process.Wait();
  EXPECT_THAT(Describe(*FindSupervised(directory.path()).state->exited), HasSubstr("/nowhere"));
}

TEST(Supervise, WhatIsLeftOfAKilledSupervisorIsClearedAway) {
  const Directory directory;
  // A second process in the same session, which the death of the supervisor does not end by itself.
  WriteSpec(directory.path(),
            ShellProcess("sleep 1000 & echo $! > " + (directory / "child") + "; wait"));
  SupervisorProcess supervisor(directory.path());
  ASSERT_TRUE(Eventually([&] { return PidIn(directory / "child") > 0; }));
  const pid_t leader = FindSupervised(directory.path()).state->pid;
  const pid_t child = PidIn(directory / "child");
  supervisor.process.Signal(SIGKILL);
  supervisor.process.Wait();
  EXPECT_TRUE(Eventually([&] { return !Lives(leader); })) << "it dies with its supervisor";
  EXPECT_FALSE(FindSupervised(directory.path()).running);
  EXPECT_TRUE(ClearAway(directory.path(), Duration(10'000)));
  EXPECT_FALSE(Lives(child));
}

TEST(Supervise, ClearingAwayLeavesStrangersAlone) {
  const Directory directory;
  test::Process stranger({"/bin/sleep", "1000"});
  ProcessState state;
  state.pid = stranger.pid();
  state.start_ticks = 1;  // an earlier process had this number
  state.boot = BootId();
  test::WriteText(directory / "state", EncodeProcessState(state));
  EXPECT_TRUE(ClearAway(directory.path(), Duration(1'000)));
  EXPECT_TRUE(Lives(stranger.pid()));
}

TEST(Supervise, OnlyTheSupervisorThatAStateTellsOfIsSignalled) {
  const Directory directory;
  WriteSpec(directory.path(), ShellProcess("exec sleep 1000"));
  SupervisorProcess supervisor(directory.path());
  ASSERT_EQ(supervisor.said, "started");
  const ProcessState state = *FindSupervised(directory.path()).state;
  ProcessState stale = state;
  stale.boot = "another";
  EXPECT_FALSE(SignalSupervisor(stale, SIGKILL));
  stale = state;
  ++stale.supervisor_ticks;
  EXPECT_FALSE(SignalSupervisor(stale, SIGKILL));
  for (const pid_t nobody : {-1, 0, 1}) {
    stale = state;
    stale.supervisor = nobody;
    EXPECT_FALSE(SignalSupervisor(stale, SIGKILL));
  }
  EXPECT_TRUE(Lives(supervisor.process.pid()));
  EXPECT_TRUE(SignalSupervisor(state, SIGTERM));
  EXPECT_EQ(supervisor.process.Wait(), kSuperviseDone);
}

TEST(Supervise, ALockThatNobodyCanAskForCountsAsHeld) {
  const Directory directory;
  std::filesystem::create_symlink("/nowhere", directory / "lock");
  EXPECT_FALSE(IsLocked(directory / "lock").has_value());
  EXPECT_TRUE(FindSupervised(directory.path()).running);
}

TEST(Supervise, RotatesTheLog) {
  const Directory directory;
  SuperviseSpec spec =
      ShellProcess("i=0; while [ $i -lt 500 ]; do echo \"line $i of the log\"; i=$((i+1)); done");
  spec.max_log_bytes = 4'000;
  WriteSpec(directory.path(), spec);
  SupervisorProcess supervisor(directory.path());
  supervisor.process.Wait();
  EXPECT_LE(ReadText(directory / "log").size(), 4'000U + 16'384U);
  EXPECT_THAT(ReadText(directory / "log"), HasSubstr("line 499"));
}

}  // namespace
}  // namespace slipway::agent
