#include "reconciler/fleet/adapter.hpp"
#include "reconciler/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/conditions.hpp"
#include "reconciler/api/fleet.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/serverclaim.hpp"

namespace slipway::fleet {
namespace {

using nlohmann::json;
using runtime::Kind;
using runtime::Object;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

template <typename T>
T Named(const std::string& name) {
  T object;
  object.metadata = {.name = name, .ns = "default", .uid = Uid("uid-" + name), .generation = 2};
  return object;
}

class FleetAdapter : public ::testing::Test {
 protected:
  FleetAdapter()
      : fleets_(MakeFleetPlanner()), claims_(MakeServerClaimPlanner()), cache_(Schema()) {
    web = Named<api::Fleet>("web");
    web.spec.provider.static_ = api::StaticProvider{.servers = {{.name = "web-1"}}};
    Load(Kind::kFleet, web);
    Load(Kind::kServer);
    Load(Kind::kServerClaim);
    Load(Kind::kApplication);
    Load(Kind::kRollout);
  }

  runtime::CacheSchema Schema() {
    runtime::CacheSchema schema;
    fleets_->Register(schema);
    claims_->Register(schema);
    return schema;
  }

  template <typename... T>
  void Load(Kind kind, T... objects) {
    ++version_;
    ((objects.metadata.resource_version = std::to_string(version_)), ...);
    const std::vector<runtime::Bytes> all{std::make_shared<std::string>(api::Encode(objects))...};
    cache_.Replace(kind, all, version_);
  }

  /// Plans, and stores the wanted status of the fleet, until there is something to do or nothing left.
  runtime::Plan PlanFleetNow() {
    for (;;) {
      runtime::Plan plan = PlanOf(*fleets_, {Kind::kFleet, "default", "web"});
      if (!plan.status) {
        return plan;
      }
      web.status = api::Decode<api::FleetStatus>(*plan.status).value();
      Load(Kind::kFleet, web);
    }
  }

  runtime::Plan PlanOf(const runtime::Planner& planner, const runtime::Key& key) {
    return planner.MakePlan({.object = *cache_.Find(key),
                             .cache = cache_,
                             .now = Time{},
                             .elapsed = Duration(0),
                             .up = std::chrono::hours(1),
                             .outside = outside_});
  }

  api::Server OwnServer(const std::string& name) {
    auto server = Named<api::Server>(name);
    server.spec.fleet = "web";
    server.metadata.labels = {{"slipway.dev/fleet", "web"}};
    server.metadata.owner_references = {{.api_version = "slipway.dev/v1alpha1",
                                         .kind = "Fleet",
                                         .name = "web",
                                         .uid = Uid("uid-web"),
                                         .controller = true}};
    return server;
  }

  api::ServerClaim Claim(const std::string& name, int second, const std::string& fleet = "") {
    auto claim = Named<api::ServerClaim>(name);
    claim.metadata.creation_timestamp = Time(std::chrono::seconds(second));
    claim.spec = {.name = "web-1", .fleet = fleet, .token_id = "t", .key_hash = "k"};
    return claim;
  }

  std::string ServerOf(const std::string& claim) {
    const runtime::Plan plan = PlanOf(*claims_, {Kind::kServerClaim, "default", claim});
    return ReadJson(plan.status.value()).value("server", "");
  }

  /// Of the claim's Ready condition.
  std::string ReasonOf(const std::string& claim) {
    const runtime::Plan plan = PlanOf(*claims_, {Kind::kServerClaim, "default", claim});
    const auto status = ReadJson(plan.status.value());
    for (const auto& condition : status["conditions"]) {
      if (condition["type"] == "Ready") {
        return condition["reason"];
      }
    }
    return "";
  }

  std::unique_ptr<runtime::Planner> fleets_;
  std::unique_ptr<runtime::Planner> claims_;
  runtime::Cache cache_;
  api::Fleet web;

  runtime::OutsideStates outside_;

