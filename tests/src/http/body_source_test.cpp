#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "src/http/listener.hpp"
#include "tests/src/http/io_thread.hpp"
#include "tests/src/http/test_pki.hpp"
#include "tests/src/http/tls_client.hpp"

namespace slipway::http {
namespace {

namespace asio = boost::asio;

/// The word "piece" twice; then the end, or an error.
class Pieces : public BodySource {
 public:
  explicit Pieces(bool good) : good_(good) {}

  asio::awaitable<Result<std::string>> Next() override {
    if (left_-- > 0) {
      co_return std::string("piece");
    }
    if (!good_) {
      co_return Fail(Code::kInternal, "what follows is lost");
    }
    co_return std::string();
  }
  std::size_t held() const override { return 0; }

 private:
  int left_ = 2;
  bool good_;
};

asio::awaitable<void> AnswerInPieces(std::shared_ptr<Exchange> exchange) {
  Response response;
  response.body = "first";
  response.rest = std::make_shared<Pieces>(exchange->head().path == "/good");
  (void)co_await exchange->Respond(std::move(response));
}

class BodySourceTest : public testing::Test {
 protected:
  BodySourceTest() {
    io_.Run([&] {
      ListenerOptions options;
      options.identity = pki_.Identity();
      options.on_fault = [this](const std::string&, const std::string& what) {
        faults_.push_back(what);
      };
      listener_ = std::make_unique<Listener>(io_.io, std::move(options), AnswerInPieces);
      ASSERT_TRUE(listener_->Open().has_value());
    });
  }
  ~BodySourceTest() override {
    std::promise<void> done;
    io_.Run([&] { listener_->Stop(std::chrono::seconds(5), [&] { done.set_value(); }); });
    done.get_future().wait();
    io_.Run([&] { listener_.reset(); });
  }

  TlsClient Client() { return TlsClient(listener_->endpoint().port, pki_.Admin()); }

  TestPki pki_;
  IoThread io_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::string> faults_;  // on the io thread
};

TEST_F(BodySourceTest, ABodyIsMadePieceByPiece) {
  TlsClient client = Client();
  for (int i = 0; i < 2; ++i) {
    client.Send("GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.ReadHead().headers.at("transfer-encoding"), "chunked");
    for (const char* piece : {"first", "piece", "piece", ""}) {
      EXPECT_EQ(client.ReadChunk(), piece);
    }
    client.Send("HEAD /good HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.ReadHead().headers.at("transfer-encoding"), "chunked");
  }
}

TEST_F(BodySourceTest, OldClientsGetItWhole) {
  TlsClient client = Client();
  client.Send("GET /good HTTP/1.0\r\n\r\n");
  const http::Answer answer = client.Read();
  EXPECT_EQ(answer.headers.at("content-length"), "15");
  EXPECT_EQ(answer.body, "firstpiecepiece");
}

TEST_F(BodySourceTest, WhatBreaksOffIsNotTakenForCompleteAndIsAFault) {
  {
    TlsClient client = Client();
    client.Send("GET /bad HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_ANY_THROW(client.Read());
  }
  TlsClient client = Client();
  client.Send("GET /bad HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.Read().status, 500) << "nothing had been sent";
  io_.Run([&] {
    EXPECT_THAT(faults_, testing::Each(testing::HasSubstr("what follows is lost")));
    EXPECT_EQ(faults_.size(), 2U);
  });
}

}  // namespace
}  // namespace slipway::http
