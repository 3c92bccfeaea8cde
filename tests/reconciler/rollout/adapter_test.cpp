#include "reconciler/rollout/adapter.hpp"
#include "reconciler/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/api/gitrepository.hpp"
#include "reconciler/base/rng.hpp"

namespace slipway::rollout {
namespace {

using nlohmann::json;
using runtime::KeySink;
using runtime::Kind;
using runtime::Object;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kHash(64, 'a');
const Commit kOld(std::string(40, '1'));
const Commit kNew(std::string(40, '2'));

template <typename T>
T Named(const std::string& name) {
  T object;
  object.metadata = {.name = name,
                     .ns = "default",
                     .uid = Uid("uid-" + name),
                     .resource_version = "1",
                     .generation = 4};
  return object;
}

/// The engine's cache with one application that brings its second release to two servers, and both planners.
class Adapter : public ::testing::Test {
 protected:
  Adapter() : rollouts_(MakeRolloutPlanner({})), runs_(MakeTestRunPlanner({})), cache_(Schema()) {
    app = Named<api::Application>("shop");
    app.spec.source.repository = "code";
    app.spec.servers.fleets = {"web"};
    app.spec.release.processes = {{.name = "web", .run = "serve"}};
    app.status.stable =
        api::ReleaseRef{.rollout = "shop-1", .commit = kOld, .hash = ReleaseHash(kHash)};
    app.status.active = "shop-2";
    code = Named<api::GitRepository>("code");
    first = RolloutOf(1, kOld);
    first.status.phase = api::RolloutPhase::kSucceeded;
    second = RolloutOf(2, kNew);
    second.status = {.phase = api::RolloutPhase::kProgressing,
                     .wave = 1,
                     .waves = {{.name = "all", .target = 2, .last = true}},
                     .stable = app.status.stable,
                     .gate = {.passed = true}};
    one = Named<api::Server>("web-1");
    one.spec.fleet = "web";
    one.spec.releases = {{.application = "other", .rollout = "other-1", .attempt = 1},
                         {.application = "shop",
                          .rollout = "shop-1",
                          .wave = 1,
                          .attempt = 7,
                          .commit = kOld,
                          .hash = ReleaseHash(kHash)}};
    one.status.conditions = {
        {.type = "Reachable", .status = api::ConditionStatus::kTrue, .reason = "R"}};
    one.status.releases = {{.application = "shop",
                            .running = api::Running{.commit = kOld,
                                                    .hash = ReleaseHash(kHash),
                                                    .health = api::RunningHealth::kHealthy},
                            .attempt = api::Attempt{.rollout = "shop-1",
                                                    .number = 7,
                                                    .phase = api::AttemptPhase::kEnded,
                                                    .result = api::Outcome::kSucceeded}}};
    two = Named<api::Server>("web-2");
    two.spec.fleet = "elsewhere";
  }

  runtime::CacheSchema Schema() {
    runtime::CacheSchema schema;
    rollouts_->Register(schema);
    runs_->Register(schema);
    return schema;
  }

  static api::Rollout RolloutOf(int number, const Commit& commit) {
    auto rollout = Named<api::Rollout>("shop-" + std::to_string(number));
    rollout.metadata.owner_references = {{.api_version = "slipway.dev/v1alpha1",
                                          .kind = "Application",
                                          .name = "shop",
                                          .uid = Uid("uid-shop"),
                                          .controller = true}};
    rollout.spec = {
        .application = "shop",
        .number = number,
        .release = {.commit = commit, .tree = Tree(commit.value), .hash = ReleaseHash(kHash)}};
    rollout.spec.template_.source = api::Source{.repository = "code"};
    rollout.spec.template_.release.processes = {{.name = "web", .run = "serve"}};
    return rollout;
  }

  /// Every load is a newer version: the cache ignores what it has seen.
  template <typename... T>
  void Load(Kind kind, T... objects) {
    ++version_;
    ((objects.metadata.resource_version = std::to_string(version_)), ...);
    const std::vector<runtime::Bytes> all{std::make_shared<std::string>(api::Encode(objects))...};
    cache_.Replace(kind, all, version_);
  }

