#include "reconciler/application/adapter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/api/gitrepository.hpp"
#include "reconciler/base/json.hpp"

namespace slipway::application {
namespace {

using nlohmann::json;
using runtime::KeySink;
using runtime::Kind;
using runtime::Object;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Commit kHead(std::string(40, '2'));

template <typename T>
T Named(const std::string& name) {
  T object;
  object.metadata = {.name = name, .ns = "default", .uid = Uid("uid-" + name), .generation = 4};
  return object;
}

/// A rollout that has lost its owner: an application of that name that was deleted, and its dependents were not.
api::Rollout Orphan(const std::string& application, int number) {
  auto rollout = Named<api::Rollout>(application + "-" + std::to_string(number));
  rollout.spec.application = application;
  rollout.spec.number = number;
  rollout.spec.release = {
      .commit = kHead, .tree = Tree(kHead.value), .hash = ReleaseHash(std::string(64, 'a'))};
  rollout.status.phase = api::RolloutPhase::kSucceeded;
  return rollout;
}

/// The engine's cache with one application whose repository has a commit.
class ApplicationAdapter : public ::testing::Test {
 protected:
  ApplicationAdapter() : planner_(MakeApplicationPlanner({})), cache_(Schema()) {
    app = Named<api::Application>("shop");
    app.spec.source = {.repository = "code", .path = "services/shop"};
    app.spec.servers.fleets = {"web"};
    app.spec.release.processes = {{.name = "web", .run = "serve"}};
    code = Named<api::GitRepository>("code");
    code.status.artifact = api::Artifact{.revision = "main@sha1:" + kHead.value, .commit = kHead};
    server = Named<api::Server>("web-1");
    server.spec.fleet = "web";
    Load(Kind::kApplication, app);
    Load(Kind::kGitRepository, code);
    Load(Kind::kServer, server);
    Load(Kind::kRollout);
  }

  runtime::CacheSchema Schema() {
    runtime::CacheSchema schema;
    planner_->Register(schema);
    return schema;
  }

  template <typename... T>
  void Load(Kind kind, T... objects) {
    ++version_;
    ((objects.metadata.resource_version = std::to_string(version_)), ...);
    const std::vector<runtime::Bytes> all{std::make_shared<std::string>(api::Encode(objects))...};
    cache_.Replace(kind, all, version_);
  }

  /// Plans, and stores the wanted status, until there is something to do.
  runtime::Plan PlanNow() {
    for (;;) {
      const Object* object = cache_.Find({Kind::kApplication, "default", "shop"});
      runtime::Plan plan = planner_->MakePlan({.object = *object,
                                               .cache = cache_,
                                               .now = Time{},
                                               .elapsed = Duration(0),
                                               .up = std::chrono::hours(1),
                                               .outside = outside});
      if (!plan.status) {
        return plan;
      }
      app.status = api::Decode<api::ApplicationStatus>(*plan.status).value();
      Load(Kind::kApplication, app);
    }
  }

  /// The next plan once the mirror has answered: it asks for the pin of the next rollout.
  std::string NextName() {
    const runtime::ResolveRevision query{
        .repository = "code", .uid = Uid("uid-code"), .head = kHead, .path = "services/shop"};
    outside["revision"] = {.request = query,
                           .answered = query,
                           .result = runtime::OutsideValue{runtime::ResolvedRevision{
                               .commit = kHead, .tree = Tree(kHead.value)}}};
    const runtime::Plan plan = PlanNow();
    EXPECT_THAT(plan.actions, SizeIs(1)) << "nothing but the pin";
    const auto ask = std::get<runtime::Ask>(plan.actions.at(0));
    return std::get<runtime::Pin>(ask.request).id;
  }

  KeySink AffectedBy(Kind kind, const char* name) {
    const auto object = std::make_shared<Object>(*cache_.Find({kind, "default", name}));
    KeySink keys;
    planner_->AffectedBy(cache_, {.before = object, .after = object}, keys);
    return keys;
  }

  std::unique_ptr<runtime::Planner> planner_;
  runtime::Cache cache_;
  runtime::OutsideStates outside;
  api::Application app;
  api::GitRepository code;
  api::Server server;

