#include "tests/src/http/io_thread.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <future>
#include <memory>

#include "src/http/listener.hpp"
#include "tests/src/http/test_pki.hpp"
#include "tests/src/http/tls_client.hpp"

namespace slipway::http {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using std::chrono::milliseconds;
using std::chrono::seconds;

using ExchangePtr = std::shared_ptr<Exchange>;
using ClientSocket = websocket::stream<asio::ssl::stream<asio::ip::tcp::socket>&>;

/// A listener whose every path is a WebSocket that sends back what it gets.
class WebSocketTest : public testing::Test {
 protected:
  ~WebSocketTest() override {
    if (listener_ != nullptr) {
      Stop();
    }
  }

  void Serve(WebSocketOptions options, Limits limits = {}) {
    options.subprotocol = "echo";
    options_ = std::move(options);
    io_.Run([&] {
      const Handler handler = [this](ExchangePtr exchange) { return Echo(std::move(exchange)); };
      ListenerOptions listener_options{.identity = pki_.Identity(), .limits = limits};
      listener_ = std::make_unique<Listener>(io_.io, std::move(listener_options), handler);
      ASSERT_TRUE(listener_->Open().has_value());
      port_ = listener_->endpoint().port;
    });
  }

  void Stop() {
    std::promise<void> done;
    io_.Run([&] { listener_->Stop(seconds(5), [&] { done.set_value(); }); });
    done.get_future().wait();
    io_.Run([&] { listener_.reset(); });
  }

  asio::awaitable<void> Echo(ExchangePtr exchange) {
    WebSocketOptions options = options_;
    const auto upgraded = co_await exchange->Upgrade(std::move(options));
    if (!upgraded.has_value()) {
      Response refusal;
      refusal.status = 400;
      refusal.body = upgraded.error().message;
      (void)co_await exchange->Respond(std::move(refusal));
      co_return;
    }
    const std::shared_ptr<WebSocket>& socket = upgraded.value();
    exchange->OnEnd([socket] { socket->Abort(); });
    for (;;) {
      const auto message = co_await socket->Read();
      if (!message.has_value()) {
        silent_ = socket->Silent();
        ended_.set_value(message.error().code);
        co_return;
      }
      if (message.value() == "close") {
        std::string reason = "as you wish";
        co_await socket->Close(4400, std::move(reason));
        co_return;
      }
      std::string answer = message.value();
      const auto sent = co_await socket->Write(std::move(answer));
      if (!sent.has_value()) {
        co_return;
      }
    }
  }

  Code HowItEnded() { return ended_.get_future().get(); }

  TestPki pki_;
  IoThread io_;
  std::unique_ptr<Listener> listener_;
  WebSocketOptions options_;
  std::promise<Code> ended_;
  Duration silent_{0};  ///< when it ended
  std::uint16_t port_ = 0;
};

void Shake(ClientSocket& socket, const std::string& protocol) {
  socket.set_option(websocket::stream_base::decorator([protocol](websocket::request_type& request) {
    request.set(boost::beast::http::field::sec_websocket_protocol, protocol);
  }));
  socket.handshake("localhost", "/");
}

std::string Read(ClientSocket& socket) {
  boost::beast::flat_buffer buffer;
  socket.read(buffer);
  return boost::beast::buffers_to_string(buffer.data());
}

TEST_F(WebSocketTest, CarriesTextBothWays) {
  Serve({});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  socket.write(asio::buffer(std::string("hello")));
  EXPECT_EQ(Read(socket), "hello");
  const std::string large(1 << 20, 'x');
  socket.write(asio::buffer(large));
  EXPECT_EQ(Read(socket), large);
}

TEST_F(WebSocketTest, AnotherSubprotocolOrNoneIsRefused) {
  Serve({});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  EXPECT_THROW(Shake(socket, "something.else"), boost::system::system_error);
  EXPECT_EQ(TlsClient(port_, pki_.Admin()).Ask("GET", "/").status, 400);
}

TEST_F(WebSocketTest, PlainConnectionsOfTheSameIdentityMakeRoomFirst) {
  Serve({}, {.per_identity = 2});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  TlsClient first(port_, pki_.Admin());
  EXPECT_EQ(first.Ask("GET", "/").status, 400) << "no WebSocket";
  TlsClient second(port_, pki_.Admin());
  EXPECT_EQ(second.Ask("GET", "/").status, 400);
  first.WaitForEnd();
  socket.write(asio::buffer(std::string("hello")));
  EXPECT_EQ(Read(socket), "hello");

  TlsClient third(port_, pki_.Admin());
  ClientSocket other(third.stream());
  Shake(other, "echo");
  second.WaitForEnd();
  TlsClient fourth(port_, pki_.Admin());
  EXPECT_EQ(fourth.Ask("GET", "/").status, 400);
  EXPECT_THROW(Read(socket), boost::system::system_error) << "where all are WebSockets, the oldest";
  other.write(asio::buffer(std::string("hello")));
  EXPECT_EQ(Read(other), "hello");
}

TEST_F(WebSocketTest, ClosingSaysWhy) {
  Serve({});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  socket.write(asio::buffer(std::string("close")));
  EXPECT_THROW(Read(socket), boost::system::system_error);
  EXPECT_EQ(socket.reason().code, 4400);
  EXPECT_EQ(socket.reason().reason, "as you wish");
}

TEST_F(WebSocketTest, AMessageAboveTheLimitEndsIt) {
  Serve({.message_bytes = 1000});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  socket.write(asio::buffer(std::string(1001, 'x')));
  EXPECT_EQ(HowItEnded(), Code::kBadRequest);
}

TEST_F(WebSocketTest, ABinaryMessageEndsIt) {
  Serve({});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  socket.binary(true);
  socket.write(asio::buffer(std::string("bytes")));
  EXPECT_EQ(HowItEnded(), Code::kBadRequest);
}

TEST_F(WebSocketTest, ASilentClientIsTakenForDead) {
  Serve({.silence = milliseconds(300)});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");  // and then reads nothing, so it answers no ping
  EXPECT_EQ(HowItEnded(), Code::kTimeout);
  EXPECT_GE(silent_, milliseconds(150)) << "it is looked at twice in that time";
}

TEST_F(WebSocketTest, AClientThatAnswersPingsIsNotSilent) {
  Serve({.silence = milliseconds(300)});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  int pings = 0;
  std::function<void(websocket::frame_type, boost::beast::string_view)> count =
      [&](websocket::frame_type kind, boost::beast::string_view) {
        pings += kind == websocket::frame_type::ping ? 1 : 0;
        if (pings == 6) {
          socket.write(asio::buffer(std::string("alive")));
        }
      };
  socket.control_callback(count);
  EXPECT_EQ(Read(socket), "alive");
  EXPECT_GE(pings, 6) << "several times the silence that is allowed";
}

TEST_F(WebSocketTest, AClientThatGoesIsNoticed) {
  Serve({});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  client.Close();
  EXPECT_EQ(HowItEnded(), Code::kUnavailable);
}

TEST_F(WebSocketTest, StoppingEndsIt) {
  Serve({});
  TlsClient client(port_, pki_.Admin());
  ClientSocket socket(client.stream());
  Shake(socket, "echo");
  Stop();
  EXPECT_EQ(HowItEnded(), Code::kUnavailable);
}

}  // namespace
}  // namespace slipway::http
