#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::process {

/// One program to run.
struct ProcessRequest {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH; no shell
  std::vector<std::string> env;   ///< the whole environment, "NAME=value"; nothing is inherited
  std::string input;              ///< bytes for standard input, which is closed after them
  std::string working_directory;  ///< empty: ours
  std::string output_file;        ///< standard output goes into this new file (0600), not to `out`
  Duration deadline{60'000};      ///< then the whole process group is killed
  std::size_t max_output_bytes = 16ULL << 20;  ///< of `out`; beyond it the group is killed
};

/// How it ended.
struct ProcessOutcome {
  int exit_code = -1;            ///< -1 where a signal ended it
  int signal = 0;                ///< 0 where it exited
  bool timed_out = false;        ///< killed by us at the deadline
  bool too_much_output = false;  ///< killed by us at max_output_bytes
  std::string out;
  std::string err;  ///< the first 64 KiB of standard error

  bool succeeded() const { return exit_code == 0 && !timed_out && !too_much_output; }
};

/// The door to other programs. Blocking: call it on a thread of a pool. Thread-safe.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;

  /// Runs one program to its end, or kills it and everything it started in its process group. An
  /// error means that it could not be started at all (kNotFound: no such program).
  virtual Result<ProcessOutcome> Run(const ProcessRequest& request) = 0;
};

/// In a process group of its own; no descriptor but 0, 1 and 2 and no signal mask is inherited. The program is killed when the
/// thread that runs it ends, so also when our process does in whatever way.
class PosixProcessRunner final : public ProcessRunner {
 public:
  Result<ProcessOutcome> Run(const ProcessRequest& request) override;
};

}  // namespace slipway::process