 private:
  std::uint64_t version_ = 0;
};

TEST_F(ApplicationAdapter, FromACommitToAPinnedRollout) {
  runtime::Plan plan = PlanNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto ask = std::get<runtime::Ask>(plan.actions[0]);
  const runtime::ResolveRevision query{
      .repository = "code", .uid = Uid("uid-code"), .head = kHead, .path = "services/shop"};
  EXPECT_EQ(std::get<runtime::ResolveRevision>(ask.request), query);

  outside[ask.slot] = {.request = query,
                       .answered = query,
                       .result = runtime::OutsideValue{runtime::ResolvedRevision{
                           .commit = kHead, .tree = Tree(kHead.value), .subject = "add a cart"}}};
  plan = PlanNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto pin = std::get<runtime::Ask>(plan.actions[0]);
  const runtime::Pin wanted{
      .repository = "code", .uid = Uid("uid-code"), .id = "shop-1", .commit = kHead};
  EXPECT_EQ(std::get<runtime::Pin>(pin.request), wanted);

  outside[pin.slot] = {.request = wanted, .answered = wanted, .result = runtime::OutsideValue{}};
  plan = PlanNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto create = std::get<runtime::Create>(plan.actions[0]);
  EXPECT_EQ(create.key, (runtime::Key{Kind::kRollout, "default", "shop-1"}));
  const json rollout = ReadJson(create.json);
  EXPECT_EQ(rollout["metadata"]["ownerReferences"][0]["uid"], "uid-shop");
  EXPECT_EQ(rollout["metadata"]["finalizers"][0], "slipway.dev/pin");
  EXPECT_EQ(rollout["spec"]["release"]["commit"], kHead.value);
  EXPECT_EQ(rollout["spec"]["release"]["subject"], "add a cart");
  EXPECT_EQ(rollout["spec"]["template"]["source"]["path"], "services/shop");
  EXPECT_EQ(app.status.target->commit, kHead);
}

TEST_F(ApplicationAdapter, NumbersOfAnEarlierLifeAreUsedUp) {
  api::Rollout former = Orphan("shop", 3);
  former.metadata.owner_references = {{.kind = "Application", .name = "shop", .uid = Uid("gone")}};
  Load(Kind::kRollout, Orphan("shop", 2), former);
  EXPECT_EQ(NextName(), "shop-4");
  EXPECT_EQ(app.status.last_number, 3);
  // What is seen once is used up, also where nothing is made before it goes.
  Load(Kind::kRollout);
  EXPECT_EQ(NextName(), "shop-4");
}

TEST_F(ApplicationAdapter, ARolloutOnItsWayOutHasItsNameUntilItIsGone) {
  api::Rollout going = Orphan("shop", 1);
  going.metadata.deletion_timestamp = Time{};
  going.metadata.finalizers = {rollout::kPinFinalizer};
  Load(Kind::kRollout, going);
  EXPECT_EQ(NextName(), "shop-2");
}

TEST_F(ApplicationAdapter, OnlyTheNameOfAnObjectUsesItsNumberUp) {
  api::Rollout stranger = Orphan("shop", 2);
  stranger.spec.application = "db";
  api::Rollout misnamed = Orphan("shop", 7);
  misnamed.metadata.name = "by-hand";
  Load(Kind::kRollout, stranger, misnamed, Orphan("shop-eu", 8), Orphan("shopper", 9));
  EXPECT_EQ(NextName(), "shop-3");
}

TEST_F(ApplicationAdapter, WhatAnEarlierLifeLeftIsNoHistoryOfThisOne) {
  app.spec.revision_history_limit = 0;
  api::Rollout bad = Orphan("shop", 2);
  bad.status.phase = api::RolloutPhase::kRolledBack;
  bad.status.cause = api::RolloutCause::kServerFailed;
  bad.spec.hold = true;
  api::Rollout active = Orphan("shop", 3);
  active.status.phase = api::RolloutPhase::kProgressing;
  active.status.wave = 1;
  Load(Kind::kApplication, app);
  Load(Kind::kRollout, Orphan("shop", 1), bad, active);
  EXPECT_EQ(NextName(), "shop-4") << "and nothing is deleted";
  EXPECT_FALSE(app.status.stable.has_value());
  EXPECT_FALSE(app.status.promoted.has_value());
  EXPECT_FALSE(app.status.hold.has_value());
  EXPECT_THAT(app.status.failed, IsEmpty());
  EXPECT_EQ(app.status.active, "");
}

TEST_F(ApplicationAdapter, AnAnswerOfAnotherMirrorIsNone) {
  const runtime::ResolveRevision query{
      .repository = "code", .uid = Uid("uid-former"), .head = kHead, .path = "services/shop"};
  outside["revision"] = {
      .request = query,
      .answered = query,
      .result = runtime::OutsideValue{runtime::ResolvedRevision{.commit = kHead}}};
  const runtime::Plan plan = PlanNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<runtime::ResolveRevision>(
      std::get<runtime::Ask>(plan.actions[0]).request));
  EXPECT_FALSE(app.status.target.has_value());
}

TEST_F(ApplicationAdapter, ItIsPlannedAgainForWhatConcernsIt) {
  api::Server stranger = Named<api::Server>("db-1");
  stranger.spec.fleet = "db";
  Load(Kind::kServer, server, stranger);
  Load(Kind::kRollout, Orphan("shop", 1));
  const runtime::Key key{Kind::kApplication, "default", "shop"};
  EXPECT_THAT(AffectedBy(Kind::kServer, "web-1"), ElementsAre(key));
  EXPECT_THAT(AffectedBy(Kind::kServer, "db-1"), IsEmpty());
  EXPECT_THAT(AffectedBy(Kind::kGitRepository, "code"), ElementsAre(key));
  EXPECT_THAT(AffectedBy(Kind::kRollout, "shop-1"), ElementsAre(key));
  EXPECT_EQ(planner_->Group(*cache_.Find(key)), "application default/shop");
}

TEST_F(ApplicationAdapter, AnApplicationThatNamesNoFleetIsFoundByItsSelector) {
  app.spec.servers = {.selector = api::LabelSelector{.match_labels = {{"role", "web"}}}};
  server.metadata.labels = {{"role", "web"}};
  Load(Kind::kApplication, app);
  Load(Kind::kServer, server);
  EXPECT_THAT(AffectedBy(Kind::kServer, "web-1"), SizeIs(1));
  server.metadata.labels = {{"role", "db"}};
  Load(Kind::kServer, server);
  EXPECT_THAT(AffectedBy(Kind::kServer, "web-1"), IsEmpty());
}

}  // namespace
}  // namespace slipway::application
