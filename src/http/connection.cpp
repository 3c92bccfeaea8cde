#include "src/http/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>

#include "src/http/tls.hpp"

namespace slipway::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

/// What one connection may hold of requests that were sent ahead, beside the header limit.
constexpr std::size_t kReadAheadBytes = 16 << 10;
constexpr Duration kDrainTime = std::chrono::seconds(2);
constexpr Duration kShutDownTime = std::chrono::seconds(2);

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context,
                       const Limits& limits)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      buffer_(2 * limits.header_bytes + kReadAheadBytes),
      bytes_came_(stream_.get_executor()),
      limits_(limits) {
  boost::system::error_code error;
  const auto remote = beast::get_lowest_layer(stream_).socket().remote_endpoint(error);
  peer_.address = error ? "" : remote.address().to_string();
}

void Connection::ExpireAfter(Duration length) {
  beast::get_lowest_layer(stream_).expires_after(length);
}

void Connection::ExpireNever() { beast::get_lowest_layer(stream_).expires_never(); }

asio::awaitable<bool> Connection::Handshake() {
  ExpireAfter(limits_.handshake);
  boost::system::error_code error;
  co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                   asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    broken_ = true;
    co_return false;
  }
  std::string address = std::move(peer_.address);
  peer_ = PeerOf(stream_.native_handle());
  peer_.address = std::move(address);
  co_return true;
}

void Connection::ReadAhead() {
  // What is there already is the next request: a read would wait for bytes after it, and nobody
  // would look at these.
  if (reading_ahead_ || broken_ || buffer_.size() > 0) {
    return;
  }
  reading_ahead_ = true;
  ExpireNever();
  stream_.async_read_some(
      buffer_.prepare(kReadAheadBytes),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
        self->reading_ahead_ = false;
        self->buffer_.commit(count);
        self->bytes_came_.cancel();
        if (error) {
          self->End();
        }
      });
}

asio::awaitable<bool> Connection::WaitForBytes(Duration longest) {
  ReadAhead();
  if (reading_ahead_) {
    bytes_came_.expires_after(longest);
    boost::system::error_code error;
    co_await bytes_came_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (reading_ahead_) {
      Abort();
    }
  }
  co_return !broken_;
}

asio::awaitable<void> Connection::Drain() {
  ExpireAfter(kDrainTime);
  boost::system::error_code error;
  while (!error && !reading_ahead_) {
    buffer_.clear();
    const auto room = buffer_.prepare(kReadAheadBytes);
    co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  }
}

asio::awaitable<void> Connection::ShutDown() {
  if (broken_ || reading_ahead_) {  // a read that is under way would keep the good-bye waiting
    co_return;
  }
  ExpireAfter(kShutDownTime);
  boost::system::error_code error;
  co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
}

void Connection::Abort() {
  beast::get_lowest_layer(stream_).close();
  End();
}

void Connection::Stop() {
  stopping_ = true;
  if (idle) {
    Abort();
  } else if (on_end) {
    const auto ended = std::move(on_end);
    on_end = nullptr;
    ended();
  }
}

void Connection::Authenticate() {
  if (!authenticated_) {
    authenticated_ = true;
    if (on_authenticated) {
      on_authenticated();
    }
  }
}

void Connection::End() {
  broken_ = true;
  if (on_end) {
    const auto ended = std::move(on_end);
    on_end = nullptr;
    ended();
  }
}

}  // namespace slipway::http
