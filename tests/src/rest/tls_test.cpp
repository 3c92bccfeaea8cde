#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "src/rest/client.hpp"
#include "tests/src/rest/certificates.hpp"
#include "tests/src/rest/test_server.hpp"

namespace slipway::rest::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A server with a certificate for localhost, and a client that trusts whoever signed it.
class TlsTest : public testing::Test {
 protected:
  std::unique_ptr<Client> OpenTrusting(const std::string& ca_pem) {
    return std::move(MakeClient({.ca_pem = ca_pem}).value());
  }

  /// What a GET from a server with this certificate comes to.
  Error ErrorWith(const Identity& identity, const std::string& ca_pem,
                  const std::string& host = "localhost") {
    TestServer server(Answering([](const std::string&) { return Ok200("secret"); }), identity);
    const auto answer = OpenTrusting(ca_pem)->Send({.url = server.Url("/secret", host)});
    EXPECT_FALSE(answer.has_value());
    return answer.has_value() ? Error{} : answer.error();
  }

  TestAuthority authority_;
};

TEST_F(TlsTest, ACaThatIsNamedIsTrusted) {
  for (const auto& [subject, host] :
       {std::pair("DNS:localhost", "localhost"), std::pair("DNS:localhost", "LocalHost"),
        std::pair("IP:127.0.0.1", "127.0.0.1")}) {
    TestServer server(Answering([](const std::string& request) { return Ok200(request); }),
                      authority_.Issue(subject));
    const auto client = OpenTrusting(TestAuthority().pem() + authority_.pem());
    for (int round = 0; round < 20; ++round) {
      const auto answer = client->Send(
          {.method = round % 2 == 0 ? "GET" : "POST", .url = server.Url("/a%2Fb?c=%20", host)});
      ASSERT_TRUE(answer.has_value()) << answer.error().message;
      EXPECT_THAT(answer.value().body, HasSubstr(" /a%2Fb?c=%20 HTTP/1.1\r\nHost: "));
      EXPECT_THAT(answer.value().body, HasSubstr(":" + std::to_string(server.port()) + "\r\n"));
    }
    EXPECT_EQ(server.connections(), 1);
  }
}

TEST_F(TlsTest, AnotherHostsCertificateIsForbidden) {
  for (const auto& [subject, host] :
       {std::pair("DNS:other.example", "localhost"), std::pair("DNS:localhost", "127.0.0.1"),
        std::pair("IP:127.0.0.1", "localhost"), std::pair("DNS:*.localhost", "localhost")}) {
    const Error error = ErrorWith(authority_.Issue(subject), authority_.pem(), host);
    EXPECT_EQ(error.code, Code::kForbidden) << subject << " " << host;
    EXPECT_THAT(error.message, AllOf(HasSubstr(std::string("https://") + host),
                                     HasSubstr("another host"), Not(HasSubstr("secret"))));
  }
}

TEST_F(TlsTest, WhatNobodyTrustedSignedIsForbidden) {
  const Error alone = ErrorWith(TestAuthority::SelfSigned("DNS:localhost"), authority_.pem());
  EXPECT_EQ(alone.code, Code::kForbidden);
  EXPECT_THAT(alone.message, HasSubstr("signed itself"));
  for (const std::string& ca_pem : {std::string(), TestAuthority().pem()}) {
    const Error unknown = ErrorWith(authority_.Issue("DNS:localhost"), ca_pem);
    EXPECT_EQ(unknown.code, Code::kForbidden);
    EXPECT_THAT(unknown.message, HasSubstr("name the CA"));
  }
}

TEST_F(TlsTest, AnExpiredCertificateIsForbidden) {
  const Error error = ErrorWith(authority_.Issue("DNS:localhost", -1), authority_.pem());
  EXPECT_EQ(error.code, Code::kForbidden);
  EXPECT_THAT(error.message, HasSubstr("expired"));
}

TEST_F(TlsTest, AnAnswerInPlainTextIsUnavailable) {
  TestServer server([](Peer& peer) {
    peer.Say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.ClosesWithin(30s);
  });
  const auto answer =
      OpenTrusting("")->Send({.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("wrong version number"));
}

TEST_F(TlsTest, AServerThatClosesKeptConnectionsDoesNoHarm) {
  TestServer server(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Say(Ok200("x"));
      },
      authority_.Issue("DNS:localhost"));
  const auto client = OpenTrusting(authority_.pem());
  for (int round = 0; round < 10; ++round) {
    for (const char* method : {"GET", "POST"}) {
      const auto answer = client->Send({.method = method, .url = server.Url("/", "localhost")});
      ASSERT_TRUE(answer.has_value()) << answer.error().message;
      ASSERT_TRUE(server.ClosesAll());
    }
  }
  EXPECT_EQ(server.connections(), 20);
}

TEST_F(TlsTest, AConnectionThatBreaksIsNoEndOfAnAnswer) {
  for (const char* head :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}) {
    TestServer server(
        [head](Peer& peer) {
          peer.ReadRequest();
          peer.Say(std::string(head) + "short");
          peer.Cut();
        },
        authority_.Issue("DNS:localhost"));
    const auto answer = OpenTrusting(authority_.pem())->Send({.url = server.Url("/", "localhost")});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Code::kUnavailable);
  }
}

TEST_F(TlsTest, AnEndlessHeadOrChunkIsCutOff) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nX: ",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n"}) {
    std::size_t sent = 0;
    {
      TestServer server(
          [&](Peer& peer) {
            peer.ReadRequest();
            peer.Say(head);
            for (const std::string piece(100'000, 'x'); peer.Say(piece); sent += piece.size()) {
            }
          },
          authority_.Issue("DNS:localhost"));
      const auto answer = OpenTrusting(authority_.pem())
                              ->Send({.url = server.Url("/", "localhost"),
                                      .deadline = 120s,
                                      .max_response_bytes = 1 << 20});
      ASSERT_FALSE(answer.has_value());
      EXPECT_EQ(answer.error().code, Code::kTooLarge) << head;
      EXPECT_TRUE(server.ClosesAll());
    }
    EXPECT_LT(sent, 64u << 20);
  }
}

TEST_F(TlsTest, SilenceInTheHandshakeEndsAtTheDeadline) {
  TestServer server([](Peer& peer) { peer.ClosesWithin(60s); });
  const auto answer = OpenTrusting("")->Send(
      {.url = "https://localhost:" + std::to_string(server.port()) + "/", .deadline = 300ms});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kTimeout);
  EXPECT_TRUE(server.ClosesAll());
}

TEST_F(TlsTest, ACaThatIsNoneIsInvalid) {
  for (const std::string& ca_pem :
       {std::string("not a certificate"), authority_.pem().substr(0, 200),
        authority_.pem() + "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n"}) {
    const auto made = MakeClient({.ca_pem = ca_pem});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, Code::kInvalid);
  }
}

}  // namespace
}  // namespace slipway::rest::test
