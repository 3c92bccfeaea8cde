#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <memory>
#include <string>

#include "src/http/connection.hpp"
#include "src/http/web_socket.hpp"
#include "src/transport/byte_stream.hpp"

// Private to this folder: shows Beast.
namespace slipway::http {

/// A WebSocket over a connection that spoke HTTP before. On the thread of the io_context.
class BeastWebSocket : public WebSocket, public std::enable_shared_from_this<BeastWebSocket> {
 public:
  BeastWebSocket(std::shared_ptr<Connection> connection, WebSocketOptions options);

  /// Answers the request. kBadRequest: it does not ask for this WebSocket; nothing was sent.
  boost::asio::awaitable<Result<void>> Accept(
      boost::beast::http::request<boost::beast::http::string_body> request);

  boost::asio::awaitable<Result<std::string>> Read() override;
  boost::asio::awaitable<Result<void>> Write(std::string message) override;
  boost::asio::awaitable<void> Close(std::uint16_t code, std::string reason) override;
  Duration Silent() const override;
  void Abort() override;

 private:
  using SteadyClock = boost::asio::steady_timer::clock_type;

  Error Broken(const boost::system::error_code& error);

  std::shared_ptr<Connection> connection_;
  WebSocketOptions options_;
  boost::beast::websocket::stream<transport::ByteStream, false> socket_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer write_deadline_;
  SteadyClock::time_point heard_ = SteadyClock::now();
};

}  // namespace slipway::http
