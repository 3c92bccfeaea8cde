#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/agent/layout.hpp"
#include "src/agent/protocol.hpp"

namespace slipway::agent {

/// The end of the log that is asked for: at most the lines that are wanted and kMaxLogBytes.
/// kNotFound says which logs there are. kInvalid for names that are none. Blocks.
Result<std::string> ReadLogs(const Layout& layout, const std::string& server,
                             const protocol::LogsRequest& request);

}  // namespace slipway::agent
