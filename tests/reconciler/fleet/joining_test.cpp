#include "reconciler/fleet/joining.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "reconciler/api/conditions.hpp"

// Servers that their provider holds back until they are let in.
namespace slipway::fleet {
namespace {

using runtime::MachineState;
using std::chrono::minutes;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A fleet "web" of one server, "web-1", that is listed as joining.
struct JoiningBench {
  JoiningBench() {
    fleet.metadata = {.name = "web", .ns = "default", .uid = Uid("uid-web"), .generation = 2};
    fleet.spec.provider.exec = api::ExecProvider{.run = "inventory"};
    fleet.status.observed_generation = 2;
    facts.name = "web-1";
    facts.provider_id = "exec://web-1";
    facts.fleet = "web";
    facts.reachable = true;
    facts.joining = true;
    List(MachineState::kJoining);
  }

  void List(MachineState state) {
    ++listings;
    if (letting) {
      letting->settled = true;
    }
    runtime::ListedServer server{.name = "web-1", .provider_id = "exec://web-1", .state = state};
    server.launch = "launch 7";
    last = LastListing{.provider = fleet.spec.provider,
                       .result = runtime::ServerListing{
                           .time = Time(minutes(listings)),
                           .servers = std::make_shared<const std::vector<runtime::ListedServer>>(
                               std::vector{server})}};
  }

  /// What the provider has said since the start.
  std::optional<Observation> observation() const {
    if (!answered) {
      return std::nullopt;
    }
    if (!last.result.has_value()) {
      return Incomplete{last.result.error()};
    }
    return ObserveListing(last.result.value(), fleet.spec.stopped);
  }

  /// Plans, stores what is wanted of the fleet and of the server, until there is nothing to store.
  std::vector<LetIn> Run() {
    std::vector<LetIn> let_in;
    for (int round = 0; round < 5; ++round) {
      const KnownServer known{
          .facts = &facts, .labels = &labels, .ours = true, .awaited = awaited, .letting = letting};
      const Plan plan = PlanFleet({.fleet = fleet,
                                   .observation = observation(),
                                   .last = &last,
                                   .servers = std::span(&known, 1),
                                   .now = Time(minutes(100))});
      const bool stored = fleet.status == plan.status;
      fleet.status = plan.status;
      for (const Action& action : plan.actions) {
        if (const auto* update = std::get_if<UpdateServer>(&action); update != nullptr && stored) {
          EXPECT_TRUE(labels == update->labels || update->admitted == facts.admitted)
              << "what it waits for depends on its labels";
          labels = update->labels;
          facts.standby = update->standby;
          facts.joining = update->joining;
          facts.admitted = update->admitted;
        } else if (const auto* let = std::get_if<LetIn>(&action); let != nullptr && stored) {
          EXPECT_TRUE(facts.admitted) << "budgets count it first";
          let_in.push_back(*let);
          letting = Letting{.listing = let->listing, .error = answer};
        }
      }
    }
    return let_in;
  }

  /// "Reason: message" of the condition; empty where there is none.
  std::string said() const {
    const api::Condition* joining = api::FindCondition(fleet.status.conditions, kJoining);
    return joining == nullptr ? "" : joining->reason + ": " + joining->message;
  }

