#pragma once

namespace slipway::agent {

/// The whole of the program `slipway-agent`: the agent itself, and the subcommands that it starts
/// (supervise, run-step). Returns the exit code: 0 stopped as asked, 1 trouble, 2 usage.
int AgentMain(int argc, char** argv);

}  // namespace slipway::agent
