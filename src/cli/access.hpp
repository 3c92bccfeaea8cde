#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/cli/session.hpp"

namespace slipway::cli {

/// A new token for people and programs that use the API.
struct AccessOptions {
  std::string name;
  std::string role;                  ///< admin, deployer or viewer
  std::string ns;                    ///< the only namespace that it opens; empty: all of them
  std::optional<Duration> lifetime;  ///< nullopt: it does not end by itself
  std::string kubeconfig;  ///< a file to write that is ready for use; empty: the token is printed
  bool bare = false;       ///< print the token alone
};

/// Makes an AccessToken. Its secret is shown once, here, or written into a new file for its owner alone.
ExitCode CreateAccess(const Session& session, const AccessOptions& options, const Streams& streams);

/// Ends what tokens of these names allow, open watches included.
ExitCode RevokeAccess(const Session& session, const std::vector<std::string>& names,
                      const Streams& streams);

}  // namespace slipway::cli
