#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "tests/reconciler/runtime/world.hpp"

namespace slipway::runtime::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Plan Nothing(const PlanInput& /*input*/) { return {}; }

/// Names of the keys that were planned, in order.
Script Recorder(std::vector<std::string>& planned, Kind kind = Kind::kApplication) {
  return Script{.kind = kind, .plan = [&planned](const PlanInput& input) {
                  planned.push_back(input.object.key.name);
                  return Plan{};
                }};
}

Plan StatusOnce(const PlanInput& input, const Json& status) {
  Plan plan;
  plan.status = status.dump();
  plan.actions.push_back(Delete{.key = input.object.key, .uid = input.object.uid});
  return plan;
}

Patch PatchOf(const Object& object) {
  return Patch{.key = object.key,
               .uid = object.uid,
               .generation = object.generation,
               .operations = R"([{"op":"add","path":"/spec/x","value":1}])"};
}

TEST(Engine, PlansNothingBeforeEveryKindThatThePlannerReadsWasListed) {
  std::vector<std::string> planned;
  Script script = Recorder(planned);
  script.reads = {Kind::kServer, Kind::kRollout};
  World world({script});
  world.engine.Replaced(Kind::kApplication, {Text(ObjectOf(App("shop"), 5))}, 5);
  world.engine.Replaced(Kind::kServer, {}, 5);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_THAT(planned, SizeIs(0));
  world.engine.Replaced(Kind::kRollout, {}, 5);
  world.Effects();
  EXPECT_THAT(planned, ElementsAre("shop"));
}

TEST(Engine, PlansNothingAfterAWatchLostItsPlaceUntilTheKindIsListedAgain) {
  std::vector<std::string> planned;
  Script script = Recorder(planned);
  script.reads = {Kind::kServer};
  World world({script});
  world.ListTheRest();
  world.engine.Expired(Kind::kServer);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Effects();
  EXPECT_THAT(planned, SizeIs(0));
  world.engine.Replaced(Kind::kServer, {}, 9);
  world.Effects();
  EXPECT_THAT(planned, ElementsAre("shop"));
}

