#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "src/http/exchange.hpp"
#include "src/http/options.hpp"
#include "src/transport/tls_stream.hpp"

// Private to this folder: shows Beast.
namespace slipway::http {

using Stream = transport::TlsStream;

/// One TLS connection: its stream, what has been read of it, and whether it lives. Used on the thread
/// of the io_context; coroutines that use it hold it by shared_ptr.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket,
             std::shared_ptr<boost::asio::ssl::context> context, const Limits& limits);

  /// False: it failed or took too long.
  boost::asio::awaitable<bool> Handshake();

  /// Waits until something can be read. False: it has ended, or nothing came in time.
  boost::asio::awaitable<bool> WaitForBytes(Duration longest);

  /// Appends what comes next to buffer(). buffer_overflow: it is full.
  boost::asio::awaitable<boost::system::error_code> ReadSome();

  /// Writes all of it, with Limits::write as the deadline of each 64 KiB.
  boost::asio::awaitable<boost::system::error_code> Write(std::shared_ptr<const std::string> bytes);

  /// Reads in the background, so that the client's going is seen while nobody reads. Nothing where a
  /// further request has come already: then the going is seen when something is written.
  void ReadAhead();

  /// Reads and forgets what the client still sends, for a moment, so that it can see the answer.
  boost::asio::awaitable<void> Drain();

  /// Says good-bye in TLS.
  boost::asio::awaitable<void> ShutDown();

  /// Breaks it at once.
  void Abort();

  /// No further request: ends it when it is idle, otherwise asks the one under way to end.
  void Stop();

  void Authenticate();

  /// Authenticate() where on_named agrees; whether it is authenticated now.
  bool AuthenticateAs(const std::string& user);

  Stream& stream() { return stream_; }
  boost::beast::flat_buffer& buffer() { return buffer_; }
  const Limits& limits() const { return limits_; }
  const Peer& peer() const { return peer_; }
  bool authenticated() const { return authenticated_; }
  bool stopping() const { return stopping_; }
  bool broken() const { return broken_; }
  bool reading_ahead() const { return reading_ahead_; }

  /// The deadline of what is started next on the stream.
  void ExpireAfter(Duration length);
  void ExpireNever();

  /// Runs once when the connection becomes authenticated.
  std::function<void()> on_authenticated;

  /// Whether there is room for one more connection of this user. Empty: there is.
  std::function<bool(const std::string& user)> on_named;

  /// Runs once when the connection ends or is to end; set while a handler runs.
  std::function<void()> on_end;

  bool idle = true;       ///< no request is under way: nothing is lost by closing it
  bool upgraded = false;  ///< to a WebSocket

 private:
  void End();

  std::shared_ptr<boost::asio::ssl::context> context_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer bytes_came_;
  const Limits& limits_;
  Peer peer_;
  bool authenticated_ = false;
  bool stopping_ = false;
  bool broken_ = false;
  bool reading_ahead_ = false;
};

}  // namespace slipway::http
