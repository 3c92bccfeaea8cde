#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/base/json.hpp"
#include "tests/reconciler/runtime/world.hpp"

// Elapsed time, and the results of outside effects with their age.
namespace slipway::runtime::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::SizeIs;

FetchRepository FetchOf(const std::string& url) {
  FetchRepository fetch{.repository = "shop", .uid = Uid("u"), .spec = {}};
  fetch.spec.url = url;
  return fetch;
}

TEST(RunningClock, CountsTimeBetweenTicksThatComeInTime) {
  RunningClock clock(RunningClockOptions{});
  clock.Advance(MonoTime{seconds(100)});
  EXPECT_EQ(clock.now(), MonoTime{}) << "what was before the start does not count";
  clock.Advance(MonoTime{seconds(103)});
  EXPECT_EQ(clock.now(), MonoTime{seconds(3)});
}

TEST(RunningClock, ALateTickStopsShortOfWhatIsDue) {
  RunningClock clock(RunningClockOptions{});
  clock.Advance(MonoTime{});
  clock.Expect(MonoTime{seconds(3)});
  clock.Advance(MonoTime{minutes(1)});
  EXPECT_EQ(clock.now(), MonoTime{seconds(2)});
  clock.Expect(MonoTime{seconds(3)});
  EXPECT_EQ(clock.WakeupFor(MonoTime{seconds(3)}), MonoTime{minutes(1) + seconds(1)});
  clock.Advance(MonoTime{minutes(1) + seconds(1)});
  EXPECT_EQ(clock.now(), MonoTime{seconds(3)});
}

TEST(RunningClock, APauseCountsAsAHeartbeatAtMost) {
  RunningClock clock(RunningClockOptions{});
  clock.Advance(MonoTime{});
  clock.Advance(MonoTime{minutes(1)});
  EXPECT_EQ(clock.now(), MonoTime{seconds(5)}) << "nothing was due";
  clock.Expect(MonoTime{minutes(9)});
  clock.Advance(MonoTime{minutes(2)});
  EXPECT_EQ(clock.now(), MonoTime{seconds(9)}) << "something was, but not so soon";
}

