#include "src/http/listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <array>
#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string_view>
#include <vector>

#include "tests/src/http/io_thread.hpp"
#include "tests/src/http/test_pki.hpp"
#include "tests/src/http/tls_client.hpp"

namespace slipway::http {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

using ExchangePtr = std::shared_ptr<Exchange>;
using Waker = std::shared_ptr<asio::steady_timer>;

/// SHA-256 of the bytes between the lines of a PEM text, in hex digits.
std::string HashOf(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* bytes = nullptr;
  long size = 0;
  EXPECT_EQ(PEM_read_bio(text.get(), &name, &header, &bytes, &size), 1);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes, static_cast<std::size_t>(size), digest.data());
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(bytes);
  std::string hex;
  for (const unsigned char byte : digest) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return hex;
}

/// Waits until the exchange is to end.
asio::awaitable<void> UntilEnd(ExchangePtr exchange) {
  const auto executor = co_await asio::this_coro::executor;
  const auto ended = std::make_shared<bool>(false);
  const auto waker = std::make_shared<asio::steady_timer>(executor, seconds(60));
  std::function<void()> wake = [waker, ended] {
    *ended = true;
    waker->cancel();
  };
  exchange->OnEnd(std::move(wake));
  boost::system::error_code ignored;
  if (!*ended) {
    co_await waker->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Response Text(std::string body, int status = 200) {
  return {.status = status, .content_type = "text/plain", .body = std::move(body), .headers = {}};
}

class ListenerTest : public testing::Test {
 protected:
  ~ListenerTest() override { Stop(); }

  void Serve(Limits limits = {}, std::function<bool(const Peer&)> known = {}) {
    io_.Run([&] {
      const Handler handler = [this](ExchangePtr exchange) { return Handle(std::move(exchange)); };
      ListenerOptions options{.identity = pki_.Identity(),
                              .limits = limits,
                              .known = std::move(known),
                              .on_fault = [this](const std::string& path, const std::string& what) {
                                fault_ = path + ": " + what;
                              }};
      listener_ = std::make_unique<Listener>(io_.io, std::move(options), handler);
      const auto opened = listener_->Open();
      ASSERT_TRUE(opened.has_value()) << opened.error().message;
      port_ = listener_->endpoint().port;
    });
  }

  void Stop(Duration grace = seconds(5)) {
    if (listener_ == nullptr) {
      return;
    }
    std::promise<void> done;
    io_.Run([&] { listener_->Stop(grace, [&] { done.set_value(); }); });
    done.get_future().wait();
    io_.Run([&] { listener_.reset(); });
  }

  TlsClient Admin() { return TlsClient(port_, pki_.Admin()); }
  TlsClient Agent(const std::string& name) { return TlsClient(port_, pki_.Agent("default", name)); }
  TlsClient Stranger() { return TlsClient(port_, pki_.Anonymous()); }
  ListenerCounts Counts() {
    return io_.Run([&] { return listener_->counts(); });
  }

  asio::awaitable<void> Handle(ExchangePtr exchange);
  asio::awaitable<void> Stream(ExchangePtr exchange);

  TestPki pki_;
  IoThread io_;
  std::unique_ptr<Listener> listener_;
  std::uint16_t port_ = 0;
  std::promise<void> stream_ended_;
  std::promise<Code> gave_up_;  // why an answer did not arrive
  std::string fault_;           // on the io thread
};

asio::awaitable<void> ListenerTest::Stream(ExchangePtr exchange) {
  Response head = Text("");
  (void)co_await exchange->BeginStream(std::move(head));
  std::string first = "one";
  (void)co_await exchange->Write(std::move(first));
  std::string second = "two";
  (void)co_await exchange->Write(std::move(second));
  co_await UntilEnd(exchange);
  (void)co_await exchange->EndStream();
  stream_ended_.set_value();
}

asio::awaitable<void> ListenerTest::Handle(ExchangePtr exchange) {
  const RequestHead& head = exchange->head();
  if (head.path == "/stream") {
    co_await Stream(exchange);
    co_return;
  }
  if (head.path == "/short-stream") {
    Response start = Text("");
    (void)co_await exchange->BeginStream(std::move(start));
    exchange->OnEnd([] {});
    std::string much(std::stoul("0" + std::string(head.Query("bytes"))), 'x');
    const auto sent = co_await exchange->Write(std::move(much));
    if (!sent.has_value()) {
      gave_up_.set_value(sent.error().code);
      co_return;
    }
    (void)co_await exchange->EndStream();
    co_return;
  }
  if (head.path == "/stuck") {
    co_await UntilEnd(exchange);
    co_return;
  }
  if (head.path == "/silent") {
    co_return;
  }
  if (head.path == "/throws") {
    throw std::runtime_error("a fault");
  }
  if (head.path == "/known") {
    const bool known = exchange->MarkAuthenticated(std::string(head.Query("as")));
    Response said = Text(known ? "known" : "a stranger");
    (void)co_await exchange->Respond(std::move(said));
    co_return;
  }
  Response response = Text(head.method + " " + head.path);
  if (head.path == "/echo") {
    const auto body = co_await exchange->ReadBody(1 << 20);
    response = Text(body.has_value() ? body.value() : body.error().message,
                    body.has_value() ? 200 : HttpStatus(body.error().code));
  } else if (head.path == "/peer") {
    const Peer& peer = exchange->peer();
    std::string organisations;
    for (const std::string& name : peer.organisations) {
      organisations += name;
    }
    response = Text(peer.address + "|" + peer.common_name + "|" + organisations + "|" +
                    std::to_string(peer.key_hash.size()) + "|" + peer.certificate_hash);
  } else if (head.path == "/large") {
    response = Text(std::string(20 << 20, 'x'));
  }
  const auto sent = co_await exchange->Respond(std::move(response));
  if (head.path == "/large" && !sent.has_value()) {
    gave_up_.set_value(sent.error().code);
  }
}

TEST_F(ListenerTest, AnswersManyRequestsOnOneConnection) {
  Serve();
  TlsClient client = Admin();
  EXPECT_EQ(client.Ask("GET", "/a").body, "GET /a");
  EXPECT_EQ(client.Ask("POST", "/echo", "hello").body, "hello");
  EXPECT_EQ(client.Ask("GET", "/b%2Fc?x=1").body, "GET /b/c");
  EXPECT_EQ(Counts().accepted, 1U);
}

TEST_F(ListenerTest, AHeadRequestGetsTheHeadOnly) {
  Serve();
  TlsClient client = Admin();
  client.Send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReadHead().headers["content-length"], "7");
  EXPECT_EQ(client.Ask("GET", "/b").body, "GET /b");
}

TEST_F(ListenerTest, ALargeAnswerArrivesWhole) {
  Serve();
  EXPECT_EQ(Admin().Ask("GET", "/large").body.size(), 20U << 20);
}

TEST_F(ListenerTest, SaysWhoTheClientIs) {
  Serve();
  EXPECT_EQ(Admin().Ask("GET", "/peer").body,
            "127.0.0.1|admin|system:masters|64|" + HashOf(pki_.Admin().certificate));
  EXPECT_EQ(Stranger().Ask("GET", "/peer").body, "127.0.0.1|||0|");
  const Credentials credentials = pki_.Agent("default", "web-1");
  TlsClient agent(port_, credentials);
  EXPECT_EQ(agent.Ask("GET", "/peer").body,
            "127.0.0.1|default/web-1|slipway:agents|64|" + HashOf(credentials.certificate));
}

TEST_F(ListenerTest, ACertificateOfAnotherAuthorityIsRefused) {
  Serve();
  const TestPki other;
  Credentials mixed = other.Admin();
  mixed.ca = pki_.Admin().ca;
  // With TLS 1.3 the client hears of the refusal when it reads.
  EXPECT_THROW(TlsClient(port_, mixed).Ask("GET", "/a"), boost::system::system_error);
  EXPECT_EQ(Admin().Ask("GET", "/a").status, 200);
}

TEST_F(ListenerTest, OldVersionsOfTlsAreRefused) {
  Serve();
  asio::io_context io;
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_security_level(context.native_handle(), 0);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_1_VERSION);
  asio::ssl::stream<asio::ip::tcp::socket> stream(io, context);
  stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port_});
  boost::system::error_code error;
  stream.handshake(asio::ssl::stream_base::client, error);
  EXPECT_TRUE(error.failed());
}

