#include "src/gateway/agents.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "reconciler/api/conditions.hpp"
#include "src/gateway/claims.hpp"
#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::gateway {
namespace {

using namespace std::chrono_literals;
using protocol::CloseCode;

constexpr const char* kWeb = "default/web-1";

/// Remembers what it was told.
class FakeSpeaker final : public Speaker {
 public:
  void Send(const protocol::Assign& /*assign*/) override { ++assigned; }
  void Send(protocol::Ack ack) override { acknowledged = ack.sequence; }
  bool Send(const protocol::LogsRequest& /*request*/) override { return true; }
  void Close(CloseCode code, std::string /*reason*/) override {
    closed = closed ? closed : std::optional(code);
  }

  int assigned = 0;
  std::int64_t acknowledged = 0;
  std::optional<CloseCode> closed;
};
using SpeakerPtr = std::shared_ptr<FakeSpeaker>;

std::string KeyHash() { return std::string(64, 'a'); }

/// The gateway without sockets, and an API that carries out every write and tells of it at once.
class AgentsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.metadata = {
        .name = "web-1", .ns = "default", .uid = Uid("one"), .resource_version = "1"};
    server_.metadata.generation = 1;
    server_.spec.fleet = "web";
    api::ServerClaim claim;
    claim.metadata = {.name = ClaimNameOf("web-1", KeyHash()),
                      .ns = "default",
                      .uid = Uid("claim"),
                      .resource_version = "1"};
    claim.spec.name = "web-1";
    claim.spec.key_hash = KeyHash();
    claim.status.server = "web-1";
    agents_.Start();
    client_.List({{"servers", {api::Encode(server_)}}, {"serverclaims", {api::Encode(claim)}}});
    Second();
  }

  /// One more second, with all writes carried out.
  void Second() {
    clock_.mono = clock_.mono + 1s;
    agents_.Tick();
    while (agents_.Follow()) {
    }
    Store();
  }

  void Seconds(int count) {
    for (int second = 0; second < count; ++second) {
      Second();
    }
  }

  void Store() {
    while (!client_.writes.empty()) {
      const FakeClient::StatusWrite write = client_.TakeWrite();
      server_.status = api::Decode<api::ServerStatus>(write.status).value();
      server_.metadata.resource_version = std::to_string(++version_);
      const std::string text = api::Encode(server_);
      write.done(std::make_shared<const std::string>(text));
      client_.Tell("servers", text);
      reasons_.insert(Reason());
    }
  }

  SpeakerPtr Come(std::int64_t incarnation) {
    auto speaker = std::make_shared<FakeSpeaker>();
    agents_.Seat(kWeb, KeyHash(), {.version = "1", .incarnation = incarnation}, speaker);
    Store();
    return speaker;
  }

  void Report(const SpeakerPtr& speaker, std::int64_t incarnation, std::int64_t sequence) {
    protocol::Report report{.incarnation = incarnation, .sequence = sequence};
    report.addresses = {"192.0.2." + std::to_string(incarnation)};
    agents_.Hear(kWeb, speaker, protocol::AgentMessage(report));
    Store();
  }

  void Leave(const SpeakerPtr& speaker, Duration silent = Duration{0}) {
    agents_.Leave(kWeb, speaker, silent);
    Store();
  }

  std::string Reason() const {
    const auto* reachable = api::FindCondition(server_.status.conditions, "Reachable");
    return reachable == nullptr ? "" : reachable->reason;
  }

  TestClock clock_;
  FakeClient client_;
  api::Server server_;
  std::uint64_t version_ = 1;
  std::set<std::string> reasons_;  ///< that were ever stored
  Agents agents_{client_, clock_, {.incarnation = "20260102T030405Z-1f"}};
};

/// Comes again and again, as agents do, and reports as long as it is connected.
struct RestlessAgent {
  std::int64_t incarnation = 0;
  SpeakerPtr speaker = nullptr;
  std::int64_t pause = 0;  ///< seconds
  std::int64_t sequence = 0;
  std::int64_t refused = 0;
};

TEST_F(AgentsTest, OneAgentIsToldAndBelieved) {
  const SpeakerPtr speaker = Come(1);
  EXPECT_EQ(speaker->assigned, 1);
  Report(speaker, 1, 1);
  EXPECT_EQ(Reason(), "Connected");
  EXPECT_EQ(speaker->acknowledged, 1);
}

