#include "src/rest/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "src/rest/client.hpp"
#include "tests/src/rest/certificates.hpp"
#include "tests/src/rest/test_server.hpp"

#if defined(__SANITIZE_ADDRESS__)
// cpprestsdk forgets a copy of a proxy's password with each tunnel; the soak test bounds what it may leak otherwise.
extern "C" const char* __lsan_default_suppressions() { return "leak:libcpprest"; }
#endif

namespace slipway::rest::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// base64("ada:p@ss:word")
constexpr const char* kCredentials = "Basic YWRhOnBAc3M6d29yZA==\r\n";

/// Notes each CONNECT, and relays what comes after it to the port of loopback that it asks for, or refuses it with `status`.
TestServer::Serve Tunnelling(Notes& heads, const std::string& status = "200") {
  return [&heads, status](Peer& peer) {
    const std::string head = peer.ReadUntil("\r\n\r\n");
    heads.Add(head);
    peer.Say("HTTP/1.1 " + status + " Answer\r\n\r\n");
    if (status == "200") {
      peer.Relay(std::stoi(head.substr(head.find(':') + 1)));
    }
  };
}

std::string ProxyUrl(const TestServer& proxy, const std::string& credentials = "") {
  return "http://" + credentials + "127.0.0.1:" + std::to_string(proxy.port());
}

struct NoProxyCase {
  const char* rules;
  const char* host;
  int port;
  bool exempt;
};
constexpr NoProxyCase kNoProxyCases[] = {
    {"", "example.com", 443, false},
    {" , ,", "example.com", 443, false},
    {"*", "example.com", 443, true},
    {"a.example, *", "10.0.0.1", 443, true},
    {"example.com", "example.com", 443, true},
    {"example.com", "EXAMPLE.com", 443, true},
    {"Example.COM", "example.com", 443, true},
    {"example.com", "api.example.com", 443, true},
    {"example.com", "a.b.example.com", 443, true},
    {"example.com", "notexample.com", 443, false},
    {"example.com", "example.com.evil", 443, false},
    {"example.com", "com", 443, false},
    {".example.com", "example.com", 443, true},
    {".example.com", "api.example.com", 443, true},
    {".example.com", "notexample.com", 443, false},
    {"example.com.", "example.com", 443, true},
    {"example.com", "example.com.", 443, true},
    {".", "example.com", 443, false},
    {"a.example,b.example", "b.example", 443, true},
    {"a.example b.example", "b.example", 443, true},
    {"a.example ,\tb.example", "b.example", 443, true},
    {"example.com:8443", "example.com", 8443, true},
    {"example.com:8443", "api.example.com", 8443, true},
    {"example.com:8443", "example.com", 443, false},
    {"example.com:", "example.com", 443, false},
    {"example.com:x", "example.com", 443, false},
    {"127.0.0.1", "127.0.0.1", 80, true},
    {"127.0.0.1", "127.0.0.10", 80, false},
    {"0.0.1", "127.0.0.1", 80, false},
    {".0.0.1", "127.0.0.1", 80, false},
    {"127.0.0.1:80", "127.0.0.1", 80, true},
    {"127.0.0.1:80", "127.0.0.1", 81, false},
    {"10.0.0.0/8", "10.200.3.4", 80, true},
    {"10.0.0.0/8", "11.0.0.1", 80, false},
    {"10.1.2.3/8", "10.200.3.4", 80, true},
    {"192.168.4.0/22", "192.168.7.255", 80, true},
    {"192.168.4.0/22", "192.168.8.0", 80, false},
    {"10.0.0.1/32", "10.0.0.1", 80, true},
    {"10.0.0.1/32", "10.0.0.2", 80, false},
    {"0.0.0.0/0", "8.8.8.8", 80, true},
    {"0.0.0.0/0", "example.com", 80, false},
    {"0.0.0.0/0", "::1", 80, false},
    {"10.0.0.0/33", "10.0.0.0", 80, false},
    {"10.0.0.0/-1", "10.0.0.0", 80, false},
    {"10.0.0.0/", "10.0.0.0", 80, false},
    {"10.0.0.0/x", "10.0.0.0", 80, false},
    {"example.com/8", "example.com", 80, false},
    {"::1", "::1", 80, true},
    {"[::1]", "::1", 80, true},
    {"::1", "[::1]", 80, true},
    {"0:0:0:0:0:0:0:1", "::1", 80, true},
    {"::1", "::2", 80, false},
    {"[::1]:80", "::1", 80, true},
    {"[::1]:80", "[::1]", 81, false},
    {"fd00::/8", "fd12:3456::1", 80, true},
    {"[fd00::]/8", "fd12:3456::1", 80, true},
    {"fd00::/8", "fe80::1", 80, false},
    {"fd00::/8", "253.0.0.1", 80, false},
    {"fd00::/129", "fd00::", 80, false},
};

