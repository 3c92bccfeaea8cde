#include "src/kube/client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

namespace slipway::kube {
namespace {

using namespace std::chrono_literals;

/// Takes one connection, reads a request from it, and does what the test says; closes it when the test ends.
class OneAnswer {
 public:
  explicit OneAnswer(std::function<void(int)> answer) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      std::string request;
      char byte = 0;
      while (!request.ends_with("\r\n\r\n") && ::read(peer, &byte, 1) == 1) {
        request += byte;
      }
      answer(peer);
      while (::read(peer, &byte, 1) == 1) {  // until the client has had enough
      }
      ::close(peer);
    });
  }
  ~OneAnswer() {
    thread_.join();
    ::close(listener_);
  }

  Connection connection() const {
    Connection made;
    made.server = "http://127.0.0.1:" + std::to_string(port_);
    return made;
  }

 private:
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

bool Say(int peer, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t count = ::send(peer, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) {
      return false;
    }
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

TEST(Client, AnAnswerInChunksHasTheSameBound) {
  const OneAnswer server([](int peer) {
    const std::string chunk = "100000\r\n" + std::string(1U << 20, 'x') + "\r\n";
    bool going = Say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int sent = 0; going && sent < 80; ++sent) {
      going = Say(peer, chunk);
    }
  });
  const auto client = Client::Open(server.connection(), 60s);
  const auto answer = client.value().Send({.path = "/api"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kTooLarge);
}

TEST(Client, SilenceIsATimeOut) {
  const OneAnswer server([](int /*peer*/) {});
  const auto client = Client::Open(server.connection(), 1s);
  const auto answer = client.value().Send({.path = "/api"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kTimeout);
}

TEST(Client, NobodyThereIsUnavailable) {
  Connection nobody;
  nobody.server = "http://127.0.0.1:1";
  const auto client = Client::Open(nobody, 10s);
  const auto answer = client.value().Send({.path = "/api"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace slipway::kube