TEST(Engine, WritesStatusBeforeActionsAndFindsTheActionsAgain) {
  World world({{.plan = [](const PlanInput& input) {
    return StatusOnce(input, {{"active", "shop-1"}});
  }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect first = world.OnlyEffect();
  const auto status = As<WriteStatus>(first);
  EXPECT_EQ(status.version, 5U);
  EXPECT_EQ(ReadJson(status.status), Json({{"active", "shop-1"}}));
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "a key with a write in flight is not planned";
  object["status"] = {{"active", "shop-1"}};
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(first, object);
  EXPECT_EQ(As<Delete>(world.OnlyEffect()).key, App("shop"));
}

TEST(Engine, AStatusThatIsStoredAlreadyIsNotWritten) {
  World world({{.plan = [](const PlanInput& input) {
    return StatusOnce(input, {{"active", "shop-1"}});
  }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  object["status"] = {{"active", "shop-1"}};
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  As<Delete>(world.OnlyEffect());
}

TEST(Engine, TheWrittenObjectIsInTheCacheBeforeTheNextPlan) {
  std::vector<std::int64_t> generations;
  World world({{.plan = [&](const PlanInput& input) {
    generations.push_back(input.object.generation);
    Plan plan;
    if (input.object.generation == 1) {
      plan.actions.push_back(PatchOf(input.object));
    }
    return plan;
  }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect patch = world.OnlyEffect();
  EXPECT_EQ(ReadJson(As<Patch>(patch).operations),
            ReadJson(R"([{"op":"test","path":"/metadata/uid","value":"uid-shop"},
                            {"op":"test","path":"/metadata/generation","value":1},
                            {"op":"add","path":"/spec/x","value":1}])"));
  object["metadata"]["resourceVersion"] = "6";
  object["metadata"]["generation"] = 2;
  world.Answer(patch, object);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_THAT(generations, ElementsAre(1, 2));
}

TEST(Engine, NoMemberOfAGroupIsPlannedWhileAWriteOfAnotherIsInFlight) {
  std::vector<std::string> planned;
  World world(
      {{.plan =
            [&](const PlanInput& input) {
              planned.push_back(input.object.key.name);
              Plan plan;
              if (input.object.generation == 1 && input.object.key.name == "a") {
                plan.actions.push_back(PatchOf(input.object));
              }
              return plan;
            },
        .group =
            [](const Object& object) { return object.key.name == "c" ? "other" : "together"; }}});
  world.ListTheRest();
  Json first = ObjectOf(App("a"), 5);
  world.engine.Replaced(Kind::kApplication,
                        {Text(first), Text(ObjectOf(App("b"), 6)), Text(ObjectOf(App("c"), 7))}, 7);
  const Effect patch = world.OnlyEffect();
  EXPECT_THAT(planned, ElementsAre("a", "c"));
  first["metadata"]["generation"] = 2;
  first["metadata"]["resourceVersion"] = "8";
  world.Answer(patch, first);
  world.Effects();
  EXPECT_THAT(planned, ElementsAre("a", "c", "a", "b"));
}

Key FleetKey(const std::string& name) {
  return Key{.kind = Kind::kFleet, .ns = "default", .name = name};
}

Create CreateOf(const Key& key) { return Create{.key = key, .json = ObjectOf(key, 0).dump()}; }

TEST(Engine, PatchesOfDifferentObjectsGoOutTogetherAndSoDoCreatesAndEverythingElseGoesAlone) {
  World world({{.reads = {Kind::kServer}, .plan = [](const PlanInput& input) {
                  Plan plan;
                  for (const Object* server : input.cache.List(Kind::kServer)) {
                    plan.actions.push_back(PatchOf(*server));
                  }
                  plan.actions.push_back(CreateOf(FleetKey("new")));
                  plan.actions.push_back(CreateOf(FleetKey("newer")));
                  plan.actions.push_back(CreateOf(FleetKey("newer")));
                  plan.actions.push_back(Delete{.key = App("old"), .uid = Uid("old")});
                  plan.actions.push_back(Delete{.key = App("older"), .uid = Uid("older")});
                  return plan;
                }}});
  world.ListTheRest();
  world.engine.Replaced(
      Kind::kServer, {Text(ObjectOf(ServerKey("web-1"), 3)), Text(ObjectOf(ServerKey("web-2"), 4))},
      4);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const std::vector<Effect> patches = world.Effects();
  ASSERT_THAT(patches, SizeIs(2));
  world.Answer(patches[0], ObjectOf(ServerKey("web-1"), 6));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  world.Answer(patches[1], ObjectOf(ServerKey("web-2"), 7));
  const std::vector<Effect> creates = world.Effects();
  ASSERT_THAT(creates, SizeIs(2));
  EXPECT_EQ(As<Create>(creates[0]).key, FleetKey("new"));
  EXPECT_EQ(As<Create>(creates[1]).key, FleetKey("newer"));
  world.Answer(creates[0], ObjectOf(FleetKey("new"), 8));
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "the same object twice is no neighbour";
  world.Answer(creates[1], ObjectOf(FleetKey("newer"), 9));
  const Effect twice = world.OnlyEffect();
  world.Answer(twice, ObjectOf(As<Create>(twice).key, 9));
  EXPECT_EQ(As<Delete>(world.OnlyEffect()).key, App("old"));
}

TEST(Engine, ACreateThatFailsDropsTheRestOfThePlan) {
  int plans = 0;
  World world({{.plan =
                    [&](const PlanInput&) {
                      Plan plan;
                      if (++plans == 1) {
                        for (const char* name : {"a", "b", "c"}) {
                          plan.actions.push_back(CreateOf(ServerKey(name)));
                        }
                      }
                      return plan;
                    }}},
              EngineOptions{.max_writes_in_flight = 8});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const std::vector<Effect> creates = world.Effects();
  ASSERT_THAT(creates, SizeIs(2));
  world.Fail(creates[0], Code::kForbidden);
  world.Answer(creates[1], ObjectOf(ServerKey("b"), 6));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_EQ(plans, 1) << "it waits before it tries again";
}

TEST(Engine, TheFirstFailureDropsTheRestOfThePlan) {
  int plans = 0;
  World world({{.plan = [&](const PlanInput& input) {
    Plan plan;
    if (++plans == 1) {
      plan.actions.push_back(Delete{.key = ServerKey("web-1"), .uid = Uid("u")});
      plan.actions.push_back(Delete{.key = input.object.key, .uid = input.object.uid});
    }
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Fail(world.OnlyEffect(), Code::kForbidden);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_EQ(plans, 1) << "it waits before it tries again";
  world.Pass(seconds(1));
  EXPECT_EQ(plans, 2);
}

TEST(Engine, AtMostNEffectsAreInFlight) {
  World world({{.reads = {Kind::kServer},
                .plan =
                    [](const PlanInput& input) {
                      Plan plan;
                      for (const Object* server : input.cache.List(Kind::kServer)) {
                        if (server->generation == 1) {
                          plan.actions.push_back(PatchOf(*server));
                        }
                      }
                      return plan;
                    }}},
              EngineOptions{.max_writes_in_flight = 2});
  world.ListTheRest();
  std::vector<Bytes> servers;
  for (int i = 1; i <= 5; ++i) {
    servers.push_back(Text(ObjectOf(ServerKey("web-" + std::to_string(i)), i)));
  }
  world.engine.Replaced(Kind::kServer, servers, 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  int version = 10;
  int sent = 0;
  for (std::vector<Effect> effects = world.Effects(); !effects.empty(); effects = world.Effects()) {
    EXPECT_LE(world.engine.stats().in_flight, 2U);
    for (const Effect& effect : effects) {
      Json server = ObjectOf(As<Patch>(effect).key, ++version);
      server["metadata"]["generation"] = 2;
      world.Answer(effect, server);
      ++sent;
    }
  }
  EXPECT_EQ(sent, 5);
  EXPECT_TRUE(world.engine.Idle());
}

TEST(Engine, WhoAlwaysWritesLeavesRoomForOthers) {
  World world({{.plan =
                    [](const PlanInput& input) {
                      Plan plan;
                      plan.actions.push_back(PatchOf(input.object));
                      return plan;
                    }}},
              EngineOptions{.max_writes_in_flight = 1});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("a"), 5)));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("b"), 6)));
  std::string order;
  for (int version = 7; version < 13; ++version) {
    const Effect patch = world.OnlyEffect();
    order += As<Patch>(patch).key.name;
    world.Answer(patch, ObjectOf(As<Patch>(patch).key, version));
  }
  EXPECT_EQ(order, "ababab");
}

TEST(Engine, OneLongPlanTakesAQuarterOfTheRoomAtMost) {
  World world({{.reads = {Kind::kServer},
                .plan =
                    [](const PlanInput& input) {
                      Plan plan;
                      for (const Object* server : input.cache.List(Kind::kServer)) {
                        plan.actions.push_back(PatchOf(*server));
                      }
                      return plan;
                    }}},
              EngineOptions{.max_writes_in_flight = 8});
  world.ListTheRest();
  std::vector<Bytes> servers;
  for (int i = 1; i <= 9; ++i) {
    servers.push_back(Text(ObjectOf(ServerKey("web-" + std::to_string(i)), i)));
  }
  world.engine.Replaced(Kind::kServer, servers, 9);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("a"), 10)));
  EXPECT_THAT(world.Effects(), SizeIs(2));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("b"), 11)));
  EXPECT_THAT(world.Effects(), SizeIs(2));
}

TEST(Engine, AChangeOfAnotherKindWakesTheKeysThatItAffects) {
  std::vector<std::string> planned;
  Script script = Recorder(planned);
  script.reads = {Kind::kServer};
  script.affected_by = [](const Cache&, const Change& change, KeySink& keys) {
    if (change.any().key.kind == Kind::kServer) {
      keys.insert(App("b"));
    }
  };
  World world({script});
  world.ListTheRest();
  world.engine.Replaced(Kind::kApplication,
                        {Text(ObjectOf(App("a"), 5)), Text(ObjectOf(App("b"), 6))}, 6);
  world.Effects();
  planned.clear();
  world.engine.ObjectChanged(Kind::kServer, Text(ObjectOf(ServerKey("web-1"), 7)));
  world.Effects();
  EXPECT_THAT(planned, ElementsAre("b"));
}

TEST(Engine, ObjectsThatNobodyPlansForAreNotQueued) {
  std::vector<std::string> planned;
  Script script = Recorder(planned);
  script.reads = {Kind::kServer};
  World world({script});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kServer, Text(ObjectOf(ServerKey("web-1"), 7)));
  EXPECT_EQ(world.engine.stats().queue_depth, 0U);
  EXPECT_EQ(world.engine.NextWakeup(), std::nullopt);
}

TEST(Engine, WhatIsAffectedAndDoesNotExistIsNotQueued) {
  std::vector<std::string> planned;
  Script script = Recorder(planned);
  script.reads = {Kind::kServer};
  script.affected_by = [](const Cache&, const Change& change, KeySink& keys) {
    keys.insert(App("of-" + change.any().key.name));
  };
  World world({script});
  for (int i = 1; i <= 100; ++i) {
    world.engine.ObjectChanged(Kind::kServer, Text(ObjectOf(ServerKey(std::to_string(i)), i)));
  }
  EXPECT_EQ(world.engine.stats().queue_depth, 0U);
}

TEST(Engine, ManyReportsCostOnePlan) {
  std::vector<std::string> planned;
  World world({Recorder(planned)});
  world.ListTheRest();
  for (int version = 1; version <= 1000; ++version) {
    world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), version)));
  }
  world.Effects();
  EXPECT_THAT(planned, SizeIs(1));
}

