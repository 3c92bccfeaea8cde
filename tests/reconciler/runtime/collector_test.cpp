#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/runtime/collector.hpp"
#include "tests/reconciler/runtime/world.hpp"

// Owner references: what is collected, when, and how.
namespace slipway::runtime::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const Key kFleet{.kind = Kind::kFleet, .ns = "default", .name = "web"};

Json Owner(const std::string& kind, const std::string& name, const std::string& uid,
           bool block = false) {
  return {{"apiVersion", kApiVersion},
          {"kind", kind},
          {"name", name},
          {"uid", uid},
          {"controller", true},
          {"blockOwnerDeletion", block}};
}

Json Owned(const std::string& name, int version, const Json& owner) {
  Json server = ObjectOf(ServerKey(name), version);
  server["metadata"]["ownerReferences"] = Json::array({owner});
  return server;
}

World MakeWorld() {
  return World({{.kind = Kind::kServer, .reads = {Kind::kFleet}, .plan = [](const PlanInput&) {
                   return Plan{};
                 }}});
}

TEST(Collector, LeavesWhatHasAnOwner) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_TRUE(world.engine.Idle());
}

TEST(Collector, DeletesTheDependentsOfAnOwnerThatWasDeleted) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  const Json server = Owned("a", 2, Owner("Fleet", "web", "uid-web"));
  world.engine.Replaced(Kind::kServer, {Text(server)}, 2);
  world.engine.ObjectDeleted(Kind::kFleet, Text(ObjectOf(kFleet, 3)));
  const Effect removal = world.OnlyEffect();
  EXPECT_EQ(As<Delete>(removal), (Delete{.key = ServerKey("a"), .uid = Uid("uid-a")}));
  world.Answer(removal, server);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_EQ(world.engine.stats().collected, 1U);
  EXPECT_EQ(world.engine.cache().Find(ServerKey("a")), nullptr);
}

TEST(Collector, WithoutPlannersTheEngineCollectsOfAllKinds) {
  World world(std::vector<Script>{});
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  world.ListTheRest();
  EXPECT_THAT(world.Effects(), SizeIs(0));
  world.engine.ObjectDeleted(Kind::kFleet, Text(ObjectOf(kFleet, 3)));
  EXPECT_EQ(As<Delete>(world.OnlyEffect()), (Delete{.key = ServerKey("a"), .uid = Uid("uid-a")}));
}

TEST(Collector, AsksForAnOwnerThatTheCacheDoesNotHold) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  const Effect get = world.OnlyEffect();
  EXPECT_EQ(As<Get>(get).key, kFleet);
  world.Answer(get, ObjectOf(kFleet, 1));  // the cache was behind
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_NE(world.engine.cache().Find(kFleet), nullptr);
}

TEST(Collector, ASameNameWithAnotherUidIsNoOwner) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1, "new"))}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "old")))}, 2);
  const Effect get = world.OnlyEffect();
  EXPECT_EQ(As<Get>(get).key, kFleet);
  world.Answer(get, ObjectOf(kFleet, 1, "new"));
  EXPECT_EQ(As<Delete>(world.OnlyEffect()).key, ServerKey("a"));
}

TEST(Collector, AnOwnerThatCannotBeReadIsNotGone) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  for (int round = 0; round < 3; ++round) {
    const std::vector<Effect> effects = world.NextEffects();
    ASSERT_THAT(effects, SizeIs(1));
    EXPECT_EQ(As<Get>(effects[0]).key, kFleet);
    world.Answer(effects[0], {{"metadata", {{"name", "web"}}}});
    EXPECT_THAT(world.Effects(), SizeIs(0)) << "no hot loop";
  }
  EXPECT_THAT(world.engine.TakeNotes(), SizeIs(3));
  EXPECT_NE(world.engine.cache().Find(ServerKey("a")), nullptr);
}

TEST(Collector, AListThatCannotBeReadWhollyRemovesNothing) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  world.engine.Replaced(Kind::kFleet, {Text({{"metadata", {{"name", "web"}}}})}, 3);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_NE(world.engine.cache().Find(kFleet), nullptr);
  EXPECT_THAT(world.engine.TakeNotes(), SizeIs(1));
  world.engine.Replaced(Kind::kFleet, {}, 4);
  EXPECT_EQ(As<Delete>(world.OnlyEffect()).key, ServerKey("a"));
}

