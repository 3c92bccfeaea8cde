#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "tests/reconciler/runtime/world.hpp"

// What the engine does when writes fail, when nobody knows whether they did, and when a planner
// throws.
namespace slipway::runtime::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Wants status.active to be shop-1.
Plan WantActive(const PlanInput& /*input*/) {
  Plan plan;
  plan.status = Json({{"active", "shop-1"}}).dump();
  return plan;
}

/// Wants the Rollout shop-1.
Plan WantRollout(const PlanInput& input) {
  const Key key{.kind = Kind::kRollout, .ns = "default", .name = "shop-1"};
  Plan plan;
  if (input.cache.Find(key) == nullptr) {
    Json rollout = ObjectOf(key, 0);
    rollout["metadata"] = {{"name", "shop-1"},
                           {"namespace", "default"},
                           {"ownerReferences",
                            {{{"apiVersion", kApiVersion},
                              {"kind", "Application"},
                              {"name", "shop"},
                              {"uid", input.object.uid.value},
                              {"controller", true}}}}};
    plan.actions.push_back(Create{.key = key, .json = rollout.dump()});
  }
  return plan;
}

TEST(Trouble, AfterAConflictTheKeyWaitsForAGetAndPlansFromWhatItFound) {
  std::vector<std::uint64_t> versions;
  World world({{.plan = [&](const PlanInput& input) {
    versions.push_back(input.object.version);
    return WantActive(input);
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Fail(world.OnlyEffect(), Code::kConflict);
  const Effect get = world.OnlyEffect();
  EXPECT_EQ(As<Get>(get).key, App("shop"));
  world.Answer(get, ObjectOf(App("shop"), 7));
  EXPECT_EQ(As<WriteStatus>(world.OnlyEffect()).version, 7U);
  EXPECT_THAT(versions, ElementsAre(5U, 7U));
  EXPECT_EQ(world.engine.stats().conflicts, 1U);
}

TEST(Trouble, ConflictsInARowBackOff) {
  int plans = 0;
  World world({{.plan = [&](const PlanInput& input) {
    ++plans;
    return WantActive(input);
  }}});
  world.ListTheRest();
  int version = 5;
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), version)));
  for (int round = 0; round < 50; ++round) {  // somebody else writes all the time
    for (const Effect& effect : world.Effects()) {
      if (std::holds_alternative<Get>(effect.work)) {
        world.Answer(effect, ObjectOf(App("shop"), ++version));
      } else {
        world.Fail(effect, Code::kConflict);
      }
    }
    world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), ++version)));
  }
  EXPECT_EQ(plans, 2) << "one more look at once, then it waits whatever changes";
  world.Pass(seconds(1));
  EXPECT_EQ(plans, 3);
}

TEST(Trouble, AWriteOfUnknownOutcomeIsLookedUpAndNotRepeated) {
  World world({{.plan = WantActive}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.Fail(world.OnlyEffect(), Code::kTimeout);
  object["status"] = {{"active", "shop-1"}};
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(world.OnlyEffect(), object);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_TRUE(world.engine.Idle());
}

TEST(Trouble, TheGetIsRepeatedUntilItIsAnsweredOrTheCacheHoldsNews) {
  World world({{.plan = WantActive}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.Fail(world.OnlyEffect(), Code::kTimeout);
  Effect get = world.OnlyEffect();
  const MonoTime start = world.mono;
  for (int round = 0; round < 20; ++round) {
    world.Fail(get, Code::kUnavailable);
    EXPECT_THAT(world.Effects(), SizeIs(0)) << "no hot loop";
    get = world.NextEffects().at(0);
    EXPECT_EQ(As<Get>(get).key, App("shop"));
  }
  EXPECT_GT(world.mono - start, minutes(5)) << "it asks ever more rarely";
  object["status"] = {{"active", "shop-1"}};
  object["metadata"]["resourceVersion"] = "6";
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.Fail(get, Code::kUnavailable);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_TRUE(world.engine.Idle());
}

TEST(Trouble, AnApiThatIsGoneIsAskedWithinTheLimitAndSaidOnceForEachKey) {
  World world({{.plan = WantActive}}, EngineOptions{.max_writes_in_flight = 2});
  world.ListTheRest();
  for (const char* name : {"a", "b", "c"}) {
    world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App(name), 5)));
  }
  const MonoTime start = world.mono;
  std::set<std::string> asked;
  while (world.mono - start < minutes(10)) {
    for (const Effect& effect : world.NextEffects()) {
      EXPECT_LE(world.engine.stats().in_flight, 2U);
      asked.insert(Describe(effect));
      world.Fail(effect, Code::kUnavailable);
    }
  }
  EXPECT_EQ(asked.size(), 6U) << "a write and a get for each";
  EXPECT_EQ(world.engine.stats().write_errors, 3U);
  EXPECT_THAT(world.engine.TakeNotes(), SizeIs(3));
}

TEST(Trouble, ALookUpThatWaitsForRoomDoesNotKeepTheProcessAwake) {
  World world({{.plan = WantActive}}, EngineOptions{.max_writes_in_flight = 1});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("a"), 5)));
  world.Fail(world.OnlyEffect(), Code::kTimeout);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("b"), 6)));
  world.Fail(world.OnlyEffect(), Code::kUnavailable);
  const Effect other = world.OnlyEffect();
  EXPECT_EQ(As<WriteStatus>(other).key, App("b"));
  world.Pass(seconds(5));
  EXPECT_THAT(world.engine.TakeEffects(), SizeIs(0)) << "the only place is taken";
  EXPECT_EQ(world.engine.NextWakeup(), std::nullopt);
  Json object = ObjectOf(App("b"), 7);
  object["status"] = {{"active", "shop-1"}};
  world.Answer(other, object);
  EXPECT_EQ(As<Get>(world.OnlyEffect()).key, App("a"));
}

