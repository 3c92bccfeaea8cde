#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/agent/launch.hpp"

/// `slipway-agent run-step`: the parent of one command, so that the command ends when the agent
/// does and the agent stays small while it runs.
namespace slipway::agent {

struct StepSpec {
  LaunchSpec launch;
  Duration timeout{600'000};
  Duration grace{5'000};  ///< between TERM and KILL
  Duration join{2'000};   ///< how long outputs may stay open after the command has ended
  std::string log_file;   ///< gets what it printed: head and tail, no ANSI sequences; empty: none
  std::string lock_file;  ///< held while it runs, so that two never do; empty: none
  Duration lock_wait{20'000};  ///< how long to wait for the lock
};

/// How it ended.
struct StepReply {
  std::string error;   ///< it could not be started: why
  int exit_code = -1;  ///< -1 where a signal ended it
  int signal = 0;
  bool timed_out = false;
  bool cancelled = false;
  bool held_open = false;  ///< something that it started kept its output open
  Duration elapsed{0};
  std::string tail;  ///< last 8 KiB of what it printed

  bool succeeded() const {
    return error.empty() && exit_code == 0 && !timed_out && !cancelled && !held_open;
  }
};

/// A sentence for people: "exited with code 3", "did not end within 30s", …; empty where it
/// succeeded.
std::string Describe(const StepReply& reply, Duration timeout);

/// JSON; kBadRequest or kInternal says what does not fit.
std::string EncodeStepSpec(const StepSpec& spec);
Result<StepSpec> DecodeStepSpec(const std::string& text);
std::string EncodeStepReply(const StepReply& reply);
Result<StepReply> DecodeStepReply(const std::string& text);

/// The subcommand: one line of StepSpec from `in`, one StepReply to `out`. The command is ended
/// (TERM, grace, KILL) at its time-out, and when `in` is closed or says anything more. Whatever it
/// leaves behind is killed. One thread. Returns the exit code: 0 whenever a reply was written.
int RunStep(int in, int out);

}  // namespace slipway::agent