TEST(Collector, WaitsUntilEveryKindWasListed) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  EXPECT_THAT(world.Effects(), SizeIs(0));
}

TEST(Collector, OneOwnerThatLivesIsEnoughAndForeignKindsCountAsAlive) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  Json two = Owned("a", 2, Owner("Fleet", "gone", "uid-gone"));
  two["metadata"]["ownerReferences"].push_back(Owner("Fleet", "web", "uid-web"));
  Json foreign = Owned("b", 3, Owner("ConfigMap", "x", "uid-x"));
  foreign["metadata"]["ownerReferences"][0]["apiVersion"] = "v1";
  world.engine.Replaced(Kind::kServer, {Text(two), Text(foreign)}, 3);
  EXPECT_THAT(world.Effects(), SizeIs(0));
}

TEST(Collector, ForegroundDeletesTheDependentsFirst) {
  World world = MakeWorld();
  Json fleet = ObjectOf(kFleet, 3);
  fleet["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  fleet["metadata"]["finalizers"] = {kForegroundFinalizer};
  const Json server = Owned("a", 2, Owner("Fleet", "web", "uid-web", true));
  world.engine.Replaced(Kind::kServer, {Text(server)}, 2);
  world.engine.Replaced(Kind::kFleet, {Text(fleet)}, 3);
  const Effect removal = world.OnlyEffect();
  EXPECT_EQ(As<Delete>(removal).key, ServerKey("a"));
  world.Answer(removal, server);
  const auto patch = As<Patch>(world.OnlyEffect());
  EXPECT_EQ(patch.key, kFleet);
  EXPECT_THAT(patch.operations,
              HasSubstr(R"({"op":"add","path":"/metadata/finalizers","value":[]})"));
}

TEST(Collector, OrphanTakesTheReferencesAwayAndLeavesTheDependents) {
  World world = MakeWorld();
  Json fleet = ObjectOf(kFleet, 3);
  fleet["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  fleet["metadata"]["finalizers"] = {kOrphanFinalizer};
  Json server = Owned("a", 2, Owner("Fleet", "web", "uid-web"));
  world.engine.Replaced(Kind::kServer, {Text(server)}, 2);
  world.engine.Replaced(Kind::kFleet, {Text(fleet)}, 3);
  const Effect release = world.OnlyEffect();
  EXPECT_EQ(As<Patch>(release).key, ServerKey("a"));
  server["metadata"].erase("ownerReferences");
  server["metadata"]["resourceVersion"] = "4";
  world.Answer(release, server);
  EXPECT_EQ(As<Patch>(world.OnlyEffect()).key, kFleet);
}

TEST(Collector, WhatCannotBeTriedAgainYetDoesNotKeepTheProcessAwake) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  world.engine.ObjectDeleted(Kind::kFleet, Text(ObjectOf(kFleet, 3)));
  world.Fail(world.OnlyEffect(), Code::kUnavailable);
  world.engine.Expired(Kind::kFleet);
  world.Pass(seconds(1));
  EXPECT_THAT(world.engine.TakeEffects(), SizeIs(0));
  EXPECT_EQ(world.engine.NextWakeup(), std::nullopt);
  world.engine.Replaced(Kind::kFleet, {}, 3);
  EXPECT_EQ(As<Delete>(world.OnlyEffect()).key, ServerKey("a"));
}

TEST(Collector, TriesAgainLaterWhenTheApiFails) {
  World world = MakeWorld();
  world.engine.Replaced(Kind::kFleet, {Text(ObjectOf(kFleet, 1))}, 1);
  world.engine.Replaced(Kind::kServer, {Text(Owned("a", 2, Owner("Fleet", "web", "uid-web")))}, 2);
  world.engine.ObjectDeleted(Kind::kFleet, Text(ObjectOf(kFleet, 3)));
  world.Fail(world.OnlyEffect(), Code::kUnavailable);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  world.Pass(seconds(1));
  world.Fail(world.OnlyEffect(), Code::kNotFound);
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "somebody else was faster";
  EXPECT_TRUE(world.engine.Idle());
}

}  // namespace
}  // namespace slipway::runtime::testing
