#include "src/gateway/reports.hpp"

#include <gtest/gtest.h>

#include "reconciler/api/conditions.hpp"
#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::gateway {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWeb = "default/web-1";

api::Server ServerOf(const std::string& name, const std::string& uid) {
  api::Server server;
  server.metadata = {.name = name, .ns = "default", .uid = Uid(uid), .resource_version = "7"};
  server.metadata.generation = 1;
  server.spec.fleet = "web";
  return server;
}

api::TestRun RunOf(const std::string& name) {
  api::TestRun run;
  run.metadata = {.name = name, .ns = "default", .uid = Uid(name), .resource_version = "7"};
  run.spec.server = "web-1";
  return run;
}

api::ConditionStatus ReachableIn(const std::string& status) {
  const auto decoded = api::Decode<api::ServerStatus>(status);
  for (const api::Condition& condition : decoded.value().conditions) {
    if (condition.type == "Reachable") {
      return condition.status;
    }
  }
  ADD_FAILURE() << "no condition Reachable in " << status;
  return api::ConditionStatus::kUnknown;
}

/// One server, listed, with a session that is open.
class ReportsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    catalog_.Start(client_);
    client_.List({{"servers", {api::Encode(ServerOf("web-1", "one"))}}});
    liveness_.Add(kWeb);
  }

  void Connect(std::int64_t incarnation) {
    ASSERT_TRUE(reports_.Greet(kWeb, {.version = "1", .incarnation = incarnation}));
    liveness_.Opened(kWeb, clock_.mono);
    Look();
  }

  void Look() {
    reports_.Touch(kWeb);
    liveness_.Look(clock_.mono);
    reports_.Flush();
  }

  void Report(std::int64_t incarnation, std::int64_t sequence) {
    protocol::Report report{.incarnation = incarnation, .sequence = sequence};
    report.addresses = {"192.0.2." + std::to_string(sequence)};
    reports_.Take(kWeb, std::move(report));
    reports_.Flush();
  }

  /// The write is carried out; the catalog has not heard of it.
  FakeClient::StatusWrite Succeed() {
    FakeClient::StatusWrite write = client_.TakeWrite();
    api::Server server = ServerOf("web-1", write.uid.value);
    server.metadata.resource_version = std::to_string(++version_);
    write.done(std::make_shared<const std::string>(api::Encode(server)));
    return write;
  }

  /// The catalog hears that this is stored.
  void Hear(const std::string& status) {
    api::Server server = ServerOf("web-1", "one");
    server.metadata.resource_version = std::to_string(version_);
    server.status = api::Decode<api::ServerStatus>(status).value();
    client_.Tell("servers", api::Encode(server));
  }

  TestClock clock_;
  FakeClient client_;
  Catalog catalog_{"20260102T030405Z-1f"};
  Liveness liveness_{{}, MonoTime{}};
  std::uint64_t version_ = 7;
  std::vector<std::int64_t> durable_;
  Reports reports_{client_, catalog_, liveness_, clock_,
                   [this](const std::string&, std::int64_t, std::int64_t sequence) {
                     durable_.push_back(sequence);
                   }};
};

TEST_F(ReportsTest, AReportIsDurableOnceItsWriteWasAnsweredAndNotBefore) {
  Connect(1);
  Succeed();
  Report(1, 1);
  EXPECT_TRUE(durable_.empty());
  ASSERT_EQ(client_.writes.size(), 1U);
  Succeed();
  EXPECT_EQ(durable_, std::vector<std::int64_t>{1});
  EXPECT_TRUE(client_.writes.empty());
}

TEST_F(ReportsTest, ANewerReportIsNotAcknowledgedByTheWriteOfAnOlderOne) {
  Connect(1);
  Succeed();
  Report(1, 1);
  Report(1, 2);
  ASSERT_EQ(client_.writes.size(), 1U);
  Succeed();
  EXPECT_TRUE(durable_.empty());
  Succeed();
  EXPECT_EQ(durable_, std::vector<std::int64_t>{2});
}

TEST_F(ReportsTest, AServerIsConfirmedByAReportAndNotByAConnection) {
  Connect(1);
  EXPECT_EQ(ReachableIn(Succeed().status), api::ConditionStatus::kUnknown);
  Report(1, 1);
  EXPECT_EQ(ReachableIn(Succeed().status), api::ConditionStatus::kTrue);
}

TEST_F(ReportsTest, AnAgentThatWasRestartedWithinTheGracePeriodIsNoNews) {
  Connect(1);
  Succeed();
  Report(1, 1);
  Succeed();
  liveness_.Closed(kWeb, clock_.mono);
  Connect(2);
  EXPECT_TRUE(client_.writes.empty());
}

TEST_F(ReportsTest, AServerWhoseStatusIsRefusedDoesNotKeepTheOthersFromBeingSettled) {
  Look();
  EXPECT_FALSE(reports_.settled());
  client_.TakeWrite().done(Fail(Code::kInvalid, "status: is too long"));
  EXPECT_TRUE(reports_.settled());
}

TEST_F(ReportsTest, AStoreThatDoesNotAnswerKeepsEverythingUnsettled) {
  Look();
  client_.TakeWrite().done(Fail(Code::kUnavailable, "the store is stopping"));
  EXPECT_FALSE(reports_.settled());
}