TEST(RunningClock, ATickThatNewsBringEarlyCountsWhatHasPassed) {
  RunningClock clock(RunningClockOptions{});
  clock.Advance(MonoTime{});
  clock.Expect(MonoTime{minutes(1)});
  clock.Advance(MonoTime{Duration(4'500)});
  EXPECT_EQ(clock.now(), MonoTime{Duration(4'500)});
}

TEST(RunningClock, LittleLatenessCountsAndABusyProcessStillMovesOn) {
  RunningClock clock(RunningClockOptions{});
  clock.Advance(MonoTime{});
  for (int tick = 1; tick <= 10; ++tick) {
    clock.Expect(clock.now());
    clock.Advance(MonoTime{Duration(500) * tick});
  }
  EXPECT_EQ(clock.now(), MonoTime{seconds(5)});
}

TEST(RunningClock, AProcessThatIsAlwaysLateStillMovesOn) {
  RunningClock clock(RunningClockOptions{});
  clock.Advance(MonoTime{});
  for (int tick = 1; tick <= 11; ++tick) {
    clock.Expect(clock.now());
    clock.Advance(MonoTime{seconds(20) * tick});
  }
  EXPECT_EQ(clock.now(), MonoTime{seconds(10)});
}

TEST(RunningClock, NeverGoesBack) {
  RunningClock clock(RunningClockOptions{});
  clock.Advance(MonoTime{seconds(10)});
  clock.Advance(MonoTime{seconds(12)});
  clock.Advance(MonoTime{seconds(5)});
  EXPECT_EQ(clock.now(), MonoTime{seconds(2)});
}

TEST(Elapsed, BeginsAgainAtEveryPlanThatStandsStill) {
  std::vector<Duration> elapsed;
  World world({{.plan = [&](const PlanInput& input) {
    elapsed.push_back(input.elapsed);
    return Plan{.requeue_after = seconds(3), .stands_still = elapsed.size() < 4};
  }}});
  world.ListTheRest();
  world.Effects();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Effects();
  for (int plan = 0; plan < 3; ++plan) {
    world.Pass(seconds(3));
  }
  EXPECT_THAT(elapsed, ElementsAre(seconds(0), seconds(3), seconds(3), seconds(3)));
  world.Pass(seconds(3));
  EXPECT_EQ(elapsed.back(), seconds(6));
}

TEST(Elapsed, CountsFromTheLoadAndThenFromThePlanThatWroteTheStatus) {
  std::vector<Duration> elapsed;
  bool write = false;
  World world({{.plan = [&](const PlanInput& input) {
    elapsed.push_back(input.elapsed);
    Plan plan;
    plan.requeue_after = seconds(3);
    if (write) {
      plan.status = Json({{"active", "x" + std::to_string(elapsed.size())}}).dump();
    }
    return plan;
  }}});
  world.ListTheRest();
  world.Effects();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.Effects();
  world.Pass(seconds(3));
  write = true;
  world.Pass(seconds(3));
  const Effect status = world.OnlyEffect();
  write = false;
  world.Pass(seconds(1));
  object["status"] = ReadJson(As<WriteStatus>(status).status);
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(status, object);
  world.Effects();
  EXPECT_THAT(elapsed, ElementsAre(seconds(0), seconds(3), seconds(6), seconds(1)));
}

TEST(Elapsed, AForeignChangeDoesNotResetIt) {
  std::vector<Duration> elapsed;
  World world({{.plan = [&](const PlanInput& input) {
    elapsed.push_back(input.elapsed);
    return Plan{};
  }}});
  world.ListTheRest();
  world.Effects();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Pass(seconds(2));
  world.Pass(seconds(2));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  world.Effects();
  EXPECT_THAT(elapsed, ElementsAre(seconds(2), seconds(4)));
}

TEST(Elapsed, IsNotCountedTwiceWhenAStatusWriteOfUnknownOutcomeWasDone) {
  std::vector<Duration> elapsed;
  World world({{.plan = [&](const PlanInput& input) {
    elapsed.push_back(input.elapsed);
    Plan plan;
    plan.status = Json({{"active", "shop-1"}}).dump();
    plan.requeue_after = seconds(4);
    return plan;
  }}});
  world.ListTheRest();
  world.Effects();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.Pass(seconds(4));
  const Effect status = world.OnlyEffect();
  world.Fail(status, Code::kTimeout);
  const Effect get = world.OnlyEffect();
  object["status"] = {{"active", "shop-1"}};
  object["metadata"]["resourceVersion"] = "6";
  world.Answer(get, object);
  world.Pass(seconds(1));
  EXPECT_THAT(elapsed, ElementsAre(seconds(4), seconds(1)));
}

TEST(Elapsed, IsNotCountedTwiceWhenAStatusWriteIsDoneAfterItWasGivenUp) {
  std::vector<Duration> elapsed;
  World world({{.plan = [&](const PlanInput& input) {
    elapsed.push_back(input.elapsed);
    Plan plan;
    if (input.object.version == 5) {
      plan.status = Json({{"active", "shop-" + std::to_string(elapsed.size())}}).dump();
    }
    return plan;
  }}});
  world.ListTheRest();
  world.Effects();
  Json object = ObjectOf(App("shop"), 5);
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  world.Pass(seconds(4));
  const Effect lost = world.OnlyEffect();
  world.Fail(lost, Code::kTimeout);
  world.Answer(world.OnlyEffect(), object);
  const Effect again = world.NextEffects().at(0);
  world.Fail(again, Code::kTimeout);
  world.Answer(world.OnlyEffect(), object);
  world.Effects();
  elapsed.clear();
  object["status"] = ReadJson(As<WriteStatus>(lost).status);
  object["metadata"]["resourceVersion"] = "6";
  world.engine.ObjectChanged(Kind::kApplication, Text(object));
  while (elapsed.empty()) {  // it backs off
    world.Pass(world.engine.NextWakeup().value() - world.mono);
  }
  EXPECT_THAT(elapsed, ElementsAre(world.mono - MonoTime{seconds(4)}));
}

TEST(Elapsed, APauseOfTheProcessDoesNotCount) {
  std::vector<Duration> elapsed;
  World world({{.plan = [&](const PlanInput& input) {
    elapsed.push_back(input.elapsed);
    Plan plan;
    plan.requeue_after = seconds(2);
    return plan;
  }}});
  world.ListTheRest();
  world.Effects();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Effects();
  world.Pass(minutes(1));
  world.Pass(seconds(1));
  EXPECT_THAT(elapsed, ElementsAre(seconds(0), seconds(2)));
}

TEST(Elapsed, ReportsOfAPauseAreSeenBeforeItsTimers) {
  std::vector<std::uint64_t> versions;
  World world({{.plan = [&](const PlanInput& input) {
    versions.push_back(input.object.version);
    Plan plan;
    plan.requeue_after = seconds(2);
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  world.Effects();
  world.Pass(minutes(1));  // the timer wakes the process before the sockets are read
  EXPECT_THAT(versions, ElementsAre(5U));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  world.Pass(seconds(1));
  EXPECT_THAT(versions, ElementsAre(5U, 6U));
}

TEST(Elapsed, ABackoffThatIsNewsToTheTickDoesNotMakeItLate) {
  std::vector<Duration> elapsed;
  World world({{.plan = [&](const PlanInput& input) {
    elapsed.push_back(input.elapsed);
    Plan plan;
    if (input.object.key.name == "writes") {
      plan.actions.push_back(Delete{.key = input.object.key, .uid = input.object.uid});
    }
    plan.requeue_after = minutes(1);
    return plan;
  }}});
  world.ListTheRest();
  world.Effects();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("writes"), 5)));
  const Effect removal = world.OnlyEffect();
  elapsed.clear();
  world.Fail(removal, Code::kForbidden);
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("waits"), 6)));
  world.Pass(Duration(4'500));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("waits"), 7)));
  world.Effects();
  EXPECT_EQ(elapsed.back(), Duration(4'500));
}

TEST(Outside, AtMostOneRequestPerSlotIsInFlightAndItsResultHasAnAge) {
  std::vector<OutsideStates> seen;
  World world({{.plan = [&](const PlanInput& input) {
    seen.push_back(input.outside);
    Plan plan;
    plan.actions.push_back(
        Ask{.slot = "fetch", .request = FetchOf("https://" + std::to_string(seen.size()))});
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const Effect fetch = world.OnlyEffect();
  EXPECT_EQ(As<Outside>(fetch).key, App("shop"));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_TRUE(seen.back().at("fetch").in_flight);
  world.AnswerOutside(
      fetch, OutsideResult(FetchedRevision{.commit = Commit("c"), .author = {}, .subject = {}}));
  const Effect again = world.OnlyEffect();
  const OutsideState& state = seen.back().at("fetch");
  EXPECT_FALSE(state.in_flight);
  EXPECT_EQ(std::get<FetchRepository>(*state.answered).spec.url, "https://1");
  EXPECT_EQ(std::get<FetchedRevision>(state.result->value()).commit, Commit("c"));
  world.AnswerOutside(again, OutsideResult(slipway::Fail(Code::kUnavailable, "no")));
  world.Effects();
  EXPECT_EQ(seen.back().at("fetch").failures, 1);
  world.Pass(seconds(2));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 7)));
  world.Effects();
  EXPECT_EQ(seen.back().at("fetch").age, seconds(2));
  EXPECT_TRUE(seen.back().at("fetch").in_flight);
}

TEST(Outside, WhoAskedHearsThatItIsOutdatedUntilItAsksAgain) {
  std::vector<OutsideState> seen;
  bool ask = true;
  World world({{.plan = [&](const PlanInput& input) {
    if (const auto slot = input.outside.find("fetch"); slot != input.outside.end()) {
      seen.push_back(slot->second);
    }
    Plan plan;
    if (ask) {
      plan.actions.push_back(
          Ask{.slot = "fetch", .request = FetchOf("https://" + input.object.key.name)});
    }
    return plan;
  }}});
  const OutsideResult answer(FetchedRevision{.commit = Commit("c"), .author = {}, .subject = {}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const Effect first = world.OnlyEffect();
  ask = false;
  // While the answer is on its way it may have seen the old state: it comes, and is outdated.
  world.engine.Outdated(FetchOf("https://shop"));
  world.AnswerOutside(first, answer);
  world.Effects();
  EXPECT_TRUE(seen.back().result.has_value());
  EXPECT_TRUE(seen.back().outdated);
  ask = true;
  world.engine.Outdated(FetchOf("https://shop"));
  const Effect second = world.OnlyEffect();
  ask = false;
  world.AnswerOutside(second, answer);
  world.Effects();
  EXPECT_FALSE(seen.back().outdated) << "it was asked for after the change";
  const std::size_t plans = seen.size();
  world.engine.Outdated(FetchOf("https://other"));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_EQ(seen.size(), plans) << "nobody asked for that";
}

// An answer that took long is as new as any other: its planner must not take it for too old to act on.
TEST(Outside, TheAgeOfAResultBeginsWhenItComesAndNotWhenTheEngineLastLookedAtItsClock) {
  std::vector<OutsideStates> seen;
  World world({{.plan = [&](const PlanInput& input) {
    seen.push_back(input.outside);
    Plan plan;
    plan.actions.push_back(Ask{.slot = "fetch", .request = FetchOf("https://x")});
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const Effect fetch = world.OnlyEffect();
  world.mono = world.mono + seconds(4);
  world.now += seconds(4);
  world.AnswerOutside(fetch, OutsideResult(OutsideValue()));
  (void)world.Effects();
  EXPECT_EQ(seen.back().at("fetch").age, Duration(0));
}

TEST(Outside, ResultsAreForgottenWithTheirObject) {
  std::vector<std::size_t> slots;
  World world({{.plan = [&](const PlanInput& input) {
    slots.push_back(input.outside.size());
    Plan plan;
    plan.actions.push_back(Ask{.slot = "fetch", .request = FetchOf("https://x")});
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const Effect fetch = world.OnlyEffect();
  world.engine.ObjectDeleted(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 7, "new")));
  world.OnlyEffect();
  world.AnswerOutside(fetch, OutsideResult(OutsideValue()));
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "an answer to an object that is gone";
  EXPECT_THAT(slots, ElementsAre(0U, 0U));
}

TEST(Outside, WhatAPlanForgetsIsGoneUnlessItIsInFlight) {
  std::vector<std::size_t> known;
  bool ask = true;
  World world({{.plan = [&](const PlanInput& input) {
    known.push_back(input.outside.size());
    Plan plan;
    if (ask) {
      plan.actions.emplace_back(Ask{.slot = "fetch", .request = FetchOf("https://x")});
    } else {
      plan.forget = {"fetch", "nothing"};
    }
    return plan;
  }}});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 5)));
  const Effect fetch = world.OnlyEffect();
  ask = false;
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6)));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  world.AnswerOutside(fetch, OutsideResult(OutsideValue()));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 7)));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  EXPECT_EQ(known, (std::vector<std::size_t>{0, 1, 1, 0}));
}

TEST(Outside, WhatADeletedObjectAskedForIsNotAskedForTheNewOneOfItsName) {
  World world(
      {{.plan =
            [](const PlanInput& input) {
              Plan plan;
              plan.actions.push_back(
                  Ask{.slot = "fetch", .request = FetchOf("https://" + input.object.uid.value)});
              return plan;
            }}},
      EngineOptions{.max_outside_in_flight = 1});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("first"), 5)));
  const Effect first = world.OnlyEffect();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 6, "old")));
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "it waits";
  world.engine.ObjectDeleted(Kind::kApplication, Text(ObjectOf(App("shop"), 7, "old")));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("shop"), 8, "new")));
  EXPECT_THAT(world.Effects(), SizeIs(0));
  world.engine.ObjectDeleted(Kind::kApplication, Text(ObjectOf(App("first"), 9)));
  world.AnswerOutside(first, OutsideResult(OutsideValue()));
  const Effect fetch = world.OnlyEffect();
  EXPECT_EQ(std::get<FetchRepository>(As<Outside>(fetch).request).spec.url, "https://new");
  world.engine.ObjectDeleted(Kind::kApplication, Text(ObjectOf(App("shop"), 10, "new")));
  world.AnswerOutside(fetch, OutsideResult(OutsideValue()));
  EXPECT_THAT(world.Effects(), SizeIs(0)) << "once is enough";
  EXPECT_TRUE(world.engine.Idle());
}

TEST(Outside, SlowFetchesLeaveRoomForWritesAndForEachOther) {
  World world(
      {{.plan =
            [](const PlanInput& input) {
              Plan plan;
              plan.actions.push_back(Ask{.slot = "fetch", .request = FetchOf("https://x")});
              plan.actions.push_back(Delete{.key = input.object.key, .uid = input.object.uid});
              return plan;
            }}},
      EngineOptions{.max_writes_in_flight = 1, .max_outside_in_flight = 1});
  world.ListTheRest();
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("a"), 5)));
  world.engine.ObjectChanged(Kind::kApplication, Text(ObjectOf(App("b"), 6)));
  const std::vector<Effect> first = world.Effects();
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(As<Delete>(first[0]).key, App("a"));
  EXPECT_EQ(As<Outside>(first[1]).key, App("a"));
  world.AnswerOutside(first[1], OutsideResult(OutsideValue()));
  EXPECT_EQ(As<Outside>(world.OnlyEffect()).key, App("b"));
}

}  // namespace
}  // namespace slipway::runtime::testing
