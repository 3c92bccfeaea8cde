#include "src/cloud/openstack/known_servers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "src/cloud/api_client.hpp"

namespace slipway::cloud::openstack {

Result<void> KnownServers::CheckMissing(const std::set<std::string>& listed, const Ask& ask) {
  std::vector<std::string> missing;
  {
    const std::lock_guard lock(mutex_);
    std::ranges::set_difference(known_, listed, std::back_inserter(missing));
  }
  for (const std::string& id : missing) {
    if (const auto there = ask(id); !there.has_value() && !IsAbsent(there.error())) {
      return there.error();
    }
    const std::lock_guard lock(mutex_);
    known_.erase(id);
  }
  return Ok();
}

void KnownServers::Replace(std::set<std::string> ids) {
  const std::lock_guard lock(mutex_);
  known_ = std::move(ids);
}

}  // namespace slipway::cloud::openstack
