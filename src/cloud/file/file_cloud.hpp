#pragma once

#include <set>
#include <string>
#include <utility>

#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud {

/// Reads the list of servers that a Fleet's file holds, if it is one of those that are allowed: whoever may write Fleets may not read
/// every file of this machine by that. Its servers have no provider id, like those that a Fleet lists itself.
class FileCloud final : public CloudApi {
 public:
  /// `allowed`: paths, as a Fleet writes them. Symbolic links on the way are followed.
  explicit FileCloud(std::set<std::string> allowed) : allowed_(std::move(allowed)) {}

  /// Reasons: NotAllowed, whatever is there; NotFound; ListFailed (it cannot be read); ListInvalid (it is too large, or no list of
  /// servers: see ReadServerList).
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override;

 private:
  const std::set<std::string> allowed_;
};

}  // namespace slipway::cloud
