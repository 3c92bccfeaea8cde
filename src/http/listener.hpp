#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>

#include "reconciler/base/result.hpp"
#include "src/http/exchange.hpp"
#include "src/http/options.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::http {

/// Answers one request. May take as long as it likes; must end soon after Exchange::OnEnd. What it
/// leaves unanswered is answered with 500.
using Handler = std::function<boost::asio::awaitable<void>(std::shared_ptr<Exchange>)>;

/// How many connections there are, for metrics.
struct ListenerCounts {
  std::size_t connections = 0;
  std::size_t unauthenticated = 0;
  std::uint64_t accepted = 0;  ///< since the start
  std::uint64_t refused = 0;   ///< closed because of Limits::connections
  std::uint64_t evicted = 0;   ///< closed to make room: strangers, and the oldest of one identity
  std::uint64_t faults = 0;    ///< handlers that threw, which is a fault of ours
};

/// HTTP/1.1 over TLS 1.2 or newer on one address, with bounds on everything that a stranger can
/// make it spend. Client certificates are asked for, not demanded: the handler decides. Constructed,
/// used and destroyed on the one thread that runs `io`.
class Listener {
 public:
  Listener(boost::asio::io_context& io, ListenerOptions options, Handler handler);
  ~Listener();  ///< after Stop's `done`, or without Open

  /// Binds and accepts. kUnavailable: the address cannot be used; kInvalid: the identity cannot.
  Result<void> Open();

  /// What was bound.
  Endpoint endpoint() const;

  /// Shown to new connections. kInvalid: it cannot be used, and the old one stays.
  Result<void> ReplaceIdentity(TlsIdentity identity);

  ListenerCounts counts() const;

  /// Closes the acceptor and idle connections, calls OnEnd of all exchanges, closes what is left
  /// after `grace`. `done` runs when no coroutine of this listener is left.
  void Stop(Duration grace, std::function<void()> done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace slipway::http
