#pragma once

#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::cloud::openstack {

/// The form of answers that is asked for: from this one on, Nova names the servers of a cell that does not answer, and does not only
/// leave them out. Source: "REST API Version History", Nova.
inline constexpr const char* kMicroversion = "compute 2.69";

/// One page of GET /servers/detail.
struct ServerPage {
  std::vector<runtime::ListedServer> servers;  ///< those that the provider's fields fit
  std::vector<std::string> ids;                ///< of all that are on it
  std::string next;  ///< marker of the page that follows; empty: this is the last
};

/// Path and query below the compute API that ask for a page. The first one, where `marker` is empty, has no limit: with a limit, a
/// marker or a filter Nova leaves out without a word what it cannot reach ("Handling Down Cells", Compute API Guide).
std::string ServersPath(const std::string& marker);

/// The same for as little of a list as there is: what it costs to see that it may be read.
std::string FirstServerPath();

/// The same for one server, by its id.
std::string ServerPath(const std::string& id);

/// Whether lists of a project must have the server that this answer to ServerPath(id) describes: not one that is deleted and may yet be
/// restored, nor one of another project, of which only an administrator is told. kInvalid where it is no such answer. Pure.
Result<bool> IsOnLists(const std::string& text, const std::string& id, const std::string& project);

/// Reads one. kInvalid where it is no whole page of servers: a cell did not answer, or one of them has no id or no known status.
/// Without it the list would say that a server is gone. Pure.
Result<ServerPage> ReadServers(const std::string& text, const api::OpenstackProvider& provider,
                               const std::string& region);

}  // namespace slipway::cloud::openstack
