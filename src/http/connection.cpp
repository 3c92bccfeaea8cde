#include "src/http/connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>

#include "src/http/tls.hpp"

namespace slipway::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

/// Read at once: a TLS record. So much may a connection hold of requests that were sent ahead, beside
/// the header limit.
constexpr std::size_t kReadBytes = 16 << 10;
/// What Limits::write is the time for.
constexpr std::size_t kPieceBytes = 64 << 10;
constexpr Duration kDrainTime = std::chrono::seconds(2);
constexpr Duration kShutDownTime = std::chrono::seconds(2);

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context,
                       const Limits& limits)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      buffer_(2 * limits.header_bytes + kReadBytes),
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

asio::awaitable<boost::system::error_code> Connection::ReadSome() {
  const std::size_t room = std::min(buffer_.max_size() - buffer_.size(), kReadBytes);
  if (room == 0) {
    co_return beast::http::make_error_code(beast::http::error::buffer_overflow);
  }
  boost::system::error_code error;
  const auto bytes = buffer_.prepare(room);
  buffer_.commit(
      co_await stream_.async_read_some(bytes, asio::redirect_error(asio::use_awaitable, error)));
  co_return error;
}

asio::awaitable<boost::system::error_code> Connection::Write(
    std::shared_ptr<const std::string> bytes) {
  boost::system::error_code error;
  for (std::size_t begin = 0; begin < bytes->size() && !error; begin += kPieceBytes) {
    const auto piece =
        asio::buffer(bytes->data() + begin, std::min(kPieceBytes, bytes->size() - begin));
    ExpireAfter(limits_.write);
    co_await asio::async_write(stream_, piece, asio::redirect_error(asio::use_awaitable, error));
  }
  co_return error;
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
      buffer_.prepare(kReadBytes),
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
    const auto room = buffer_.prepare(kReadBytes);
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

bool Connection::AuthenticateAs(const std::string& user) {
  if (!authenticated_ && (!on_named || on_named(user))) {
    Authenticate();
  }
  return authenticated_;
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