TEST(NoProxy, HasTheRulesOfCurl) {
  for (const NoProxyCase& one : kNoProxyCases) {
    EXPECT_EQ(IsExempt(one.rules, one.host, one.port), one.exempt)
        << "NO_PROXY=" << one.rules << " for " << one.host << ":" << one.port;
  }
}

TEST(Proxy, IsReadFromItsUrl) {
  EXPECT_FALSE(ReadProxy("").value().has_value());
  for (const char* url : {"http://Proxy.example:3128", "http://proxy.example:3128/",
                          "proxy.example:3128", "HTTP://proxy.example:3128"}) {
    const auto proxy = ReadProxy(url);
    ASSERT_TRUE(proxy.has_value()) << url;
    EXPECT_EQ(proxy.value()->Origin(), "http://proxy.example:3128");
    EXPECT_EQ(proxy.value()->user, "");
  }
  const auto proxy = ReadProxy("http://ada:p%40ss:w%2fd@10.0.0.1:80");
  ASSERT_TRUE(proxy.has_value());
  EXPECT_EQ(proxy.value()->user, "ada");
  EXPECT_EQ(proxy.value()->password, "p@ss:w/d");
  EXPECT_EQ(proxy.value()->Origin(), "http://10.0.0.1:80");
}

TEST(Proxy, ThatCannotBeUsedIsInvalid) {
  for (const char* url :
       {"https://secret.example:3128", "socks5://secret.example:1080", "http://secret.example",
        "secret.example", "http://secret.example:0", "http://:3128", "http://secret.example:1/path",
        "http://ada:se%cret@secret.example:1", "http://ada:secret%0d%0a@secret.example:1",
        "http://:secret@secret.example:1", "http://secret@",
        "http://a%3Ab:secret@secret.example:1"}) {
    for (const ClientOptions& options :
         {ClientOptions{.https_proxy = url}, ClientOptions{.http_proxy = url}}) {
      const auto client = MakeClient(options);
      ASSERT_FALSE(client.has_value()) << url;
      EXPECT_EQ(client.error().code, Code::kInvalid);
      EXPECT_THAT(client.error().message, Not(HasSubstr("secret")));
    }
  }
}

TEST(Proxy, TheEnvironmentNamesItInLowerCaseFirst) {
  const ClientOptions none = OptionsFrom({{"PATH", "/bin"}, {"HTTP_PROXY", "http://cgi:1"}});
  EXPECT_EQ(none.http_proxy + none.https_proxy + none.no_proxy + none.ca_pem, "");
  const ClientOptions upper = OptionsFrom({{"HTTPS_PROXY", "http://a:1"}, {"NO_PROXY", "x"}});
  EXPECT_EQ(upper.https_proxy, "http://a:1");
  EXPECT_EQ(upper.no_proxy, "x");
  const ClientOptions both = OptionsFrom({{"HTTPS_PROXY", "http://a:1"},
                                          {"https_proxy", "http://b:2"},
                                          {"http_proxy", "http://c:3"},
                                          {"NO_PROXY", "x"},
                                          {"no_proxy", ""}});
  EXPECT_EQ(both.https_proxy, "http://b:2");
  EXPECT_EQ(both.http_proxy, "http://c:3");
  EXPECT_EQ(both.no_proxy, "");
}

TEST(Proxy, HttpIsAskedForByWholeUrl) {
  Notes requests;
  TestServer proxy(Answering([&](const std::string& request) {
    requests.Add(request);
    return Ok200("from the proxy");
  }));
  const auto client =
      std::move(MakeClient({.http_proxy = ProxyUrl(proxy, "ada:p%40ss%3Aword@")}).value());
  for (int round = 0; round < 5; ++round) {
    const auto answer = client->Send({.method = round % 2 == 0 ? "GET" : "POST",
                                      .url = "http://api.invalid:8080/a%2Fb?c=%20",
                                      .headers = {{"Authorization", "Bearer t"}}});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer.value().body, "from the proxy");
    EXPECT_THAT(requests.all().back(),
                AllOf(HasSubstr(" http://api.invalid:8080/a%2Fb?c=%20 HTTP/1.1\r\n"),
                      HasSubstr("\r\nHost: api.invalid:8080\r\n"),
                      HasSubstr("\r\nProxy-Authorization:" + std::string(kCredentials)),
                      HasSubstr("\r\nAuthorization:Bearer t\r\n")));
  }
  EXPECT_EQ(proxy.connections(), 1);
}