  api::Fleet fleet;
  LastListing last{.provider = {}, .result = Fail(Code::kInternal, "")};
  rollout::ServerFacts facts;
  std::map<std::string, std::string> labels{{"slipway.dev/fleet", "web"}};
  std::vector<Awaited> awaited;
  std::optional<Letting> letting;
  std::optional<Error> answer;  ///< of the provider, to the next one that it is asked to let in
  int listings = 0;
  bool answered = true;
};

TEST(Joining, AServerThatHasWhatWasPromotedIsLetInOnceForEachListing) {
  JoiningBench bench;
  const auto let_in = bench.Run();
  ASSERT_THAT(let_in, SizeIs(1));
  EXPECT_EQ(let_in[0].launch, "launch 7");
  EXPECT_EQ(let_in[0].listing, Time(minutes(1)));
  EXPECT_EQ(bench.said(), "Completing: Lets in web-1.");
  EXPECT_THAT(bench.Run(), IsEmpty()) << "the same listing says nothing new";
  bench.List(MachineState::kJoining);
  EXPECT_THAT(bench.Run(), SizeIs(1)) << "it still waits there";
  bench.List(MachineState::kRunning);
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_EQ(bench.said(), "");
  EXPECT_FALSE(bench.facts.joining || bench.facts.admitted);
}

TEST(Joining, WhoLacksTheReleaseOrTheAgentIsNotLetInAndTheFleetSaysSo) {
  JoiningBench bench;
  bench.awaited = {{.rollout = "shop-3"}};
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_FALSE(bench.facts.admitted);
  EXPECT_EQ(bench.said(), "Waiting: Waits for shop-3 on web-1.");
  bench.awaited = {{.rollout = "shop-3", .progress = Awaited::Progress::kFailed}};
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_EQ(bench.said(),
            "ReleaseFailed: shop-3 did not succeed on web-1, so its provider's own time-out "
            "decides there.");
  bench.awaited = {{.rollout = "shop-3", .progress = Awaited::Progress::kGone},
                   {.rollout = "shop-4", .progress = Awaited::Progress::kNoRoom}};
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_EQ(bench.said(),
            "ReleaseCannotCome: shop-3 cannot come to web-1, because that Rollout was deleted: "
            "promote a newer one. shop-4 cannot come to web-1, which bears as many applications as "
            "fit.");
  bench.facts.cordoned = true;
  bench.awaited = {{.rollout = "shop-3"}};
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_EQ(bench.said(),
            "Waiting: Waits for shop-3 on web-1. No release comes to web-1, which a person has "
            "cordoned.");
  bench.awaited.clear();
  bench.facts.reachable = false;
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_EQ(bench.said(), "Waiting: Waits for the agents of web-1.");
}

TEST(Joining, ARefusalIsSaidAndTheListingGoesOn) {
  JoiningBench bench;
  const std::string message = "Auto Scaling answers AccessDenied: no (request r-1)";
  bench.answer =
      Error{.code = Code::kForbidden, .message = message, .causes = {{.reason = "AccessDenied"}}};
  EXPECT_THAT(bench.Run(), SizeIs(1));
  EXPECT_EQ(bench.said(), "AccessDenied: Cannot let in web-1: " + message + ".");
  EXPECT_EQ(api::FindCondition(bench.fleet.status.conditions, "Ready")->reason, "Succeeded");
  EXPECT_TRUE(bench.facts.joining);
  bench.answer.reset();
  bench.List(MachineState::kJoining);
  EXPECT_THAT(bench.Run(), SizeIs(1));
  EXPECT_EQ(bench.said(), "Completing: Lets in web-1.");
}

TEST(Joining, WhoIsRefusedAndLacksAReleaseNowIsNotAdmittedAnyMore) {
  JoiningBench bench;
  bench.answer = Error{.code = Code::kForbidden, .message = "no"};
  EXPECT_THAT(bench.Run(), SizeIs(1));
  EXPECT_TRUE(bench.facts.admitted);
  bench.awaited = {{.rollout = "shop-4"}};
  bench.Run();
  EXPECT_TRUE(bench.facts.admitted) << "it may serve, for all that is known";
  bench.List(MachineState::kJoining);
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_FALSE(bench.facts.admitted) << "it waits there still, and counts for nothing";
  bench.awaited.clear();
  EXPECT_THAT(bench.Run(), SizeIs(1));
  EXPECT_TRUE(bench.facts.admitted);
}

TEST(Joining, WhoseLabelsChangeIsAdmittedAfterThat) {
  JoiningBench bench;
  bench.labels["role"] = "web";
  EXPECT_THAT(bench.Run(), SizeIs(1));
  EXPECT_FALSE(bench.labels.contains("role"));
  EXPECT_TRUE(bench.facts.admitted);
}

TEST(Joining, AnotherMachineOfTheNameIsAdmittedAnew) {
  JoiningBench bench;
  bench.facts.provider_id = "exec://the-one-before";
  bench.facts.admitted = true;
  const KnownServer known{.facts = &bench.facts, .labels = &bench.labels, .ours = true};
  const Plan plan =
      PlanFleet({.fleet = bench.fleet,
                 .observation = ObserveListing(bench.last.result.value(), bench.fleet.spec.stopped),
                 .last = &bench.last,
                 .servers = std::span(&known, 1),
                 .now = Time(minutes(100))});
  ASSERT_THAT(plan.actions, SizeIs(1));
  EXPECT_TRUE(std::get<UpdateServer>(plan.actions[0]).joining);
  EXPECT_FALSE(std::get<UpdateServer>(plan.actions[0]).admitted);
}

TEST(Joining, WhatMayPassIsLookedAtAgainSoonAndWhatAPersonMustMendWithTheNextListing) {
  JoiningBench bench;
  bench.fleet.spec.interval = std::chrono::hours(1);
  bool in_flight = false;
  const auto plan_after = [&](const char* reason, Duration age) {
    bench.letting = Letting{
        .listing = Time(minutes(bench.listings)),
        .error = Error{.code = Code::kTimeout, .message = "no", .causes = {{.reason = reason}}},
        .in_flight = in_flight,
        .age = age,
        .failures = 2};
    const KnownServer known{
        .facts = &bench.facts, .labels = &bench.labels, .ours = true, .letting = bench.letting};
    return PlanFleet({.fleet = bench.fleet,
                      .observation = bench.observation(),
                      .last = &bench.last,
                      .servers = std::span(&known, 1),
                      .now = Time(minutes(100))});
  };
  bench.Run();
  for (const char* reason : {"Timeout", "Throttled", "ServiceUnavailable", kNotWaiting}) {
    EXPECT_EQ(plan_after(reason, Duration(0)).requeue_after, std::chrono::seconds(10)) << reason;
    EXPECT_FALSE(plan_after(reason, Duration(0)).list);
    EXPECT_TRUE(plan_after(reason, std::chrono::seconds(10)).list);
  }
  in_flight = true;
  EXPECT_FALSE(plan_after("Timeout", std::chrono::seconds(10)).list) << "its answer is awaited";
  in_flight = false;
  EXPECT_EQ(plan_after("AccessDenied", Duration(0)).requeue_after, std::chrono::hours(1));
  EXPECT_FALSE(plan_after("AccessDenied", std::chrono::seconds(10)).list);
}

TEST(Joining, ASuspendedFleetLetsNobodyInAndSaysNothingOfThem) {
  JoiningBench bench;
  bench.Run();
  EXPECT_NE(bench.said(), "");
  bench.fleet.spec.suspend = true;
  bench.List(MachineState::kJoining);
  EXPECT_THAT(bench.Run(), IsEmpty());
  EXPECT_EQ(bench.said(), "");
}

TEST(Joining, WhereNobodyKnowsWhoJoinsNothingIsSaidOfThem) {
  const auto unknown = [](const std::function<void(JoiningBench&)>& become) {
    JoiningBench bench;
    bench.Run();
    EXPECT_NE(bench.said(), "");
    become(bench);
    bench.fleet.status = PlanFleet({.fleet = bench.fleet,
                                    .observation = bench.observation(),
                                    .last = &bench.last,
                                    .servers = {},
                                    .now = Time(minutes(100))})
                             .status;
    return bench.said();
  };
  EXPECT_EQ(unknown([](JoiningBench& bench) {
              bench.last.result = Fail(Code::kUnavailable, "no answer");
            }),
            "");
  EXPECT_EQ(unknown([](JoiningBench& bench) { bench.fleet.metadata.generation = 3; }), "");
  EXPECT_EQ(unknown([](JoiningBench& bench) { bench.answered = false; }), "");
}

}  // namespace
}  // namespace slipway::fleet
