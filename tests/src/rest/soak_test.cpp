#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "src/rest/client.hpp"
#include "tests/src/rest/certificates.hpp"
#include "tests/src/rest/test_server.hpp"

namespace slipway::rest::test {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// What was freed is kept for a while, to notice who still uses it.
constexpr long kMayGrowBytes = 400L << 20;
#else
constexpr long kMayGrowBytes = 12L << 20;
#endif

long ResidentBytes() {
  long all = 0;
  long resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// Entries of a folder of /proc/self.
long CountOf(const std::string& folder) {
  const std::filesystem::directory_iterator entries("/proc/self/" + folder);
  return std::distance(begin(entries), end(entries));
}

/// Requests of every fate: good ones on kept connections, and each `gap` rounds too large ones, ones that break, and ones that
/// nobody answers.
void SendAll(Client& client, const TestServer& server, int rounds, int gap) {
  const std::string closed = "http://127.0.0.1:" + std::to_string(ClosedPort()) + "/";
  const std::string good = server.Url("/good", "localhost");
  for (int round = 0; round < rounds; ++round) {
    const auto answer = client.Send(
        {.method = round % 2 == 0 ? "GET" : "POST", .url = good, .body = std::string(5000, 'b')});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    ASSERT_EQ(answer.value().body.size(), 50'000u);
    if (round % gap == 0) {
      ASSERT_EQ(client.Send({.url = good, .max_response_bytes = 49'999}).error().code,
                Code::kTooLarge);
      ASSERT_EQ(client.Send({.url = server.Url("/break", "localhost")}).error().code,
                Code::kUnavailable);
      ASSERT_EQ(client.Send({.url = closed}).error().code, Code::kUnavailable);
    }
    if (round % 100 == 0) {
      ASSERT_EQ(
          client.Send({.url = server.Url("/silence", "localhost"), .deadline = 20ms}).error().code,
          Code::kTimeout);
    }
  }
}

void ServeSoak(Peer& peer) {
  for (std::string request; !(request = peer.ReadRequest()).empty();) {
    if (request.find(" /silence ") != std::string::npos) {
      peer.ClosesWithin(60s);
    } else if (request.find(" /break ") != std::string::npos) {
      peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort");
      return;
    } else {
      peer.Say(Ok200(std::string(50'000, 'x')));
    }
  }
}

TEST(Soak, ThousandsOfRequestsLeaveNothingBehind) {
  const TestAuthority authority;
  TestServer plain(ServeSoak);
  TestServer tls(ServeSoak, authority.Issue("DNS:localhost"));
  auto client = std::move(MakeClient({.ca_pem = authority.pem()}).value());
  ASSERT_NO_FATAL_FAILURE(SendAll(*client, plain, 400, 4));
  ASSERT_NO_FATAL_FAILURE(SendAll(*client, tls, 100, 10));
  const long bytes = ResidentBytes();
  const long threads = CountOf("task");
  ASSERT_NO_FATAL_FAILURE(SendAll(*client, plain, 4000, 4));
  // A new connection takes long, because cpprestsdk reads all CAs of the system for each.
  ASSERT_NO_FATAL_FAILURE(SendAll(*client, tls, 1000, 20));
  EXPECT_LT(ResidentBytes() - bytes, kMayGrowBytes);
  client.reset();
  EXPECT_TRUE(plain.ClosesAll());
  EXPECT_TRUE(tls.ClosesAll());
  EXPECT_LE(CountOf("task"), threads);
  // The servers' listeners, the three of a program, and what the library's threads wait with.
  EXPECT_LT(CountOf("fd"), 20);
}

}  // namespace
}  // namespace slipway::rest::test