TEST_F(ReportsTest, AWriteThatFailedIsTriedAgainAfterAPauseAndNotWithEveryMessage) {
  Look();
  client_.TakeWrite().done(Fail(Code::kUnavailable, "the store is stopping"));
  reports_.Flush();
  EXPECT_TRUE(client_.writes.empty());
  clock_.mono = MonoTime{1s};
  reports_.Flush();
  EXPECT_EQ(client_.writes.size(), 1U);
}

TEST_F(ReportsTest, AfterAnUnknownOutcomeIsWrittenAlsoWhatWasStoredBefore) {
  Connect(1);
  Succeed();
  Report(1, 1);
  Succeed();
  Report(1, 2);
  client_.TakeWrite().done(Fail(Code::kTimeout, "no answer"));
  protocol::Report again{.incarnation = 1, .sequence = 3, .addresses = {"192.0.2.1"}};
  reports_.Take(kWeb, again);
  clock_.mono = MonoTime{1s};
  reports_.Flush();
  EXPECT_EQ(durable_, std::vector<std::int64_t>{1});
  ASSERT_EQ(client_.writes.size(), 1U);
  Succeed();
  EXPECT_EQ(durable_, (std::vector<std::int64_t>{1, 3}));
}

TEST_F(ReportsTest, NothingIsDurableWhileAnotherStatusIsOnItsWay) {
  Connect(1);
  Succeed();
  Report(1, 1);
  Succeed();
  Report(1, 2);
  reports_.Take(kWeb, {.incarnation = 1, .sequence = 3, .addresses = {"192.0.2.1"}});
  reports_.Flush();
  EXPECT_EQ(durable_, std::vector<std::int64_t>{1});
  Succeed();
  EXPECT_EQ(durable_, std::vector<std::int64_t>{1});
  Succeed();
  EXPECT_EQ(durable_, (std::vector<std::int64_t>{1, 3}));
}

TEST_F(ReportsTest, WhatWasWrittenCountsUntilTheCatalogHasHeardOfIt) {
  Connect(1);
  const std::string unconfirmed = Succeed().status;
  Report(1, 1);
  const std::string confirmed = Succeed().status;
  Look();
  EXPECT_TRUE(client_.writes.empty()) << "the catalog is behind";
  Hear(confirmed);
  Look();
  EXPECT_TRUE(client_.writes.empty());
  ++version_;
  Hear(unconfirmed);
  Look();
  ASSERT_EQ(client_.writes.size(), 1U) << "somebody else has written";
  EXPECT_EQ(ReachableIn(Succeed().status), api::ConditionStatus::kTrue);
}

TEST_F(ReportsTest, ARefusedAssignmentIsSaid) {
  Connect(1);
  Succeed();
  reports_.Take(kWeb, {.incarnation = 1, .sequence = 1, .refused = "it is older"});
  reports_.Flush();
  const auto status = api::Decode<api::ServerStatus>(Succeed().status).value();
  const auto* ready = api::FindCondition(status.conditions, "Ready");
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->status, api::ConditionStatus::kFalse);
  EXPECT_EQ(ready->reason, "AssignmentRefused");
  EXPECT_EQ(ready->message, "it is older");
  EXPECT_EQ(ReachableIn(api::Encode(status)), api::ConditionStatus::kTrue);
}

TEST_F(ReportsTest, AnOlderAgentThanTheStoredOneIsRefused) {
  api::Server server = ServerOf("web-1", "one");
  server.status.agent = api::AgentInfo{.version = "1", .incarnation = "5"};
  client_.Tell("servers", api::Encode(server));
  EXPECT_FALSE(reports_.Greet(kWeb, {.version = "1", .incarnation = 4}));
  EXPECT_TRUE(reports_.Greet(kWeb, {.version = "1", .incarnation = 5}));
}

TEST_F(ReportsTest, TheAnswerForAServerThatIsGoneSaysNothingAboutItsSuccessor) {
  Connect(1);
  Report(1, 1);
  client_.Tell("servers", api::Encode(ServerOf("web-1", "two")));
  Look();
  EXPECT_EQ(Succeed().uid, Uid("one"));
  ASSERT_EQ(client_.writes.size(), 1U);
  EXPECT_EQ(Succeed().uid, Uid("two"));
  EXPECT_EQ(durable_, std::vector<std::int64_t>{1});
}

TEST_F(ReportsTest, AReportIsNotDurableBeforeItsTestRunsAre) {
  Connect(1);
  Succeed();
  client_.Tell("testruns", api::Encode(RunOf("shop-1-gate-1")));
  protocol::Report report{.incarnation = 1, .sequence = 1};
  report.test_runs.push_back({.name = "shop-1-gate-1", .uid = Uid("shop-1-gate-1")});
  report.test_runs[0].status.phase = api::TestRunPhase::kEnded;
  reports_.Take(kWeb, report);
  reports_.Flush();
  ASSERT_EQ(client_.writes.size(), 2U);
  Succeed();
  EXPECT_TRUE(durable_.empty());
  EXPECT_EQ(Succeed().object.plural, "testruns");
  EXPECT_EQ(durable_, std::vector<std::int64_t>{1});
  EXPECT_TRUE(client_.writes.empty());
}

}  // namespace
}  // namespace slipway::gateway