TEST_F(ListenerTest, AHeaderAboveTheLimitIsRefusedWhereverItIs) {
  Serve({.header_bytes = 4096});
  const std::string large(5000, 'x');
  EXPECT_EQ(Stranger().Ask("GET", "/" + large).status, 431);
  EXPECT_EQ(Stranger().Ask("GET", "/", "", "X-Large: " + large + "\r\n").status, 431);
  EXPECT_EQ(Stranger().Ask("GET", "/", "", "X-Large: " + large.substr(1500) + "\r\n").status, 200);
}

TEST_F(ListenerTest, ABodyAboveTheLimitIsRefusedBeforeItIsRead) {
  Serve({.body_bytes = 10'000});
  EXPECT_EQ(Admin().Ask("POST", "/echo", std::string(10'000, 'x')).status, 200);
  EXPECT_EQ(Admin().Ask("POST", "/echo", std::string(10'001, 'x')).status, 413);
  TlsClient announcing = Admin();
  announcing.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
  EXPECT_EQ(announcing.Read().status, 413);
  TlsClient chunked = Admin();
  chunked.Send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1770\r\n" +
               std::string(6000, 'x') + "\r\n1770\r\n" + std::string(6000, 'x') + "\r\n");
  EXPECT_EQ(chunked.Read().status, 413);
}

TEST_F(ListenerTest, AClientThatAsksFirstIsToldToSendItsBody) {
  Serve();
  TlsClient client = Admin();
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadHead().status, 100);
  client.Send("ok");
  EXPECT_EQ(client.Read().body, "ok");
}

TEST_F(ListenerTest, WhatIsNoHttpIsRefused) {
  Serve();
  TlsClient client = Stranger();
  client.Send("hello there\r\n\r\n");
  EXPECT_EQ(client.Read().status, 400);
  EXPECT_EQ(Stranger().Ask("GET", "/%zz").status, 400);
  EXPECT_EQ(Stranger().Ask("GET", "/%00").status, 400);
}

TEST_F(ListenerTest, SlowHeadersEndWithTheirDeadline) {
  Serve({.header = milliseconds(200)});
  TlsClient client = Admin();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  client.WaitForEnd();
  EXPECT_EQ(Admin().Ask("GET", "/a").status, 200);
}

TEST_F(ListenerTest, SlowBodiesEndWithTheirDeadline) {
  Serve({.body = milliseconds(200)});
  TlsClient client = Admin();
  client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow");
  client.WaitForEnd();
}

TEST_F(ListenerTest, SlowHandshakesEndWithTheirDeadline) {
  Serve({.handshake = milliseconds(200)});
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), port_});
  char byte = 0;
  boost::system::error_code error;
  socket.read_some(asio::buffer(&byte, 1), error);
  EXPECT_TRUE(error.failed());
}

TEST_F(ListenerTest, IdleConnectionsEndWithTheirDeadlineStrangersSooner) {
  Serve({.header = milliseconds(100), .idle = seconds(60)});
  TlsClient admin = Admin();
  TlsClient stranger = Stranger();
  EXPECT_EQ(admin.Ask("GET", "/a").status, 200);
  EXPECT_EQ(stranger.Ask("GET", "/a").status, 200);
  stranger.WaitForEnd();
  EXPECT_EQ(admin.Ask("GET", "/a").status, 200);
}

TEST_F(ListenerTest, SlowStrangersKeepNobodyOut) {
  Serve({.unauthenticated = 8});
  std::vector<std::unique_ptr<TlsClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<TlsClient>(port_, pki_.Anonymous()));
    slow.back()->Send("GET / HTTP/1.1\r\nX-Slow: ");
  }
  EXPECT_LE(Counts().unauthenticated, 8U);
  EXPECT_GE(Counts().evicted, 12U);
  TlsClient admin = Admin();
  EXPECT_EQ(admin.Ask("GET", "/a").status, 200);
  EXPECT_EQ(Stranger().Ask("GET", "/a").status, 200);
  // Those who are known do not lose their place.
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<TlsClient>(port_, pki_.Anonymous()));
  }
  EXPECT_EQ(admin.Ask("GET", "/a").status, 200);
}

