#include "src/gateway/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "reconciler/api/conditions.hpp"

namespace slipway::gateway {
namespace {

constexpr std::size_t kMaxReason = 100;  ///< of a close frame, which holds 123 bytes at most

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::size_t kMaxRequests = 32;

}  // namespace

asio::awaitable<Result<protocol::Hello>> Session::Greet(Duration heartbeat_interval) {
  const auto text = co_await socket_->Read();
  if (!text.has_value()) {
    co_return text.error();
  }
  auto message = protocol::DecodeAgentMessage(text.value());
  const auto* hello =
      message.has_value() ? std::get_if<protocol::Hello>(&message.value()) : nullptr;
  if (hello == nullptr) {
    std::string reason = "the first message must be a hello";
    co_await socket_->Close(static_cast<std::uint16_t>(protocol::CloseCode::kBadMessage), reason);
    co_return Fail(Code::kBadRequest, reason);
  }
  const auto agreed = protocol::ChooseVersion(hello->protocol);
  if (!agreed) {
    std::string reason = "this server speaks versions " + std::to_string(protocol::kOldest) +
                         " to " + std::to_string(protocol::kNewest) + "; upgrade the older side";
    co_await socket_->Close(static_cast<std::uint16_t>(protocol::CloseCode::kNoVersion), reason);
    co_return Fail(Code::kBadRequest, reason);
  }
  protocol::Welcome welcome{.protocol = *agreed, .heartbeat_interval = heartbeat_interval};
  std::string frame = protocol::Encode(protocol::GatewayMessage(welcome));
  const auto sent = co_await socket_->Write(std::move(frame));
  if (!sent.has_value()) {
    co_return sent.error();
  }
  co_return *hello;
}

asio::awaitable<Error> Session::Run(OnMessage on_message) {
  const auto executor = co_await asio::this_coro::executor;
  news_.emplace(executor, steady_clock::time_point::max());
  written_.emplace(executor, steady_clock::time_point::max());
  reading_ = true;
  writing_ = true;
  auto writer = WriteAll();
  auto ended = [self = shared_from_this()](const std::exception_ptr&) {
    self->writing_ = false;
    self->written_->cancel();
  };
  asio::co_spawn(executor, std::move(writer), std::move(ended));
  Error end;
  while (true) {
    const auto text = co_await socket_->Read();
    if (!text.has_value()) {
      end = text.error();
      break;
    }
    auto message = protocol::DecodeAgentMessage(text.value());
    if (!message.has_value()) {
      Close(protocol::CloseCode::kBadMessage,
            api::Shortened(std::move(message.error().message), kMaxReason));
      continue;  // Read fails once the good-bye is said.
    }
    on_message(std::move(message.value()));
  }
  reading_ = false;
  Wake();
  while (writing_) {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await written_->async_wait(token);
  }
  co_return end;
}

/// The owner of this coroutine is Run, which waits for it.
asio::awaitable<void> Session::WriteAll() {
  while (reading_) {
    auto frame = NextFrame();
    if (frame) {
      std::string text = std::move(*frame);
      const auto sent = co_await socket_->Write(std::move(text));
      if (!sent.has_value()) {
        socket_->Abort();
        break;
      }
      continue;
    }
    if (goodbye_) {
      const auto code = static_cast<std::uint16_t>(goodbye_->code);
      std::string reason = goodbye_->reason;
      co_await socket_->Close(code, reason);
      break;
    }
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await news_->async_wait(token);
  }
}

std::optional<std::string> Session::NextFrame() {
  if (goodbye_) {
    return std::nullopt;
  }
  if (!assign_.empty()) {
    last_assign_ = std::exchange(assign_, {});
    return last_assign_;
  }
  if (ack_) {
    return protocol::Encode(protocol::GatewayMessage(*std::exchange(ack_, std::nullopt)));
  }
  if (!requests_.empty()) {
    std::string frame = std::move(requests_.front());
    requests_.pop_front();
    return frame;
  }
  return std::nullopt;
}

void Session::Wake() {
  if (news_) {
    news_->cancel();
  }
}

void Session::Send(const protocol::Assign& assign) {
  std::string frame = protocol::Encode(protocol::GatewayMessage(assign));
  assign_ = frame == last_assign_ ? std::string() : std::move(frame);
  Wake();
}

void Session::Send(protocol::Ack ack) {
  ack_ = ack;
  Wake();
}

bool Session::Send(const protocol::LogsRequest& request) {
  if (requests_.size() >= kMaxRequests) {
    return false;
  }
  requests_.push_back(protocol::Encode(protocol::GatewayMessage(request)));
  Wake();
  return true;
}

void Session::Close(protocol::CloseCode code, std::string reason) {
  if (!goodbye_) {
    goodbye_ = Goodbye{code, std::move(reason)};
    Wake();
  }
}

}  // namespace slipway::gateway
