#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "reconciler/api/server.hpp"
#include "reconciler/base/clock.hpp"
#include "src/agent/protocol.hpp"
#include "src/gateway/catalog.hpp"
#include "src/gateway/liveness.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::gateway {

/// The status that a server has by what its agent reported last (nullptr: nothing that can be believed) and by what was judged
/// of its connection. `stored` is the status so far: times of conditions that stay are kept, and a step that changed alone is not
/// worth a write.
api::ServerStatus ServerStatusOf(const api::ServerStatus& stored, std::int64_t generation,
                                 const std::string& agent_version, const protocol::Report* report,
                                 Reach reach, Time now);

/// Makes reports durable: turns the newest one of each server into status writes, at most one in flight for each object, and
/// says when a report may be acknowledged. The only writer of Server.status. One thread.
class Reports {
 public:
  /// The report with this sequence of this incarnation is durable.
  using OnDurable = std::function<void(const std::string& server, std::int64_t incarnation,
                                       std::int64_t sequence)>;

  Reports(kube::ObjectClient& client, const Catalog& catalog, const Liveness& liveness,
          const Clock& clock, OnDurable on_durable)
      : client_(client),
        catalog_(catalog),
        liveness_(liveness),
        clock_(clock),
        on_durable_(std::move(on_durable)) {}

  /// Remembers what an agent said of itself; false: a newer incarnation of it was seen before, also before this process.
  bool Greet(const std::string& server, const protocol::Hello& hello);

  /// Takes a report; an older one than what was seen is dropped. Of a server in conflict it is believed, and acknowledged, when
  /// the conflict has ended.
  void Take(const std::string& server, protocol::Report report);

  /// The verdict about a server changed, or the Server itself.
  void Touch(const std::string& server) { dirty_.insert(server); }

  /// Forgets a server that is gone.
  void Forget(const std::string& server);

  /// Writes what differs. Called after every change and once a second: what failed is tried again then.
  void Flush();

  /// Whether the status of every server has said what is known of it at least once, or was refused for good: one that cannot be
  /// written must not keep the others waiting for ever. O(servers).
  bool settled() const;

 private:
  struct Written {
    api::ServerStatus status;
    std::uint64_t version = 0;
  };
  struct Entry {
    Uid uid;  ///< of the Server that `written` belongs to
    std::int64_t incarnation = 0;
    std::string version;
    std::optional<protocol::Report> report;
    std::optional<Written> written;  ///< until the catalog has heard of it
    bool told = false;  ///< what is stored was written, or found right, by this process
    bool writing = false;
    bool unknown = false;  ///< what the last write came to: what is stored may be that
    bool settled = false;
    std::set<std::string> runs_writing;                      ///< names
    std::map<std::string, api::TestRunStatus> runs_written;  ///< by uid, as they were reported
  };

  Reach ReachOf(const std::string& key, const Entry& entry, const api::Server& server) const;
  void FlushServer(const std::string& key, Entry& entry);
  void OnServerWritten(const std::string& key, const Uid& uid, const api::ServerStatus& status,
                       const Result<kube::ObjectText>& written);
  void OnTestRunWritten(const std::string& key, const protocol::TestRunReport& reported,
                        const Result<kube::ObjectText>& written);
  void TryLater(const std::string& key);
  bool WriteServer(const std::string& key, Entry& entry, const api::Server& server, Reach reach);
  static const api::ServerStatus& StoredStatus(const Entry& entry, const api::Server& server);
  bool WriteTestRuns(const std::string& key, Entry& entry, const api::Server& server);

  kube::ObjectClient& client_;
  const Catalog& catalog_;
  const Liveness& liveness_;
  const Clock& clock_;
  OnDurable on_durable_;
  std::map<std::string, Entry> entries_;
  std::set<std::string> dirty_;
  std::set<std::string> later_;                            ///< the last write failed
  std::optional<MonoTime> retry_at_;                       ///< set while there are such
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< answers may come after our end
};

}  // namespace slipway::gateway
