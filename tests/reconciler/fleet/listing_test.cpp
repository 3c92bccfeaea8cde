#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/api/conditions.hpp"
#include "reconciler/api/scalars.hpp"
#include "reconciler/fleet/fleet_planner.hpp"

// Fleets whose servers a provider lists.
namespace slipway::fleet {
namespace {

using runtime::MachineState;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A fleet "web", its provider, and the servers that are known.
struct AskedBench {
  AskedBench() {
    fleet.metadata = {.name = "web", .ns = "default", .uid = Uid("uid-web"), .generation = 2};
    fleet.spec.provider.exec = api::ExecProvider{.run = "inventory"};
    fleet.status.observed_generation = 2;
  }

  void Know(const std::string& name, const std::string& provider_id = "") {
    auto& server = facts.emplace_back();
    server.name = name;
    server.provider_id = provider_id;
    server.fleet = "web";
    server.reachable = true;
  }

  void Answer(std::vector<runtime::ListedServer> servers) {
    ++listings;
    last = LastListing{
        .provider = fleet.spec.provider,
        .result = runtime::ServerListing{
            .time = Time(minutes(listings)),
            .servers = std::make_shared<const std::vector<runtime::ListedServer>>(servers)}};
  }

  void Refuse(Error error) {
    const int failures = last ? last->failures + 1 : 1;
    last = LastListing{
        .provider = fleet.spec.provider, .result = std::move(error), .failures = failures};
  }

  /// Plans, and stores the status that was planned.
  Plan Run() {
    std::optional<Observation> observation;
    if (last && last->provider == fleet.spec.provider) {
      observation = last->result.has_value()
                        ? ObserveListing(last->result.value(), fleet.spec.stopped)
                        : Incomplete{last->result.error()};
    }
    std::vector<KnownServer> known;
    for (const rollout::ServerFacts& server : facts) {
      known.push_back({.facts = &server, .labels = &labels, .ours = true});
    }
    Plan plan = PlanFleet({.fleet = fleet,
                           .observation = std::move(observation),
                           .last = last ? &*last : nullptr,
                           .listing = listing,
                           .servers = known,
                           .now = Time(minutes(100))});
    fleet.status = plan.status;
    return plan;
  }

