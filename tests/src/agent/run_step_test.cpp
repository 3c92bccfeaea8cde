#include "src/agent/run_step.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "tests/src/agent/support.hpp"

namespace slipway::agent {
namespace {

using test::Directory;
using test::Eventually;
using test::Lives;
using test::PidIn;
using test::Process;
using test::ReadText;
using test::RunStepProgram;
using test::ShellStep;
using ::testing::HasSubstr;

TEST(RunStep, SaysHowTheCommandEndedAndWhatItPrinted) {
  const StepReply good = RunStepProgram(ShellStep("echo out; echo err >&2"));
  EXPECT_TRUE(good.succeeded());
  EXPECT_EQ(good.tail, "out\nerr\n");
  EXPECT_EQ(Describe(good, Duration(1)), "");
  const StepReply bad = RunStepProgram(ShellStep("exit 3"));
  EXPECT_EQ(Describe(bad, Duration(1)), "exited with code 3");
  const StepReply killed = RunStepProgram(ShellStep("kill -9 $$"));
  EXPECT_EQ(Describe(killed, Duration(1)), "was killed by signal 9");
}

TEST(RunStep, GivesTheCommandNothingButItsEnvironmentAndDirectory) {
  const Directory directory;
  StepSpec spec = ShellStep("echo \"$A|$HOME|$SLIPWAY_TOKEN\"; pwd; ls -l /proc/self/fd | wc -l");
  spec.launch.directory = directory.path();
  spec.launch.env = {"A=b", "PATH=/usr/bin:/bin"};
  const StepReply reply = RunStepProgram(spec);
  EXPECT_THAT(reply.tail, HasSubstr("b||\n"));
  EXPECT_THAT(reply.tail, HasSubstr(directory.path()));
  EXPECT_THAT(reply.tail, HasSubstr("\n5\n")) << "0, 1, 2, the listing itself, and a head line";
}

TEST(RunStep, TakesColoursOutOfLogs) {
  const Directory directory;
  StepSpec spec = ShellStep("printf '\\033[31mred\\033[0m\\033]0;title\\007 plain\\n'");
  spec.log_file = directory / "log";
  EXPECT_EQ(RunStepProgram(spec).tail, "red plain\n");
  EXPECT_EQ(ReadText(spec.log_file), "red plain\n");
}

TEST(RunStep, KeepsTheHeadAndTheTailOfALongLog) {
  const Directory directory;
  StepSpec spec = ShellStep("echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last");
  spec.log_file = directory / "log";
  const StepReply reply = RunStepProgram(spec);
  EXPECT_TRUE(reply.succeeded());
  EXPECT_LE(reply.tail.size(), 8'192U);
  const std::string log = ReadText(spec.log_file);
  EXPECT_LE(log.size(), 800'000U);
  EXPECT_THAT(log, HasSubstr("first\n"));
  EXPECT_THAT(log, HasSubstr("bytes left out]"));
  EXPECT_THAT(log, HasSubstr("last\n"));
}

// Case 28: TERM to the whole group, grace, KILL, bounded reap.
TEST(RunStep, EndsACommandAtItsTimeOut) {
  const Directory directory;
  StepSpec spec = ShellStep("trap 'echo got TERM; exit 1' TERM; sleep 1000 & echo $! > " +
                            (directory / "pid") + "; wait");
  spec.timeout = Duration(500);
  const StepReply reply = RunStepProgram(spec);
  EXPECT_TRUE(reply.timed_out);
  EXPECT_THAT(reply.tail, HasSubstr("got TERM"));
  EXPECT_EQ(Describe(reply, spec.timeout), "did not end within 500ms and was killed");
  EXPECT_FALSE(Lives(PidIn(directory / "pid")));
}

TEST(RunStep, KillsWhatIgnoresTerm) {
  const Directory directory;
  StepSpec spec = ShellStep("trap '' TERM; echo $$ > " + (directory / "pid") +
                            "; while :; do sleep 0.05; done");
  spec.timeout = Duration(300);
  spec.grace = Duration(300);
  const StepReply reply = RunStepProgram(spec);
  EXPECT_TRUE(reply.timed_out);
  EXPECT_FALSE(Lives(PidIn(directory / "pid")));
}

TEST(RunStep, SomethingThatKeepsTheOutputOpenIsItsOwnErrorAndIsKilled) {
  const Directory directory;
  StepSpec spec = ShellStep("setsid sleep 1000 & echo $! > " + (directory / "pid"));
  spec.join = Duration(300);
  const StepReply reply = RunStepProgram(spec);
  EXPECT_TRUE(reply.held_open);
  EXPECT_EQ(reply.exit_code, 0);
  EXPECT_THAT(Describe(reply, spec.timeout), HasSubstr("keeps its output open"));
  EXPECT_TRUE(Eventually([&] { return !Lives(PidIn(directory / "pid")); }));
}

TEST(RunStep, EndsTheCommandWhenTheAgentIsGone) {
  const Directory directory;
  Process runner({SLIPWAY_AGENT_PROGRAM, "run-step"});
  runner.Write(EncodeStepSpec(ShellStep("echo $$ > " + (directory / "pid") + "; sleep 1000")) +
               "\n");
  ASSERT_TRUE(Eventually([&] { return PidIn(directory / "pid") > 0; }));
  const pid_t command = PidIn(directory / "pid");
  runner.CloseInput();
  EXPECT_TRUE(Eventually([&] { return !Lives(command); }));
  const Result<StepReply> reply = DecodeStepReply(runner.ReadAll());
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply.value().cancelled);
}

TEST(RunStep, TheCommandDiesWithItsParentWhenThatIsKilled) {
  const Directory directory;
  Process runner({SLIPWAY_AGENT_PROGRAM, "run-step"});
  runner.Write(EncodeStepSpec(ShellStep("echo $$ > " + (directory / "pid") + "; exec sleep 1000")) +
               "\n");
  ASSERT_TRUE(Eventually([&] { return PidIn(directory / "pid") > 0; }));
  const pid_t command = PidIn(directory / "pid");
  runner.Signal(SIGKILL);
  EXPECT_TRUE(Eventually([&] { return !Lives(command); }));
}

TEST(RunStep, NeverRunsBesideAnotherOne) {
  const Directory directory;
  StepSpec first = ShellStep("echo $$ > " + (directory / "pid") + "; sleep 1000");
  first.lock_file = directory / "lock";
  Process runner({SLIPWAY_AGENT_PROGRAM, "run-step"});
  runner.Write(EncodeStepSpec(first) + "\n");
  ASSERT_TRUE(Eventually([&] { return PidIn(directory / "pid") > 0; }));
  StepSpec second = ShellStep("true");
  second.lock_file = first.lock_file;
  second.lock_wait = Duration(100);
  EXPECT_THAT(RunStepProgram(second).error, HasSubstr("somebody else has this lock"));
  runner.CloseInput();
  second.lock_wait = Duration(20'000);
  EXPECT_TRUE(RunStepProgram(second).succeeded()) << "it waits until the other one is over";
}

TEST(RunStep, SaysWhatCannotBeStarted) {
  StepSpec spec = ShellStep("true");
  spec.launch.directory = "/nowhere";
  EXPECT_THAT(RunStepProgram(spec).error, HasSubstr("/nowhere: cannot enter the directory"));
  spec = ShellStep("true");
  spec.launch.argv = {"/bin/nothing"};
  EXPECT_THAT(RunStepProgram(spec).error, HasSubstr("/bin/nothing: cannot execute the program"));
  spec = ShellStep("true");
  spec.launch.user = "no-such-user";
  EXPECT_THAT(RunStepProgram(spec).error, HasSubstr("there is none on this server"));
}

TEST(RunStep, RunsAsTheUserOrSaysWhyNot) {
  StepSpec spec = ShellStep("id -un; id -gn; ulimit -c");
  spec.launch.user = "nobody";
  const StepReply reply = RunStepProgram(spec);
  if (::geteuid() == 0) {
    EXPECT_EQ(reply.tail, "nobody\nnogroup\n0\n");
  } else {
    EXPECT_THAT(reply.error, HasSubstr("the agent does not run as root"));
  }
}

TEST(RunStep, AnswersAlsoToWhatItDoesNotUnderstand) {
  Process runner({SLIPWAY_AGENT_PROGRAM, "run-step"});
  runner.Write("{}\n");
  const Result<StepReply> reply = DecodeStepReply(runner.ReadAll());
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply.value().error, HasSubstr("not a step"));
}

}  // namespace
}  // namespace slipway::agent
