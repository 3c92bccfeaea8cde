#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "src/apiserver/access/audit_log.hpp"
#include "src/apiserver/access/traffic.hpp"
#include "src/apiserver/log_source.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/http/options.hpp"
#include "src/metrics/metrics.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::apiserver {

/// The API over HTTPS, in Kubernetes' shapes. Constructed, used and destroyed on the one thread
/// that runs `io`, which is also the registry's home thread.
class Server {
 public:
  struct Options {
    http::ListenerOptions listener;
    Duration bookmark_interval = std::chrono::minutes(1);

    TrafficBounds bounds{};
    /// Told who is turned away because of them, every ten seconds at most. May be empty.
    std::function<void(const std::string& what)> on_turned_away{};

    /// Where it is noted who changed what, and who was refused; outlives the server. nullptr: nowhere.
    AuditLog* audit = nullptr;
  };

  /// All references outlive it. `logs` nullptr: requests for logs are told that there are none.
  Server(boost::asio::io_context& io, Registry& registry, metrics::Metrics& metrics,
         const Clock& clock, LogSource* logs, Options options);
  ~Server();

  /// Binds and accepts. kUnavailable: the address cannot be used, and why.
  Result<void> Open();

  /// Where it listens: the port that was bound, also when port 0 was asked for.
  http::Endpoint endpoint() const;

  /// What /readyz answers; false at first.
  void SetReady(bool ready);

  /// For new connections. kInvalid: the certificate or the key cannot be used.
  Result<void> ReplaceIdentity(http::TlsIdentity identity);

  /// Accepts no more, ends watches, lets requests finish for a while, then closes what is left.
  /// `done` runs within 5 s, when nothing of this server runs any more.
  void Stop(std::function<void()> done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace slipway::apiserver
