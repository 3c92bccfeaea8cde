#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <string>

#include "src/http/connection.hpp"
#include "src/http/exchange.hpp"

// Private to this folder: shows Beast.
namespace slipway::http {

/// One request and its answer on a connection. Errors as Exchange says; on the thread of the
/// io_context.
class HttpExchange : public Exchange {
 public:
  explicit HttpExchange(std::shared_ptr<Connection> connection);

  /// Reads the first lines. False: there is no request, and the client has been told why if it can
  /// be told.
  boost::asio::awaitable<bool> ReadHead();

  /// After the handler: answers 500 where it has not answered. False: the connection is to be
  /// closed.
  boost::asio::awaitable<bool> Finish();

  const RequestHead& head() const override { return head_; }
  const Peer& peer() const override { return connection_->peer(); }
  bool MarkAuthenticated(const std::string& user) override {
    return connection_->AuthenticateAs(user);
  }
  boost::asio::awaitable<Result<std::string>> ReadBody(std::size_t limit) override;
  boost::asio::awaitable<Result<void>> Respond(Response response) override;
  boost::asio::awaitable<Result<void>> BeginStream(Response response) override;
  boost::asio::awaitable<Result<void>> Write(std::string chunk) override;
  boost::asio::awaitable<Result<void>> Write(Chunk chunk) override;
  boost::asio::awaitable<Result<void>> EndStream() override;
  void OnEnd(std::function<void()> ended) override;
  boost::asio::awaitable<Result<std::shared_ptr<WebSocket>>> Upgrade(
      WebSocketOptions options) override;

 private:
  enum class State : std::uint8_t { kUnanswered, kStreaming, kAnswered, kUpgraded };

  /// Reads and parses what is missing of the head, or of everything.
  boost::asio::awaitable<boost::system::error_code> Parse(bool body);
  boost::asio::awaitable<Result<void>> Send(std::string text);
  boost::asio::awaitable<Result<void>> Send(std::shared_ptr<const std::string> bytes);
  boost::asio::awaitable<Result<void>> SendPieces(Response response);
  Result<void> TakeHead();
  boost::asio::awaitable<void> Refuse(int status, std::string message);
  boost::asio::awaitable<void> SendContinue();
  bool KeepsAlive() const;
  Error Broken(const boost::system::error_code& error);

  std::shared_ptr<Connection> connection_;
  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
  RequestHead head_;
  State state_ = State::kUnanswered;
  bool is_last_ = false;  ///< the connection ends after it
};

}  // namespace slipway::http
