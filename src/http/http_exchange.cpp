#include "src/http/http_exchange.hpp"

#include <algorithm>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <ctime>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "src/http/beast_web_socket.hpp"
#include "src/http/request_target.hpp"

namespace slipway::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;

using Head = wire::response<wire::empty_body>;

/// A larger body is sent behind the head and not with it, because that would be a copy of it.
constexpr std::size_t kLargeBody = 64 << 10;
constexpr int kUnauthorized = 401;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return std::tolower(letter); });
  return text;
}

std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

Head HeadOf(const Response& response) {
  Head head;
  head.version(11);
  head.result(static_cast<unsigned>(response.status));
  head.set(wire::field::date, HttpDate());
  head.set(wire::field::content_type, response.content_type);
  head.set(wire::field::cache_control, "no-cache, private");
  for (const auto& [name, value] : response.headers) {
    if (wire::string_to_field(name) == wire::field::cache_control) {
      head.erase(wire::field::cache_control);
    }
    head.insert(name, value);
  }
  return head;
}

/// As it is sent, with the empty line.
std::string Text(const Head& head) {
  std::ostringstream text;
  text << head.base();
  return std::move(text).str();
}

/// Whether what came is not what HTTP/1.1 allows; the connection itself works.
bool IsNoHttp(const boost::system::error_code& error) {
  return error && error.category() == make_error_code(wire::error::bad_method).category() &&
         error != wire::error::end_of_stream && error != wire::error::partial_message;
}

/// Of the rest of a body that could not be made, which nobody can be told any more: a fault of ours, for the log.
std::runtime_error CutShort(const Error& error) {
  return std::runtime_error("an answer was cut short: " + error.message);
}

}  // namespace

Chunk::Chunk(std::string_view bytes) {
  char length[24];
  const int digits = std::snprintf(length, sizeof length, "%zx\r\n", bytes.size());
  std::string framed;
  framed.reserve(static_cast<std::size_t>(digits) + bytes.size() + 2);
  framed.append(length, static_cast<std::size_t>(digits)).append(bytes).append("\r\n");
  framed_ = std::make_shared<const std::string>(std::move(framed));
}

HttpExchange::HttpExchange(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)) {
  parser_.header_limit(static_cast<std::uint32_t>(connection_->limits().header_bytes));
  // ReadBody limits the body, before any of it is parsed: until then the head shall be readable.
  parser_.body_limit(std::numeric_limits<std::uint64_t>::max());
}

Error HttpExchange::Broken(const boost::system::error_code& error) {
  connection_->Abort();
  if (error == beast::error::timeout) {
    return Fail(Code::kTimeout, "the client was too slow");
  }
  return Fail(Code::kUnavailable, "the connection broke: " + error.message());
}

Result<void> HttpExchange::TakeHead() {
  const auto& message = parser_.get();
  head_.method = std::string(message.method_string());
  for (const auto& field : message) {
    head_.headers.emplace_back(Lower(std::string(field.name_string())), std::string(field.value()));
  }
  return ParseTarget(std::string_view(message.target().data(), message.target().size()), head_);
}

asio::awaitable<boost::system::error_code> HttpExchange::Parse(bool body) {
  auto& buffer = connection_->buffer();
  boost::system::error_code error;
  parser_.eager(body);
  while (!(body ? parser_.is_done() : parser_.is_header_done())) {
    error = wire::error::need_more;
    if (buffer.size() > 0) {
      buffer.consume(parser_.put(buffer.data(), error));
    }
    if (error == wire::error::need_more) {
      error = co_await connection_->ReadSome();
    }
    if (error == asio::error::eof && parser_.got_some()) {
      error = {};
      parser_.put_eof(error);
    }
    if (error) {
      break;
    }
  }
  co_return error;
}

