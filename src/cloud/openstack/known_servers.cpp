#include "src/cloud/openstack/known_servers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "reconciler/api/names.hpp"
#include "src/cloud/pages.hpp"

namespace slipway::cloud::openstack {

Result<void> KnownServers::CheckMissing(const std::string& origin,
                                        const std::set<std::string>& listed,
                                        const std::vector<std::string>& of_fleet,
                                        const IsThere& is_there) {
  const std::vector<std::string> missing = Missing(listed, of_fleet);
  for (std::size_t asked = 0; asked < missing.size(); ++asked) {
    if (asked == kMostAsked) {
      return Unfinished("The list of " + origin + " lacks " + std::to_string(missing.size()) +
                        " servers that were there. " + std::to_string(asked) +
                        " of them are gone indeed; the next list asks for the others.");
    }
    SLIPWAY_TRY(there, is_there(missing[asked]));
    if (there) {
      return Unbelievable(origin, "it lacks server " + missing[asked] + ", which is there");
    }
    Remember(missing[asked]);
  }
  return Ok();
}

void KnownServers::Replace(std::set<std::string> ids) {
  const std::lock_guard lock(mutex_);
  known_ = std::move(ids);
  NobodyIsGone(known_);
}

std::vector<std::string> KnownServers::Missing(const std::set<std::string>& listed,
                                               const std::vector<std::string>& of_fleet) {
  const std::lock_guard lock(mutex_);
  NobodyIsGone(listed);
  std::vector<std::string> missing;
  std::ranges::set_difference(known_, listed, std::back_inserter(missing));
  std::ranges::copy_if(of_fleet, std::back_inserter(missing), [&](const std::string& name) {
    return api::IsUuid(name) && !listed.contains(name) && !gone_.contains(name);
  });
  std::ranges::sort(missing);
  missing.erase(std::ranges::unique(missing).begin(), missing.end());
  return missing;
}

/// One that was deleted may have been restored. The lock is held.
void KnownServers::NobodyIsGone(const std::set<std::string>& listed) {
  std::erase_if(gone_, [&](const std::string& id) { return listed.contains(id); });
}

void KnownServers::Remember(const std::string& gone) {
  const std::lock_guard lock(mutex_);
  known_.erase(gone);
  if (gone_.size() >= kMostGone) {
    gone_.clear();  // Those that somebody still has are asked for once more.
  }
  gone_.insert(gone);
}

}  // namespace slipway::cloud::openstack
