#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/time.hpp"

namespace slipway::gateway {

/// What is known of one server's connection.
enum class Reach {
  kUnconfirmed,  ///< not heard of since this gateway started; nobody is judged before a whole grace period
  kConnected,
  kLost,      ///< silent for longer than the grace period
  kConflict,  ///< two live agents claim to be this server: neither is believed
};

/// One verdict that changed.
struct Verdict {
  std::string server;  ///< namespace/name
  Reach reach = Reach::kUnconfirmed;

  bool operator==(const Verdict&) const = default;
};

/// How long agents have to come back after a start: they pause longer and longer while nobody answers, so that after an outage
/// of a minute many of them do not even try within the usual grace period.
Duration FirstGrace(Duration grace);

/// Judges which servers are reachable: pure, on the running clock; one thread. A gap in the clock (the process was stopped)
/// counts as a fresh start for everybody, because then it is the judge who was away.
class Liveness {
 public:
  struct Options {
    Duration grace{15'000};        ///< silence after which a server is lost
    Duration first_grace{65'000};  ///< the same for one that has not come back since the start
    Duration conflict{60'000};     ///< how long a conflict is remembered
    Duration gap{5'000};           ///< a longer pause between two looks means that we were away
  };

  Liveness(Options options, MonoTime started)
      : options_(options), started_(started), looked_(started) {}

  /// A server that exists. Known ones keep what is known of them.
  void Add(const std::string& server);
  void Remove(const std::string& server);

  /// A session of this server was opened or closed, or a frame of it was read.
  void Opened(const std::string& server, MonoTime now);
  void Heard(const std::string& server, MonoTime now);
  void Closed(const std::string& server, MonoTime now);

  /// A second live session of one identity.
  void Conflicted(const std::string& server, MonoTime now);

  /// Everything that changed since the last look, ordered by server.
  std::vector<Verdict> Look(MonoTime now);

  /// Looks at one server, after something was told of it; true: the verdict about it changed.
  bool Judge(const std::string& server, MonoTime now);

  /// What was told last; kUnconfirmed for a server that is not known.
  Reach Of(const std::string& server) const;

 private:
  struct Entry {
    bool open = false;
    std::optional<MonoTime> opened;  ///< the last time
    std::optional<MonoTime> heard;
    std::optional<MonoTime> conflict;
    Reach told = Reach::kUnconfirmed;
  };

  Reach ReachOf(const Entry& entry, MonoTime now) const;

  Options options_;
  MonoTime started_;
  MonoTime looked_;
  std::map<std::string, Entry> entries_;
};

}  // namespace slipway::gateway
