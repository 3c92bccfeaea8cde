#pragma once

#include <sys/types.h>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/agent/control.hpp"

namespace slipway::agent {

/// A program that the agent starts and listens to: run-step, the content helper.
struct ChildRequest {
  std::vector<std::string> argv;  ///< argv[0] is an absolute path
  std::string input;              ///< for its standard input
  bool hold_input = false;        ///< keep the input open until it has ended, or is to be ended
  std::size_t max_output_bytes = 16U << 20;
  Duration deadline{0};  ///< then it is killed; 0: none
};

struct ChildReply {
  int exit_code = -1;  ///< -1 where a signal ended it
  bool timed_out = false;
  std::string output;
};

/// Runs one child to its end. Its standard error is ours; it inherits no other descriptor and the
/// environment. The agent's death closes its input. Control::stop does so too where the input is held,
/// and kills the child where it is not; kUnavailable where the control was cancelled before. One
/// thread; resumes where it was called.
boost::asio::awaitable<Result<ChildReply>> RunChild(ChildRequest request,
                                                    std::shared_ptr<Control> control);

/// Starts `slipway-agent supervise DIRECTORY` in a session of its own and waits for its first line,
/// for at most ten seconds. kInvalid: the program cannot be executed; kUnavailable: it was not tried.
/// The supervisor lives on when we die.
boost::asio::awaitable<Result<void>> StartSupervisor(std::string program, std::string directory);

}  // namespace slipway::agent