TEST_F(ListenerTest, AFloodFromOneAddressTakesNoPlacesFromOthers) {
  Serve({.unauthenticated = 8});
  asio::io_context io;
  asio::ip::tcp::socket other(io, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.2"), 0));
  other.connect({asio::ip::make_address("127.0.0.1"), port_});
  std::vector<std::unique_ptr<TlsClient>> flood;
  for (int i = 0; i < 20; ++i) {
    flood.push_back(std::make_unique<TlsClient>(port_, pki_.Anonymous()));
  }
  EXPECT_GE(Counts().evicted, 12U);
  char byte = 0;
  other.non_blocking(true);
  boost::system::error_code error;
  other.read_some(asio::buffer(&byte, 1), error);
  EXPECT_EQ(error, asio::error::would_block) << "still connected, though it is the oldest";
}

TEST_F(ListenerTest, OfManyAddressesWithOneConnectionTheOldestMakesRoom) {
  Serve({.unauthenticated = 8});
  asio::io_context io;
  std::vector<asio::ip::tcp::socket> sockets;
  for (int last = 2; last <= 10; ++last) {
    const auto own = asio::ip::make_address("127.0.0." + std::to_string(last));
    sockets.emplace_back(io, asio::ip::tcp::endpoint(own, 0));
    sockets.back().connect({asio::ip::make_address("127.0.0.1"), port_});
  }
  char byte = 0;
  boost::system::error_code error;
  sockets[0].read_some(asio::buffer(&byte, 1), error);
  EXPECT_TRUE(error.failed()) << "the oldest one is closed";
  for (std::size_t i = 1; i < sockets.size(); ++i) {
    sockets[i].non_blocking(true);
    sockets[i].read_some(asio::buffer(&byte, 1), error);
    EXPECT_EQ(error, asio::error::would_block) << "127.0.0." << i + 2;
  }
  EXPECT_EQ(Counts().evicted, 1U);
}

TEST_F(ListenerTest, WhoIsKnownByTokenCountsAsKnown) {
  Serve({.unauthenticated = 2});
  TlsClient client = Stranger();
  EXPECT_EQ(client.Ask("GET", "/known").status, 200);
  EXPECT_EQ(Counts().unauthenticated, 0U);
  TlsClient second = Stranger();
  TlsClient third = Stranger();
  TlsClient fourth = Stranger();
  EXPECT_TRUE(client.IsAlive());
}

TEST_F(ListenerTest, OneUserHasSoManyPlacesAndAllUsersLeaveSome) {
  Serve({.per_user = 2, .of_users = 3});
  std::deque<TlsClient> clients;
  const auto come = [&](const std::string& user) {
    clients.emplace_back(port_, pki_.Anonymous());
    return clients.back().Ask("GET", "/known?as=" + user).body;
  };
  EXPECT_EQ(come("eve"), "known");
  EXPECT_EQ(come("eve"), "known");
  EXPECT_EQ(clients.back().Ask("GET", "/known?as=eve").body, "known") << "it has its place";
  EXPECT_EQ(come("eve"), "a stranger");
  EXPECT_EQ(Counts().unauthenticated, 1U);
  EXPECT_EQ(come("bob"), "known");
  EXPECT_EQ(come("ann"), "a stranger") << "all users together";
  EXPECT_EQ(Admin().Ask("GET", "/known?as=admin").body, "known") << "by certificate";
  clients.pop_front();
  TlsClient& stranger = clients[1];
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string answer;
  while (answer != "known" && std::chrono::steady_clock::now() < until) {
    answer = stranger.Ask("GET", "/known?as=eve").body;
  }
  EXPECT_EQ(answer, "known") << "one of hers has gone";
}

TEST_F(ListenerTest, ACertificateOfNobodyKnownMakesRoomToo) {
  Serve({.unauthenticated = 2, .connections = 4},
        [](const Peer& peer) { return peer.common_name == "admin"; });
  TlsClient first = Agent("web-1");
  TlsClient second = Agent("web-2");
  EXPECT_EQ(first.Ask("GET", "/a").status, 200);
  EXPECT_EQ(second.Ask("GET", "/a").status, 200);
  EXPECT_EQ(Counts().unauthenticated, 2U);
  TlsClient third = Agent("web-1");
  EXPECT_EQ(third.Ask("GET", "/a").status, 200);
  first.WaitForEnd();
}

TEST_F(ListenerTest, ABodyThatIsNoHttpIsRefusedInWords) {
  Serve();
  TlsClient client = Admin();
  client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nten\r\n");
  const Answer answer = client.Read();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("the body is no HTTP/1.1"));
  client.WaitForEnd();
}

