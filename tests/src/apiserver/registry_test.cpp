#include "src/apiserver/registry/registry.hpp"
#include "reconciler/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/apiserver/registry/guard.hpp"
#include "src/store/faulty_store.hpp"
#include "tests/src/apiserver/home.hpp"

namespace slipway::apiserver {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class RegistryTest : public testing::Test {
 protected:
  json ConfigMap(const std::string& name, const std::string& value = "1") const {
    return {{"metadata", {{"name", name}}}, {"data", {{"key", value}}}};
  }
  json Repository(const std::string& name) const {
    return {{"metadata", {{"name", name}}}, {"spec", {{"url", "https://example.com/shop.git"}}}};
  }
  json Labelled(const std::string& name, const std::string& tier) const {
    json object = ConfigMap(name);
    object["metadata"]["labels"] = {{"tier", tier}};
    return object;
  }

  void Make(const std::string& plural, const json& object, const std::string& ns = "default") {
    const auto written = home_.Create(PathTo(plural, "", ns), object);
    ASSERT_TRUE(written.has_value()) << written.error().message;
  }

  std::vector<std::string> Names(const ObjectList& list) const {
    std::vector<std::string> names;
    for (const Object& object : list.items) {
      names.push_back(ReadJson(object.Text())["metadata"]["name"]);
    }
    return names;
  }

