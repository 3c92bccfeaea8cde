#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::apiserver {

/// What somebody wants to read of one server's logs.
struct LogRequest {
  std::string ns;
  std::string server;
  std::string application;
  std::string process;       ///< empty: all of the application
  std::size_t lines = 1000;  ///< the last ones
};

/// Fetches logs from agents; the gateway is one.
class LogSource {
 public:
  virtual ~LogSource() = default;

  /// Called on the thread of the server's io_context; `done` must be called exactly once, there
  /// too, with text/plain or an error (kNotFound, kUnavailable: the server is not connected,
  /// kTimeout). The source bounds the wait and the size.
  virtual void FetchLogs(LogRequest request, std::function<void(Result<std::string>)> done) = 0;
};

}  // namespace slipway::apiserver