TEST(Proxy, HttpsGoesThroughATunnelThatSeesNoHeaders) {
  const TestAuthority authority;
  Notes requests;
  TestServer server(Answering([&](const std::string& request) {
                      requests.Add(request);
                      return Ok200("through");
                    }),
                    authority.Issue("DNS:localhost"));
  Notes heads;
  TestServer proxy(Tunnelling(heads));
  const auto client = std::move(MakeClient({.ca_pem = authority.pem(),
                                            .https_proxy = ProxyUrl(proxy, "ada:p%40ss%3Aword@"),
                                            .http_proxy = "http://127.0.0.1:1"})
                                    .value());
  for (const char* method : {"GET", "POST", "GET", "GET", "POST"}) {
    const auto answer = client->Send({.method = method,
                                      .url = server.Url("/path", "localhost"),
                                      .headers = {{"Authorization", "Bearer t"}}});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer.value().body, "through");
    EXPECT_THAT(requests.all().back(),
                AllOf(StartsWith(std::string(method) + " /path HTTP/1.1\r\n"),
                      HasSubstr("Bearer t"), Not(HasSubstr("Proxy-"))));
  }
  const std::string host = "localhost:" + std::to_string(server.port());
  for (const std::string& head : heads.all()) {
    EXPECT_THAT(head, AllOf(StartsWith("CONNECT " + host + " HTTP/1.1\r\n"),
                            HasSubstr("\r\nProxy-Authorization: " + std::string(kCredentials)),
                            Not(HasSubstr("Bearer"))));
  }
  EXPECT_EQ(proxy.connections(), 1);
}

TEST(Proxy, ATunnelThatWasClosedMeanwhileDoesNoHarm) {
  const TestAuthority authority;
  Notes requests;
  TestServer server(
      [&](Peer& peer) {
        requests.Add(peer.ReadRequest());
        peer.Say(Ok200("x"));
      },
      authority.Issue("DNS:localhost"));
  Notes heads;
  TestServer proxy(Tunnelling(heads));
  const auto client =
      std::move(MakeClient({.ca_pem = authority.pem(), .https_proxy = ProxyUrl(proxy)}).value());
  for (const char* method : {"GET", "GET", "POST", "POST", "GET", "POST"}) {
    const auto answer = client->Send({.method = method, .url = server.Url("/", "localhost")});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    ASSERT_TRUE(server.ClosesAll());
    ASSERT_TRUE(proxy.ClosesAll());
  }
  EXPECT_EQ(requests.size(), 6u);
}

TEST(Proxy, TheCertificateIsTheServersNotTheProxys) {
  const TestAuthority authority;
  TestServer server(Answering([](const std::string&) { return Ok200("x"); }),
                    authority.Issue("IP:127.0.0.1"));
  Notes heads;
  TestServer proxy(Tunnelling(heads));
  const auto client =
      std::move(MakeClient({.ca_pem = authority.pem(), .https_proxy = ProxyUrl(proxy)}).value());
  const auto answer = client->Send({.url = server.Url("/secret", "localhost")});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kForbidden);
  EXPECT_THAT(answer.error().message, AllOf(HasSubstr("another host"), Not(HasSubstr("secret"))));
  EXPECT_TRUE(client->Send({.url = server.Url("/")}).has_value());
}

TEST(Proxy, ThatRefusesIsUnavailableAndNotQuotedWithItsPassword) {
  for (const char* status : {"407", "403", "502"}) {
    Notes heads;
    TestServer proxy(Tunnelling(heads, status));
    const auto client =
        std::move(MakeClient({.https_proxy = ProxyUrl(proxy, "ada:secret@")}).value());
    const auto answer = client->Send({.url = "https://api.invalid/secret"});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Code::kUnavailable);
    EXPECT_THAT(answer.error().message,
                AllOf(HasSubstr("https://api.invalid:443"), HasSubstr(ProxyUrl(proxy)),
                      HasSubstr(status), Not(HasSubstr("secret"))));
  }
  const auto client = std::move(
      MakeClient({.https_proxy = "http://127.0.0.1:" + std::to_string(ClosedPort())}).value());
  const auto answer = client->Send({.url = "https://api.invalid/"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
}

TEST(Proxy, ThatStaysSilentEndsAtTheDeadline) {
  TestServer proxy([](Peer& peer) { peer.ClosesWithin(60s); });
  const auto client = std::move(MakeClient({.https_proxy = ProxyUrl(proxy)}).value());
  const auto answer = client->Send({.url = "https://api.invalid/", .deadline = 300ms});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kTimeout);
  EXPECT_TRUE(proxy.ClosesAll());
}

TEST(Proxy, IsNotAskedForHostsThatAreExempt) {
  TestServer proxy(Answering([](const std::string&) { return Ok200("from the proxy"); }));
  TestServer server(Answering([](const std::string&) { return Ok200("direct"); }));
  const auto client = std::move(
      MakeClient({.http_proxy = ProxyUrl(proxy), .no_proxy = "example.com,127.0.0.0/8"}).value());
  EXPECT_EQ(client->Send({.url = server.Url("/")}).value().body, "direct");
  EXPECT_EQ(client->Send({.url = server.Url("/", "localhost")}).value().body, "from the proxy");
}

}  // namespace
}  // namespace slipway::rest::test