  api::Fleet fleet;
  std::optional<LastListing> last;
  bool listing = false;
  std::vector<rollout::ServerFacts> facts;
  std::map<std::string, std::string> labels{{"slipway.dev/fleet", "web"}};
  int listings = 0;
};

const api::Condition& ReadyIn(const Plan& plan) {
  return *api::FindCondition(plan.status.conditions, "Ready");
}

std::vector<std::string> Deleted(const Plan& plan) {
  std::vector<std::string> names;
  for (const Action& action : plan.actions) {
    if (const auto* removal = std::get_if<DeleteServer>(&action)) {
      names.push_back(removal->server->name);
    }
  }
  return names;
}

TEST(Listing, TheProviderIsAskedAtOnceAndThenEveryInterval) {
  AskedBench bench;
  bench.fleet.status.observed_generation = 0;
  const Plan first = bench.Run();
  EXPECT_TRUE(first.list);
  EXPECT_EQ(ReadyIn(first).reason, "Listing");
  bench.listing = true;
  EXPECT_FALSE(bench.Run().list) << "it is being asked";
  bench.listing = false;
  bench.Answer({{.name = "web-1"}});
  bench.last->age = seconds(20);
  const Plan second = bench.Run();
  EXPECT_FALSE(second.list);
  EXPECT_EQ(second.requeue_after, Duration(seconds(40)));
  EXPECT_THAT(second.actions, SizeIs(1));
  EXPECT_EQ(ReadyIn(second).message, "1 server is listed.");
  bench.last->age = seconds(60);
  EXPECT_TRUE(bench.Run().list);
}

TEST(Listing, AListThatHasChangedIsAskedForAtOnce) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Answer({{.name = "web-1"}, {.name = "web-2"}});
  bench.last->outdated = true;
  Plan plan = bench.Run();
  EXPECT_TRUE(plan.list);
  EXPECT_THAT(plan.actions, SizeIs(1)) << "what was listed before counts until the answer";
  bench.listing = true;
  EXPECT_FALSE(bench.Run().list) << "it is being asked";
  bench.listing = false;
  bench.Refuse(Fail(Code::kInvalid, "it is half written"));
  EXPECT_FALSE(bench.Run().list);
  bench.last->outdated = true;
  EXPECT_TRUE(bench.Run().list) << "also before a failure would be tried again";
}

TEST(Listing, AListInAFileIsListedLikeAnyOther) {
  AskedBench bench;
  bench.fleet.spec.provider = {.static_ = api::StaticProvider{.file = "/srv/servers.yaml"}};
  EXPECT_FALSE(StandsInFleet(bench.fleet.spec.provider));
  EXPECT_TRUE(bench.Run().list);
  bench.Know("web-1");
  bench.Know("web-2");
  bench.Answer({{.name = "web-2"}});
  EXPECT_THAT(Deleted(bench.Run()), IsEmpty()) << "one listing without it is not enough";
  bench.Refuse(Fail(Code::kInvalid, "/srv/servers.yaml is no list of servers"));
  EXPECT_THAT(ReadyIn(bench.Run()).message, HasSubstr("Listing failed: /srv/servers.yaml is no"));
  bench.Answer({{.name = "web-2"}});
  bench.Run();
  bench.Answer({{.name = "web-2"}});
  bench.Run();
  EXPECT_THAT(Deleted(bench.Run()), ElementsAre("web-1"));
}

TEST(Listing, AfterAFailureItIsAskedSooner) {
  AskedBench bench;
  bench.Refuse(Fail(Code::kTimeout, "it took longer than 30s"));
  EXPECT_EQ(bench.Run().requeue_after, Duration(seconds(5)));
  bench.Refuse(Fail(Code::kTimeout, "it took longer than 30s"));
  EXPECT_EQ(bench.Run().requeue_after, Duration(seconds(10)));
}

TEST(Listing, WhatMayPassByItselfWaitsForNobody) {
  const auto is_stalled = [](const std::string& reason) {
    AskedBench bench;
    bench.Refuse(Error{.code = Code::kConflict, .message = "no", .causes = {{.reason = reason}}});
    const Plan plan = bench.Run();
    return api::FindCondition(plan.status.conditions, "Stalled")->status ==
           api::ConditionStatus::kTrue;
  };
  for (const char* reason : {"Timeout", "Throttled", "ServiceUnavailable", "ListUnfinished"}) {
    EXPECT_FALSE(is_stalled(reason)) << reason;
  }
  EXPECT_TRUE(is_stalled("ListInvalid"));
}

TEST(Listing, NoIntervalMakesItAskWithoutPause) {
  AskedBench bench;
  bench.fleet.spec.interval = Duration(0);
  bench.Answer({});
  EXPECT_EQ(bench.Run().requeue_after, Duration(100));
}

TEST(Listing, Case37AFailedListingKeepsTheLastSetAndSaysWhy) {
  AskedBench bench;
  bench.Know("web-1");
  for (int i = 0; i < 10; ++i) {
    bench.Refuse(Fail(Code::kTimeout, "it took longer than 30s"));
    const Plan plan = bench.Run();
    EXPECT_THAT(plan.actions, IsEmpty());
    EXPECT_EQ(ReadyIn(plan).status, api::ConditionStatus::kFalse);
    EXPECT_EQ(ReadyIn(plan).message,
              "Listing failed: it took longer than 30s. The servers that are known stay.");
  }
}

TEST(Listing, Case37AnEmptyListingRemovesNobody) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Know("web-2");
  for (int i = 0; i < 10; ++i) {
    bench.Answer({});
    EXPECT_THAT(bench.Run().actions, IsEmpty());
  }
  const Plan plan = bench.Run();
  EXPECT_EQ(ReadyIn(plan).reason, "RemovalNeedsConfirmation");
  EXPECT_THAT(ReadyIn(plan).message,
              HasSubstr("The provider lists 2 of 2 servers no more: web-1, web-2. The fleet would "
                        "be empty, so they stay."));
  EXPECT_THAT(ReadyIn(plan).message, HasSubstr("slipway fleet confirm web"));
  bench.fleet.metadata.annotations[kConfirmedRemoval] = ConfirmationOf(bench.fleet);
  EXPECT_THAT(Deleted(bench.Run()), ElementsAre("web-1", "web-2"));
}