TEST(Engine, APlannersTimeIsKept) {
  std::vector<std::string> planned;
  World world({{.plan = [&](const PlanInput& input) {
    planned.push_back(input.object.key.name);
    Plan plan;
    plan.requeue_after = seconds(3);
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Effects();
  EXPECT_EQ(world.engine.NextWakeup(), world.mono + seconds(3));
  world.Pass(Duration(2'999));
  EXPECT_THAT(planned, SizeIs(1));
  world.Pass(Duration(1));
  EXPECT_THAT(planned, SizeIs(2));
}

TEST(Engine, WithoutAnythingToDoOnlyNewsCanMatter) {
  World world({{.plan = Nothing}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_EQ(world.engine.NextWakeup(), std::nullopt);
  EXPECT_TRUE(world.engine.Idle());
}

TEST(Engine, LooksAfterItsShellBetweenPlans) {
  std::vector<std::string> planned;
  World world({Recorder(planned)}, EngineOptions{.max_plans_per_tick = 3});
  std::vector<Bytes> objects;
  for (int i = 0; i < 5; ++i) {
    objects.push_back(Text(ObjectOf(App("app-" + std::to_string(i)), i + 1)));
  }
  world.engine.Replaced(Kind::kApplication, objects, 5);
  world.Effects();
  EXPECT_THAT(planned, SizeIs(3));
  EXPECT_EQ(world.engine.NextWakeup(), world.mono);
  world.Effects();
  EXPECT_THAT(planned, SizeIs(5));
}

TEST(Engine, ResultsOfUnknownEffectsAreIgnored) {
  World world({{.plan = [](const PlanInput& input) {
    return StatusOnce(input, {{"active", "shop-1"}});
  }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect status = world.OnlyEffect();
  world.Answer(Effect{.id = status.id + 100, .work = status.work}, object);
  object["status"] = {{"active", "shop-1"}};
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(status, object);
  const Effect removal = world.OnlyEffect();
  world.Answer(status, object);
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "a doubled answer changes nothing";
  EXPECT_EQ(world.engine.stats().in_flight, 1U);
  As<Delete>(removal);
}

TEST(Engine, OursAreTheOnlyFinalizersThatItTouches) {
  World world({{.plan = [](const PlanInput& input) {
    Plan plan;
    plan.finalizers = input.object.deleting ? std::vector<std::string>{}
                                            : std::vector<std::string>{"slipway.dev/pins"};
    return plan;
  }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  object["metadata"]["finalizers"] = {"example.org/theirs"};
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect added = world.OnlyEffect();
  EXPECT_THAT(As<Patch>(added).operations,
              HasSubstr(R"("value":["example.org/theirs","slipway.dev/pins"])"));
  object["metadata"]["finalizers"] = {"example.org/theirs", "slipway.dev/pins"};
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(added, object);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  object["metadata"]["resourceVersion"] = "7";
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  EXPECT_THAT(As<Patch>(world.OnlyEffect()).operations,
              HasSubstr(R"("value":["example.org/theirs"]})"));
}

}  // namespace
}  // namespace slipway::runtime::testing
