#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/http/web_socket.hpp"

namespace slipway::http {

/// Who is on the other side of a connection.
struct Peer {
  std::string address;           ///< IP address
  bool has_certificate = false;  ///< one of the listener's client CA, and valid now
  std::string common_name;       ///< of its subject; the fields below likewise
  std::vector<std::string> organisations;
  std::string key_hash;          ///< SHA-256 of its public key (DER), 64 hex digits
  std::string certificate_hash;  ///< SHA-256 of all of it (DER), 64 hex digits
};

/// The first lines of a request.
struct RequestHead {
  std::string method;  ///< such as GET
  std::string path;    ///< percent-decoded, such as /api/v1/secrets
  std::vector<std::pair<std::string, std::string>> query;    ///< decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order

  /// The first value of a query parameter; empty where it is absent.
  std::string_view Query(std::string_view name) const;
  bool HasQuery(std::string_view name) const;
  /// The values of a header, joined by commas; `name` in lower case.
  std::string Header(std::string_view name) const;
};

/// What of the body of an answer is not made yet. On the io thread.
class BodySource {
 public:
  virtual ~BodySource() = default;

  /// The next bytes; empty: that was all. After an error the connection is broken: the client must not take what it has for
  /// complete.
  virtual boost::asio::awaitable<Result<std::string>> Next() = 0;

  /// Bytes of memory that it holds, more or less.
  virtual std::size_t held() const = 0;
};

/// An answer. Content-Length, Connection and Date are added, and a Cache-Control that forbids it unless
/// `headers` have one.
struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< more of them
  std::shared_ptr<BodySource> rest;  ///< what comes behind `body`, in chunks; nullptr: nothing
};

/// A chunk of a stream, with what HTTP puts around it: made once for all streams that send the same. Cheap to copy.
class Chunk {
 public:
  /// `bytes` are not empty: such a chunk would end the stream.
  explicit Chunk(std::string_view bytes);

  const std::shared_ptr<const std::string>& framed() const { return framed_; }

 private:
  std::shared_ptr<const std::string> framed_;
};

/// One request and its answer. Used by one handler on the thread of the io_context; every awaitable
/// resumes there. After an error of a function below the connection is broken and closed once the
/// handler returns: there is nobody to tell.
class Exchange {
 public:
  virtual ~Exchange() = default;

  /// What was asked. Lives as long as the exchange.
  virtual const RequestHead& head() const = 0;

  /// Who asks. Lives as long as the exchange.
  virtual const Peer& peer() const = 0;

  /// The connection is known now to be of `user` (by a token): it no longer counts against Limits::unauthenticated.
  /// A client certificate does this by itself, where ListenerOptions::known takes it. False: there are
  /// Limits::per_user or Limits::of_users already, and it stays a stranger's.
  virtual bool MarkAuthenticated(const std::string& user) = 0;

  /// The whole body; empty where there is none. kTooLarge: above `limit` or Limits::body_bytes, and
  /// then an answer can still be sent; kTimeout, kUnavailable: the connection is broken.
  virtual boost::asio::awaitable<Result<std::string>> ReadBody(std::size_t limit) = 0;

  /// Sends the answer; once for each request, unless one of the below is used.
  virtual boost::asio::awaitable<Result<void>> Respond(Response response) = 0;

  /// Sends head and headers of `response` at once; its body is what Write sends, chunk by chunk,
  /// until EndStream.
  virtual boost::asio::awaitable<Result<void>> BeginStream(Response response) = 0;
  virtual boost::asio::awaitable<Result<void>> Write(std::string chunk) = 0;
  virtual boost::asio::awaitable<Result<void>> Write(Chunk chunk) = 0;
  virtual boost::asio::awaitable<Result<void>> EndStream() = 0;

  /// `ended` runs once, on the io thread, when the client has gone or the listener is stopping: a
  /// stream should end. At once when that is so already. Never after the handler returned.
  virtual void OnEnd(std::function<void()> ended) = 0;

  /// Turns the connection into a WebSocket. kBadRequest: the client did not ask for one, or not
  /// for `options.subprotocol`; an answer can still be sent. The handler owns the WebSocket's
  /// life: the connection is closed when it returns. OnEnd then says that the listener is stopping.
  virtual boost::asio::awaitable<Result<std::shared_ptr<WebSocket>>> Upgrade(
      WebSocketOptions options) = 0;
};

}  // namespace slipway::http
