#pragma once

#include "src/cli/session.hpp"

namespace CLI {
class App;
}

namespace slipway::cli {

/// Adds every client command (apply, get, describe, delete, rollout, logs, token) and the global options to `app`. Parsing a
/// command line runs the one that it names and leaves how it ended in `exit_code`. `streams` and `exit_code` outlive `app`.
void AddClientCommands(CLI::App& app, const Streams& streams, ExitCode& exit_code);

/// What standard input and output are good for.
Streams StandardStreams();

}  // namespace slipway::cli