TEST(Listing, ThreeListingsInARowWithoutAServerRemoveIt) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Know("web-2");
  bench.Answer({{.name = "web-1"}});
  const Plan first = bench.Run();
  EXPECT_THAT(Deleted(first), IsEmpty());
  EXPECT_EQ(ReadyIn(first).status, api::ConditionStatus::kTrue);
  EXPECT_THAT(ReadyIn(first).message, HasSubstr("Missing from 1 of 3 listings: web-2."));
  bench.Answer({{.name = "web-1"}});
  EXPECT_THAT(Deleted(bench.Run()), IsEmpty());
  bench.Answer({{.name = "web-1"}});
  EXPECT_THAT(Deleted(bench.Run()), ElementsAre("web-2"));
}

TEST(Listing, ATerminatedServerLeavesAtOnce) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Know("web-2");
  bench.Answer({{.name = "web-1"}, {.name = "web-2", .state = MachineState::kTerminated}});
  EXPECT_THAT(Deleted(bench.Run()), ElementsAre("web-2"));
}

TEST(Listing, WhatIsSaidOfAMachineSaysNothingOfItsSuccessor) {
  AskedBench bench;
  bench.Know("web-1", "i-2");
  bench.Know("web-2", "i-3");
  bench.Answer({{.name = "web-1", .provider_id = "i-1", .state = MachineState::kTerminated},
                {.name = "web-2", .provider_id = "i-3"}});
  const Plan plan = bench.Run();
  EXPECT_THAT(Deleted(plan), IsEmpty());
  EXPECT_THAT(ReadyIn(plan).message, HasSubstr("Missing from 1 of 3 listings: web-1."));
}

TEST(Listing, AnotherSpecCountsAnew) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Know("web-2");
  bench.Answer({{.name = "web-1"}});
  bench.Run();
  bench.Answer({{.name = "web-1"}});
  bench.Run();
  ++bench.fleet.metadata.generation;
  EXPECT_FALSE(bench.Run().status.absence.has_value());
  bench.Answer({{.name = "web-1"}});
  EXPECT_THAT(Deleted(bench.Run()), IsEmpty());
  EXPECT_EQ(bench.fleet.status.absence->missing.front().listings, 1);
}

TEST(Listing, NothingIsDoneOnAnAnswerThatIsTooOld) {
  AskedBench bench;
  bench.Know("web-1");
  bench.fleet.spec.suspend = true;
  bench.Answer({{.name = "web-1", .state = MachineState::kTerminated}, {.name = "web-2"}});
  bench.Run();
  bench.fleet.spec.suspend = false;
  bench.last->age = minutes(90);
  const Plan plan = bench.Run();
  EXPECT_TRUE(plan.list);
  EXPECT_THAT(plan.actions, IsEmpty());
}

TEST(Listing, ThoseWhoWaitForAPersonComeBeforeOtherTroubles) {
  AskedBench bench;
  bench.Know("web-1");
  for (int i = 0; i < 3; ++i) {
    bench.Answer({});
    bench.Run();
  }
  EXPECT_EQ(ReadyIn(bench.Run()).reason, kNeedsConfirmation);
}