TEST(Trouble, AWriteThatChangesNothingBacksOffAndIsSaid) {
  const auto patches = [](const PlanInput& input) {
    Plan plan;
    plan.actions.push_back(Patch{.key = input.object.key,
                                 .uid = input.object.uid,
                                 .generation = input.object.generation,
                                 .operations = "[]"});
    return plan;
  };
  for (const auto& planner : {std::function<Plan(const PlanInput&)>(patches),
                              std::function<Plan(const PlanInput&)>(WantActive)}) {
    World world({{.plan = planner}});
    world.ListTheRest();
    world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
    const MonoTime start = world.mono;
    for (int round = 0; round < 20; ++round) {
      const std::vector<Effect> effects = world.NextEffects();
      ASSERT_THAT(effects, SizeIs(1));
      world.Answer(effects[0], ObjectOf(App("shop"), 5));
      EXPECT_THAT(world.Effects(), SizeIs(0)) << "no hot loop";
    }
    EXPECT_GT(world.mono - start, minutes(5));
    EXPECT_EQ(world.engine.stats().write_errors, 20U);
    EXPECT_THAT(world.engine.TakeNotes().front().text, HasSubstr("changed nothing"));
  }
}

TEST(Trouble, AlreadyExistsIsSuccessWhereOwnerAndSpecMatch) {
  World world({{.reads = {Kind::kRollout}, .plan = WantRollout}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const Effect create = world.OnlyEffect();
  Json existing = ReadJson(As<Create>(create).json);
  existing["metadata"].update({{"uid", "r"}, {"resourceVersion", "4"}, {"generation", 1}});
  existing["spec"]["paused"] = false;  // a default that the API has added
  world.Fail(create, Code::kAlreadyExists);
  world.Answer(world.OnlyEffect(), existing);
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_TRUE(world.engine.Idle());
  EXPECT_EQ(world.engine.stats().write_errors, 0U);
}

TEST(Trouble, AlreadyExistsIsAFailureWhereSomebodyElseOwnsTheNameOrItIsLeaving) {
  for (const std::string what : {"owner", "spec", "leaving"}) {
    World world({{.reads = {Kind::kRollout}, .plan = WantRollout}});
    world.ListTheRest();
    world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
    const Effect create = world.OnlyEffect();
    Json existing = ReadJson(As<Create>(create).json);
    existing["metadata"].update({{"uid", "r"}, {"resourceVersion", "4"}, {"generation", 1}});
    if (what == "owner") {
      existing["metadata"]["ownerReferences"][0]["uid"] = "another";
    } else if (what == "leaving") {
      existing["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    } else {
      existing["spec"]["release"]["commit"] = "another";
    }
    world.Fail(create, Code::kAlreadyExists);
    world.Answer(world.OnlyEffect(), existing);
    EXPECT_EQ(world.engine.stats().write_errors, 1U) << what;
    EXPECT_THAT(world.engine.TakeNotes(), SizeIs(1)) << what;
  }
}

TEST(Trouble, AnObjectThatIsNotFoundLeavesTheCache) {
  World world({{.plan = WantActive}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Fail(world.OnlyEffect(), Code::kNotFound);
  world.Fail(world.OnlyEffect(), Code::kNotFound);
  EXPECT_EQ(world.engine.cache().Find(App("shop")), nullptr);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "a late watch tells of an object that is gone";
}

TEST(Trouble, ADeletedObjectDoesNotComeBackFromALateWatch) {
  World world({{.plan = [](const PlanInput& input) {
    Plan plan;
    plan.actions.push_back(Delete{.key = input.object.key, .uid = input.object.uid});
    return plan;
  }}});
  world.ListTheRest();
  const Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.Answer(world.OnlyEffect(), object);
  EXPECT_EQ(world.engine.cache().Find(App("shop")), nullptr);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  EXPECT_EQ(world.engine.cache().Find(App("shop")), nullptr);
  world.engine.ObjectDeleted(Kind::kApplication, Text(ObjectOf(App("shop"), 7)));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 8, "another")));
  EXPECT_NE(world.engine.cache().Find(App("shop")), nullptr) << "the name is used again";
}

TEST(Trouble, AServerThatAsksForPatienceGetsIt) {
  int plans = 0;
  World world({{.plan = [&](const PlanInput& input) {
    ++plans;
    return WantActive(input);
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.FailWith(
      world.OnlyEffect(),
      Error{.code = Code::kTooManyRequests, .message = "slowly", .retry_after = seconds(4)});
  world.Pass(seconds(3));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  world.Pass(Duration(999));
  EXPECT_EQ(plans, 1);
  world.Pass(Duration(1));
  EXPECT_EQ(plans, 2);
}

TEST(Trouble, APlannerThatAlwaysThrowsStopsOnlyItsOwnObjectsAndSaysSo) {
  std::vector<std::string> planned;
  int failures = 0;
  World world({{.plan = [&](const PlanInput& input) -> Plan {
                 ++failures;
                 SLIPWAY_ASSERT(input.object.key.name.empty(), "never true");
                 return {};
               }},
               {.kind = Kind::kServer, .plan = [&](const PlanInput& input) {
                  planned.push_back(input.object.key.name);
                  return Plan{};
                }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  object["status"] = {{"active", "shop-3"}};
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.engine.ObjectChanged(Kind::kServer, Text(ObjectOf(ServerKey("web-1"), 6)));
  const Effect stalled = world.OnlyEffect();
  const Json status = ReadJson(As<WriteStatus>(stalled).status);
  EXPECT_EQ(status["active"], "shop-3") << "the rest of the status stays";
  EXPECT_EQ(status["conditions"][0]["type"], "Stalled");
  EXPECT_EQ(status["conditions"][0]["status"], "True");
  EXPECT_THAT(status["conditions"][0]["message"], HasSubstr("never true"));
  EXPECT_THAT(planned, ElementsAre("web-1"));
  object["status"] = status;
  object["metadata"]["resourceVersion"] = "7";
  world.Answer(stalled, object);
  for (int round = 0; round < 20; ++round) {
    world.Pass(minutes(1));
    EXPECT_THAT(world.engine.TakeEffects(), SizeIs(0));
  }
  EXPECT_EQ(failures, 1) << "quarantined until it changes";
  EXPECT_EQ(world.engine.stats().quarantined, 1U);
  EXPECT_EQ(world.engine.stats().planner_failures, 1U);
  EXPECT_THAT(world.engine.TakeNotes(), SizeIs(1));
}

TEST(Trouble, AQuarantinedObjectIsPlannedAgainWhenItChangesAndLosesTheCondition) {
  bool broken = true;
  World world({{.plan = [&](const PlanInput&) -> Plan {
    SLIPWAY_ASSERT(!broken, "broken");
    return {};
  }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect stalled = world.OnlyEffect();
  object["status"] = ReadJson(As<WriteStatus>(stalled).status);
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(stalled, object);
  broken = false;
  EXPECT_THAT(world.Effects(), SizeIs(0));
  object["metadata"]["resourceVersion"] = "7";
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect cleared = world.OnlyEffect();
  EXPECT_EQ(ReadJson(As<WriteStatus>(cleared).status)["conditions"], Json::array());
  EXPECT_EQ(world.engine.stats().quarantined, 0U);
}

TEST(Trouble, AFixIsSeenAlsoWhereNobodyKnewWhetherTheConditionWasWritten) {
  bool broken = true;
  World world({{.plan = [&](const PlanInput&) -> Plan {
    SLIPWAY_ASSERT(!broken, "broken");
    return {};
  }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect stalled = world.OnlyEffect();
  object["status"] = ReadJson(As<WriteStatus>(stalled).status);
  object["metadata"]["resourceVersion"] = "7";  // 6 was our own words, 7 a person's fix
  object["metadata"]["generation"] = 2;
  world.Fail(stalled, Code::kTimeout);
  world.Answer(world.OnlyEffect(), object);
  broken = false;
  EXPECT_EQ(ReadJson(As<WriteStatus>(world.OnlyEffect()).status)["conditions"], Json::array());
  EXPECT_EQ(world.engine.stats().quarantined, 0U);
}

TEST(Trouble, AfterARestartTheSameFailureIsNotWrittenAgain) {
  const auto throws = [](const PlanInput&) -> Plan { throw std::runtime_error("bad"); };
  Json object = ObjectOf(App("shop"), 5);
  {
    World world({{.plan = throws}});
    world.ListTheRest();
    world.engine.ObjectChanged(Kind::kApplication, Text(object));
    object["status"] = ReadJson(As<WriteStatus>(world.OnlyEffect()).status);
    object["metadata"]["resourceVersion"] = "6";
  }
  World world({{.plan = throws}});
  world.now += minutes(5);
  world.engine.Replaced(Kind::kApplication, {Text(object)}, 6);
  EXPECT_THAT(world.Effects(), SizeIs(0));
}

TEST(Trouble, AnObjectThatCannotBeReadStopsOnlyItself) {
  std::vector<std::string> planned;
  World world({{.plan = [&](const PlanInput& input) {
    planned.push_back(input.object.key.name);
    return Plan{};
  }}});
  world.ListTheRest();
  Json bad = ObjectOf(App("bad"), 5);
  bad["spec"]["servers"] = "everything";
  world.engine.ObjectChanged(Kind::kApplication, Text(bad));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("good"), 6)));
  EXPECT_THAT(As<WriteStatus>(world.OnlyEffect()).status, HasSubstr("spec.servers"));
  EXPECT_THAT(planned, ElementsAre("good"));
}

TEST(Trouble, AStatusThatIsNoneIsReplacedByWhatIsWrong) {
  World world({{.plan = WantActive}});
  world.ListTheRest();
  Json scalar = ObjectOf(App("scalar"), 5);
  scalar["status"] = "x";
  Json odd = ObjectOf(App("odd"), 6);
  odd["status"] = {{"conditions", {1, {{"type", 2}}, "x"}}};
  world.engine.Replaced(Kind::kApplication, {Text(scalar), Text(odd)}, 6);
  const std::vector<Effect> effects = world.Effects();
  ASSERT_THAT(effects, SizeIs(2));
  for (const Effect& effect : effects) {
    const Json conditions = ReadJson(As<WriteStatus>(effect).status)["conditions"];
    EXPECT_EQ(conditions.back()["reason"], "PlannerFailed") << Describe(effect);
    EXPECT_THAT(conditions.back()["message"], HasSubstr("status")) << Describe(effect);
  }
}

TEST(Trouble, APlannerThatThrowsWhatIsNoTextIsReportedOnce) {
  World world({{.plan = [](const PlanInput&) -> Plan { throw std::runtime_error("a\xc3z"); }}});
  world.ListTheRest();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  const Effect stalled = world.OnlyEffect();
  object["status"] = ReadJson(As<WriteStatus>(stalled).status);
  EXPECT_THAT(object["status"]["conditions"][0]["message"], HasSubstr("a\xef\xbf\xbdz"));
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(stalled, object);
  object["metadata"]["resourceVersion"] = "7";
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "it says so already";
}

TEST(Trouble, APlanThatMakesNoSenseQuarantinesItsKey) {
  World world({{.plan = [](const PlanInput& input) {
    Plan plan;
    plan.actions.push_back(Patch{.key = input.object.key,
                                 .uid = input.object.uid,
                                 .generation = 1,
                                 .operations = "not JSON"});
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  As<WriteStatus>(world.OnlyEffect());
  EXPECT_EQ(world.engine.stats().quarantined, 1U);
}

TEST(Trouble, AMappingThatThrowsAffectsEverythingOfItsPlanner) {
  std::vector<std::string> planned;
  World world({{.reads = {Kind::kServer},
                .plan =
                    [&](const PlanInput& input) {
                      planned.push_back(input.object.key.name);
                      return Plan{};
                    },
                .affected_by =
                    [](const Cache&, const Change& change, KeySink&) {
                      SLIPWAY_ASSERT(change.any().key.kind != Kind::kServer, "cannot tell");
                    }}});
  world.ListTheRest();
  world.engine.Replaced(Kind::kApplication,
                        {Text(ObjectOf(App("a"), 5)), Text(ObjectOf(App("b"), 6))}, 6);
  world.Effects();
  planned.clear();
  world.engine.ObjectChanged(Kind::kServer, Text(ObjectOf(ServerKey("web-1"), 7)));
  world.Effects();
  EXPECT_THAT(planned, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace slipway::runtime::testing