asio::awaitable<bool> HttpExchange::ReadHead() {
  connection_->ExpireAfter(connection_->limits().header);
  const boost::system::error_code error = co_await Parse(/*body=*/false);
  if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
    std::string message = "the header is larger than " +
                          std::to_string(connection_->limits().header_bytes) + " bytes\n";
    co_await Refuse(431, std::move(message));
    co_return false;
  }
  if (IsNoHttp(error)) {
    std::string message = "this is no HTTP/1.1 request: " + error.message() + "\n";
    co_await Refuse(400, std::move(message));
    co_return false;
  }
  if (error) {
    connection_->Abort();
    co_return false;
  }
  const auto taken = TakeHead();
  if (!taken.has_value()) {
    std::string message = taken.error().message + "\n";
    co_await Refuse(400, std::move(message));
  }
  co_return taken.has_value();
}

asio::awaitable<void> HttpExchange::Refuse(int status, std::string message) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(message);
  const auto sent = co_await Respond(std::move(response));
  if (sent.has_value()) {
    co_await connection_->Drain();
  }
}

asio::awaitable<void> HttpExchange::SendContinue() {
  const auto text = std::make_shared<const std::string>("HTTP/1.1 100 Continue\r\n\r\n");
  co_await connection_->Write(text);
}

asio::awaitable<Result<std::string>> HttpExchange::ReadBody(std::size_t limit) {
  if (connection_->reading_ahead()) {
    co_return Fail(Code::kInternal, "the body is read before OnEnd");
  }
  const std::uint64_t most = std::min(limit, connection_->limits().body_bytes);
  const Error too_large =
      Fail(Code::kTooLarge, "Request entity too large: limit is " + std::to_string(most));
  const auto announced = parser_.content_length();
  if (announced && *announced > most) {
    co_return too_large;
  }
  parser_.body_limit(most);
  if (!parser_.is_done() && Lower(head_.Header("expect")) == "100-continue") {
    co_await SendContinue();
  }
  connection_->ExpireAfter(connection_->limits().body);
  const boost::system::error_code error = co_await Parse(/*body=*/true);
  if (error == wire::error::body_limit) {
    co_return too_large;
  }
  if (IsNoHttp(error)) {
    co_return Fail(Code::kBadRequest, "the body is no HTTP/1.1: " + error.message());
  }
  if (error) {
    co_return Broken(error);
  }
  co_return std::move(parser_.get().body());
}

bool HttpExchange::KeepsAlive() const {
  return parser_.is_done() && parser_.get().keep_alive() && !connection_->stopping() &&
         !connection_->broken() && !is_last_;
}

asio::awaitable<Result<void>> HttpExchange::Send(std::string text) {
  return Send(std::make_shared<const std::string>(std::move(text)));
}

asio::awaitable<Result<void>> HttpExchange::Send(std::shared_ptr<const std::string> bytes) {
  const boost::system::error_code error = co_await connection_->Write(std::move(bytes));
  if (error) {
    co_return Broken(error);
  }
  co_return Ok();
}

asio::awaitable<Result<void>> HttpExchange::SendPieces(Response response) {
  state_ = State::kStreaming;
  Head head = HeadOf(response);
  head.chunked(true);
  head.keep_alive(KeepsAlive());
  std::string text = Text(head);
  if (head_.method == "HEAD") {
    state_ = State::kAnswered;
    co_return co_await Send(std::move(text));
  }
  SLIPWAY_CO_TRYV(co_await Send(std::move(text)));
  SLIPWAY_CO_TRYV(co_await Write(std::move(response.body)));
  for (;;) {
    auto next = co_await response.rest->Next();
    if (!next.has_value()) {
      throw CutShort(next.error());
    }
    if (next.value().empty()) {
      co_return co_await EndStream();
    }
    SLIPWAY_CO_TRYV(co_await Write(std::move(next.value())));
  }
}

