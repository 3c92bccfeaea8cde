#include "src/agent/session.hpp"

#include <utility>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <deque>
#include <optional>

#include "src/agent/claim.hpp"
#include "src/agent/log.hpp"
#include "src/transport/byte_stream.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
using Socket = websocket::stream<transport::ByteStream, false>;

constexpr Duration kConnectDeadline{15'000};
constexpr Duration kGreetingDeadline{15'000};
constexpr Duration kFirstPause{1'000};
constexpr Duration kPauseAfterRefusal{30'000};
constexpr Duration kShortestHeartbeat{100};
constexpr unsigned kUnauthorized = 401;
constexpr std::size_t kMaxEvents = 64;
constexpr std::size_t kBufferBytes = 64U << 10;

/// What a connection is to do after it was closed by the gateway.
Duration PauseAfter(std::uint16_t code) {
  switch (static_cast<protocol::CloseCode>(code)) {
    case protocol::CloseCode::kBadMessage:
    case protocol::CloseCode::kNoVersion:
    case protocol::CloseCode::kConflict:
    case protocol::CloseCode::kUnknownServer:
      return kPauseAfterRefusal;
    case protocol::CloseCode::kGoingAway:
      return Duration{0};
  }
  return Duration{0};
}

}  // namespace

/// One connection.
struct Session::Link : std::enable_shared_from_this<Session::Link> {
  explicit Link(const asio::any_io_executor& executor)
      : news(executor), watchdog(executor), spoken(executor) {
    spoken.expires_at(asio::steady_timer::time_point::max());
  }

  std::unique_ptr<TlsStream> tls;
  std::optional<Socket> socket;
  asio::steady_timer news;      ///< cancelled when there is something to send
  asio::steady_timer watchdog;  ///< fires when the other side was silent for too long
  asio::steady_timer spoken;    ///< cancelled when Speak() has ended
  std::deque<std::string> events;
  std::int64_t sent = 0;  ///< sequence of the newest report that was sent here
  Duration heartbeat{10'000};
  bool welcome = false;
  bool speaking = false;
  bool over = false;

  void Close() {
    over = true;
    news.cancel();
    watchdog.cancel();
    if (tls) {
      beast::get_lowest_layer(*tls).close();
    }
  }

  /// Called for every frame that comes, also pings and pongs.
  void Heard() { Watch(heartbeat * protocol::kSilentIntervals); }

  void Watch(Duration patience) {
    watchdog.expires_after(patience);
    watchdog.async_wait([self = shared_from_this()](error_code failed) {
      if (!failed && !self->over) {
        self->Close();
      }
    });
  }
};

Session::Session(asio::any_io_executor executor, SessionOptions options, Listener listener)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      listener_(std::move(listener)) {}

Session::~Session() = default;

void Session::SetReport(protocol::Report report) {
  report.incarnation = options_.incarnation;
  report.sequence = 0;
  std::string said = protocol::Encode(protocol::AgentMessage(report));
  if (said == said_) {
    return;
  }
  said_ = std::move(said);
  report.sequence = ++sequence_;
  report_ = std::move(report);
  if (link_) {
    link_->news.cancel();
  }
}

void Session::Emit(protocol::StepEvent event) {
  if (link_ && link_->welcome && link_->events.size() < kMaxEvents) {
    link_->events.push_back(protocol::Encode(protocol::AgentMessage(std::move(event))));
    link_->news.cancel();
  }
}

void Session::Stop() {
  stopped_ = true;
  if (link_) {
    link_->Close();
  }
  if (wake_) {
    wake_();
  }
}

asio::awaitable<void> Session::Run() {
  asio::steady_timer pause(executor_);
  wake_ = [&pause] { pause.cancel(); };
  error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  stranger_ = false;
  welcomed_ = false;
  while (!stopped_ && WhyNoCertificate(options_.files, options_.name, options_.ca_hash).empty()) {
    pause_ = Duration{0};
    co_await ConnectOnce();
    if (stopped_ || stranger_) {
      break;
    }
    pause.expires_after(pause_ + Jittered(kFirstPause, failures_, protocol::kLongestPause));
    ++failures_;
    co_await pause.async_wait(token);
  }
  wake_ = nullptr;
}

asio::awaitable<void> Session::ConnectOnce() {
  const auto link = std::make_shared<Link>(executor_);
  link_ = link;
  const Result<void> connected = co_await Connect(link);
  if (!connected) {
    if (!stopped_) {
      LogWarning("not connected: " + connected.error().message);
    }
    link->Close();
    link_.reset();
    co_return;
  }
  link->speaking = true;
  asio::co_spawn(executor_, Speak(link), [link](const std::exception_ptr&) {
    link->speaking = false;
    link->Close();
    link->spoken.cancel();
  });
  co_await Listen(link);
  link->Close();
  error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  while (link->speaking) {
    co_await link->spoken.async_wait(token);
  }
  if (link_ == link) {
    link_.reset();
  }
  if (!stopped_) {
    LogWarning("the connection to " + options_.server.HostAndPort() + " ended");
  }
}

asio::awaitable<Result<void>> Session::Connect(std::shared_ptr<Link> link) {
  SLIPWAY_CO_TRY(context, MakeTlsContext(options_.files, options_.ca_hash, /*certificate=*/true));
  Result<std::unique_ptr<TlsStream>> stream =
      co_await ConnectTls(options_.server, context, kConnectDeadline, nullptr);
  if (!stream) {
    co_return stream.error();
  }
  if (stopped_) {
    co_return Fail(Code::kUnavailable, "stopped");
  }
  link->tls = std::move(stream.value());
  link->socket.emplace(*link->tls);
  Socket& socket = *link->socket;
  link->Watch(kGreetingDeadline);
  socket.read_message_max(protocol::kMaxMessageBytes);
  socket.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
    request.set(beast::http::field::sec_websocket_protocol, std::string(protocol::kSubprotocol));
    request.set(beast::http::field::user_agent, "slipway-agent");
  }));
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  const std::string host = options_.server.HostAndPort();
  websocket::response_type response;
  co_await socket.async_handshake(response, host, "/v1/session", token);
  if (failed) {
    const unsigned status = response.result_int();
    stranger_ = status == kUnauthorized;
    co_return Fail(Code::kUnavailable,
                   host + " refuses the session: " +
                       (status >= 400 ? "status " + std::to_string(status) : failed.message()));
  }
  protocol::Hello hello;
  for (int version = protocol::kOldest; version <= protocol::kNewest; ++version) {
    hello.protocol.push_back(version);
  }
  hello.version = options_.version;
  hello.name = options_.name;
  hello.incarnation = options_.incarnation;
  hello.sequence = sequence_;
  hello.capabilities = options_.capabilities;
  const std::string text = protocol::Encode(protocol::AgentMessage(hello));
  const auto frame = asio::buffer(text);
  co_await socket.async_write(frame, token);
  if (failed) {
    co_return Fail(Code::kUnavailable, host + ": " + failed.message());
  }
  co_return Ok();
}

asio::awaitable<void> Session::Listen(std::shared_ptr<Link> link) {
  Socket& socket = *link->socket;
  socket.control_callback([raw = link.get()](websocket::frame_type, beast::string_view) {
    if (raw->welcome && !raw->over) {
      raw->Heard();
    }
  });
  beast::flat_buffer buffer(protocol::kMaxMessageBytes);
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  while (!link->over) {
    co_await socket.async_read(buffer, token);
    if (failed) {
      break;
    }
    Hear(link, beast::buffers_to_string(buffer.data()));
    buffer.consume(buffer.size());
    if (buffer.capacity() > kBufferBytes) {
      buffer.shrink_to_fit();
    }
  }
  if (failed == websocket::error::closed) {
    const websocket::close_reason& reason = socket.reason();
    LogWarning("the gateway closed the session (" + std::to_string(reason.code) +
               "): " + std::string(reason.reason.c_str()));
    pause_ = PauseAfter(reason.code);
  }
}

void Session::Hear(const std::shared_ptr<Link>& link, const std::string& text) {
  Result<protocol::GatewayMessage> message = protocol::DecodeGatewayMessage(text);
  if (!message) {
    LogWarning("a message that cannot be read: " + message.error().message);
    link->Close();
    return;
  }
  if (const auto* welcome = std::get_if<protocol::Welcome>(&message.value())) {
    link->heartbeat = std::max(welcome->heartbeat_interval, kShortestHeartbeat);
    link->welcome = true;
    welcomed_ = true;
    failures_ = 0;
    LogInfo("connected to " + options_.server.HostAndPort());
    link->news.cancel();
  } else if (auto* assign = std::get_if<protocol::Assign>(&message.value())) {
    listener_.assigned(std::move(*assign));
  } else if (const auto* ack = std::get_if<protocol::Ack>(&message.value())) {
    acknowledged_ = std::max(acknowledged_, std::min(ack->sequence, sequence_));
    link->news.cancel();
  } else if (auto* logs = std::get_if<protocol::LogsRequest>(&message.value())) {
    listener_.logs_wanted(std::move(*logs));
  }
  if (link->welcome && !link->over) {
    link->Heard();
  }
}

/// The next frame to send; empty where there is none.
std::string Session::NextFrame(Link& link) {
  const bool in_flight = link.sent > acknowledged_;
  if (link.welcome && link.sent < sequence_ && !in_flight) {
    link.sent = sequence_;
    return protocol::Encode(protocol::AgentMessage(report_));
  }
  if (!link.events.empty()) {
    std::string event = std::move(link.events.front());
    link.events.pop_front();
    return event;
  }
  return "";
}

asio::awaitable<void> Session::Speak(std::shared_ptr<Link> link) {
  Socket& socket = *link->socket;
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  SteadyClock::time_point last_ping = SteadyClock::now();
  while (!link->over) {
    const std::string text = NextFrame(*link);
    const SteadyClock::time_point ping = last_ping + link->heartbeat;
    if (!text.empty()) {
      const auto frame = asio::buffer(text);
      co_await socket.async_write(frame, token);
    } else if (link->welcome && SteadyClock::now() >= ping) {
      const websocket::ping_data nothing;
      last_ping = SteadyClock::now();
      co_await socket.async_ping(nothing, token);
    } else {
      link->news.expires_at(std::max(ping, SteadyClock::now() + kShortestHeartbeat));
      co_await link->news.async_wait(token);
      failed = error_code();
    }
    if (failed) {
      break;
    }
  }
}

}  // namespace slipway::agent