  void LoadAll() {
    Load(Kind::kApplication, app);
    Load(Kind::kGitRepository, code);
    Load(Kind::kRollout, first, second);
    Load(Kind::kServer, one, two);
    Load(Kind::kTestRun);
  }

  runtime::Plan PlanOf(const char* rollout, const runtime::OutsideStates& outside = {}) {
    const Object* object = cache_.Find({Kind::kRollout, "default", rollout});
    return rollouts_->MakePlan({.object = *object,
                                .cache = cache_,
                                .now = Time{},
                                .elapsed = Duration(0),
                                .up = up,
                                .outside = outside});
  }

  runtime::Plan PlanOfRun(const char* run) {
    const Object* object = cache_.Find({Kind::kTestRun, "default", run});
    const runtime::OutsideStates none;
    return runs_->MakePlan({.object = *object,
                            .cache = cache_,
                            .now = Time{},
                            .elapsed = Duration(0),
                            .up = up,
                            .outside = none});
  }

  KeySink AffectedBy(Kind kind, const char* name) {
    const auto object = std::make_shared<Object>(*cache_.Find({kind, "default", name}));
    KeySink keys;
    rollouts_->AffectedBy(cache_, {.before = object, .after = object}, keys);
    return keys;
  }

  std::unique_ptr<runtime::Planner> rollouts_;
  std::unique_ptr<runtime::Planner> runs_;
  runtime::Cache cache_;
  api::Application app;
  api::GitRepository code;
  api::Rollout first;
  api::Rollout second;
  api::Server one;
  api::Server two;
  Duration up = std::chrono::hours(1);