asio::awaitable<Result<void>> HttpExchange::Respond(Response response) {
  if (response.rest != nullptr && parser_.get().version() >= 11) {
    co_return co_await SendPieces(std::move(response));
  }
  while (response.rest != nullptr) {
    auto next = co_await response.rest->Next();
    if (!next.has_value()) {
      throw CutShort(next.error());
    }
    response.body += next.value();
    if (next.value().empty()) {
      response.rest = nullptr;
    }
  }
  state_ = State::kAnswered;
  Head head = HeadOf(response);
  head.content_length(response.body.size());
  if (response.status == kUnauthorized && connection_->authenticated()) {
    is_last_ = true;  // who is not known any more does not keep the place of one who was
  }
  head.keep_alive(KeepsAlive());
  std::string text = Text(head);
  if (head_.method == "HEAD") {
    co_return co_await Send(std::move(text));
  }
  if (response.body.size() <= kLargeBody) {
    text += response.body;
    co_return co_await Send(std::move(text));
  }
  const auto sent = co_await Send(std::move(text));
  if (!sent.has_value()) {
    co_return sent;
  }
  co_return co_await Send(std::move(response.body));
}

asio::awaitable<Result<void>> HttpExchange::BeginStream(Response response) {
  if (parser_.get().version() < 11) {
    Response refusal;
    refusal.status = 505;
    refusal.content_type = "text/plain; charset=utf-8";
    refusal.body = "streams need HTTP/1.1\n";
    const auto sent = co_await Respond(std::move(refusal));
    if (!sent.has_value()) {
      co_return sent.error();
    }
    co_return Fail(Code::kBadRequest, "streams need HTTP/1.1");
  }
  state_ = State::kStreaming;
  Head head = HeadOf(response);
  head.chunked(true);
  head.keep_alive(KeepsAlive());
  std::string text = Text(head);
  co_return co_await Send(std::move(text));
}

asio::awaitable<Result<void>> HttpExchange::Write(std::string chunk) {
  if (chunk.empty()) {
    co_return Ok();  // an empty chunk would end the stream
  }
  const Chunk framed(chunk);
  chunk = std::string();  // not twice in memory until the client has it
  co_return co_await Write(framed);
}

asio::awaitable<Result<void>> HttpExchange::Write(Chunk chunk) {
  if (connection_->broken()) {
    co_return Fail(Code::kUnavailable, "the client has gone");
  }
  co_return co_await Send(chunk.framed());
}

asio::awaitable<Result<void>> HttpExchange::EndStream() {
  state_ = State::kAnswered;
  std::string end = "0\r\n\r\n";
  co_return co_await Send(std::move(end));
}

void HttpExchange::OnEnd(std::function<void()> ended) {
  if (connection_->broken() || connection_->stopping()) {
    ended();
    return;
  }
  connection_->on_end = std::move(ended);
  if (parser_.is_done() && state_ != State::kUpgraded) {
    connection_->ReadAhead();
  }
}

asio::awaitable<bool> HttpExchange::Finish() {
  connection_->on_end = nullptr;
  if (connection_->broken() || state_ == State::kUpgraded) {
    connection_->Abort();
    co_return false;
  }
  if (state_ == State::kStreaming) {  // cut short: the client must not take it for complete
    connection_->Abort();
    co_return false;
  }
  if (state_ == State::kUnanswered) {
    Response response;
    response.status = 500;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "this request was not answered: a fault of the server\n";
    const auto sent = co_await Respond(std::move(response));
    if (!sent.has_value()) {
      co_return false;
    }
  }
  if (!parser_.is_done() && !connection_->broken()) {
    co_await connection_->Drain();
  }
  co_return KeepsAlive();
}

asio::awaitable<Result<std::shared_ptr<WebSocket>>> HttpExchange::Upgrade(
    WebSocketOptions options) {
  if (connection_->reading_ahead() || !parser_.is_done()) {
    co_return Fail(Code::kBadRequest, "a request for a WebSocket has no body");
  }
  auto socket = std::make_shared<BeastWebSocket>(connection_, std::move(options));
  wire::request<wire::string_body> request = parser_.get();
  auto accepted = co_await socket->Accept(std::move(request));
  if (!accepted.has_value()) {
    co_return accepted.error();
  }
  state_ = State::kUpgraded;
  connection_->upgraded = true;
  co_return std::shared_ptr<WebSocket>(std::move(socket));
}

}  // namespace slipway::http
