#include "reconciler/runtime/cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/api/application.hpp"
#include "reconciler/api/server.hpp"
#include "tests/reconciler/runtime/world.hpp"

namespace slipway::runtime::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

void ByFleet(const Object& object, std::vector<std::string>& values) {
  values.push_back(object.As<api::Server>()->spec.fleet);
}

Cache MakeCache() {
  CacheSchema schema;
  schema.AddIndex(Kind::kServer, "fleet", &ByFleet);
  return Cache(schema);
}

Json ServerOf(const std::string& name, const std::string& fleet, int version) {
  Json server = ObjectOf(ServerKey(name), version);
  server["spec"]["fleet"] = fleet;
  return server;
}

std::vector<std::string> Names(Cache::Objects objects) {
  std::vector<std::string> names;
  for (const Object* object : objects) {
    names.push_back(object->key.name);
  }
  return names;
}

TEST(Cache, FindsObjectsByNameNamespaceOwnerAndIndexInOrder) {
  Cache cache = MakeCache();
  Json owned = ServerOf("b", "web", 2);
  owned["metadata"]["ownerReferences"] = {
      {{"apiVersion", kApiVersion}, {"kind", "Fleet"}, {"name", "web"}, {"uid", "fleet-uid"}}};
  Json elsewhere = ServerOf("z", "web", 3);
  elsewhere["metadata"]["namespace"] = "other";
  cache.Replace(
      Kind::kServer,
      {Text(ServerOf("c", "web", 1)), Text(owned), Text(ServerOf("a", "db", 4)), Text(elsewhere)},
      4);
  EXPECT_THAT(Names(cache.List(Kind::kServer, "default")), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Names(cache.List(Kind::kServer)), ElementsAre("a", "b", "c", "z"));
  EXPECT_THAT(Names(cache.Lookup(Kind::kServer, "fleet", "default", "web")), ElementsAre("b", "c"));
  EXPECT_THAT(Names(cache.OwnedBy(Kind::kServer, Uid("fleet-uid"))), ElementsAre("b"));
  EXPECT_EQ(cache.Get<api::Server>(ServerKey("a"))->spec.fleet, "db");
  EXPECT_EQ(cache.Get<api::Server>(ServerKey("none")), nullptr);
}

TEST(Cache, AChangeMovesAnObjectFromIndexToIndex) {
  Cache cache = MakeCache();
  ASSERT_TRUE(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 1))).has_value());
  const auto changes = cache.Apply(Kind::kServer, Text(ServerOf("a", "db", 2))).value();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].before->version, 1U);
  EXPECT_EQ(changes[0].after->version, 2U);
  EXPECT_THAT(Names(cache.Lookup(Kind::kServer, "fleet", "default", "web")), SizeIs(0));
  EXPECT_THAT(Names(cache.Lookup(Kind::kServer, "fleet", "default", "db")), ElementsAre("a"));
}

TEST(Cache, IgnoresWhatIsOlderThanWhatItHolds) {
  Cache cache = MakeCache();
  ASSERT_TRUE(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 10))).has_value());
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(ServerOf("a", "db", 9))).value(), SizeIs(0));
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(ServerOf("a", "db", 10))).value(), SizeIs(0));
  EXPECT_THAT(cache.ApplyDeletion(Kind::kServer, Text(ServerOf("a", "web", 9))).value(), SizeIs(0));
  EXPECT_EQ(cache.Get<api::Server>(ServerKey("a"))->spec.fleet, "web");
  EXPECT_THAT(cache.ApplyDeletion(Kind::kServer, Text(ServerOf("a", "web", 11))).value(),
              SizeIs(1));
  EXPECT_EQ(cache.Find(ServerKey("a")), nullptr);
}

TEST(Cache, AListTakesAwayWhatIsNotInItUnlessThatIsNewer) {
  Cache cache = MakeCache();
  cache.Replace(Kind::kServer, {Text(ServerOf("old", "web", 1)), Text(ServerOf("kept", "web", 2))},
                2);
  ASSERT_TRUE(cache.Apply(Kind::kServer, Text(ServerOf("written", "web", 9))).has_value());
  ASSERT_TRUE(cache.Apply(Kind::kServer, Text(ServerOf("kept", "db", 8))).has_value());
  const auto changes = cache.Replace(Kind::kServer, {Text(ServerOf("kept", "web", 2))}, 5);
  EXPECT_THAT(changes, SizeIs(1));
  EXPECT_THAT(Names(cache.List(Kind::kServer)), ElementsAre("kept", "written"));
  EXPECT_EQ(cache.Get<api::Server>(ServerKey("kept"))->spec.fleet, "db") << "a stale list";
}

