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

/// Fetches logs from agents; the gateway is one. Used on the thread of the server's io_context.
class LogSource {
 public:
  virtual ~LogSource() = default;

  /// `done` must be called exactly once, on any thread, at once or later, with text/plain or an
  /// error (kNotFound, kUnavailable: the server is not connected, kTimeout). The source bounds the
  /// wait and the size.
  virtual void FetchLogs(LogRequest request, std::function<void(Result<std::string>)> done) = 0;
};

}  // namespace slipway::apiserver
