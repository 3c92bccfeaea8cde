#pragma once

#include <string>

#include "src/cli/session.hpp"

namespace slipway::cli {

/// `fleet doctor NAME`: what the control plane says of the fleet, and whether each thing that its provider needs is so: permission by
/// permission, tried from this machine. kFailed where something is not. Changes nothing, and runs and reads nothing that the
/// Fleet names.
ExitCode ExamineFleet(const std::string& fleet, const GlobalOptions& options,
                      const Streams& streams);

}  // namespace slipway::cli