TEST(Cache, ForgottenObjectsStayAwayThroughStaleListsAndWatches) {
  Cache cache = MakeCache();
  cache.Replace(Kind::kServer, {Text(ServerOf("a", "web", 1))}, 1);
  EXPECT_THAT(cache.Forget(ServerKey("a"), Uid("another")), SizeIs(0));
  EXPECT_THAT(cache.Forget(ServerKey("a"), Uid("uid-a")), SizeIs(1));
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 2))).value(), SizeIs(0));
  EXPECT_THAT(cache.Replace(Kind::kServer, {Text(ServerOf("a", "web", 2))}, 2), SizeIs(0));
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 3))).value(), SizeIs(0));
  cache.Replace(Kind::kServer, {}, 4);
  Json again = ServerOf("a", "web", 5);
  again["metadata"]["uid"] = "new";
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(again)).value(), SizeIs(1));
}

TEST(Cache, ADeletedAndRecreatedObjectSurvivesTheLateDeletion) {
  Cache cache = MakeCache();
  Json recreated = ServerOf("a", "web", 12);
  recreated["metadata"]["uid"] = "new";
  ASSERT_TRUE(cache.Apply(Kind::kServer, Text(recreated)).has_value());
  EXPECT_THAT(cache.ApplyDeletion(Kind::kServer, Text(ServerOf("a", "web", 10))).value(),
              SizeIs(0));
  EXPECT_NE(cache.Find(ServerKey("a")), nullptr);
}

TEST(Cache, ALateAnswerDoesNotBringBackWhatWasDeletedMeanwhile) {
  Cache cache = MakeCache();
  ASSERT_TRUE(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 5))).has_value());
  ASSERT_TRUE(cache.ApplyDeletion(Kind::kServer, Text(ServerOf("a", "web", 9))).has_value());
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 8))).value(), SizeIs(0));
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 10))).value(), SizeIs(1));
  cache.Replace(Kind::kServer, {}, 20);
  EXPECT_THAT(cache.Apply(Kind::kServer, Text(ServerOf("a", "web", 15))).value(), SizeIs(0));
}

TEST(Cache, WhatCannotBeReadIsKeptWithTheReason) {
  Cache cache = MakeCache();
  Json bad = ServerOf("a", "web", 1);
  bad["spec"]["releases"] = 5;
  ASSERT_TRUE(cache.Apply(Kind::kServer, Text(bad)).has_value());
  const Object* object = cache.Find(ServerKey("a"));
  EXPECT_EQ(object->view, nullptr);
  EXPECT_THAT(object->problem, ::testing::HasSubstr("spec.releases"));
  EXPECT_EQ(cache.Get<api::Server>(ServerKey("a")), nullptr);
  EXPECT_THAT(Names(cache.Lookup(Kind::kServer, "fleet", "default", "web")), SizeIs(0));
}

TEST(Cache, RefusesWhatCannotBeIdentified) {
  Cache cache = MakeCache();
  Json nameless = ServerOf("a", "web", 1);
  nameless["metadata"].erase("uid");
  EXPECT_FALSE(cache.Apply(Kind::kServer, Text(nameless)).has_value());
  Json versionless = ServerOf("a", "web", 1);
  versionless["metadata"]["resourceVersion"] = "abc";
  EXPECT_FALSE(cache.Apply(Kind::kServer, Text(versionless)).has_value());
  EXPECT_FALSE(cache.Apply(Kind::kServer, std::make_shared<const std::string>("{")).has_value());
}

TEST(Cache, IsSyncedFromAListUntilItExpires) {
  Cache cache = MakeCache();
  EXPECT_FALSE(cache.Synced(Kind::kServer));
  cache.Replace(Kind::kServer, {}, 1);
  EXPECT_TRUE(cache.Synced(Kind::kServer));
  EXPECT_FALSE(cache.Synced(Kind::kFleet));
  cache.Expire(Kind::kServer);
  EXPECT_FALSE(cache.Synced(Kind::kServer));
}

}  // namespace
}  // namespace slipway::runtime::testing