  Home home_;
};

TEST_F(RegistryTest, TheDefaultNamespaceIsAlwaysThere) {
  EXPECT_EQ(home_.Get(PathTo("namespaces", "default"))["status"]["phase"], "Active");
  EXPECT_EQ(home_.Delete(PathTo("namespaces", "default")).error().code, Code::kForbidden);
}

TEST_F(RegistryTest, WhatWasCreatedIsReadBackWithTheSameBytesByEverybody) {
  const auto written = home_.Create(PathTo("configmaps"), ConfigMap("a"));
  ASSERT_TRUE(written.has_value());
  const std::string text = written.value().object.Text();
  EXPECT_EQ(home_.registry.Get(PathTo("configmaps", "a")).value().Text(), text);
  EXPECT_EQ(home_.registry.List(PathTo("configmaps"), {}).value().items[0].Text(), text);
  const json object = ReadJson(text);
  EXPECT_EQ(object["metadata"]["resourceVersion"],
            std::to_string(written.value().object.revision()));
  EXPECT_EQ(object["apiVersion"], "v1");
  EXPECT_EQ(object["kind"], "ConfigMap");
  EXPECT_EQ(object["metadata"]["uid"].get<std::string>().size(), 36U);
}

TEST_F(RegistryTest, ATakenNameIsRefused) {
  Make("configmaps", ConfigMap("a"));
  const auto again = home_.Create(PathTo("configmaps"), ConfigMap("a"));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
  EXPECT_EQ(again.error().message, "configmaps \"a\" already exists");
}

TEST_F(RegistryTest, ATakenNameMayBeThatOfAnObjectOnItsWayOut) {
  json object = Repository("a");
  object["metadata"]["finalizers"] = {"example.com/one"};
  Make("gitrepositories", object);
  ASSERT_FALSE(home_.Delete(PathTo("gitrepositories", "a")).value().removed);
  object["spec"]["colour"] = "red";
  for (const bool dry_run : {false, true}) {
    const Error error =
        home_
            .Create(PathTo("gitrepositories"), object,
                    {.dry_run = dry_run, .field_validation = objects::FieldValidation::kWarn})
            .error();
    EXPECT_EQ(error.message,
              "object is being deleted: gitrepositories.slipway.dev \"a\" already exists");
    EXPECT_THAT(error.warnings, ElementsAre("unknown field \"spec.colour\""));
  }
}

TEST_F(RegistryTest, AnUpdateOfNothingIsJudgedFirst) {
  json object = Repository("a");
  const auto path = PathTo("gitrepositories", "a");
  EXPECT_EQ(home_.Update(path, object).error().code, Code::kNotFound);
  EXPECT_EQ(home_.UpdateStatus(path, object).error().code, Code::kNotFound);
  object["kind"] = nullptr;
  EXPECT_EQ(home_.Update(path, object).error().code, Code::kBadRequest);
  EXPECT_EQ(home_.Create(PathTo("gitrepositories"), object).error().code, Code::kBadRequest);
  object.erase("kind");
  object["metadata"]["uid"] = "another";
  EXPECT_EQ(home_.Update(path, object).error().code, Code::kConflict);
  EXPECT_EQ(home_.UpdateStatus(path, object).error().code, Code::kConflict);
  EXPECT_EQ(home_.Update(PathTo("gitrepositories", "a/b"), object).error().code, Code::kNotFound);
}

TEST_F(RegistryTest, AnAbsentObjectIsNamedByItsResource) {
  const auto missing = home_.registry.Get(PathTo("applications", "shop"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_EQ(missing.error().message, "applications.slipway.dev \"shop\" not found");
}

TEST_F(RegistryTest, NamesThatWouldLeaveTheirNamespaceAreNotFound) {
  Make("secrets", {{"metadata", {{"name", "a"}}}});
  EXPECT_FALSE(home_.registry.Get(PathTo("secrets", "default/a", "..")).has_value());
  EXPECT_FALSE(home_.registry.Get(PathTo("secrets", "x/../a")).has_value());
  EXPECT_EQ(home_.Delete(PathTo("secrets", "b/a", "default")).error().code, Code::kNotFound);
}

TEST_F(RegistryTest, NothingIsCreatedInANamespaceThatIsNotThere) {
  const auto written = home_.Create(PathTo("configmaps", "", "nowhere"), ConfigMap("a"));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, Code::kNotFound);
  EXPECT_EQ(written.error().message, "namespaces \"nowhere\" not found");
}

TEST_F(RegistryTest, GeneratedNamesDiffer) {
  const json object = {{"metadata", {{"generateName", "token-"}}}};
  const auto first = home_.Create(PathTo("configmaps"), object);
  const auto second = home_.Create(PathTo("configmaps"), object);
  ASSERT_TRUE(first.has_value() && second.has_value());
  const auto list = home_.registry.List(PathTo("configmaps"), {}).value();
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_THAT(Names(list)[0], testing::MatchesRegex("token-[a-z0-9]{5}"));
}

TEST_F(RegistryTest, AMadeUpNameThatIsTakenIsReplacedByAnother) {
  const json object = {{"metadata", {{"generateName", "token-"}}}};
  ASSERT_TRUE(home_.Create(PathTo("configmaps"), object).has_value());
  // The same seed makes the same names again.
  std::deque<std::function<void()>> queue;
  Registry again(
      home_.store, home_.clock, [&](std::function<void()> run) { queue.push_back(std::move(run)); },
      7);
  std::optional<Result<Written>> written;
  again.Start([](const Result<void>&) {});
  again.Create(PathTo("configmaps"), object.dump(), {},
               [&](Result<Written> result) { written = std::move(result); });
  while (!queue.empty()) {
    const auto run = std::move(queue.front());
    queue.pop_front();
    run();
  }
  ASSERT_TRUE(written.has_value() && written->has_value()) << written->error().message;
  EXPECT_EQ(home_.registry.List(PathTo("configmaps"), {}).value().items.size(), 2U);
}

TEST_F(RegistryTest, ADryRunChangesNothing) {
  const auto created = home_.Create(PathTo("configmaps"), ConfigMap("a"), {.dry_run = true});
  ASSERT_TRUE(created.has_value());
  EXPECT_FALSE(ReadJson(created.value().object.Text())["metadata"].contains("resourceVersion"));
  EXPECT_TRUE(home_.Get(PathTo("configmaps", "a")).is_null());
  Make("configmaps", ConfigMap("b"));
  ASSERT_TRUE(home_.Delete(PathTo("configmaps", "b"), {}, {.dry_run = true}).has_value());
  EXPECT_FALSE(home_.Get(PathTo("configmaps", "b")).is_null());
}

TEST_F(RegistryTest, AnUpdateWithAnOldResourceVersionIsAConflict) {
  Make("gitrepositories", Repository("shop"));
  json first = home_.Get(PathTo("gitrepositories", "shop"));
  json second = first;
  first["spec"]["interval"] = "2m";
  ASSERT_TRUE(home_.Update(PathTo("gitrepositories", "shop"), first).has_value());
  second["spec"]["interval"] = "3m";
  const auto late = home_.Update(PathTo("gitrepositories", "shop"), second);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Code::kConflict);
  EXPECT_THAT(
      late.error().message,
      HasSubstr("Operation cannot be fulfilled on gitrepositories.slipway.dev \"shop\": the "
                "object has been modified"));
}

TEST_F(RegistryTest, CustomResourcesAreNotReplacedBlindlyButCoreObjectsMayBe) {
  Make("gitrepositories", Repository("shop"));
  const auto blind = home_.Update(PathTo("gitrepositories", "shop"), Repository("shop"));
  ASSERT_FALSE(blind.has_value());
  EXPECT_EQ(blind.error().code, Code::kInvalid);
  Make("configmaps", ConfigMap("a"));
  EXPECT_TRUE(home_.Update(PathTo("configmaps", "a"), ConfigMap("a", "2")).has_value());
}

TEST_F(RegistryTest, GenerationCountsChangesOfSpecOnly) {
  const ObjectPath path = PathTo("gitrepositories", "shop");
  Make("gitrepositories", Repository("shop"));
  EXPECT_EQ(home_.Get(path)["metadata"]["generation"], 1);
  ASSERT_TRUE(home_.Patch(path, PatchType::kMerge, {{"spec", {{"suspend", true}}}}).has_value());
  EXPECT_EQ(home_.Get(path)["metadata"]["generation"], 2);
  ASSERT_TRUE(
      home_.Patch(path, PatchType::kMerge, {{"metadata", {{"labels", {{"a", "b"}}}}}}).has_value());
  EXPECT_EQ(home_.Get(path)["metadata"]["generation"], 2);
}

TEST_F(RegistryTest, StatusIsWrittenThroughItsSubresourceOnly) {
  const ObjectPath path = PathTo("gitrepositories", "shop");
  Make("gitrepositories", Repository("shop"));
  json object = home_.Get(path);
  object["status"] = {{"observedGeneration", 1}};
  object["spec"]["interval"] = "5m";
  ASSERT_TRUE(home_.UpdateStatus(path, object).has_value());
  json stored = home_.Get(path);
  EXPECT_EQ(stored["status"]["observedGeneration"], 1);
  EXPECT_EQ(stored["spec"]["interval"], "1m");
  EXPECT_EQ(stored["metadata"]["generation"], 1);
  stored["status"] = {{"observedGeneration", 9}};
  stored["spec"]["interval"] = "5m";
  ASSERT_TRUE(home_.Update(path, stored).has_value());
  EXPECT_EQ(home_.Get(path)["status"]["observedGeneration"], 1);
  EXPECT_EQ(home_.Get(path)["spec"]["interval"], "5m");
}

TEST_F(RegistryTest, AStatusThatTheKindDoesNotHaveIsNotFound) {
  Make("configmaps", ConfigMap("a"));
  EXPECT_EQ(home_.UpdateStatus(PathTo("configmaps", "a"), ConfigMap("a")).error().code,
            Code::kNotFound);
}

TEST_F(RegistryTest, AnEqualWriteIsNoWrite) {
  const auto first = home_.Create(PathTo("configmaps"), ConfigMap("a"));
  const auto second = home_.Update(PathTo("configmaps", "a"), ConfigMap("a"));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second.value().object.revision(), first.value().object.revision());
  EXPECT_EQ(second.value().object.Text(), first.value().object.Text());
}

