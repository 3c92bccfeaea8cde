#include "src/gateway/catalog.hpp"

#include <gtest/gtest.h>

#include "tests/src/gateway/fake_client.hpp"

namespace slipway::gateway {
namespace {

constexpr std::size_t kAll = 1'000;
using Names = std::set<std::string>;

template <typename T>
T Named(const std::string& name) {
  T object;
  object.metadata = {.name = name, .ns = "default", .uid = Uid(name), .resource_version = "1"};
  return object;
}

api::Server ServerWithIntent() {
  auto server = Named<api::Server>("web-1");
  server.metadata.generation = 3;
  server.metadata.resource_version = "41";
  server.spec.fleet = "web";
  server.spec.releases = {
      {.application = "shop", .rollout = "shop-1", .wave = 1, .attempt = 1, .commit = Commit("c")}};
  return server;
}

api::Application Shop() {
  auto shop = Named<api::Application>("shop");
  shop.spec.source.repository = "code";
  shop.spec.release.processes = {{.name = "web", .run = "serve"}};
  return shop;
}

api::Rollout ShopOne(api::RolloutPhase phase, std::int64_t wave) {
  auto rollout = Named<api::Rollout>("shop-1");
  rollout.metadata.owner_references = {{.kind = "Application", .name = "shop", .uid = Uid("shop")}};
  rollout.spec = {.application = "shop", .number = 1, .release = {.commit = Commit("c")}};
  rollout.spec.template_.release.processes = {{.name = "web", .run = "serve"}};
  rollout.status.phase = phase;
  rollout.status.wave = wave;
  return rollout;
}

api::TestRun RunOnIntegration() {
  auto run = Named<api::TestRun>("shop-1-gate-1");
  run.spec = {.application = "shop", .rollout = "shop-1", .server = "int-1", .number = 1};
  return run;
}

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() { catalog_.Start(client_); }

  void List(const std::vector<std::string>& servers, const std::vector<std::string>& rollouts,
            const std::vector<std::string>& runs = {}) {
    client_.List({{"servers", servers},
                  {"rollouts", rollouts},
                  {"applications", {api::Encode(Shop())}},
                  {"testruns", runs}});
    catalog_.TakeChangedServers(kAll);
  }

