#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/agent/run_step.hpp"
#include "src/agent/supervise.hpp"
#include "tests/src/git/world.hpp"

/// Real processes for the tests of the agent. Nothing here sleeps for a fixed time.
namespace slipway::agent::test {

using git::test::Directory;
using git::test::ReadText;
using git::test::WriteText;

/// Looks every few milliseconds until it holds; false after half a minute.
bool Eventually(const std::function<bool()>& holds);

/// Whether a process exists and is not a zombie.
bool Lives(pid_t pid);

/// Whether a process has something open whose name, as /proc shows it, contains `part`.
bool HasOpen(pid_t pid, const std::string& part);

/// The number that a file holds; 0 where there is none yet.
pid_t PidIn(const std::string& path);

/// How often `text` stands in a file; 0 where there is no file.
int CountIn(const std::string& path, const std::string& text);

/// A child of the test, killed at the end if it still lives.
class Process {
 public:
  /// `errors`: a file for its standard error; empty: ours.
  explicit Process(const std::vector<std::string>& argv, const std::string& errors = "");
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Write(const std::string& text);
  void CloseInput();
  void Signal(int signal) const;

  /// Its exit code; -1 where a signal ended it.
  int Wait();

  /// What it has written to its standard output, to the end of it.
  std::string ReadAll();
  std::string ReadLine();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::optional<int> status_;
};

/// One command under `slipway-agent run-step`, from start to reply.
StepReply RunStepProgram(const StepSpec& spec);
StepSpec ShellStep(const std::string& command);

/// What `slipway-agent supervise` is to run in `directory`.
SuperviseSpec ShellProcess(const std::string& command);
void WriteSpec(const std::string& directory, const SuperviseSpec& spec);

/// Starts a supervisor and waits for its first line.
class SupervisorProcess {
 public:
  explicit SupervisorProcess(const std::string& directory);

  std::string said;
  Process process;
};

}  // namespace slipway::agent::test