TEST_F(RegistryTest, AJsonPatchWithATestGuardsAgainstAnotherLifeOfTheName) {
  const ObjectPath path = PathTo("gitrepositories", "shop");
  Make("gitrepositories", Repository("shop"));
  const json uid = home_.Get(path)["metadata"]["uid"];
  const auto patch = [](const json& wanted) {
    return json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", wanted}},
                        {{"op", "replace"}, {"path", "/spec/interval"}, {"value", "9m"}}});
  };
  EXPECT_EQ(home_.Patch(path, PatchType::kJson, patch("another")).error().code,
            Code::kUnprocessable);
  ASSERT_TRUE(home_.Patch(path, PatchType::kJson, patch(uid)).has_value());
  EXPECT_EQ(home_.Get(path)["spec"]["interval"], "9m");
}

TEST_F(RegistryTest, StrategicMergeWorksForCoreKinds) {
  Make("configmaps", ConfigMap("a"));
  Make("gitrepositories", Repository("shop"));
  const json first = {{"metadata", {{"labels", {{"a", "b"}}}, {"finalizers", {"x.dev/y"}}}}};
  const json second = {{"metadata", {{"finalizers", {"x.dev/z"}}}}};
  for (const json& patch : {first, second}) {
    EXPECT_TRUE(
        home_.Patch(PathTo("configmaps", "a"), PatchType::kStrategicMerge, patch).has_value());
  }
  const json metadata = home_.Get(PathTo("configmaps", "a"))["metadata"];
  EXPECT_EQ(metadata["labels"]["a"], "b");
  EXPECT_EQ(metadata["finalizers"], (json{"x.dev/z", "x.dev/y"}));
  EXPECT_EQ(home_.Patch(PathTo("gitrepositories", "shop"), PatchType::kStrategicMerge, first)
                .error()
                .code,
            Code::kBadRequest);
}

