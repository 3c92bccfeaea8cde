#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::cloud::openstack {

/// Which servers a project had when it was listed last. From the second page on, Nova leaves out without a word the servers of a cell
/// that does not answer; so each that was there is asked for by its id before it is believed to be gone. What was not known, such as
/// after a start of this program, is not missed. Thread-safe.
class KnownServers {
 public:
  /// Asks for one server. An error that IsAbsent: it is gone; any other answer must be an error, and is that of the list.
  using Ask = std::function<Result<void>(const std::string& id)>;

  /// Of those that are known and not in `listed`. Who is gone is forgotten at once, so that it is not asked for again.
  Result<void> CheckMissing(const std::set<std::string>& listed, const Ask& ask);

  /// These are there, and no others.
  void Replace(std::set<std::string> ids);

 private:
  std::mutex mutex_;
  std::set<std::string> known_;
};

}  // namespace slipway::cloud::openstack
