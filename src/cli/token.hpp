#pragma once

#include <string>

#include "src/cli/session.hpp"

namespace slipway::cli {

struct TokenOptions {
  std::string fleet;  ///< the only fleet that it opens; empty: any of the namespace
  Duration ttl = std::chrono::hours(24);
  bool bare = false;  ///< print the token alone
};

/// Makes a token that agents of this namespace join with. The API keeps a Secret of type slipway.dev/agent-token with the
/// SHA-256 of the token only: it is shown once, here.
ExitCode CreateToken(const Session& session, const TokenOptions& options, const Streams& streams);

}  // namespace slipway::cli