TEST_F(RegistryTest, WritesOfOneObjectAreMadeInTheOrderOfTheCalls) {
  const ObjectPath path = PathTo("configmaps", "a");
  std::vector<std::string> results;
  const auto note = [&](const std::string& name) {
    return [&, name](Result<Written> written) {
      results.push_back(name + (written.has_value() ? "" : ": " + written.error().message));
    };
  };
  home_.registry.Create(PathTo("configmaps"), ConfigMap("a").dump(), {}, note("create"));
  home_.registry.Patch(path, PatchType::kMerge, R"({"data":{"one":"1"}})", {}, note("patch"));
  home_.registry.Patch(path, PatchType::kMerge, R"({"data":{"two":"2"}})", {}, note("again"));
  EXPECT_TRUE(results.empty()) << "called back before the calls returned";
  home_.Drain();
  EXPECT_THAT(results, ElementsAre("create", "patch", "again"));
  EXPECT_EQ(home_.Get(path)["data"], (json{{"key", "1"}, {"one", "1"}, {"two", "2"}}));
}

TEST_F(RegistryTest, WhoWasOvertakenTriesAgainUnlessAVersionWasNamed) {
  Make("configmaps", ConfigMap("a"));
  const std::string before = home_.Get(PathTo("configmaps", "a"))["metadata"]["resourceVersion"];
  // As if another server wrote between each read and its write: two of three times.
  store::FaultyStore contended(home_.store, Rng(1), {});
  std::deque<std::function<void()>> queue;
  Registry registry(
      contended, home_.clock, [&](std::function<void()> run) { queue.push_back(std::move(run)); },
      7);
  const auto patch = [&](const json& merge) {
    std::optional<Result<Written>> written;
    registry.Patch(PathTo("configmaps", "a"), PatchType::kMerge, merge.dump(), {},
                   [&](Result<Written> result) { written = std::move(result); });
    while (!queue.empty()) {
      const auto run = std::move(queue.front());
      queue.pop_front();
      run();
    }
    return written ? *written : Result<Written>(Fail(Code::kInternal, "no answer"));
  };
  contended.SetFaults({.conflict = 66});
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(patch({{"data", {{"key-" + std::to_string(i), "1"}}}}).has_value());
  }
  EXPECT_EQ(home_.Get(PathTo("configmaps", "a"))["data"].size(), 21U);
  const auto late = patch({{"metadata", {{"resourceVersion", before}}}, {"data", {{"late", "1"}}}});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Code::kConflict);
}

TEST_F(RegistryTest, FinalizersHoldADeletedObject) {
  const ObjectPath path = PathTo("configmaps", "a");
  json object = ConfigMap("a");
  object["metadata"]["finalizers"] = {"slipway.dev/test"};
  Make("configmaps", object);
  const auto deleted = home_.Delete(path);
  ASSERT_TRUE(deleted.has_value());
  EXPECT_FALSE(deleted.value().removed);
  const json marked = home_.Get(path);
  EXPECT_TRUE(marked["metadata"].contains("deletionTimestamp"));
  const auto freed =
      home_.Patch(path, PatchType::kMerge, {{"metadata", {{"finalizers", nullptr}}}});
  ASSERT_TRUE(freed.has_value());
  EXPECT_TRUE(freed.value().removed);
  EXPECT_EQ(ReadJson(freed.value().object.Text())["metadata"]["resourceVersion"],
            marked["metadata"]["resourceVersion"]);
  EXPECT_TRUE(home_.Get(path).is_null());
}