TEST_F(ListenerTest, WhereThereIsNoRoomStrangersMakeIt) {
  Serve({.connections = 2});
  TlsClient admin = Admin();
  EXPECT_EQ(admin.Ask("GET", "/a").status, 200);
  TlsClient stranger = Stranger();
  EXPECT_EQ(stranger.Ask("GET", "/a").status, 200);
  TlsClient other = Admin();
  EXPECT_EQ(other.Ask("GET", "/a").status, 200);
  stranger.WaitForEnd();
  EXPECT_TRUE(admin.IsAlive());
}

TEST_F(ListenerTest, OneIdentityHasSoManyPlacesAndLosesItsOldest) {
  Serve({.per_identity = 2});
  TlsClient other = Agent("web-2");
  EXPECT_EQ(other.Ask("GET", "/a").status, 200);
  TlsClient first = Agent("web-1");
  EXPECT_EQ(first.Ask("GET", "/a").status, 200);
  TlsClient second = Agent("web-1");
  EXPECT_EQ(second.Ask("GET", "/a").status, 200);
  TlsClient third = Agent("web-1");
  EXPECT_EQ(third.Ask("GET", "/a").status, 200);
  first.WaitForEnd();
  for (TlsClient* client : {&other, &second, &third}) {
    EXPECT_TRUE(client->IsAlive());
  }
  EXPECT_EQ(Counts().evicted, 1U);
}

