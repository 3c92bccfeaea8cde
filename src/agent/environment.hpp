#pragma once

#include <string>
#include <vector>

#include "reconciler/api/shared.hpp"
#include "reconciler/host/journal.hpp"
#include "src/agent/launch.hpp"

namespace slipway::agent {

/// What ${SLIPWAY_…} means on this server, for one release.
struct Facts {
  std::string address;   ///< SLIPWAY_ADDRESS: the server's own address
  std::string revision;  ///< SLIPWAY_REVISION: the commit
  std::string release;   ///< SLIPWAY_RELEASE: <commit>-<first 8 digits of the hash>
  std::string root;  ///< SLIPWAY_ROOT: release.root, or the agent's directory for the application
};

/// The facts of one release.
Facts MakeFacts(const std::string& address, const host::ReleaseId& release,
                const std::string& root);

/// Replaces ${SLIPWAY_ADDRESS}, ${SLIPWAY_REVISION}, ${SLIPWAY_RELEASE} and ${SLIPWAY_ROOT}; other
/// text stays as it is.
std::string Expand(const std::string& text, const Facts& facts);

/// The whole environment of a command or process: PATH, LANG, LC_*, TZ and TMPDIR of the agent;
/// HOME, USER, LOGNAME and SHELL of the user; release.env, expanded; the facts. Later ones win.
/// Ordered.
std::vector<std::string> MakeEnvironment(const std::vector<api::EnvVar>& env,
                                         const UserRecord& user, const Facts& facts);

}  // namespace slipway::agent
