#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "reconciler/base/time.hpp"
#include "tests/src/rest/certificates.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace slipway::rest::test {

/// One connection to a TestServer, blocking. Used by the thread that serves it.
class Peer {
 public:
  explicit Peer(int socket, ssl_st* tls = nullptr) : socket_(socket), tls_(tls) {}

  /// Head and body of the next request, as its Content-Length says; empty where the client has closed.
  std::string ReadRequest();

  /// Up to and with `end`; what came where the client closed before.
  std::string ReadUntil(std::string_view end);

  /// False where the client has gone.
  bool Say(std::string_view text);

  /// Whether the client closed the connection within `limit`; what it sends meanwhile is lost.
  bool ClosesWithin(Duration limit);

  /// The connection ends with a reset.
  void Reset();

  /// The connection ends here and now, without a goodbye of TLS.
  void Cut();

  /// From here to `port` of loopback and back, until one side closes.
  void Relay(int port);

 private:
  std::size_t Read(char* bytes, std::size_t size);

  int socket_;
  ssl_st* tls_;
};

/// What the threads of a server saw. Any thread.
class Notes {
 public:
  void Add(std::string text);
  std::vector<std::string> all() const;
  std::size_t size() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

/// Listens on 127.0.0.1 and gives each connection to `serve`, on a thread of its own; the connection is closed when that returns. Counters
/// may be read by any thread. At its end all connections are cut, and every thread has ended.
class TestServer {
 public:
  using Serve = std::function<void(Peer& peer)>;

  explicit TestServer(Serve serve, const std::optional<Identity>& identity = std::nullopt);
  ~TestServer();

  int port() const { return port_; }
  std::string Url(const std::string& path, const std::string& host = "127.0.0.1") const;

  /// Since it began.
  int connections() const;

  /// Whether all of them are closed within a generous time.
  bool ClosesAll() const;

 private:
  void Accept();
  void Run(int socket);

  Serve serve_;
  std::shared_ptr<ssl_ctx_st> tls_;
  int port_ = 0;
  int listener_ = -1;
  mutable std::mutex mutex_;
  int connections_ = 0;
  std::set<int> open_;  // sockets that a thread serves
  mutable std::condition_variable closed_;
  std::thread thread_;
};

/// An answer with this body, and its Content-Length.
std::string Ok200(const std::string& body, const std::string& headers = "");

/// Answers every request with what `answer` makes of it, and leaves the connection open.
TestServer::Serve Answering(std::function<std::string(const std::string& request)> answer);

/// A port of loopback where nobody listens.
int ClosedPort();

}  // namespace slipway::rest::test
