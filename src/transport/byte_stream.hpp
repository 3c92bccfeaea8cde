#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>

#include "src/transport/tls_stream.hpp"

// Heavy: shows Asio and Beast. Only for .cpp files, and for headers that are private to their folder.
namespace slipway::transport {

/// A TLS connection as plain bytes: an Asio AsyncStream whose handlers have one type below this line. Beast compiles a
/// WebSocket anew for each type of handler, and TLS anew below each of its operations; above this class it is TLS that is
/// compiled once. Borrows the stream. On the thread of its io_context, where handlers run, and never before the call has
/// returned. One read and one write at a time.
class ByteStream {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit ByteStream(TlsStream& stream) : stream_(stream) {}

  executor_type get_executor() { return stream_.get_executor(); }

  template <typename Buffers, typename Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(boost::system::error_code, std::size_t)>(
        [this](auto&& done, const boost::asio::mutable_buffer& into) {
          Read(into, Erase(std::forward<decltype(done)>(done)));
        },
        handler, First<boost::asio::mutable_buffer>(buffers));
  }

  template <typename Buffers, typename Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(boost::system::error_code, std::size_t)>(
        [this](auto&& done, const Pieces& pieces) {
          Write(pieces, Erase(std::forward<decltype(done)>(done)));
        },
        handler, PiecesOf(buffers));
  }

  /// Breaks the connection; what a WebSocket does when the other side is silent for too long.
  friend void beast_close_socket(ByteStream& stream) { stream.Abort(); }

  /// Says good-bye in TLS; what a WebSocket does last.
  template <typename Handler>
  friend void async_teardown(boost::beast::role_type, ByteStream& stream, Handler&& handler) {
    auto shared = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
    stream.ShutDown([shared](boost::system::error_code error) { (*shared)(error); });
  }

 private:
  using Done = std::function<void(boost::system::error_code, std::size_t)>;
  using Pieces = std::array<boost::asio::const_buffer, 4>;

  /// Handlers can only be moved, and std::function wants to copy.
  template <typename Handler>
  static Done Erase(Handler&& handler) {
    auto shared = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
    return
        [shared](boost::system::error_code error, std::size_t bytes) { (*shared)(error, bytes); };
  }

  template <typename Buffer, typename Buffers>
  static Buffer First(const Buffers& buffers) {
    auto at = boost::asio::buffer_sequence_begin(buffers);
    for (; at != boost::asio::buffer_sequence_end(buffers); ++at) {
      if (Buffer(*at).size() > 0) {
        return Buffer(*at);
      }
    }
    return {};
  }

  /// The first few that hold something: a write may be a short one.
  template <typename Buffers>
  static Pieces PiecesOf(const Buffers& buffers) {
    Pieces pieces;
    std::size_t count = 0;
    auto at = boost::asio::buffer_sequence_begin(buffers);
    for (; at != boost::asio::buffer_sequence_end(buffers) && count < pieces.size(); ++at) {
      const boost::asio::const_buffer piece(*at);
      if (piece.size() > 0) {
        pieces[count++] = piece;
      }
    }
    return pieces;
  }

  void Read(boost::asio::mutable_buffer into, Done done);
  void Write(const Pieces& pieces, Done done);
  void Abort();
  void ShutDown(std::function<void(boost::system::error_code)> done);

  TlsStream& stream_;
};

}  // namespace slipway::transport