TEST_F(RegistryTest, DeletesHonourPreconditions) {
  const ObjectPath path = PathTo("configmaps", "a");
  Make("configmaps", ConfigMap("a"));
  EXPECT_EQ(home_.Delete(path, {.uid = "another"}).error().code, Code::kConflict);
  EXPECT_EQ(home_.Delete(path, {.resource_version = "1"}).error().code, Code::kConflict);
  const std::string uid = home_.Get(path)["metadata"]["uid"];
  const auto deleted = home_.Delete(path, {.uid = uid});
  ASSERT_TRUE(deleted.has_value());
  EXPECT_TRUE(deleted.value().removed);
  EXPECT_EQ(deleted.value().uid, uid);
}

TEST_F(RegistryTest, ListsAreOrderedAndChosenByNamespaceAndSelectors) {
  ASSERT_TRUE(home_.Create(PathTo("namespaces"), {{"metadata", {{"name", "prod"}}}}).has_value());
  Make("configmaps", Labelled("b", "web"));
  Make("configmaps", Labelled("a", "web"));
  Make("configmaps", Labelled("c", "db"), "prod");
  const auto list = [&](const ObjectPath& path, const Selectors& selectors) {
    return Names(home_.registry.List(path, {.selectors = selectors}).value());
  };
  EXPECT_THAT(list(PathTo("configmaps"), {}), ElementsAre("a", "b"));
  EXPECT_THAT(list(PathTo("configmaps", "", ""), {}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(list(PathTo("configmaps", "", ""), {.label = "tier=db"}), ElementsAre("c"));
  EXPECT_THAT(list(PathTo("configmaps"), {.field = "metadata.name=b"}), ElementsAre("b"));
  EXPECT_THAT(list(PathTo("configmaps", "", ""), {.field = "metadata.name=c"}), ElementsAre("c"));
  EXPECT_THAT(list(PathTo("configmaps"), {.label = "tier=db", .field = "metadata.name=b"}),
              ElementsAre());
  EXPECT_EQ(
      home_.registry.List(PathTo("configmaps"), {.selectors = {.label = "a in ("}}).error().code,
      Code::kBadRequest);
}

TEST_F(RegistryTest, PagesShowOnePictureWhateverHappensMeanwhile) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    Make("configmaps", Labelled(name, "web"));
  }
  const auto first = home_.registry.List(PathTo("configmaps"), {.limit = 2}).value();
  EXPECT_THAT(Names(first), ElementsAre("a", "b"));
  EXPECT_EQ(first.remaining, 3);
  ASSERT_TRUE(home_.Delete(PathTo("configmaps", "d")).has_value());
  Make("configmaps", ConfigMap("bb"));
  const auto second =
      home_.registry
          .List(PathTo("configmaps"), {.limit = 2, .continue_token = first.continue_token})
          .value();
  EXPECT_THAT(Names(second), ElementsAre("c", "d"));
  EXPECT_EQ(second.revision, first.revision);
  EXPECT_EQ(second.remaining, 1);
  const auto last =
      home_.registry
          .List(PathTo("configmaps"), {.limit = 2, .continue_token = second.continue_token})
          .value();
  EXPECT_THAT(Names(last), ElementsAre("e"));
  EXPECT_TRUE(last.continue_token.empty());
}

TEST_F(RegistryTest, PagesOfASelectionCountWhatMatches) {
  for (const char* name : {"a", "b", "c", "d"}) {
    Make("configmaps", Labelled(name, name[0] % 2 == 0 ? "db" : "web"));
  }
  const ListOptions options{.selectors = {.label = "tier=db"}, .limit = 1};
  const auto first = home_.registry.List(PathTo("configmaps"), options).value();
  EXPECT_THAT(Names(first), ElementsAre("b"));
  EXPECT_FALSE(first.remaining.has_value());
  ListOptions next = options;
  next.continue_token = first.continue_token;
  const auto second = home_.registry.List(PathTo("configmaps"), next).value();
  EXPECT_THAT(Names(second), ElementsAre("d"));
  EXPECT_TRUE(second.continue_token.empty());
}

TEST_F(RegistryTest, AContinueTokenOfACompactedPictureIsExpired) {
  Make("configmaps", ConfigMap("a"));
  Make("configmaps", ConfigMap("b"));
  const auto first = home_.registry.List(PathTo("configmaps"), {.limit = 1}).value();
  Make("configmaps", ConfigMap("c"));
  ASSERT_TRUE(home_.store.Compact(home_.store.CurrentRevision().value()).has_value());
  const auto second =
      home_.registry.List(PathTo("configmaps"), {.continue_token = first.continue_token});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kExpired);
  EXPECT_EQ(home_.registry.List(PathTo("configmaps"), {.continue_token = "nonsense"}).error().code,
            Code::kBadRequest);
}

