#include "reconciler/fleet/fleet_planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/api/conditions.hpp"

namespace slipway::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Time kNow{std::chrono::seconds(1'767'225'600)};

/// A fleet "web", and the servers that are known.
struct FleetBench {
  FleetBench() {
    fleet.metadata = {.name = "web", .ns = "default", .uid = Uid("uid-web"), .generation = 2};
    fleet.spec.provider.static_ = api::StaticProvider{};
  }

  void List(api::StaticServer server) {
    fleet.spec.provider.static_->servers.push_back(std::move(server));
  }

  void Know(const std::string& name, bool ours = true, const std::string& address = "") {
    auto& server = facts.emplace_back();
    server.name = name;
    server.fleet = "web";
    server.address = address;
    server.reachable = true;
    labels.push_back({{"slipway.dev/fleet", "web"}});
    owned.push_back(ours);
  }

  Plan Run() {
    std::vector<KnownServer> known;
    for (std::size_t index = 0; index < facts.size(); ++index) {
      known.push_back({.facts = &facts[index],
                       .labels = &labels[index],
                       .ours = owned[index],
                       .joined = index == 0});
    }
    return PlanFleet({.fleet = fleet,
                      .observation = ObserveStatic(*fleet.spec.provider.static_),
                      .servers = known,
                      .now = kNow});
  }

  api::Fleet fleet;
  std::vector<rollout::ServerFacts> facts;
  std::vector<std::map<std::string, std::string>> labels;
  std::vector<bool> owned;
};

const api::Condition& Ready(const Plan& plan) {
  return *api::FindCondition(plan.status.conditions, "Ready");
}

TEST(FleetPlanner, MakesAServerForEachThatIsListed) {
  FleetBench setup;
  setup.List({.name = "web-1", .address = "10.0.0.1", .labels = {{"zone", "a"}}});
  setup.List({.address = "10.0.0.2"});
  const Plan plan = setup.Run();
  ASSERT_THAT(plan.actions, SizeIs(2));
  const auto& unnamed = std::get<CreateServer>(plan.actions[0]);
  EXPECT_EQ(unnamed.name, "10-0-0-2");
  EXPECT_EQ(unnamed.spec.address, "10.0.0.2");
  const auto& named = std::get<CreateServer>(plan.actions[1]);
  EXPECT_EQ(named.name, "web-1");
  EXPECT_EQ(named.spec.fleet, "web");
  EXPECT_EQ(named.labels,
            (std::map<std::string, std::string>{{"slipway.dev/fleet", "web"}, {"zone", "a"}}));
}

TEST(FleetPlanner, RemovesWhatLeftAndUpdatesWhatChanged) {
  FleetBench setup;
  setup.List({.name = "web-2", .address = "10.0.0.9"});
  setup.List({.name = "web-3"});
  setup.Know("web-1");
  setup.Know("web-2", true, "10.0.0.2");
  setup.Know("web-3");
  const Plan plan = setup.Run();
  ASSERT_THAT(plan.actions, SizeIs(2));
  EXPECT_EQ(std::get<DeleteServer>(plan.actions[0]).server->name, "web-1");
  EXPECT_EQ(std::get<UpdateServer>(plan.actions[1]).server->name, "web-2");
  EXPECT_EQ(std::get<UpdateServer>(plan.actions[1]).address, "10.0.0.9");
}

TEST(FleetPlanner, LeavesServersOfOtherFleetsAlone) {
  FleetBench setup;
  setup.List({.name = "web-1"});
  setup.Know("web-1", false);
  setup.Know("web-9", false);
  const Plan plan = setup.Run();
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(Ready(plan).reason, "NameTaken");
  EXPECT_THAT(Ready(plan).message, HasSubstr("web-1"));
}

TEST(FleetPlanner, AnIncompleteObservationNeverRemovesAServer) {
  FleetBench setup;
  setup.List({.name = "web-2"});
  setup.List({.name = "web-2", .address = "10.0.0.7"});
  setup.Know("web-1");
  const Plan plan = setup.Run();
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(Ready(plan).reason, "ListInvalid");
  EXPECT_THAT(Ready(plan).message, HasSubstr("Two servers of the list are named web-2"));
  EXPECT_THAT(Ready(plan).message, HasSubstr("stay"));
}

TEST(FleetPlanner, AnAddressMakesTheNameThatTheApiExpects) {
  FleetBench setup;
  setup.List({.address = "Web-1.Example.org"});
  setup.List({.address = "fe80::1"});
  const Plan plan = setup.Run();
  ASSERT_THAT(plan.actions, SizeIs(2));
  EXPECT_EQ(std::get<CreateServer>(plan.actions[0]).name, "fe80--1");
  EXPECT_EQ(std::get<CreateServer>(plan.actions[1]).name, "web-1-example-org");
}

TEST(FleetPlanner, AnAddressThatMakesNoNameIsRefused) {
  FleetBench setup;
  setup.List({.address = "::"});
  EXPECT_THAT(Ready(setup.Run()).message, HasSubstr("needs a name"));
}

TEST(FleetPlanner, AStreamOfReportsDoesNotHoldUpWhatIsToBeDone) {
  FleetBench setup;
  setup.List({.name = "web-1"});
  setup.List({.name = "web-2"});
  setup.Know("web-1");
  setup.fleet.status = setup.Run().status;
  setup.facts[0].reachable = false;
  const Plan plan = setup.Run();
  EXPECT_EQ(plan.status, setup.fleet.status);
  ASSERT_THAT(plan.actions, SizeIs(1));
  EXPECT_EQ(std::get<CreateServer>(plan.actions[0]).name, "web-2");
}

TEST(FleetPlanner, CountsAreWrittenWhenTheyChange) {
  FleetBench setup;
  setup.List({.name = "web-1"});
  setup.List({.name = "web-2"});
  setup.Know("web-1");
  setup.Know("web-2");
  setup.facts[1].reachable = false;
  Plan plan = setup.Run();
  EXPECT_EQ(plan.status.servers.total, 2);
  EXPECT_EQ(plan.status.servers.joined, 1);
  EXPECT_EQ(plan.status.servers.reachable, 1);
  setup.fleet.status = plan.status;
  plan = setup.Run();
  EXPECT_EQ(plan.status, setup.fleet.status);
  EXPECT_THAT(plan.actions, IsEmpty());
}

TEST(FleetPlanner, SuspendedItNeitherMakesNorRemoves) {
  FleetBench setup;
  setup.fleet.spec.suspend = true;
  setup.List({.name = "web-2"});
  setup.Know("web-1");
  const Plan plan = setup.Run();
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(Ready(plan).reason, "Suspended");
}

/// A claim for "web-1" of fleet "web".
struct ClaimBench {
  ClaimBench() {
    claim.metadata = {.name = "claim-a", .generation = 1};
    claim.spec.name = "web-1";
    server.name = "web-1";
    server.fleet = "web";
  }
  ClaimPlan Run() {
    return PlanServerClaim({.claim = claim,
                            .server = listed ? &server : nullptr,
                            .holder = holder,
                            .suspended = suspended,
                            .now = kNow});
  }
  api::ServerClaim claim;
  rollout::ServerFacts server;
  bool listed = true;
  const api::ServerClaim* holder = nullptr;
  bool suspended = false;
};

std::string ReasonOf(const ClaimPlan& plan) {
  return api::FindCondition(plan.status.conditions, "Ready")->reason;
}

TEST(ServerClaimPlanner, TheServerOfThatNameIsMatched) {
  ClaimBench setup;
  const ClaimPlan plan = setup.Run();
  EXPECT_EQ(plan.status.server, "web-1");
  EXPECT_EQ(ReasonOf(plan), "Matched");
  setup.claim.status = plan.status;
  EXPECT_EQ(setup.Run().status, plan.status);
}

TEST(ServerClaimPlanner, AnUnknownNameWaitsAndSaysWhy) {
  ClaimBench setup;
  setup.listed = false;
  const ClaimPlan plan = setup.Run();
  EXPECT_EQ(plan.status.server, "");
  EXPECT_EQ(ReasonOf(plan), "NoSuchServer");
}

TEST(ServerClaimPlanner, ATokenOpensItsOwnFleetOnly) {
  ClaimBench setup;
  setup.claim.spec.fleet = "db";
  EXPECT_EQ(ReasonOf(setup.Run()), "WrongFleet");
  setup.claim.spec.fleet = "web";
  EXPECT_EQ(ReasonOf(setup.Run()), "Matched");
}

TEST(ServerClaimPlanner, TheFirstClaimOfANameHasItUntilItIsDeleted) {
  ClaimBench setup;
  api::ServerClaim first;
  first.metadata.name = "claim-first";
  setup.holder = &first;
  const ClaimPlan plan = setup.Run();
  EXPECT_EQ(plan.status.server, "");
  EXPECT_EQ(ReasonOf(plan), "AlreadyClaimed");
  EXPECT_THAT(api::FindCondition(plan.status.conditions, "Ready")->message,
              HasSubstr("delete the ServerClaim claim-first to let this one in"));
  setup.holder = nullptr;
  EXPECT_EQ(ReasonOf(setup.Run()), "Matched");
}

TEST(ServerClaimPlanner, ASuspendedFleetLetsNobodyInButKeepsWhoIsIn) {
  ClaimBench setup;
  setup.suspended = true;
  EXPECT_EQ(ReasonOf(setup.Run()), "Suspended");
  setup.claim.status.server = "web-1";
  EXPECT_EQ(ReasonOf(setup.Run()), "Matched");
}

}  // namespace
}  // namespace slipway::fleet