  FakeClient client_;
  Catalog catalog_{"20260102T030405Z-1f"};
};

TEST_F(CatalogTest, IsCompleteWhenEveryKindWasListed) {
  EXPECT_FALSE(catalog_.complete());
  List({}, {});
  EXPECT_TRUE(catalog_.complete());
}

TEST_F(CatalogTest, AnIntentIsInertUntilItsWaveHasBegun) {
  const api::Server server = ServerWithIntent();
  List({api::Encode(server)}, {});
  EXPECT_TRUE(catalog_.AssignmentOf(server).releases.empty()) << "the rollout is not there";
  client_.Tell("rollouts", api::Encode(ShopOne(api::RolloutPhase::kProgressing, 0)));
  EXPECT_TRUE(catalog_.AssignmentOf(server).releases.empty()) << "the wave has not begun";
  client_.Tell("rollouts", api::Encode(ShopOne(api::RolloutPhase::kProgressing, 1)));
  EXPECT_EQ(catalog_.TakeChangedServers(kAll), Names{"default/web-1"});
  const protocol::Assign assign = catalog_.AssignmentOf(server);
  ASSERT_EQ(assign.releases.size(), 1U);
  EXPECT_EQ(assign.releases[0].repository, "default/code");
  EXPECT_EQ(assign.epoch.version, 41);
}

TEST_F(CatalogTest, ATestRunIsToldWhenItsRolloutIsHeardOfLater) {
  auto integration = Named<api::Server>("int-1");
  integration.spec.fleet = "integration";
  List({api::Encode(integration)}, {});
  client_.Tell("testruns", api::Encode(RunOnIntegration()));
  EXPECT_EQ(catalog_.TakeChangedServers(kAll), Names{"default/int-1"});
  EXPECT_TRUE(catalog_.AssignmentOf(integration).test_runs.empty());
  client_.Tell("rollouts", api::Encode(ShopOne(api::RolloutPhase::kTesting, 0)));
  EXPECT_EQ(catalog_.TakeChangedServers(kAll), Names{"default/int-1"});
  EXPECT_EQ(catalog_.AssignmentOf(integration).test_runs.size(), 1U);
}

TEST_F(CatalogTest, WhatAnEarlierApplicationOfThatNameLeftBehindIsToldToNobody) {
  const api::Server server = ServerWithIntent();
  api::TestRun run = RunOnIntegration();
  run.spec.server = "web-1";
  api::Rollout rollout = ShopOne(api::RolloutPhase::kProgressing, 1);
  List({api::Encode(server)}, {api::Encode(rollout)}, {api::Encode(run)});
  EXPECT_EQ(catalog_.AssignmentOf(server).releases.size(), 1U);
  EXPECT_EQ(catalog_.AssignmentOf(server).test_runs.size(), 1U);
  rollout.metadata.owner_references.clear();
  client_.Tell("rollouts", api::Encode(rollout));
  EXPECT_EQ(catalog_.TakeChangedServers(kAll), Names{"default/web-1"});
  EXPECT_TRUE(catalog_.AssignmentOf(server).releases.empty());
  EXPECT_TRUE(catalog_.AssignmentOf(server).test_runs.empty());
}

TEST_F(CatalogTest, AReportIsNoChangeAndANewIntentIs) {
  api::Server server = ServerWithIntent();
  List({api::Encode(server)}, {});
  server.status.addresses = {"192.0.2.1"};
  client_.Tell("servers", api::Encode(server));
  EXPECT_FALSE(catalog_.HasChanges());
  ++server.metadata.generation;
  client_.Tell("servers", api::Encode(server));
  EXPECT_TRUE(catalog_.HasChanges());
}

// An agent refuses what is older than what it has accepted, so this must grow with every change of what is wanted, and with
// nothing else: a report that made a newer assignment would be answered by a report.
TEST_F(CatalogTest, TheEpochGrowsWithTheSpecAndNotWithReports) {
  api::Server server = ServerWithIntent();
  const auto tell = [&](const char* version) {
    server.metadata.resource_version = version;
    client_.Tell("servers", api::Encode(server));
    return catalog_.AssignmentOf(server).epoch.version;
  };
  List({api::Encode(server)}, {});
  EXPECT_EQ(tell("50"), 41) << "a report";
  server.metadata.resource_version = "60";
  List({api::Encode(server)}, {});
  EXPECT_EQ(catalog_.AssignmentOf(server).epoch.version, 41) << "a new list";
  ++server.metadata.generation;
  EXPECT_EQ(tell("70"), 70) << "another spec";
  client_.TellDeleted("servers", api::Encode(server));
  server.metadata.uid = Uid("another");
  server.metadata.generation = 1;
  EXPECT_EQ(tell("80"), 80) << "a new Server of this name";
  server.metadata.uid = Uid("a third");
  server.metadata.resource_version = "90";
  List({api::Encode(server)}, {});
  EXPECT_EQ(catalog_.AssignmentOf(server).epoch.version, 90)
      << "a new Server, behind a gap in the history";
}

TEST_F(CatalogTest, WhatCannotBeReadLeavesWhatWasKnownBefore) {
  List({api::Encode(ServerWithIntent())}, {});
  client_.Tell("servers", R"({"metadata":{"name":"web-1","namespace":"default"},"spec":7})");
  ASSERT_NE(catalog_.FindServer("default/web-1"), nullptr);
  EXPECT_EQ(catalog_.FindServer("default/web-1")->metadata.generation, 3);
}

TEST_F(CatalogTest, ClaimsWithoutAServerAreCountedByToken) {
  auto waiting = Named<api::ServerClaim>("web-1-a");
  waiting.spec.token_id = "aa";
  auto matched = Named<api::ServerClaim>("web-2-b");
  matched.spec.token_id = "aa";
  matched.status.server = "web-2";
  client_.List({{"serverclaims", {api::Encode(waiting), api::Encode(matched)}}});
  EXPECT_EQ(catalog_.UnmatchedClaims("default", "aa"), 1U);
  EXPECT_EQ(catalog_.UnmatchedClaims("default", "bb"), 0U);
  EXPECT_EQ(catalog_.UnmatchedClaims("other", "aa"), 0U);
}

}  // namespace
}  // namespace slipway::gateway
