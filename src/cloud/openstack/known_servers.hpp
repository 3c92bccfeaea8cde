#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"

namespace slipway::cloud::openstack {

/// Which servers a project had when it was listed last, and which ones were deleted. From the second page on, Nova leaves out without a
/// word the servers of a cell that does not answer; so each that was there is asked for by its id before it is believed to be gone.
/// Thread-safe.
class KnownServers {
 public:
  static constexpr std::size_t kMostAsked = 1'000;   ///< for one list: others need the thread
  static constexpr std::size_t kMostGone = 100'000;  ///< that are remembered

  /// Whether a server is there. Errors are those of the list.
  using IsThere = std::function<Result<bool>(const std::string& id)>;

  /// That `listed`, the list of the project at `origin`, lacks nobody who is there: of those that were on the last one, and of those
  /// that the fleet has by these names, in any order. A name that is no id of Nova's is none of its servers. Nova gives no id twice, so
  /// who is gone is asked for once. Reasons: those of `is_there`; ListInvalid: somebody is there; ListUnfinished: more than kMostAsked
  /// lack, and the next list goes on with the others.
  Result<void> CheckMissing(const std::string& origin, const std::set<std::string>& listed,
                            const std::vector<std::string>& of_fleet, const IsThere& is_there);

  /// These are there, and no others.
  void Replace(std::set<std::string> ids);

 private:
  std::vector<std::string> Missing(const std::set<std::string>& listed,
                                   const std::vector<std::string>& of_fleet);
  void NobodyIsGone(const std::set<std::string>& listed);
  void Remember(const std::string& gone);

  std::mutex mutex_;
  std::set<std::string> known_;
  std::set<std::string> gone_;
};

}  // namespace slipway::cloud::openstack