 private:
  std::uint64_t version_ = 0;
};

TEST_F(FleetAdapter, AServerIsMadeOnceAndOwnedByItsFleet) {
  runtime::Plan plan = PlanFleetNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto create = std::get<runtime::Create>(plan.actions[0]);
  EXPECT_EQ(create.key, (runtime::Key{Kind::kServer, "default", "web-1"}));
  const json server = ReadJson(create.json);
  EXPECT_EQ(server["metadata"]["ownerReferences"][0]["uid"], "uid-web");
  EXPECT_EQ(server["metadata"]["labels"]["slipway.dev/fleet"], "web");
  Load(Kind::kServer, OwnServer("web-1"));
  plan = PlanFleetNow();
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(web.status.servers.total, 1);
}

TEST_F(FleetAdapter, AServerThatLeavesIsWaitedForAndNotMadeAgain) {
  api::Server leaving = OwnServer("web-1");
  leaving.metadata.deletion_timestamp = Time(std::chrono::seconds(9));
  leaving.metadata.finalizers = {"example.org/keep"};
  Load(Kind::kServer, leaving);
  EXPECT_THAT(PlanFleetNow().actions, IsEmpty());
  const api::Condition* ready = api::FindCondition(web.status.conditions, "Ready");
  EXPECT_EQ(ready->reason, "ServerLeaving");
  EXPECT_THAT(ready->message, HasSubstr("web-1"));
  Load(Kind::kServer);
  EXPECT_THAT(PlanFleetNow().actions, SizeIs(1));
}

TEST_F(FleetAdapter, AServerThatCannotBeReadIsNamedAndNotMadeAgain) {
  json odd = ReadJson(api::Encode(OwnServer("web-1")));
  odd["metadata"]["resourceVersion"] = "50";
  odd["spec"]["releases"] = 7;
  cache_.Replace(Kind::kServer, {std::make_shared<std::string>(odd.dump())}, 50);
  EXPECT_THAT(PlanFleetNow().actions, IsEmpty());
  const api::Condition* ready = api::FindCondition(web.status.conditions, "Ready");
  EXPECT_EQ(ready->reason, "ServerUnreadable");
  EXPECT_THAT(ready->message, HasSubstr("web-1"));
  // When it goes, its fleet hears of it although nobody could read whose it was.
  const auto server = std::make_shared<Object>(*cache_.Find({Kind::kServer, "default", "web-1"}));
  runtime::KeySink keys;
  fleets_->AffectedBy(cache_, {.before = server, .after = nullptr}, keys);
  EXPECT_THAT(keys, Contains(runtime::Key{Kind::kFleet, "default", "web"}));
}

TEST_F(FleetAdapter, AServerThatIsNoLongerListedIsDeleted) {
  Load(Kind::kServer, OwnServer("web-1"), OwnServer("web-2"));
  const runtime::Plan plan = PlanFleetNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  EXPECT_EQ(std::get<runtime::Delete>(plan.actions[0]).uid, Uid("uid-web-2"));
}

TEST_F(FleetAdapter, AnUpdateIsAPatchThatLeavesIntentsAlone) {
  web.spec.provider.static_->servers[0].address = "10.0.0.9";
  web.spec.provider.static_->servers[0].labels = {{"zone", "b"}};
  Load(Kind::kFleet, web);
  Load(Kind::kServer, OwnServer("web-1"));
  const runtime::Plan plan = PlanFleetNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  const json operations = ReadJson(std::get<runtime::Patch>(plan.actions[0]).operations);
  ASSERT_EQ(operations.size(), 2u);
  EXPECT_EQ(operations[0]["path"], "/metadata/labels");
  EXPECT_EQ(operations[0]["value"]["zone"], "b");
  EXPECT_EQ(operations[1]["path"], "/spec/address");
  EXPECT_EQ(operations[1]["value"], "10.0.0.9");
}

TEST_F(FleetAdapter, TheProviderHearsWhatTheFleetHasAndAListIsGoodWhateverItHad) {
  web.spec.provider = {};
  web.spec.provider.openstack = api::OpenstackProvider();
  web.status.observed_generation = web.metadata.generation;
  Load(Kind::kFleet, web);
  api::Server leaving = OwnServer("web-0");
  leaving.metadata.deletion_timestamp = Time(std::chrono::seconds(9));
  auto foreign = OwnServer("web-3");
  foreign.spec.fleet = "other";
  foreign.metadata.owner_references.front().uid = Uid("uid-other");
  Load(Kind::kServer, leaving, OwnServer("web-2"), OwnServer("web-1"), foreign);
  const runtime::Plan plan = PlanFleetNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto ask = std::get<runtime::Ask>(plan.actions.front());
  const auto list = std::get<runtime::ListServers>(ask.request);
  ASSERT_NE(list.known, nullptr);
  EXPECT_THAT(*list.known, ElementsAre("web-1", "web-2"));
  EXPECT_EQ(list, runtime::ListServers{.provider = web.spec.provider});
  // The servers that come of a list make no other question of the next one.
  runtime::OutsideState& state = outside_["list"];
  state.request = ask.request;
  state.answered = runtime::ListServers{.provider = web.spec.provider};
  state.result = runtime::OutsideValue(
      runtime::ServerListing{.time = Time(std::chrono::seconds(10)),
                             .servers = std::make_shared<const std::vector<runtime::ListedServer>>(
                                 1, runtime::ListedServer{.name = "web-4"})});
  const runtime::Plan next = PlanFleetNow();
  EXPECT_THAT(next.actions, Contains(::testing::VariantWith<runtime::Create>(::testing::_)));
  EXPECT_THAT(next.actions, Not(Contains(::testing::VariantWith<runtime::Ask>(::testing::_))));
}

/// web-1 bears an entry of "shop" from rollout shop-3, and one of "api".
api::Server WithEntries(api::Server server, bool reported) {
  const Commit commit(std::string(40, '1'));
  const ReleaseHash hash(std::string(64, 'a'));
  for (const std::string name : {"api", "shop"}) {
    server.spec.releases.push_back({.application = name,
                                    .rollout = name + "-3",
                                    .wave = 1,
                                    .attempt = 4,
                                    .commit = commit,
                                    .hash = hash});
    server.status.releases.push_back(
        {.application = name,
         .attempt = api::Attempt{.rollout = name + "-3",
                                 .number = name == "shop" && !reported ? 3 : 4,
                                 .phase = api::AttemptPhase::kEnded,
                                 .result = api::Outcome::kSucceeded}});
  }
  return server;
}

api::Application Brings(const std::string& name, const std::string& fleet, int stable) {
  auto application = Named<api::Application>(name);
  application.spec.source.repository = "code";
  application.spec.servers.fleets = {fleet};
  application.spec.release.processes = {{.name = "web", .run = "serve"}};
  application.status.stable = api::ReleaseRef{.rollout = name + "-" + std::to_string(stable),
                                              .commit = Commit(std::string(40, '1')),
                                              .hash = ReleaseHash(std::string(64, 'a'))};
  return application;
}

TEST_F(FleetAdapter, EntriesOfApplicationsThatAreGoneAreTakenBack) {
  Load(Kind::kApplication, Brings("api", "web", 3));
  Load(Kind::kServer, WithEntries(OwnServer("web-1"), true));
  const runtime::Plan plan = PlanFleetNow();
  ASSERT_THAT(plan.actions, SizeIs(1));
  const json operations = ReadJson(std::get<runtime::Patch>(plan.actions[0]).operations);
  ASSERT_EQ(operations.size(), 1u);
  EXPECT_EQ(operations[0]["op"], "remove");
  EXPECT_EQ(operations[0]["path"], "/spec/releases/1");
  // What its agent has not spoken of stays: its number could mean two attempts otherwise.
  Load(Kind::kServer, WithEntries(OwnServer("web-1"), false));
  EXPECT_THAT(PlanFleetNow().actions, IsEmpty());
}

TEST_F(FleetAdapter, EntriesOfApplicationsThatMovedOnElsewhereAreTakenBack) {
  Load(Kind::kServer, WithEntries(OwnServer("web-1"), true));
  // A slip in spec.servers that is corrected soon costs nothing.
  Load(Kind::kApplication, Brings("api", "web", 3), Brings("shop", "other", 3));
  EXPECT_THAT(PlanFleetNow().actions, IsEmpty());
  const auto before =
      std::make_shared<Object>(*cache_.Find({Kind::kApplication, "default", "shop"}));
  Load(Kind::kApplication, Brings("api", "web", 3), Brings("shop", "other", 4));
  EXPECT_THAT(PlanFleetNow().actions, SizeIs(1));
  const auto after =
      std::make_shared<Object>(*cache_.Find({Kind::kApplication, "default", "shop"}));
  runtime::KeySink keys;
  fleets_->AffectedBy(cache_, {.before = before, .after = after}, keys);
  EXPECT_THAT(keys, Contains(runtime::Key{Kind::kFleet, "default", "web"}));
}

/// "web-1" of a fleet that asks, which is listed as joining, and a shop that has promoted shop-3.
class JoiningAdapter : public FleetAdapter {
 protected:
  JoiningAdapter() {
    web.spec.provider = {};
    web.spec.provider.exec = api::ExecProvider{.run = "inventory"};
    web.status.observed_generation = web.metadata.generation;
    Load(Kind::kFleet, web);
    runtime::OutsideState& list = outside_["list"];
    list.request = runtime::ListServers{.provider = web.spec.provider};
    list.answered = list.request;
    runtime::ListedServer listed{
        .name = "web-1", .provider_id = "exec://web-1", .state = runtime::MachineState::kJoining};
    listed.launch = "launch 7";
    list.result = runtime::OutsideValue(runtime::ServerListing{
        .time = kListed,
        .servers = std::make_shared<const std::vector<runtime::ListedServer>>(1, listed)});
    server = OwnServer("web-1");
    server.spec.provider_id = "exec://web-1";
    server.spec.joining = true;
    server.spec.admitted = true;
    server.status.conditions = {{.type = "Reachable", .status = api::ConditionStatus::kTrue}};
    shop = Named<api::Application>("shop");
    shop.spec.servers.fleets = {"web"};
    shop.status.stable = api::ReleaseRef{.rollout = "shop-3", .commit = kCommit, .hash = kHash};
  }