TEST_F(ListenerTest, ConnectionsAboveTheLimitAreClosed) {
  Serve({.connections = 2});
  TlsClient first = Admin();
  TlsClient second = Admin();
  EXPECT_EQ(first.Ask("GET", "/a").status, 200);
  EXPECT_EQ(second.Ask("GET", "/a").status, 200);
  EXPECT_THROW(Admin().Ask("GET", "/a"), boost::system::system_error);
  EXPECT_EQ(Counts().refused, 1U);
  EXPECT_TRUE(first.IsAlive());
}

TEST_F(ListenerTest, AStreamArrivesPieceByPieceAndEndsWithTheListener) {
  Serve();
  TlsClient client = Admin();
  client.Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReadHead().headers["transfer-encoding"], "chunked");
  EXPECT_EQ(client.ReadChunk(), "one");
  EXPECT_EQ(client.ReadChunk(), "two");
  Stop();
  EXPECT_EQ(client.ReadChunk(), "") << "a clean end";
}

TEST_F(ListenerTest, ARequestSentBehindAStreamIsAnsweredAfterIt) {
  Serve();
  TlsClient client = Admin();
  client.Send("GET /short-stream HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReadHead().status, 200);
  EXPECT_EQ(client.ReadChunk(), "");
  EXPECT_EQ(client.Read().body, "GET /a");
}

TEST_F(ListenerTest, MuchThatIsStreamedAtOnceArrivesWhole) {
  Serve();
  TlsClient client = Admin();
  client.Send("GET /short-stream?bytes=200000 HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadHead();
  EXPECT_EQ(client.ReadChunk(), std::string(200'000, 'x'));
  EXPECT_EQ(client.ReadChunk(), "") << "a clean end";
}

TEST_F(ListenerTest, WhoDoesNotReadIsGivenUp) {
  Serve({.write = milliseconds(200)});
  for (const char* path : {"/large", "/short-stream?bytes=20000000"}) {
    gave_up_ = {};
    TlsClient client = Admin();
    client.Send(std::string("GET ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(gave_up_.get_future().get(), Code::kTimeout) << path;
  }
}

TEST_F(ListenerTest, AStreamHearsThatItsClientHasGone) {
  Serve();
  TlsClient client = Admin();
  client.Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadHead();
  client.Close();
  stream_ended_.get_future().wait();
  EXPECT_EQ(Admin().Ask("GET", "/a").status, 200);
}

TEST_F(ListenerTest, WhatTheHandlerLeavesUnansweredIsAnError) {
  Serve();
  EXPECT_EQ(Admin().Ask("GET", "/silent").status, 500);
  EXPECT_EQ(Admin().Ask("GET", "/throws").status, 500);
  EXPECT_EQ(Counts().faults, 1U);
  EXPECT_EQ(io_.Run([&] { return fault_; }), "/throws: a fault");
  EXPECT_EQ(Admin().Ask("GET", "/a").status, 200);
}

TEST_F(ListenerTest, StopEndsIdleConnectionsAndStuckHandlers) {
  Serve();
  TlsClient idle = Admin();
  EXPECT_EQ(idle.Ask("GET", "/a").status, 200);
  TlsClient stuck = Admin();
  stuck.Send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n");
  TlsClient shaking = Stranger();
  Stop();
  idle.WaitForEnd();
  stuck.WaitForEnd();
  EXPECT_THROW(Admin(), boost::system::system_error);
}

TEST_F(ListenerTest, AnAddressThatIsTakenIsAnError) {
  Serve();
  io_.Run([&] {
    ListenerOptions options{.port = port_, .identity = pki_.Identity()};
    Listener second(io_.io, options, nullptr);
    const auto opened = second.Open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Code::kUnavailable);
    EXPECT_THAT(opened.error().message, HasSubstr(std::to_string(port_)));
  });
}

TEST_F(ListenerTest, ANewIdentityIsShownToNewConnections) {
  Serve();
  TlsClient before = Admin();
  TestPki other;
  io_.Run([&] { ASSERT_TRUE(listener_->ReplaceIdentity(other.Identity()).has_value()); });
  EXPECT_EQ(TlsClient(port_, other.Admin()).Ask("GET", "/a").status, 200);
  EXPECT_EQ(before.Ask("GET", "/a").status, 200);
  TlsIdentity broken = other.Identity();
  broken.key = pki_.Identity().key;
  io_.Run([&] { EXPECT_FALSE(listener_->ReplaceIdentity(broken).has_value()); });
  EXPECT_EQ(TlsClient(port_, other.Admin()).Ask("GET", "/a").status, 200);
}

}  // namespace
}  // namespace slipway::http