/// Reads a watch as a client would: `+name`, `~name`, `-name`.
std::vector<std::string> Drain(ObjectWatch& watch) {
  std::vector<std::string> seen;
  for (;;) {
    const auto batch = watch.Take(2);
    if (!batch.has_value()) {
      seen.emplace_back("error");
      return seen;
    }
    for (const auto& change : batch.value().changes) {
      const json object = ReadJson(change.object.Text());
      const char* mark = change.type == ObjectWatch::Type::kAdded      ? "+"
                         : change.type == ObjectWatch::Type::kModified ? "~"
                                                                       : "-";
      EXPECT_EQ(object["metadata"]["resourceVersion"], std::to_string(change.object.revision()));
      seen.push_back(mark + object["metadata"]["name"].get<std::string>());
    }
    if (!batch.value().more) {
      return seen;
    }
  }
}

TEST_F(RegistryTest, AWatchTellsEachChangeOnceAndInOrder) {
  const auto list = home_.registry.List(PathTo("configmaps"), {}).value();
  int woken = 0;
  const auto watch =
      home_.registry.StartWatch(PathTo("configmaps"), {}, list.revision, [&] { ++woken; }).value();
  EXPECT_THAT(Drain(*watch), ElementsAre());
  Make("configmaps", ConfigMap("a"));
  Make("secrets", {{"metadata", {{"name", "s"}}}});
  ASSERT_TRUE(home_.Update(PathTo("configmaps", "a"), ConfigMap("a", "2")).has_value());
  ASSERT_TRUE(home_.Delete(PathTo("configmaps", "a")).has_value());
  EXPECT_EQ(woken, 1);
  EXPECT_THAT(Drain(*watch), ElementsAre("+a", "~a", "-a"));
}

TEST_F(RegistryTest, LeavingASelectionIsADeletionAndEnteringItAnAddition) {
  const auto watch =
      home_.registry.StartWatch(PathTo("configmaps"), {.label = "tier=web"}, store::kLatest, [] {})
          .value();
  Make("configmaps", Labelled("a", "web"));
  Make("configmaps", Labelled("b", "db"));
  ASSERT_TRUE(home_.Update(PathTo("configmaps", "a"), Labelled("a", "db")).has_value());
  ASSERT_TRUE(home_.Update(PathTo("configmaps", "b"), Labelled("b", "web")).has_value());
  ASSERT_TRUE(home_.Delete(PathTo("configmaps", "a")).has_value());
  EXPECT_THAT(Drain(*watch), ElementsAre("+a", "-a", "+b"));
}

TEST_F(RegistryTest, ADeletionCarriesTheLastObjectOfTheSelectionAndItsOwnRevision) {
  Make("configmaps", Labelled("a", "web"));
  const auto watch =
      home_.registry.StartWatch(PathTo("configmaps"), {.label = "tier=web"}, store::kLatest, [] {})
          .value();
  const auto left = home_.Update(PathTo("configmaps", "a"), Labelled("a", "db"));
  const auto batch = watch->Take(10).value();
  ASSERT_EQ(batch.changes.size(), 1U);
  EXPECT_EQ(batch.changes[0].object.revision(), left.value().object.revision());
  EXPECT_THAT(batch.changes[0].object.Text(), HasSubstr("\"tier\":\"web\""));
}

TEST_F(RegistryTest, AWatchFromACompactedRevisionIsExpired) {
  Make("configmaps", ConfigMap("a"));
  const auto list = home_.registry.List(PathTo("configmaps"), {}).value();
  Make("configmaps", ConfigMap("b"));
  Make("configmaps", ConfigMap("c"));
  ASSERT_TRUE(home_.store.Compact(home_.store.CurrentRevision().value()).has_value());
  const auto watch = home_.registry.StartWatch(PathTo("configmaps"), {}, list.revision, [] {});
  ASSERT_FALSE(watch.has_value());
  EXPECT_EQ(watch.error().code, Code::kExpired);
}

