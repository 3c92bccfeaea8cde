#pragma once

#include <functional>
#include <map>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::gateway {

/// Logs that agents were asked for and that have not come yet. One thread.
class WantedLogs {
 public:
  /// Called once: with the log, or with why there is none.
  using Done = std::function<void(Result<std::string>)>;

  /// An id for a request, which nobody can guess.
  static std::string NewId();

  /// Waits for the log `id` of `server` until `deadline`.
  void Add(const std::string& id, const std::string& server, MonoTime deadline, Done done);

  /// Who waits for it, and no longer does; nullptr: nobody waits for such a log of this server.
  Done Take(const std::string& id, const std::string& server);

  /// Tells kTimeout to those who have waited long enough.
  void Expire(MonoTime now);

  /// Tells kTimeout to everybody.
  void ExpireAll();

 private:
  struct Wanted {
    std::string server;
    MonoTime deadline;
    Done done;
  };

  static void Tell(const Wanted& wanted);

  std::map<std::string, Wanted> wanted_;
};

}  // namespace slipway::gateway
