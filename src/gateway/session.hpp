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
#include "src/gateway/speaker.hpp"
#include "src/http/web_socket.hpp"

namespace slipway::gateway {

/// One agent's connection. What is sent is bounded: only the newest assignment and the newest acknowledgement wait. Used on the
/// thread of its io_context.
class Session final : public Speaker, public std::enable_shared_from_this<Session> {
 public:
  /// Called for every message but the first.
  using OnMessage = std::function<void(protocol::AgentMessage)>;

  explicit Session(std::shared_ptr<http::WebSocket> socket) : socket_(std::move(socket)) {}

  /// Greets the agent: reads its Hello, agrees on a version, answers. An error has been told to the agent already.
  boost::asio::awaitable<Result<protocol::Hello>> Greet(Duration heartbeat_interval);

  /// Reads and writes until the connection ends, and says why it did. Keep the session alive meanwhile.
  boost::asio::awaitable<Error> Run(OnMessage on_message);

  void Send(const protocol::Assign& assign) override;
  void Send(protocol::Ack ack) override;
  bool Send(const protocol::LogsRequest& request) override;
  void Close(protocol::CloseCode code, std::string reason) override;

 private:
  struct Goodbye {
    protocol::CloseCode code;
    std::string reason;
  };

  boost::asio::awaitable<void> WriteAll();
  std::optional<std::string> NextFrame();
  void Wake();

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
