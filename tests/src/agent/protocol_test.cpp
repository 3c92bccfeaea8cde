#include "src/agent/protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway::protocol {
namespace {

const std::string kCommit(40, 'a');
const std::string kHash(64, 'b');

api::ReleaseTemplate SomeTemplate() {
  api::ReleaseTemplate release;
  release.root = "/srv/shop";
  release.env = {{.name = "PORT", .value = "8080"}};
  api::Process web;
  web.name = "web";
  web.run = "./web";
  web.health.http = api::HttpCheck{.port = 8080, .path = "/healthz"};
  release.processes = {web};
  return release;
}

template <typename T>
T Through(const AgentMessage& message) {
  const Result<AgentMessage> back = DecodeAgentMessage(Encode(message));
  EXPECT_TRUE(back) << (back ? "" : back.error().message);
  return std::get<T>(back.value());
}

template <typename T>
T Through(const GatewayMessage& message) {
  const Result<GatewayMessage> back = DecodeGatewayMessage(Encode(message));
  EXPECT_TRUE(back) << (back ? "" : back.error().message);
  return std::get<T>(back.value());
}

TEST(Protocol, AHelloArrivesAsItWasSent) {
  const Hello hello{.protocol = {1, 2},
                    .version = "0.1.0",
                    .name = "web-1",
                    .incarnation = 1'790'000'000'123,
                    .sequence = 7,
                    .capabilities = {"systemd"}};
  const Hello back = Through<Hello>(AgentMessage(hello));
  EXPECT_EQ(back.protocol, hello.protocol);
  EXPECT_EQ(back.name, hello.name);
  EXPECT_EQ(back.incarnation, hello.incarnation);
  EXPECT_EQ(back.sequence, hello.sequence);
  EXPECT_EQ(back.capabilities, hello.capabilities);
}

TEST(Protocol, AReportArrivesAsItWasSent) {
  Report report;
  report.incarnation = 3;
  report.sequence = 9;
  report.addresses = {"10.0.0.1"};
  report.epoch = {.incarnation = "2026", .version = 1'234'567};
  api::ServerRelease release;
  release.application = "shop";
  release.running = api::Running{.commit = Commit(kCommit),
                                 .hash = ReleaseHash(kHash),
                                 .since = Time(Duration(5'000)),
                                 .health = api::RunningHealth::kHealthy,
                                 .digest = ""};
  release.attempt = api::Attempt{};
  release.attempt->rollout = "shop-1";
  release.attempt->number = 2;
  release.attempt->phase = api::AttemptPhase::kEnded;
  release.attempt->result = api::Outcome::kSucceeded;
  report.releases = {release};
  TestRunReport run;
  run.name = "shop-1-gate-1";
  run.uid = Uid("u1");
  run.status.phase = api::TestRunPhase::kRunning;
  run.status.failures = {{.suite = "unit", .name = "case \xff", .message = "m"}};
  report.test_runs = {run};

  const Report back = Through<Report>(AgentMessage(report));
  EXPECT_EQ(back.sequence, 9);
  EXPECT_EQ(back.epoch, report.epoch);
  EXPECT_EQ(back.releases, report.releases);
  ASSERT_EQ(back.test_runs.size(), 1U);
  EXPECT_EQ(back.test_runs[0].uid, run.uid);
  EXPECT_EQ(back.test_runs[0].status.phase, api::TestRunPhase::kRunning);
  EXPECT_EQ(back.test_runs[0].status.failures.at(0).name, "case \xef\xbf\xbd")
      << "valid UTF-8 only";
}

TEST(Protocol, AnAssignmentArrivesAsItWasSent) {
  Assign assign;
  assign.epoch = {.incarnation = "2026", .version = 99};
  ReleaseAssignment release;
  release.intent.application = "shop";
  release.intent.rollout = "shop-1";
  release.intent.wave = 1;
  release.intent.attempt = 1;
  release.intent.commit = Commit(kCommit);
  release.intent.hash = ReleaseHash(kHash);
  release.repository = "default/shop";
  release.path = "services/shop";
  release.release = SomeTemplate();
  assign.releases = {release};
  TestAssignment run;
  run.name = "shop-1-gate-1";
  run.uid = Uid("u1");
  run.application = "shop";
  run.rollout = "shop-1";
  run.number = 1;
  run.commit = Commit(kCommit);
  run.hash = ReleaseHash(kHash);
  run.repository = "default/shop";
  run.release_template.release = SomeTemplate();
  assign.test_runs = {run};

  const Assign back = Through<Assign>(GatewayMessage(assign));
  EXPECT_EQ(back.epoch, assign.epoch);
  ASSERT_EQ(back.releases.size(), 1U);
  EXPECT_EQ(back.releases[0].intent, release.intent);
  EXPECT_EQ(back.releases[0].release, release.release);
  EXPECT_EQ(back.releases[0].path, release.path);
  ASSERT_EQ(back.test_runs.size(), 1U);
  EXPECT_EQ(back.test_runs[0].release_template, run.release_template);
}

TEST(Protocol, TheOtherMessagesArriveAsTheyWereSent) {
  const Welcome welcome{.protocol = 1, .heartbeat_interval = Duration(2'500)};
  EXPECT_EQ(Through<Welcome>(GatewayMessage(welcome)).heartbeat_interval, Duration(2'500));
  EXPECT_EQ(Through<Ack>(GatewayMessage(Ack{.sequence = 5})).sequence, 5);
  LogsRequest logs;
  logs.request_id = "r-1";
  logs.application = "shop";
  logs.process = "web";
  logs.lines = 10;
  EXPECT_EQ(Through<LogsRequest>(GatewayMessage(logs)).process, "web");
  StepEvent step;
  step.application = "shop";
  step.step = "Install";
  step.ended = true;
  step.elapsed = Duration(77);
  EXPECT_EQ(Through<StepEvent>(AgentMessage(step)).elapsed, Duration(77));
}

TEST(Protocol, AMessageOfANewerPeerIsNoError) {
  const Result<GatewayMessage> message = DecodeGatewayMessage(R"({"type":"drain","x":1})");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<UnknownMessage>(message.value()).type, "drain");
}

TEST(Protocol, WhatIsNoMessageIsRefusedAndSaysWhy) {
  for (const std::string text :
       {"", "[]", "{", "{}", R"({"type":1})", R"({"type":"hello"})",
        R"({"type":"report","sequence":"x"})",
        R"({"type":"hello","protocol":[1],"version":"1","name":"n","incarnation":"x"})"}) {
    const Result<AgentMessage> message = DecodeAgentMessage(text);
    ASSERT_FALSE(message) << text;
    EXPECT_EQ(message.error().code, Code::kBadRequest) << text;
    EXPECT_FALSE(message.error().message.empty()) << text;
  }
  const Result<GatewayMessage> assign = DecodeGatewayMessage(
      R"({"type":"assign","epoch":{"incarnation":"a","version":1},"releases":[{"intent":{}}]})");
  ASSERT_FALSE(assign);
  EXPECT_NE(assign.error().message.find("releases"), std::string::npos) << assign.error().message;
}

TEST(Protocol, AMessageAboveTheLimitIsRefused) {
  const Result<AgentMessage> message = DecodeAgentMessage(std::string(kMaxMessageBytes + 1, ' '));
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, Code::kTooLarge);
}

TEST(Protocol, ClaimsArriveAsTheyWereSent) {
  const ClaimRequest request{.name = "web-1",
                             .version = "1",
                             .csr = "pem",
                             .addresses = {"10.0.0.1"},
                             .provider_id = "aws:///a/i-1"};
  const Result<ClaimRequest> back = DecodeClaimRequest(Encode(request));
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value().csr, "pem");
  EXPECT_EQ(back.value().addresses, request.addresses);
  EXPECT_EQ(back.value().provider_id, request.provider_id);
  const Result<ClaimWaiting> waiting = DecodeClaimWaiting(
      Encode(ClaimWaiting{.reason = "NoSuchServer", .message = "m", .retry_after = Duration(9)}));
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting.value().retry_after, Duration(9));
  const Result<ClaimReply> reply =
      DecodeClaimReply(Encode(ClaimReply{.certificate = "c", .ca = "d"}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply.value().ca, "d");
  EXPECT_FALSE(DecodeClaimRequest("{}"));
  EXPECT_FALSE(DecodeClaimRequest("nonsense"));
}

TEST(Protocol, TheNewestCommonVersionIsChosen) {
  const std::vector<int> both = {0, 1, 2};
  EXPECT_EQ(ChooseVersion(both), 1);
  const std::vector<int> none = {7};
  EXPECT_EQ(ChooseVersion(none), std::nullopt);
}

}  // namespace
}  // namespace slipway::protocol
