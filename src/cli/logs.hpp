#pragma once

#include <string>

#include "src/cli/session.hpp"

namespace slipway::cli {

struct LogsOptions {
  std::string server;
  std::string application;
  std::string process;  ///< empty: the first of the release that runs
  int lines = 200;
};

/// Prints the end of a log of one server, fetched from its agent through the gateway.
ExitCode Logs(const Session& session, const LogsOptions& options, const Streams& streams);

}  // namespace slipway::cli
