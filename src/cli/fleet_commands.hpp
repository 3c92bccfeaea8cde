#pragma once

#include <string>

#include "src/cli/session.hpp"

namespace slipway::cli {

/// `fleet preview -f FILE`: asks the provider of the one Fleet in the file ("-" is standard input), from this machine, and prints
/// which servers would be in the fleet and why the others would not. Needs a control plane only where the Fleet names a Secret, and
/// changes nothing.
ExitCode PreviewFleet(const std::string& file, const GlobalOptions& options,
                      const Streams& streams);

/// `fleet confirm NAME`: lets the servers go that are missing from the provider's listings and are too many to leave without a
/// person's word. kFailed where none wait for that.
ExitCode ConfirmRemoval(const Session& session, const std::string& fleet, const Streams& streams);

}  // namespace slipway::cli