TEST_F(RegistryTest, AWatchThatIsGoneIsNotWoken) {
  int woken = 0;
  auto watch =
      home_.registry.StartWatch(PathTo("configmaps"), {}, store::kLatest, [&] { ++woken; }).value();
  EXPECT_THAT(Drain(*watch), ElementsAre());
  home_.registry.Create(PathTo("configmaps"), ConfigMap("a").dump(), {}, [](const auto&) {});
  watch.reset();
  home_.Drain();
  EXPECT_EQ(woken, 0);
}

TEST_F(RegistryTest, ADeletedNamespaceTakesNothingNewAndWaitsForItsContents) {
  const ObjectPath space = PathTo("namespaces", "prod");
  ASSERT_TRUE(home_.Create(PathTo("namespaces"), {{"metadata", {{"name", "prod"}}}}).has_value());
  const auto deleted = home_.Delete(space);
  ASSERT_TRUE(deleted.has_value());
  EXPECT_FALSE(deleted.value().removed);
  EXPECT_EQ(home_.Get(space)["status"]["phase"], "Terminating");
  const auto late = home_.Create(PathTo("configmaps", "", "prod"), ConfigMap("a"));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Code::kForbidden);
  ASSERT_EQ(late.error().causes.size(), 1U);
  EXPECT_EQ(late.error().causes[0].reason, "NamespaceTerminating");
}

TEST_F(RegistryTest, ANamespaceIsClosedFromTheMomentThatItsDeletionWasAskedFor) {
  ASSERT_TRUE(home_.Create(PathTo("namespaces"), {{"metadata", {{"name", "prod"}}}}).has_value());
  std::vector<std::string> results;
  home_.registry.Delete(PathTo("namespaces", "prod"), {}, {},
                        [&](const Result<Deleted>&) { results.emplace_back("deleted"); });
  home_.registry.Create(PathTo("configmaps", "", "prod"), ConfigMap("a").dump(), {},
                        [&](const Result<Written>& written) {
                          results.emplace_back(written.has_value() ? "created" : "refused");
                        });
  home_.Drain();
  EXPECT_THAT(results, testing::UnorderedElementsAre("deleted", "refused"));
}

TEST_F(RegistryTest, EverythingThatIsWrongIsSaidAtOnce) {
  json object = Repository("shop");
  object["spec"]["url"] = "not a url";
  object["spec"]["interval"] = "soon";
  const auto written = home_.Create(PathTo("gitrepositories"), object);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, Code::kInvalid);
  EXPECT_GE(written.error().causes.size(), 1U);
  EXPECT_THAT(written.error().message, HasSubstr("GitRepository.slipway.dev \"shop\" is invalid"));
}

TEST_F(RegistryTest, HostileBodiesAreErrorsNotCrashes) {
  for (const char* body :
       {"", "null", "[]", "7", "{\"metadata\":7}", "{\"metadata\":{\"name\":7}}",
        "{\"metadata\":[]}", "{\"metadata\":{\"name\":\"a\",\"labels\":7}}",
        "{\"metadata\":{\"name\":\"a/b\"}}", "{\"metadata\":{\"name\":\"a\",\"finalizers\":{}}}",
        "{\"kind\":7}", "{\"a\":", "{\"metadata\":{\"name\":\"a\",\"ownerReferences\":[7]}}",
        "{\"spec\":7}"}) {
    std::optional<Code> code;
    home_.registry.Create(PathTo("applications"), body, {}, [&](const Result<Written>& written) {
      code = written.has_value() ? Code::kInternal : written.error().code;
    });
    home_.Drain();
    EXPECT_TRUE(code == Code::kBadRequest || code == Code::kInvalid) << body;
  }
}

TEST(Guarded, AFaultOfOursIsAnErrorOfOneRequest) {
  const auto thrown = Guarded([]() -> Result<int> { throw std::runtime_error("a fault"); });
  EXPECT_EQ(thrown.error().code, Code::kInternal);
  EXPECT_THAT(thrown.error().message, HasSubstr("a fault"));
  const auto asserted = Guarded([]() -> Result<int> { SLIPWAY_UNREACHABLE("an assertion"); });
  EXPECT_THAT(asserted.error().message, HasSubstr("an assertion"));
  EXPECT_EQ(Guarded([]() -> Result<int> { return 7; }).value(), 7);
}

}  // namespace
}  // namespace slipway::apiserver
