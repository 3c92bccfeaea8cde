#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/agent/identity.hpp"
#include "src/agent/protocol.hpp"
#include "src/agent/tls.hpp"

namespace slipway::agent {

/// Who is speaking, and to whom.
struct SessionOptions {
  ServerUrl server;
  std::string ca_hash;
  IdentityFiles files;
  std::string name;
  std::string version;
  std::int64_t incarnation = 0;
  std::vector<std::string> capabilities;
};

/// The connection to the control plane: one WebSocket, made again with full jitter whenever it is
/// lost. A report is a level: only the newest is kept, it is sent again until it was acknowledged,
/// and at most one is on its way. One thread.
class Session {
 public:
  /// What the control plane says. Called from Run().
  struct Listener {
    std::function<void(protocol::Assign)> assigned;
    std::function<void(protocol::LogsRequest)> logs_wanted;
  };

  Session(boost::asio::any_io_executor executor, SessionOptions options, Listener listener);
  ~Session();

  /// Connects, listens and connects again until Stop(), or until the gateway does not know our
  /// certificate or that cannot be used any more: then it must be asked for again.
  boost::asio::awaitable<void> Run();

  /// Whether the gateway has let us in since Run() was called last.
  bool welcomed() const { return welcomed_; }

  /// What is to be known now; incarnation and sequence are filled in here. One that says what the
  /// last one said is not sent.
  void SetReport(protocol::Report report);

  /// Sent if there is a connection and room; else forgotten.
  void Emit(protocol::StepEvent event);

  /// Closes the connection; Run() ends soon.
  void Stop();

 private:
  struct Link;

  boost::asio::awaitable<Result<void>> Connect(std::shared_ptr<Link> link);
  boost::asio::awaitable<void> Listen(std::shared_ptr<Link> link);
  boost::asio::awaitable<void> Speak(std::shared_ptr<Link> link);
  boost::asio::awaitable<void> ConnectOnce();
  void Hear(const std::shared_ptr<Link>& link, const std::string& text);
  std::string NextFrame(Link& link);

  boost::asio::any_io_executor executor_;
  SessionOptions options_;
  Listener listener_;
  std::shared_ptr<Link> link_;  ///< the live one
  std::function<void()> wake_;  ///< ends the pause between two connections
  protocol::Report report_;
  std::string said_;           ///< report_ without its sequence, encoded
  std::int64_t sequence_ = 0;  ///< of report_
  std::int64_t acknowledged_ = 0;
  int failures_ = 0;   ///< connections in a row that did not last
  Duration pause_{0};  ///< before the next one, at least
  bool welcomed_ = false;
  bool stranger_ = false;  ///< the gateway does not know our certificate
  bool stopped_ = false;
};

}  // namespace slipway::agent
