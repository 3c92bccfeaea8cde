#include "src/rest/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <list>
#include <semaphore>
#include <thread>

#include "tests/src/rest/test_server.hpp"

namespace slipway::rest::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::unique_ptr<Client> Open(ClientOptions options = {}) {
  return std::move(MakeClient(std::move(options)).value());
}

/// Code of an error and its message; a test fails where it is none.
Error ErrorOf(const Result<Response>& result) {
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? Error{} : result.error();
}

std::string BodyOf(const Result<Response>& result) {
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result.has_value() ? result.value().body : "";
}

/// Says `answer` to the first request, and closes.
TestServer::Serve Once(const std::string& answer) {
  return [answer](Peer& peer) {
    peer.ReadRequest();
    peer.Say(answer);
  };
}

/// The error of a GET from a server that does that.
Error ErrorFrom(TestServer::Serve serve, std::size_t max_bytes = 1 << 20) {
  TestServer server(std::move(serve));
  return ErrorOf(Open()->Send(
      {.url = server.Url("/secret-path?secret=query"), .max_response_bytes = max_bytes}));
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(Client, PathQueryAndHeadersGoOverTheWireAsTheyWereGiven) {
  Notes requests;
  TestServer server(Answering([&](const std::string& request) {
    requests.Add(request);
    return Ok200("hello");
  }));
  const auto client = Open();
  const std::vector<std::string> resources = {"/",
                                              "/a%2Fb%20c/%e4;v=1/./x/../y",
                                              "//two//slashes//",
                                              "/p?x=%7E~&y=a+b&&z=&A=%2f%2F",
                                              "/?&first=&last&",
                                              "/p?q?r=/@:!$'()*,"};
  for (const std::string& resource : resources) {
    const auto answer = client->Send({.url = server.Url(resource),
                                      .headers = {{"Authorization", "AWS4 Signature=ab/+="},
                                                  {"x-Amz-Date", "20260101T000000Z"}}});
    EXPECT_EQ(BodyOf(answer), "hello") << resource;
    ASSERT_NE(requests.size(), 0u);
    const std::string request = requests.all().back();
    EXPECT_THAT(request, StartsWith("GET " + resource + " HTTP/1.1\r\n"));
    EXPECT_THAT(request,
                HasSubstr("\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
    EXPECT_EQ(Count(request, "Host:"), 1) << request;
    EXPECT_THAT(request, HasSubstr("\r\nAuthorization:AWS4 Signature=ab/+=\r\n"));
    EXPECT_THAT(request, HasSubstr("\r\nx-Amz-Date:20260101T000000Z\r\n"));
    EXPECT_THAT(request, HasSubstr("\r\nUser-Agent:slipway\r\n"));
    EXPECT_THAT(request, Not(HasSubstr("Accept")));
    EXPECT_THAT(request, Not(HasSubstr("Content-")));
  }
  EXPECT_TRUE(client->Send({.url = server.Url("")}).has_value());
  EXPECT_THAT(requests.all().back(), StartsWith("GET / HTTP/1.1\r\n"));
  EXPECT_TRUE(client->Send({.url = server.Url("?only=query")}).has_value());
  EXPECT_THAT(requests.all().back(), StartsWith("GET /?only=query HTTP/1.1\r\n"));
  EXPECT_TRUE(
      client->Send({.url = server.Url("/"), .headers = {{"user-agent", "mine/1"}}}).has_value());
  EXPECT_THAT(requests.all().back(),
              AllOf(HasSubstr("\r\nuser-agent:mine/1\r\n"), Not(HasSubstr("slipway"))));
}

TEST(Client, ABodyGoesOverTheWireWithItsTypeOrWithoutOne) {
  Notes requests;
  TestServer server(Answering([&](const std::string& request) {
    requests.Add(request);
    return Ok200("");
  }));
  const auto client = Open();
  std::string body(300'000, '\0');
  for (std::size_t at = 0; at < body.size(); ++at) {
    body[at] = static_cast<char>(at * 31);
  }
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    ASSERT_TRUE(client
                    ->Send({.method = method,
                            .url = server.Url("/"),
                            .headers = {{"Content-Type", "application/x-amz-json-1.1"}},
                            .body = body})
                    .has_value());
    const std::string request = requests.all().back();
    EXPECT_THAT(request, StartsWith(std::string(method) + " / HTTP/1.1\r\n"));
    EXPECT_TRUE(request.ends_with("\r\n\r\n" + body));
    EXPECT_EQ(Count(request, "\r\nContent-Type:application/x-amz-json-1.1\r\n"), 1);
    EXPECT_EQ(Count(request, "\r\nContent-Length:300000\r\n"), 1);
    EXPECT_EQ(Count(request, "\r\nContent-"), 2);
  }
  ASSERT_TRUE(client->Send({.method = "POST", .url = server.Url("/"), .body = "x=1"}).has_value());
  EXPECT_THAT(requests.all().back(),
              AllOf(Not(HasSubstr("Content-Type")), EndsWith("\r\n\r\nx=1")));
  ASSERT_TRUE(client->Send({.method = "POST", .url = server.Url("/")}).has_value());
  EXPECT_THAT(requests.all().back(),
              AllOf(HasSubstr("\r\nContent-Length:0\r\n"), Not(HasSubstr("Content-Type"))));
}

TEST(Client, AnAnswerComesBackWhateverItsStatus) {
  TestServer server(Answering([](const std::string& request) -> std::string {
    if (request.starts_with("HEAD ")) {
      return "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
    }
    if (request.starts_with("GET /none ")) {
      return "HTTP/1.1 204 No Content\r\n\r\n";
    }
    if (request.starts_with("GET /chunks ")) {
      return std::string(kChunked) + "5\r\nhello\r\n1;x=y\r\n,\r\nA\r\n 0123456\r\n\r\n0\r\n\r\n";
    }
    return "HTTP/1.1 503 Slow Down\r\nRetry-After: 7\r\nX-Two: a\r\nx-two: b\r\nContent-Length: "
           "4\r\n\r\nwait";
  }));
  const auto client = Open();
  const auto refused = client->Send({.url = server.Url("/")});
  EXPECT_EQ(BodyOf(refused), "wait");
  EXPECT_EQ(refused.value().status, 503);
  EXPECT_FALSE(refused.value().succeeded());
  EXPECT_EQ(refused.value().headers.at("retry-after"), "7");
  EXPECT_EQ(refused.value().headers.at("x-two"), "a, b");
  EXPECT_EQ(BodyOf(client->Send({.method = "HEAD", .url = server.Url("/")})), "");
  EXPECT_EQ(client->Send({.url = server.Url("/none")}).value().status, 204);
  EXPECT_EQ(BodyOf(client->Send({.url = server.Url("/chunks")})), "hello, 0123456\r\n");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, ARedirectIsAnAnswerAndNothingMore) {
  TestServer other(Answering([](const std::string&) { return Ok200("stolen"); }));
  for (const char* status : {"301", "302", "303", "307", "308"}) {
    TestServer server(Answering([&](const std::string&) {
      return "HTTP/1.1 " + std::string(status) +
             " Moved\r\nContent-Length: 0\r\nLocation: " + other.Url("/") + "\r\n\r\n";
    }));
    for (const char* method : {"GET", "POST"}) {
      const auto answer = Open()->Send({.method = method, .url = server.Url("/")});
      ASSERT_TRUE(answer.has_value());
      EXPECT_EQ(std::to_string(answer.value().status), status);
      EXPECT_EQ(answer.value().headers.at("location"), other.Url("/"));
    }
  }
  EXPECT_EQ(other.connections(), 0);
}

TEST(Client, AConnectionIsUsedAgain) {
  TestServer server(Answering([](const std::string& request) { return Ok200(request); }));
  const auto client = Open();
  for (int round = 0; round < 50; ++round) {
    EXPECT_TRUE(client->Send({.url = server.Url("/")}).has_value());
    EXPECT_TRUE(client->Send({.method = "POST", .url = server.Url("/"), .body = "x"}).has_value());
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, AtMost64ConnectionsAreKept) {
  const auto client = Open();
  std::list<TestServer> servers;
  for (int count = 0; count < 66; ++count) {
    TestServer& server =
        servers.emplace_back(Answering([](const std::string&) { return Ok200("x"); }));
    EXPECT_EQ(BodyOf(client->Send({.url = server.Url("/")})), "x");
  }
  EXPECT_TRUE(servers.front().ClosesAll());
  EXPECT_TRUE(std::next(servers.begin())->ClosesAll());
  EXPECT_EQ(BodyOf(client->Send({.url = servers.back().Url("/")})), "x");
  EXPECT_EQ(servers.back().connections(), 1);
}

TEST(Client, AServerThatClosesKeptConnectionsDoesNoHarm) {
  for (const bool resets : {false, true}) {
    Notes requests;
    // A reset would take the answer back before the client has read it.
    std::counting_semaphore<> answered(0);
    TestServer server([&](Peer& peer) {
      requests.Add(peer.ReadRequest());
      peer.Say(Ok200("x", "Connection: keep-alive\r\n"));
      answered.acquire();
      if (resets) {
        peer.Reset();
      }
    });
    const auto client = Open();
    for (int round = 0; round < 20; ++round) {
      for (const char* method : {"GET", "POST"}) {
        EXPECT_EQ(BodyOf(client->Send({.method = method, .url = server.Url("/")})), "x") << round;
        answered.release();
        ASSERT_TRUE(server.ClosesAll());
      }
    }
    EXPECT_EQ(requests.size(), 40u);
  }
}

TEST(Client, OnlyWhatMayBeDoneTwiceIsSentAgain) {
  Notes requests;
  // Takes a second request on a connection, and closes without an answer.
  TestServer server([&](Peer& peer) {
    requests.Add(peer.ReadRequest());
    peer.Say(Ok200("x"));
    requests.Add(peer.ReadRequest());
  });
  const auto client = Open();
  EXPECT_EQ(BodyOf(client->Send({.url = server.Url("/")})), "x");
  EXPECT_EQ(BodyOf(client->Send({.method = "PUT", .url = server.Url("/"), .body = "b"})), "x");
  EXPECT_EQ(requests.size(), 3u);
  const auto posted = client->Send({.method = "POST", .url = server.Url("/"), .body = "b"});
  EXPECT_EQ(ErrorOf(posted).code, Code::kUnavailable);
  EXPECT_EQ(requests.size(), 4u);
  EXPECT_EQ(server.connections(), 2);
}

TEST(Client, ABodyInDropsEndsAtTheDeadline) {
  for (const std::string head : {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Slow: "}) {
    std::atomic<bool> closed = false;
    TestServer server([&](Peer& peer) {
      peer.ReadRequest();
      peer.Say(head);
      for (int drop = 0; drop < 600 && !closed; ++drop) {
        peer.Say("x");
        closed = peer.ClosesWithin(100ms);
      }
    });
    const auto begin = std::chrono::steady_clock::now();
    const Error error = ErrorOf(Open()->Send({.url = server.Url("/"), .deadline = 700ms}));
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(error.code, Code::kTimeout) << error.message;
    EXPECT_GE(took, 700ms);
    EXPECT_LT(took, 20s);
    EXPECT_TRUE(server.ClosesAll());
    EXPECT_TRUE(closed);
  }
}

TEST(Client, SilenceEndsAtTheDeadlineAndTheNextRequestIsServed) {
  std::atomic<bool> silent = true;
  TestServer server([&](Peer& peer) {
    while (!peer.ReadRequest().empty() && !(silent && peer.ClosesWithin(30s))) {
      peer.Say(Ok200("x"));
    }
  });
  const auto client = Open();
  EXPECT_EQ(ErrorOf(client->Send({.url = server.Url("/"), .deadline = 200ms})).code,
            Code::kTimeout);
  EXPECT_EQ(ErrorOf(client->Send({.url = server.Url("/"), .deadline = 0ms})).code, Code::kTimeout);
  silent = false;
  EXPECT_EQ(BodyOf(client->Send({.url = server.Url("/")})), "x");
}

TEST(Client, AShorterDeadlineBeforeDoesNotShortenTheNext) {
  TestServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Say(Ok200("x"));
    if (!peer.ReadRequest().empty() && !peer.ClosesWithin(1500ms)) {
      peer.Say(Ok200("y"));
    }
  });
  const auto client = Open();
  EXPECT_EQ(BodyOf(client->Send({.url = server.Url("/"), .deadline = 1s})), "x");
  EXPECT_EQ(BodyOf(client->Send({.url = server.Url("/"), .deadline = 30s})), "x");
  EXPECT_EQ(BodyOf(client->Send({.url = server.Url("/"), .deadline = 30s})), "y");
}

TEST(Client, NobodyThereIsUnavailable) {
  const std::string origin = "http://127.0.0.1:" + std::to_string(ClosedPort());
  const Error refused = ErrorOf(Open()->Send({.url = origin + "/secret"}));
  EXPECT_EQ(refused.code, Code::kUnavailable);
  EXPECT_THAT(refused.message, AllOf(HasSubstr(origin), Not(HasSubstr("secret"))));
  const Error unknown = ErrorOf(Open()->Send({.url = "http://nobody.invalid/secret"}));
  EXPECT_EQ(unknown.code, Code::kUnavailable);
  EXPECT_THAT(unknown.message,
              AllOf(HasSubstr("http://nobody.invalid:80"), Not(HasSubstr("secret"))));
}

TEST(Client, WhatIsNoWholeAnswerIsUnavailable) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
  for (const std::string& answer :
       {std::string(), std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("garbage"),
        std::string("HTTP/1.1 many OK\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nX-Half: "),
        std::string("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 9x\r\n\r\nshort"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 9\r\n\r\nshort"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: -9\r\n\r\nshort"), head, head + "short",
        head + std::string(99'999, 'x'), std::string(kChunked), kChunked + std::string("5\r\nhel"),
        kChunked + std::string("5\r\nhello\r\n"), kChunked + std::string("5\r\nhello\r\n0\r\n"),
        kChunked + std::string("zz\r\nhello\r\n"),
        kChunked + std::string("-5\r\nhello\r\n0\r\n\r\n"),
        kChunked + std::string("fffffffff\r\nhello\r\n0\r\n\r\n")}) {
    const Error error = ErrorFrom(Once(answer));
    EXPECT_EQ(error.code, Code::kUnavailable) << answer.substr(0, 100);
    EXPECT_THAT(error.message, AllOf(StartsWith("http://127.0.0.1:"), Not(HasSubstr("secret"))));
  }
}

TEST(Client, AResetInTheMiddleIsUnavailable) {
  for (const std::string& head :
       {std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nshort"),
        std::string("HTTP/1.1 200 OK\r\n\r\nno length"),
        kChunked + std::string("5\r\nhello\r\n")}) {
    const Error error = ErrorFrom([head](Peer& peer) {
      peer.ReadRequest();
      peer.Say(head);
      peer.Reset();
    });
    EXPECT_EQ(error.code, Code::kUnavailable) << head;
  }
}

TEST(Client, AnAnswerHasItsLimitWhateverItSaysOfItsLength) {
  const std::string body(100'000, 'x');
  const std::string chunk = "186A0\r\n" + body + "\r\n";
  const std::string whole[] = {Ok200(body), "HTTP/1.1 200 OK\r\n\r\n" + body,
                               kChunked + chunk + "0\r\n\r\n"};
  for (const std::string& answer : whole) {
    TestServer server(Once(answer));
    const auto fits = Open()->Send({.url = server.Url("/"), .max_response_bytes = 100'000});
    EXPECT_TRUE(BodyOf(fits) == body) << answer.substr(0, 80);
    const Error over = ErrorFrom(Once(answer), 99'999);
    EXPECT_EQ(over.code, Code::kTooLarge) << answer.substr(0, 80);
    EXPECT_THAT(over.message, AllOf(HasSubstr("99999"), Not(HasSubstr("secret"))));
  }
}

TEST(Client, AnEndlessAnswerIsCutOffAtItsLimit) {
  const std::string piece(100'000, 'x');
  for (const bool chunked : {false, true}) {
    TestServer server([&](Peer& peer) {
      peer.ReadRequest();
      peer.Say(chunked ? kChunked : "HTTP/1.1 200 OK\r\n\r\n");
      while (peer.Say(chunked ? "186A0\r\n" + piece + "\r\n" : piece)) {
      }
    });
    const Error error = ErrorOf(
        Open()->Send({.url = server.Url("/"), .deadline = 60s, .max_response_bytes = 1 << 20}));
    EXPECT_EQ(error.code, Code::kTooLarge);
    EXPECT_TRUE(server.ClosesAll());
  }
}

TEST(Client, AUrlThatCannotBeUsedIsRefused) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "http://"},
      {"example.com/secret", "http://"},
      {"ftp://example.com/secret", "http://"},
      {"//example.com/secret", "http://"},
      {"https:///secret", "no host"},
      {"https://:443/secret", "no host"},
      {"https://secret@example.com/", "user name"},
      {"https://user:secret@example.com/", "user name"},
      {"https://example.com:/secret", "port"},
      {"https://example.com:0/secret", "port"},
      {"https://example.com:65536/secret", "port"},
      {"https://example.com:-1/secret", "port"},
      {"https://example.com:4x/secret", "port"},
      {"https://exam ple.com/secret", "host"},
      {"https://exam%70le.com/secret", "host"},
      {"https://[::1]/secret", "IPv6"},
      {"https://example.com/secret#part", "fragment"},
      {"https://example.com#secret", "fragment"},
      {"https://example.com/secret\r\nX-Injected: 1", "control"},
      {std::string("https://example.com/secret\0", 27), "control"},
      {"https://example.com/secret path", "escaped"},
      {"https://example.com/secret\xc3\xa4", "escaped"},
      {"https://example.com/secret?a=[1]", "escaped"},
      {"https://example.com\\secret", "escaped"},
      {"https://example.com/secret?", "question mark"},
  };
  const auto client = Open();
  for (const auto& [url, reason] : cases) {
    const Error error = ErrorOf(client->Send({.url = url}));
    EXPECT_EQ(error.code, Code::kBadRequest) << url;
    EXPECT_THAT(error.message, AllOf(HasSubstr(reason), Not(HasSubstr("secret")))) << url;
  }
}

TEST(Client, AHeadThatCannotBeSentIsRefused) {
  const auto client = Open();
  const std::pair<std::string, std::string> headers[] = {{"X-A", "secret\r\nX-Injected: 1"},
                                                         {"X-A", "secret\n"},
                                                         {"X-A", std::string("secret\0", 7)},
                                                         {"X-A\r\nX-B", "secret"},
                                                         {"", "secret"},
                                                         {"X A", "secret"},
                                                         {"X-A:", "secret"},
                                                         {"Host", "secret"},
                                                         {"content-length", "7"},
                                                         {"Transfer-Encoding", "chunked"}};
  for (const auto& [name, value] : headers) {
    const Error error =
        ErrorOf(client->Send({.url = "http://127.0.0.1:1/", .headers = {{name, value}}}));
    EXPECT_EQ(error.code, Code::kBadRequest) << name;
    EXPECT_THAT(error.message, Not(HasSubstr("secret")));
  }
  for (const char* method : {"", "GET /other", "GET\r\nX: y"}) {
    EXPECT_EQ(ErrorOf(client->Send({.method = method, .url = "http://127.0.0.1:1/"})).code,
              Code::kBadRequest);
  }
}

TEST(Client, EightThreadsGetTheirOwnAnswers) {
  TestServer server(Answering(
      [](const std::string& request) { return Ok200(request.substr(0, request.find(" HTTP"))); }));
  const auto client = Open();
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      for (int round = 0; round < 50; ++round) {
        const std::string path = "/" + std::to_string(number) + "/" + std::to_string(round);
        const bool posts = round % 2 == 0;
        EXPECT_EQ(BodyOf(client->Send({.method = posts ? "POST" : "GET",
                                       .url = server.Url(path),
                                       .body = posts ? std::string(10'000, 'b') : ""})),
                  (posts ? "POST " : "GET ") + path);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LE(server.connections(), 8);
}

}  // namespace
}  // namespace slipway::rest::test
