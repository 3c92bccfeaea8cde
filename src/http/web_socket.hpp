#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::http {

/// How one WebSocket behaves.
struct WebSocketOptions {
  std::string subprotocol;              ///< the one that both must speak
  std::size_t message_bytes = 4 << 20;  ///< of one message at most; a larger one closes it
  /// Closed once nothing came for this long, answers to pings included; looked at twice in this time, so a connection that
  /// was silent for half of it may be closed already. Pings go out after half of it.
  Duration silence = std::chrono::seconds(30);
  Duration write = std::chrono::seconds(30);  ///< for one message to leave; then it is closed
};

/// A WebSocket of the server's side, text messages only. Used on the thread of the io_context. At
/// most one Read and one Write at a time; both may be under way at once.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// The next message. kUnavailable: it was closed; kTimeout: the other side was silent;
  /// kBadRequest: a binary message or one that is too large.
  virtual boost::asio::awaitable<Result<std::string>> Read() = 0;

  /// Sends one message. Errors as Read.
  virtual boost::asio::awaitable<Result<void>> Write(std::string message) = 0;

  /// Says good-bye and waits a moment for the answer. Read and Write then fail. No Write may be
  /// under way.
  virtual boost::asio::awaitable<void> Close(std::uint16_t code, std::string reason) = 0;

  /// How long ago the other side was heard last, pings and their answers included.
  virtual Duration Silent() const = 0;

  /// Breaks it at once, from outside of a coroutine: Read and Write fail with kUnavailable.
  virtual void Abort() = 0;
};

}  // namespace slipway::http