TEST(Listing, Case41AStoppedServerIsInTheFleetOnlyWhereThatIsSaid) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Know("web-2");
  bench.Answer({{.name = "web-1", .state = MachineState::kStopped}, {.name = "web-2"}});
  bench.fleet.spec.stopped = api::StoppedServers::kInclude;
  EXPECT_THAT(bench.Run().actions, IsEmpty());
  bench.fleet.spec.stopped = api::StoppedServers::kExclude;
  const Plan plan = bench.Run();
  EXPECT_THAT(Deleted(plan), ElementsAre("web-1"));
  EXPECT_EQ(ReadyIn(plan).status, api::ConditionStatus::kTrue) << "and nothing failed";
}

TEST(Listing, WhatItsProviderKeepsOutOfServiceStaysAndStandsBy) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Answer({{.name = "web-1", .state = MachineState::kStandby},
                {.name = "web-2", .state = MachineState::kStandby}});
  const Plan plan = bench.Run();
  ASSERT_THAT(plan.actions, SizeIs(2));
  EXPECT_TRUE(std::get<UpdateServer>(plan.actions[0]).standby);
  EXPECT_TRUE(std::get<CreateServer>(plan.actions[1]).spec.standby);
  bench.facts.front().standby = true;
  bench.Answer({{.name = "web-1"}});
  const Plan after = bench.Run();
  ASSERT_THAT(after.actions, SizeIs(1));
  EXPECT_FALSE(std::get<UpdateServer>(after.actions[0]).standby);
}

TEST(Listing, ANameThatComesTwiceMakesTheListingUnbelievable) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Answer({{.name = "web-2"}, {.name = "web-2"}});
  const Plan plan = bench.Run();
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(ReadyIn(plan).reason, "ListInvalid");
}

TEST(Listing, AFaultIsFoundWithoutThePlanner) {
  using State = runtime::MachineState;
  const auto names = [](std::vector<std::pair<const char*, State>> servers) {
    std::vector<runtime::ListedServer> listing;
    for (const auto& [name, state] : servers) {
      listing.push_back({.name = name, .state = state});
    }
    return listing;
  };
  for (const auto stopped : {api::StoppedServers::kInclude, api::StoppedServers::kExclude}) {
    for (const auto& listing :
         {names({{"b", State::kRunning}, {"a", State::kRunning}, {"b", State::kStandby}}),
          names({{"b", State::kRunning}, {"a", State::kRunning}, {"b", State::kStopped}}),
          names({{"b", State::kRunning}, {"b", State::kTerminated}}),
          names({{"a", State::kRunning}, {"b", State::kRunning}}), names({})}) {
      const auto observed = ObserveListing(
          {.time = {},
           .servers = std::make_shared<const std::vector<runtime::ListedServer>>(listing)},
          stopped);
      const auto* incomplete = std::get_if<Incomplete>(&observed);
      const auto fault = FaultOf(listing, stopped);
      ASSERT_EQ(fault.has_value(), incomplete != nullptr);
      EXPECT_EQ(fault ? fault->message : "", incomplete ? incomplete->error.message : "");
    }
  }
  EXPECT_TRUE(FaultOf(names({{"b", State::kJoining}, {"b", State::kRunning}}), {}).has_value());
}

TEST(Listing, ANameThatWasGivenToANewMachineStays) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Answer({{.name = "web-1", .state = MachineState::kTerminated}, {.name = "web-1"}});
  EXPECT_THAT(Deleted(bench.Run()), IsEmpty());
}

TEST(Listing, WhatAnotherProviderSaidMeansNothing) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Answer({{.name = "web-1"}});
  bench.Run();
  bench.fleet.spec.provider.exec->run = "another";
  ++bench.fleet.metadata.generation;
  const Plan plan = bench.Run();
  EXPECT_TRUE(plan.list);
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(ReadyIn(plan).reason, "Listing");
}

TEST(Listing, AListingWithoutNewsWritesNothing) {
  AskedBench bench;
  bench.Know("web-1");
  bench.Answer({{.name = "web-1"}});
  const api::FleetStatus before = bench.Run().status;
  bench.Answer({{.name = "web-1"}});
  const Plan plan = bench.Run();
  EXPECT_EQ(plan.status, before);
  EXPECT_THAT(plan.actions, IsEmpty());
}

}  // namespace
}  // namespace slipway::fleet