  /// The entry of shop-3, and what the agent made of it.
  void Runs(api::RunningHealth health, std::optional<api::Outcome> result) {
    server.spec.releases = {{.application = "shop",
                             .rollout = "shop-3",
                             .attempt = 2,
                             .commit = kCommit,
                             .hash = kHash}};
    server.status.releases = {
        {.application = "shop",
         .running = api::Running{.commit = kCommit, .hash = kHash, .health = health},
         .attempt = api::Attempt{
             .rollout = "shop-3",
             .number = 2,
             .phase = result ? api::AttemptPhase::kEnded : api::AttemptPhase::kVerifying,
             .result = result}}};
  }

  /// What the provider is asked to let in now.
  std::vector<runtime::CompleteLaunch> LetIn() {
    Load(Kind::kServer, server);
    Load(Kind::kApplication, shop);
    std::vector<runtime::CompleteLaunch> launches;
    for (const runtime::Action& action : PlanFleetNow().actions) {
      const auto* ask = std::get_if<runtime::Ask>(&action);
      if (ask == nullptr) {
        EXPECT_THAT(std::get<runtime::Patch>(action).operations, HasSubstr("/spec/admitted"));
        continue;
      }
      EXPECT_EQ(ask->slot, "launch/web-1");
      launches.push_back(std::get<runtime::CompleteLaunch>(ask->request));
    }
    return launches;
  }