TEST_F(AgentsTest, OfTwoAgentsThatTakeTurnsNeitherIsBelievedOrTold) {
  std::vector<RestlessAgent> both = {{.incarnation = 1}, {.incarnation = 2}};
  const auto play = [&](RestlessAgent& agent) {
    if (agent.speaker != nullptr && agent.speaker->closed) {
      // Now one is the first to come back, now the other.
      const bool conflict = *agent.speaker->closed == CloseCode::kConflict;
      agent.pause = conflict ? 30 + (++agent.refused * agent.incarnation) % 3 : 1;
      Leave(std::exchange(agent.speaker, nullptr));
    } else if (agent.speaker != nullptr) {
      Report(agent.speaker, agent.incarnation, ++agent.sequence);
    } else if (--agent.pause < 0) {
      agent.speaker = Come(agent.incarnation);
    }
  };
  for (int second = 0; second < 5; ++second, Second()) {
    play(both[0]);
  }
  const std::vector<std::string> believed = server_.status.addresses;
  EXPECT_EQ(believed, std::vector<std::string>{"192.0.2.1"});
  for (int second = 0; Reason() != "Conflict"; ++second, Second()) {
    ASSERT_LT(second, 30) << "two are connected, and nobody notices";
    play(both[0]);
    play(both[1]);
  }
  reasons_.clear();
  int assigned = 0;
  for (int second = 0; second < 300; ++second, Second()) {
    for (RestlessAgent& agent : both) {
      play(agent);
      assigned += agent.speaker == nullptr ? 0 : std::exchange(agent.speaker->assigned, 0);
    }
    server_.metadata.generation = 2 + second;
    client_.Tell("servers", api::Encode(server_));
  }
  EXPECT_EQ(Reason(), "Conflict");
  EXPECT_LE(reasons_.size(), 1U);
  EXPECT_EQ(assigned, 0);
  EXPECT_EQ(server_.status.addresses, believed);
  // One is stopped: the other is believed after a while, and told what it missed.
  if (both[0].speaker != nullptr) {
    Leave(both[0].speaker);
  }
  for (int second = 0; second < 150; ++second, Second()) {
    play(both[1]);
  }
  EXPECT_EQ(Reason(), "Connected");
  EXPECT_EQ(server_.status.addresses, std::vector<std::string>{"192.0.2.2"});
  EXPECT_GT(both[1].speaker->assigned, 0);
  EXPECT_EQ(both[1].speaker->acknowledged, both[1].sequence);
}

TEST_F(AgentsTest, AnOlderAgentThatComesBackIsAConflict) {
  Leave(Come(2));
  const SpeakerPtr older = Come(1);
  EXPECT_EQ(older->closed, CloseCode::kConflict);
  EXPECT_EQ(Reason(), "Conflict");
}

TEST_F(AgentsTest, WhoComesAgainBeforeItsDeadConnectionIsNoticedIsNotLost) {
  const SpeakerPtr first = Come(1);
  Report(first, 1, 1);
  Seconds(10);
  const SpeakerPtr second = Come(1);
  EXPECT_EQ(second->assigned, 0);
  Seconds(10);
  Leave(first, std::chrono::seconds(15));
  EXPECT_EQ(second->closed, CloseCode::kGoingAway);
  Seconds(2);
  Leave(second);
  const SpeakerPtr third = Come(1);
  Seconds(5);
  EXPECT_EQ(third->assigned, 1);
  EXPECT_EQ(Reason(), "Connected");
  EXPECT_FALSE(reasons_.contains("Lost"));
}

TEST_F(AgentsTest, WhoFallsSilentIsLostWhenThatIsNoticed) {
  const SpeakerPtr speaker = Come(1);
  Report(speaker, 1, 1);
  Seconds(15);
  Leave(speaker, std::chrono::seconds(15));
  Second();
  EXPECT_EQ(Reason(), "Lost");
}

TEST_F(AgentsTest, WhoWasHeardLaterThanTheGraceIsNotLostYet) {
  const SpeakerPtr speaker = Come(1);
  Report(speaker, 1, 1);
  Seconds(8);
  Leave(speaker, std::chrono::seconds(8));
  Second();
  EXPECT_EQ(Reason(), "Connected");
  Seconds(7);
  EXPECT_EQ(Reason(), "Lost");
}

TEST_F(AgentsTest, AWithdrawnClaimEndsAllConnectionsOfItsServer) {
  const SpeakerPtr first = Come(1);
  const SpeakerPtr second = Come(1);
  api::ServerClaim claim;
  claim.metadata = {.name = ClaimNameOf("web-1", KeyHash()),
                    .ns = "default",
                    .uid = Uid("claim"),
                    .resource_version = "2"};
  claim.status.server = "web-1";
  client_.sinks.at("serverclaims")
      ->Deleted(std::make_shared<const std::string>(api::Encode(claim)));
  Second();
  EXPECT_EQ(first->closed, CloseCode::kUnknownServer);
  EXPECT_EQ(second->closed, CloseCode::kUnknownServer);
  EXPECT_EQ(Come(1)->closed, CloseCode::kUnknownServer);
}

TEST_F(AgentsTest, ManyChangesAreTakenInPieceByPiece) {
  std::vector<std::string> servers;
  for (int number = 0; number < 1'000; ++number) {
    api::Server server = server_;
    server.metadata.name = "many-" + std::to_string(number);
    server.metadata.uid = Uid(server.metadata.name);
    server.status = {};
    servers.push_back(api::Encode(server));
  }
  client_.List({{"servers", servers}});
  EXPECT_FALSE(agents_.settled());
  EXPECT_TRUE(agents_.Follow());
  EXPECT_LE(client_.writes.size(), 256U);
  while (agents_.Follow()) {
  }
  EXPECT_EQ(client_.writes.size(), 1'000U);
}

}  // namespace
}  // namespace slipway::gateway
