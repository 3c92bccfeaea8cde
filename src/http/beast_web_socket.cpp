#include "src/http/beast_web_socket.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <string_view>

namespace slipway::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
namespace websocket = boost::beast::websocket;

/// Read from the connection at once.
constexpr std::size_t kMessageReadBytes = 64 << 10;

bool Offers(const wire::request<wire::string_body>& request, const std::string& protocol) {
  wire::token_list offered(request[wire::field::sec_websocket_protocol]);
  return offered.exists(protocol);
}

}  // namespace

BeastWebSocket::BeastWebSocket(std::shared_ptr<Connection> connection, WebSocketOptions options)
    : connection_(std::move(connection)),
      options_(std::move(options)),
      socket_(connection_->stream()),
      buffer_(options_.message_bytes + (16 << 10)),
      write_deadline_(connection_->stream().get_executor()) {
  socket_.read_message_max(0);  // Read has its own limit
  socket_.text(true);
  socket_.set_option(websocket::stream_base::timeout{.handshake_timeout = options_.write,
                                                     .idle_timeout = options_.silence,
                                                     .keep_alive_pings = true});
  socket_.control_callback(
      [this](websocket::frame_type, beast::string_view) { heard_ = SteadyClock::now(); });
}

asio::awaitable<Result<void>> BeastWebSocket::Accept(wire::request<wire::string_body> request) {
  if (!websocket::is_upgrade(request)) {
    co_return Fail(Code::kBadRequest, "this address is for WebSockets");
  }
  if (!Offers(request, options_.subprotocol)) {
    co_return Fail(Code::kBadRequest, "this WebSocket speaks only " + options_.subprotocol);
  }
  const std::string protocol = options_.subprotocol;
  const auto decorate = [protocol](websocket::response_type& response) {
    response.set(wire::field::sec_websocket_protocol, protocol);
  };
  socket_.set_option(websocket::stream_base::decorator(decorate));
  connection_->ExpireNever();  // the WebSocket has its own time-outs
  boost::system::error_code error;
  co_await socket_.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    co_return Broken(error);
  }
  co_return Ok();
}

Error BeastWebSocket::Broken(const boost::system::error_code& error) {
  Abort();
  if (error == beast::error::timeout) {
    return Fail(Code::kTimeout, "the other side was silent for too long");
  }
  return Fail(Code::kUnavailable, "the WebSocket was closed: " + error.message());
}

Duration BeastWebSocket::Silent() const {
  return std::chrono::duration_cast<Duration>(SteadyClock::now() - heard_);
}

asio::awaitable<Result<std::string>> BeastWebSocket::Read() {
  const auto self = shared_from_this();
  do {
    // Beast's own limit would wait for the other side to say good-bye.
    const std::size_t room = options_.message_bytes + 1 - buffer_.size();
    boost::system::error_code error;
    co_await socket_.async_read_some(buffer_, std::min(room, kMessageReadBytes),
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      co_return Broken(error);
    }
    heard_ = SteadyClock::now();
    if (buffer_.size() > options_.message_bytes) {
      Abort();
      co_return Fail(Code::kBadRequest, "the message is larger than " +
                                            std::to_string(options_.message_bytes) + " bytes");
    }
  } while (!socket_.is_message_done());
  if (!socket_.got_text()) {
    Abort();
    co_return Fail(Code::kBadRequest, "binary messages are not part of this protocol");
  }
  std::string message = beast::buffers_to_string(buffer_.data());
  buffer_.consume(buffer_.size());
  if (buffer_.capacity() > (64 << 10)) {
    buffer_.shrink_to_fit();
  }
  co_return message;
}

asio::awaitable<Result<void>> BeastWebSocket::Write(std::string message) {
  const auto self = shared_from_this();
  write_deadline_.expires_after(options_.write);
  write_deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto late = weak.lock();
    if (!cancelled && late != nullptr) {
      late->Abort();
    }
  });
  boost::system::error_code error;
  const auto bytes = asio::buffer(message);
  co_await socket_.async_write(bytes, asio::redirect_error(asio::use_awaitable, error));
  write_deadline_.cancel();
  if (error) {
    co_return Broken(error);
  }
  co_return Ok();
}

asio::awaitable<void> BeastWebSocket::Close(std::uint16_t code, std::string reason) {
  const auto self = shared_from_this();
  websocket::close_reason good_bye(code);
  good_bye.reason = reason.substr(0, 120);
  boost::system::error_code error;
  co_await socket_.async_close(good_bye, asio::redirect_error(asio::use_awaitable, error));
  Abort();
}

void BeastWebSocket::Abort() { connection_->Abort(); }

}  // namespace slipway::http