  static constexpr Time kListed{std::chrono::seconds(1'700'000'000)};
  const Commit kCommit{std::string(40, 'c')};
  const ReleaseHash kHash{std::string(64, 'd')};
  api::Server server;
  api::Application shop;
};

TEST_F(JoiningAdapter, ItIsLetInOnceThePromotedReleaseIsHealthyThere) {
  EXPECT_THAT(LetIn(), IsEmpty()) << "nothing runs there";
  Runs(api::RunningHealth::kHealthy, std::nullopt);
  EXPECT_THAT(LetIn(), IsEmpty()) << "not yet healthy for long enough";
  Runs(api::RunningHealth::kHealthy, api::Outcome::kFailed);
  EXPECT_THAT(LetIn(), IsEmpty());
  Runs(api::RunningHealth::kUnhealthy, api::Outcome::kSucceeded);
  EXPECT_THAT(LetIn(), IsEmpty()) << "healthy once, and not now";
  Runs(api::RunningHealth::kHealthy, api::Outcome::kSucceeded);
  const runtime::CompleteLaunch wanted{.provider = web.spec.provider,
                                       .server = "web-1",
                                       .provider_id = "exec://web-1",
                                       .launch = "launch 7",
                                       .listing = kListed};
  EXPECT_THAT(LetIn(), ElementsAre(wanted));
  shop.status.stable->rollout = "shop-4";
  shop.status.stable->commit = Commit(std::string(40, 'e'));
  EXPECT_THAT(LetIn(), IsEmpty()) << "something newer was promoted meanwhile";
  server.status.conditions.front().status = api::ConditionStatus::kFalse;
  shop.status.stable.reset();
  EXPECT_THAT(LetIn(), IsEmpty()) << "its agent is gone";
}

TEST_F(JoiningAdapter, WhoHasPromotedNothingOrMeansOthersHoldsNobodyBack) {
  shop.status.stable.reset();
  EXPECT_THAT(LetIn(), SizeIs(1));
  shop.status.stable = api::ReleaseRef{.rollout = "shop-3", .commit = kCommit, .hash = kHash};
  shop.spec.servers.fleets = {"other"};
  EXPECT_THAT(LetIn(), SizeIs(1));
  shop.spec.servers = {.selector =
                           api::LabelSelector{.match_labels = {{"slipway.dev/fleet", "web"}}}};
  EXPECT_THAT(LetIn(), IsEmpty()) << "an application that names no fleet may mean it too";
}

TEST_F(JoiningAdapter, ItIsAskedOncePerListingAndTheAnswerIsForgottenWithTheLaunch) {
  shop.status.stable.reset();
  runtime::OutsideState& launch = outside_["launch/web-1"];
  launch.request = LetIn().front();
  EXPECT_THAT(LetIn(), IsEmpty());
  launch.result = Fail(Code::kForbidden, "not allowed (request r-1)");
  EXPECT_THAT(LetIn(), IsEmpty());
  EXPECT_THAT(api::FindCondition(web.status.conditions, "Joining")->message,
              HasSubstr("Cannot let in web-1: not allowed (request r-1)."));
  std::get<runtime::CompleteLaunch>(launch.request).listing = Time{};
  EXPECT_THAT(LetIn(), SizeIs(1)) << "a newer listing shows it waiting still";
  EXPECT_THAT(PlanFleetNow().forget, IsEmpty());
  server.spec.joining = false;
  Load(Kind::kServer, server);
  EXPECT_THAT(PlanFleetNow().forget, ElementsAre("launch/web-1"));
}

TEST_F(JoiningAdapter, TheFleetSaysWhetherTheReleaseCanStillCome) {
  auto rollout = Named<api::Rollout>("shop-3");
  rollout.spec.application = "shop";
  const auto reason = [&] {
    EXPECT_THAT(LetIn(), IsEmpty());
    return api::FindCondition(web.status.conditions, "Joining")->reason;
  };
  EXPECT_EQ(reason(), "ReleaseCannotCome") << "its Rollout is gone";
  Load(Kind::kRollout, rollout);
  EXPECT_EQ(reason(), "Waiting");
  Runs(api::RunningHealth::kUnhealthy, api::Outcome::kInterrupted);
  EXPECT_EQ(reason(), "Waiting") << "it is tried again";
  server.spec.releases.front().retries = 3;
  EXPECT_EQ(reason(), "ReleaseFailed");
  Runs(api::RunningHealth::kUnhealthy, api::Outcome::kFailed);
  EXPECT_EQ(reason(), "ReleaseFailed");
  server.status.releases.clear();
  server.spec.releases.clear();
  for (int other = 0; other < 100; ++other) {
    server.spec.releases.push_back({.application = "other-" + std::to_string(other)});
  }
  EXPECT_EQ(reason(), "ReleaseCannotCome") << "nothing more fits there";
}

TEST_F(JoiningAdapter, WhoWasAskedForStaysAdmittedUntilAListingThatCameAfterTheAnswer) {
  runtime::OutsideState& launch = outside_["launch/web-1"];
  shop.status.stable.reset();
  launch.request = LetIn().front();
  shop.status.stable = api::ReleaseRef{.rollout = "shop-4", .commit = kCommit, .hash = kHash};
  const auto admitted = [&] {
    EXPECT_THAT(LetIn(), IsEmpty());
    return PlanFleetNow().actions.empty();
  };
  launch.in_flight = true;
  EXPECT_TRUE(admitted());
  launch.in_flight = false;
  launch.result = Fail(Code::kForbidden, "no");
  launch.age = Duration(500);
  outside_["list"].age = Duration(500);
  EXPECT_TRUE(admitted());
  outside_["list"].age = Duration(400);
  EXPECT_FALSE(admitted());
}

TEST_F(JoiningAdapter, APromotionMakesTheFleetLookAgain) {
  Load(Kind::kApplication, shop);
  const auto before =
      std::make_shared<Object>(*cache_.Find({Kind::kApplication, "default", "shop"}));
  shop.status.stable->rollout = "shop-4";
  Load(Kind::kApplication, shop);
  const auto after =
      std::make_shared<Object>(*cache_.Find({Kind::kApplication, "default", "shop"}));
  runtime::KeySink keys;
  fleets_->AffectedBy(cache_, {.before = before, .after = after}, keys);
  EXPECT_THAT(keys, Contains(runtime::Key{Kind::kFleet, "default", "web"}));
}

TEST_F(FleetAdapter, OfClaimsForOneNameTheFirstThatMayHaveItHasIt) {
  Load(Kind::kServer, OwnServer("web-1"));
  Load(Kind::kServerClaim, Claim("claim-wrong", 1, "db"), Claim("claim-late", 3),
       Claim("claim-early", 2));
  EXPECT_EQ(ServerOf("claim-wrong"), "");
  EXPECT_EQ(ServerOf("claim-late"), "");
  EXPECT_EQ(ServerOf("claim-early"), "web-1");
  // Whoever has it keeps it, and the name is planned as one.
  api::ServerClaim late = Claim("claim-late", 3);
  late.status.server = "web-1";
  Load(Kind::kServerClaim, late, Claim("claim-early", 2));
  EXPECT_EQ(ServerOf("claim-early"), "");
  EXPECT_EQ(claims_->Group(*cache_.Find({Kind::kServerClaim, "default", "claim-late"})),
            claims_->Group(*cache_.Find({Kind::kServerClaim, "default", "claim-early"})));
}

// Case 36 of rollouts: baked images have one machine id, one host name, perhaps one key. The instance is what tells machines apart.
TEST_F(FleetAdapter, AServerOfACloudIsJoinedByTheInstanceThatTheCloudLists) {
  api::Server server = OwnServer("web-1");
  server.spec.provider_id = "aws:///eu-west-1a/i-1";
  Load(Kind::kServer, server);
  const auto claim = [this](const std::string& name, int second, const std::string& instance) {
    api::ServerClaim made = Claim(name, second);
    made.spec.provider_id = instance;
    return made;
  };
  Load(Kind::kServerClaim, claim("claim-nobody", 1, ""),
       claim("claim-twin", 2, "aws:///eu-west-1a/i-2"),
       claim("claim-itself", 3, "aws:///eu-west-1a/i-1"));
  EXPECT_EQ(ServerOf("claim-nobody"), "");
  EXPECT_EQ(ServerOf("claim-twin"), "");
  EXPECT_EQ(ServerOf("claim-itself"), "web-1") << "those before it do not hold the name";
  EXPECT_EQ(ReasonOf("claim-nobody"), "IdentityMissing");
  EXPECT_EQ(ReasonOf("claim-twin"), "WrongMachine");
  // Whoever joined while its fleet was a static one stays.
  api::ServerClaim joined = claim("claim-before", 1, "");
  joined.status.server = "web-1";
  Load(Kind::kServerClaim, joined, claim("claim-itself", 3, "aws:///eu-west-1a/i-1"));
  EXPECT_EQ(ServerOf("claim-before"), "web-1");
  EXPECT_EQ(ServerOf("claim-itself"), "");
}

TEST_F(FleetAdapter, CapitalLettersOfAnIdMakeNoOtherMachine) {
  api::Server server = OwnServer("web-1");
  server.spec.provider_id = "azure:///subscriptions/1/resourceGroups/shop/providers/x/web";
  Load(Kind::kServer, server);
  api::ServerClaim claim = Claim("claim-itself", 1);
  claim.spec.provider_id = "azure:///subscriptions/1/resourceGroups/SHOP/providers/X/Web";
  Load(Kind::kServerClaim, claim);
  EXPECT_EQ(ServerOf("claim-itself"), "web-1");
}

TEST_F(FleetAdapter, ClaimsAndFleetsArePlannedAgainWhenAServerComes) {
  Load(Kind::kServer, OwnServer("web-1"));
  Load(Kind::kServerClaim, Claim("claim-a", 1));
  const auto server = std::make_shared<Object>(*cache_.Find({Kind::kServer, "default", "web-1"}));
  runtime::KeySink keys;
  claims_->AffectedBy(cache_, {.before = nullptr, .after = server}, keys);
  fleets_->AffectedBy(cache_, {.before = nullptr, .after = server}, keys);
  EXPECT_THAT(keys, Contains(runtime::Key{Kind::kServerClaim, "default", "claim-a"}));
  EXPECT_THAT(keys, Contains(runtime::Key{Kind::kFleet, "default", "web"}));
  // A mere report matters to the fleet's counts, not to claims.
  keys.clear();
  claims_->AffectedBy(cache_, {.before = server, .after = server}, keys);
  EXPECT_THAT(keys, IsEmpty());
}

}  // namespace
}  // namespace slipway::fleet
