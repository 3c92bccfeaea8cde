#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/agent/protocol.hpp"
#include "src/http/web_socket.hpp"

namespace slipway::gateway {

/// One agent's connection. What is sent is bounded: only the newest assignment and the newest acknowledgement wait. Used on the
/// thread of its io_context.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// Called for every message but the first.
  using OnMessage = std::function<void(protocol::AgentMessage)>;

  Session(std::string server, std::string key_hash, std::shared_ptr<http::WebSocket> socket)
      : server_(std::move(server)), key_hash_(std::move(key_hash)), socket_(std::move(socket)) {}

  /// "namespace/name" of the Server that the agent's certificate speaks for.
  const std::string& server() const { return server_; }

  /// Of the agent's public key.
  const std::string& key_hash() const { return key_hash_; }

  /// Greets the agent: reads its Hello, agrees on a version, answers. An error has been told to the agent already.
  boost::asio::awaitable<Result<protocol::Hello>> Greet(Duration heartbeat_interval);

  /// Reads and writes until the connection ends, and says why it did. Keep the session alive meanwhile.
  boost::asio::awaitable<Error> Run(OnMessage on_message);

  /// Queued; an older one that still waits is forgotten. The same assignment is not sent twice in a row.
  void Send(const protocol::Assign& assign);
  void Send(protocol::Ack ack);

  /// False where too many requests wait already.
  bool Send(const protocol::LogsRequest& request);

  /// Ends the session soon: says why, then closes.
  void Close(protocol::CloseCode code, std::string reason);

 private:
  struct Goodbye {
    protocol::CloseCode code;
    std::string reason;
  };

  boost::asio::awaitable<void> WriteAll();
  std::optional<std::string> NextFrame();
  void Wake();

  std::string server_;
  std::string key_hash_;
  std::shared_ptr<http::WebSocket> socket_;
  std::optional<boost::asio::steady_timer> news_;     ///< cancelled when there is something to send
  std::optional<boost::asio::steady_timer> written_;  ///< cancelled when the writer has ended
  std::string last_assign_;
  std::string assign_;
  std::optional<protocol::Ack> ack_;
  std::deque<std::string> requests_;
  std::optional<Goodbye> goodbye_;
  bool reading_ = false;
  bool writing_ = false;
};

}  // namespace slipway::gateway