  std::uint64_t version_ = 0;  ///< of what was loaded last
};

TEST_F(Adapter, ServersAreSelectedOnceUntilOneOfThemChanges) {
  LoadAll();
  const auto select = [&] { return SelectServers(cache_, "default", app.spec.servers, "shop"); };
  const ServerViews before = select();
  ASSERT_THAT(*before, SizeIs(1));
  EXPECT_TRUE(before->front().reachable);
  EXPECT_EQ(select(), before) << "who asks the same gets the same";

  const ServerViews other = SelectServers(cache_, "default", app.spec.servers, "other");
  EXPECT_EQ(other->front().release.intent->attempt, 1) << "another application sees its own";
  EXPECT_EQ(select()->front().release.intent->attempt, 7);
  app.spec.servers.fleets = {"web", "elsewhere"};
  EXPECT_THAT(*select(), SizeIs(2)) << "another selection";

  one.status.conditions.clear();
  Load(Kind::kServer, one, two);
  EXPECT_FALSE(select()->front().reachable);
  Load(Kind::kServer, two);
  EXPECT_EQ(select()->front().server->name, "web-2");
}

TEST_F(Adapter, ASelectionThatIsBroughtUpToDateIsTheOneThatWouldBeMade) {
  Rng rng(7);
  runtime::Cache fresh(Schema());
  std::map<std::string, api::Server> servers;
  const auto describe = [](const ServerViews& views) {
    std::vector<std::string> lines;
    for (const ServerView& view : *views) {
      const std::int64_t attempt = view.release.intent ? view.release.intent->attempt : -1;
      lines.push_back(view.server->name + (view.reachable ? " reachable " : " lost ") +
                      (view.cordoned ? "cordoned " : "") + std::to_string(attempt));
    }
    return lines;
  };
  app.spec.servers.fleets = {"web"};
  app.spec.servers.selector = api::LabelSelector{.match_labels = {{"tier", "front"}}};
  Load(Kind::kServer);
  for (int turn = 0; turn < 300; ++turn) {
    for (std::uint64_t changes = rng.Below(4) == 0 ? rng.Below(1'500) : rng.Below(4); changes > 0;
         --changes) {
      const std::string name = "web-" + std::to_string(rng.Below(40));
      const auto known = servers.find(name);
      if (known != servers.end() && rng.Chance(20)) {
        cache_.Forget({Kind::kServer, "default", name}, known->second.metadata.uid);
        servers.erase(known);
        continue;
      }
      api::Server server = one;
      server.metadata = Named<api::Server>(name).metadata;
      server.metadata.uid = Uid("uid-" + std::to_string(++version_));
      server.metadata.resource_version = std::to_string(version_);
      server.metadata.labels["tier"] = rng.Chance(70) ? "front" : "back";
      server.spec.fleet = rng.Chance(80) ? "web" : "elsewhere";
      server.spec.cordoned = rng.Chance(30);
      server.spec.releases[1].attempt = static_cast<std::int64_t>(rng.Below(100));
      (void)cache_.Apply(Kind::kServer, std::make_shared<std::string>(api::Encode(server)));
      servers[name] = server;
    }
    std::vector<runtime::Bytes> all;
    for (const auto& [name, server] : servers) {
      all.push_back(std::make_shared<std::string>(api::Encode(server)));
    }
    fresh.Replace(Kind::kServer, all, version_);
    fresh.Keep(Kind::kServer, nullptr);
    ASSERT_EQ(describe(SelectServers(cache_, "default", app.spec.servers, "shop")),
              describe(SelectServers(fresh, "default", app.spec.servers, "shop")))
        << "turn " << turn;
  }
}

TEST_F(Adapter, AnIntentIsAPatchOfItsOwnEntryOnly) {
  LoadAll();
  const runtime::Plan plan = PlanOf("shop-2");
  EXPECT_FALSE(plan.status.has_value());
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto patch = std::get<runtime::Patch>(plan.actions[0]);
  EXPECT_EQ(patch.key.name, "web-1");
  EXPECT_EQ(patch.uid, Uid("uid-web-1"));
  EXPECT_EQ(patch.generation, 4);
  const json operations = ReadJson(patch.operations);
  ASSERT_EQ(operations.size(), 1u);
  EXPECT_EQ(operations[0]["op"], "replace");
  EXPECT_EQ(operations[0]["path"], "/spec/releases/1");
  EXPECT_EQ(operations[0]["value"]["rollout"], "shop-2");
  EXPECT_EQ(operations[0]["value"]["attempt"], 8);
  EXPECT_EQ(operations[0]["value"]["commit"], kNew.value);
}

TEST_F(Adapter, TheFirstEntryOfAServerMakesTheList) {
  app.status.stable.reset();
  second.status.stable.reset();
  one.spec.releases.clear();
  LoadAll();
  const auto patch = std::get<runtime::Patch>(PlanOf("shop-2").actions.at(0));
  const json operations = ReadJson(patch.operations);
  EXPECT_EQ(operations[0]["op"], "add");
  EXPECT_EQ(operations[0]["path"], "/spec/releases");
  EXPECT_EQ(operations[0]["value"][0]["application"], "shop");
  one.spec.releases = {{.application = "other", .rollout = "other-1", .attempt = 1}};
  Load(Kind::kServer, one, two);
  const auto second_patch = std::get<runtime::Patch>(PlanOf("shop-2").actions.at(0));
  EXPECT_EQ(ReadJson(second_patch.operations)[0]["path"], "/spec/releases/-");
}

TEST_F(Adapter, WhileAgentsMayComeBackNothingIsTakenAndNoTimeCounts) {
  one.status.conditions[0].status = api::ConditionStatus::kUnknown;
  LoadAll();
  up = std::chrono::seconds(63);
  const runtime::Plan plan = PlanOf("shop-2");
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_TRUE(plan.stands_still);
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(2));
  up = std::chrono::seconds(65);
  EXPECT_FALSE(PlanOf("shop-2").stands_still);
}

TEST_F(Adapter, WhenEverybodyConcernedIsJudgedItGoesOnAtOnce) {
  two.status.conditions.clear();
  LoadAll();
  up = std::chrono::seconds(10);
  const runtime::Plan plan = PlanOf("shop-2");
  EXPECT_FALSE(plan.stands_still);
  EXPECT_THAT(plan.actions, SizeIs(1));
}

TEST_F(Adapter, ACommitIsPinnedBeforeItsRolloutBegins) {
  second.status = {};
  LoadAll();
  runtime::Plan plan = PlanOf("shop-2");
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto ask = std::get<runtime::Ask>(plan.actions[0]);
  const runtime::Pin expected{
      .repository = "code", .uid = Uid("uid-code"), .id = "shop-2", .commit = kNew};
  EXPECT_EQ(std::get<runtime::Pin>(ask.request), expected);
  EXPECT_THAT(plan.finalizers.value(), ElementsAre("slipway.dev/pin"));
  EXPECT_EQ(ReadJson(*plan.status)["phase"], "Pending");
  runtime::OutsideStates outside;
  outside[ask.slot] = {
      .request = expected, .answered = expected, .result = runtime::OutsideValue{}};
  plan = PlanOf("shop-2", outside);
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_THAT(ReadJson(*plan.status)["message"], HasSubstr("no gate"));
  // A failure is said, and asked again after a while.
  outside[ask.slot].result = Fail(Code::kInternal, "the disk is full.");
  outside[ask.slot].failures = 1;
  plan = PlanOf("shop-2", outside);
  EXPECT_THAT(ReadJson(*plan.status)["message"], HasSubstr("the disk is full."));
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(5));
}

TEST_F(Adapter, ARolloutThatGoesLetsItsPinGoFirst) {
  second.metadata.deletion_timestamp = Time{};
  second.metadata.finalizers = {"slipway.dev/pin"};
  LoadAll();
  runtime::Plan plan = PlanOf("shop-2");
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto ask = std::get<runtime::Ask>(plan.actions[0]);
  const runtime::Unpin unpin{.repository = "code", .uid = Uid("uid-code"), .id = "shop-2"};
  EXPECT_EQ(std::get<runtime::Unpin>(ask.request), unpin);
  EXPECT_FALSE(plan.finalizers.has_value());
  runtime::OutsideStates outside;
  outside[ask.slot] = {.request = unpin, .answered = unpin, .result = runtime::OutsideValue{}};
  EXPECT_THAT(PlanOf("shop-2", outside).finalizers.value(), IsEmpty());
  // The mirror goes with its repository.
  Load(Kind::kGitRepository);
  EXPECT_THAT(PlanOf("shop-2").finalizers.value(), IsEmpty());
}

TEST_F(Adapter, ARolloutOfAnotherApplicationOfThatNameIsLeftAlone) {
  second.metadata.owner_references[0].uid = Uid("uid-of-a-former-shop");
  LoadAll();
  const runtime::Plan plan = PlanOf("shop-2");
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_FALSE(plan.status.has_value());
}

TEST_F(Adapter, ATestRunIsOwnedByItsRollout) {
  app.spec.gate = api::GateTemplate{.servers = {.fleets = {"elsewhere"}}};
  second.spec.template_.gate = app.spec.gate;
  second.status = {.phase = api::RolloutPhase::kTesting};
  two.status.conditions = one.status.conditions;
  LoadAll();
  const runtime::Plan plan = PlanOf("shop-2");
  ASSERT_THAT(plan.actions, SizeIs(1));
  const auto create = std::get<runtime::Create>(plan.actions[0]);
  EXPECT_EQ(create.key, (runtime::Key{Kind::kTestRun, "default", "shop-2-gate-1"}));
  const json run = ReadJson(create.json);
  EXPECT_EQ(run["metadata"]["ownerReferences"][0]["uid"], "uid-shop-2");
  EXPECT_EQ(run["metadata"]["ownerReferences"][0]["controller"], true);
  EXPECT_EQ(run["spec"]["server"], "web-2");
  EXPECT_FALSE(run.contains("status"));
}

TEST_F(Adapter, ATestRunOfARolloutThatHasLostItsApplicationIsEnded) {
  auto run = Named<api::TestRun>("shop-2-gate-1");
  run.metadata.owner_references = {
      {.kind = "Rollout", .name = "shop-2", .uid = second.metadata.uid, .controller = true}};
  run.spec = {.application = "shop", .rollout = "shop-2", .server = "web-1", .number = 1};
  second.status = {.phase = api::RolloutPhase::kTesting};
  LoadAll();
  Load(Kind::kTestRun, run);
  EXPECT_FALSE(PlanOfRun("shop-2-gate-1").status.has_value());
  second.metadata.owner_references[0].uid = Uid("uid-of-a-former-shop");
  Load(Kind::kRollout, first, second);
  const runtime::Plan plan = PlanOfRun("shop-2-gate-1");
  ASSERT_TRUE(plan.status.has_value());
  EXPECT_EQ(ReadJson(*plan.status)["result"], "Interrupted");
}

TEST_F(Adapter, ATestRunThatCannotBeReadIsNamedAndNotMadeAgain) {
  app.spec.gate = api::GateTemplate{.servers = {.fleets = {"elsewhere"}}};
  second.spec.template_.gate = app.spec.gate;
  second.status = {.phase = api::RolloutPhase::kTesting};
  two.status.conditions = one.status.conditions;
  LoadAll();
  const auto create = std::get<runtime::Create>(PlanOf("shop-2").actions.at(0));
  json run = ReadJson(create.json);
  run["metadata"].update({{"uid", "r"}, {"resourceVersion", "90"}, {"generation", 1}});
  run["spec"]["number"] = "one";
  cache_.Replace(Kind::kTestRun, {std::make_shared<std::string>(run.dump())}, 90);
  const runtime::Plan plan = PlanOf("shop-2");
  EXPECT_THAT(ReadJson(plan.status.value()).value("message", ""), HasSubstr("shop-2-gate-1"));
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_THAT(AffectedBy(Kind::kTestRun, "shop-2-gate-1"), SizeIs(1));
}

TEST_F(Adapter, OnlyRolloutsThatCanCareArePlannedAgain) {
  LoadAll();
  const runtime::Key open{Kind::kRollout, "default", "shop-2"};
  EXPECT_THAT(AffectedBy(Kind::kServer, "web-1"), ElementsAre(open));
  EXPECT_THAT(AffectedBy(Kind::kServer, "web-2"), IsEmpty());
  EXPECT_THAT(AffectedBy(Kind::kApplication, "shop"), ElementsAre(open));
  EXPECT_THAT(AffectedBy(Kind::kRollout, "shop-1"), ElementsAre(open));
  EXPECT_THAT(AffectedBy(Kind::kGitRepository, "code"), ElementsAre(open));
  EXPECT_EQ(rollouts_->Group(*cache_.Find(open)), "application default/shop");
}

TEST_F(Adapter, AGateServerMattersWhileTheGateRuns) {
  second.spec.template_.gate = api::GateTemplate{.servers = {.fleets = {"elsewhere"}}};
  LoadAll();
  EXPECT_THAT(AffectedBy(Kind::kServer, "web-2"), IsEmpty());
  second.status.phase = api::RolloutPhase::kTesting;
  Load(Kind::kRollout, first, second);
  EXPECT_THAT(AffectedBy(Kind::kServer, "web-2"), SizeIs(1));
}

TEST_F(Adapter, ATestRunWhoseRolloutIsGoneEnds) {
  LoadAll();
  auto run = Named<api::TestRun>("shop-9-gate-1");
  run.spec = {.application = "shop", .rollout = "shop-9", .server = "web-1", .number = 1};
  Load(Kind::kTestRun, run);
  const json status = ReadJson(PlanOfRun("shop-9-gate-1").status.value());
  EXPECT_EQ(status["phase"], "Ended");
  EXPECT_EQ(status["result"], "Interrupted");
}

}  // namespace
}  // namespace slipway::rollout
