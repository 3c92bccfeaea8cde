#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "src/apiserver/log_source.hpp"
#include "src/apiserver/pki/pki.hpp"
#include "src/git/content.hpp"
#include "src/http/options.hpp"
#include "src/kube/object_client.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::gateway {

struct GatewayOptions {
  http::ListenerOptions listener;
  std::string incarnation;             ///< of the store: the first part of every epoch
  Duration heartbeat_interval{5'000};  ///< agents ping this often
  Duration grace{15'000};              ///< a server that is silent for longer is lost
  Duration log_deadline{15'000};       ///< for an agent to send the log that was asked for
  std::function<void(std::function<void()>)> run_on_pool;  ///< where blocking work goes
};

/// What agents talk to: lets them join, tells each server what is wanted of it, makes what it reports durable, judges who is
/// reachable, hands out packs, fetches logs. Constructed, used and destroyed on the one thread that runs `io`.
class Gateway final : public apiserver::LogSource {
 public:
  /// All references outlive it.
  Gateway(boost::asio::io_context& io, kube::ObjectClient& client, git::Content& content,
          const apiserver::Pki& pki, const Clock& clock, GatewayOptions options);
  ~Gateway() override;

  /// Reads all objects, then marks every server as not confirmed, then accepts agents and calls `ready`: only then may anything
  /// be planned. An address that cannot be used is an error at once.
  Result<void> Start(std::function<void()> ready);

  /// What was bound; only after Start.
  http::Endpoint endpoint() const;

  /// For new connections.
  Result<void> ReplaceIdentity(http::TlsIdentity identity);

  void FetchLogs(apiserver::LogRequest request,
                 std::function<void(Result<std::string>)> done) override;

  /// Closes sessions and stops listening; `done` runs within 5 s, when nothing of the gateway runs any more.
  void Stop(std::function<void()> done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace slipway::gateway
