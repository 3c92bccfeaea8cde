#include "src/objects/field_ownership.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/json.hpp"
#include "src/objects/field_owners.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

constexpr const char* kVersion = "slipway.dev/v1alpha1";

Author By(const std::string& manager, int second = 1, Part part = Part::kMain) {
  return {.manager = manager, .now = Time{std::chrono::seconds(second)}, .part = part};
}

/// An object whose owners are watched over many writes. Its kind has `labels`, which are a map, and
/// `finalizers`, which are a set.
class OwnersTest : public testing::Test {
 protected:
  static Json Configuration(const Json& metadata, const Json& rest = Json::object()) {
    Json object = {{"apiVersion", kVersion}, {"kind", "Application"}, {"metadata", metadata}};
    object["metadata"]["name"] = "shop";
    object["metadata"]["namespace"] = "default";
    object.update(rest);
    return object;
  }

  /// "", or the code and the message.
  std::string Apply(const Author& author, const Json& configuration, bool force = false) {
    auto applied = ApplyConfiguration(kind_, object_.is_null() ? nullptr : &object_, configuration,
                                      author, force);
    if (!applied.has_value()) {
      error_ = applied.error();
      return std::to_string(HttpStatus(error_.code)) + " " + error_.message;
    }
    Json after = std::move(applied.value());
    if (!object_.is_null()) {
      KeepTimes(object_, after);
    }
    object_ = std::move(after);
    return "";
  }

  void Update(const Author& author, Json object, const Json& sent = Json()) {
    KeepOwners(kind_, object_.is_null() ? nullptr : &object_, object, sent, author);
    object_ = std::move(object);
  }

  /// Each owner on a line: `manager operation[/subresource] @second fields`.
  std::string Owners() const {
    std::string text;
    for (const Json& entry : object_["metadata"].value("managedFields", Json::array())) {
      const std::string time = entry.value("time", std::string("                 -"));
      text += entry["manager"].get<std::string>() + " " + entry["operation"].get<std::string>() +
              (entry.contains("subresource") ? "/status" : "") + " @" + time.substr(17, 2) + " " +
              PrintJson(entry["fieldsV1"]) + "\n";
    }
    return text;
  }

  const KindInfo& kind_ = KindNamed("Application");
  Json object_;
  Error error_;
};

Json Labels(const Json& labels) { return {{"labels", labels}}; }

// What one write may cost is bounded, whatever owners somebody sends.
TEST_F(OwnersTest, OwnersAreFewAndTheirNamesShort) {
  const auto entry = [](const std::string& manager) {
    return Json{{"manager", manager},
                {"operation", "Apply"},
                {"apiVersion", kVersion},
                {"fieldsType", "FieldsV1"},
                {"fieldsV1", {{"f:spec", {{"f:suspend", Json::object()}}}}}};
  };
  Json many = Json::array();
  for (std::size_t i = 0; i < kMostOwners; ++i) {
    many.push_back(entry("manager-" + std::to_string(i)));
  }
  EXPECT_TRUE(FieldOwners::Read(many).has_value());
  object_ = Configuration({{"managedFields", many}}, {{"spec", {{"suspend", true}}}});
  EXPECT_EQ(Apply(By("one more"), Configuration(Labels({{"a", "1"}}))),
            "413 an object has at most 200 managers: apply as one that is there");
  EXPECT_EQ(Apply(By("manager-7"), Configuration(Labels({{"a", "1"}}))), "");
  many.push_back(entry("one more"));
  EXPECT_FALSE(FieldOwners::Read(many).has_value());
  EXPECT_TRUE(FieldOwners::Read(Json::array({entry(std::string(128, 'a'))})).has_value());
  EXPECT_FALSE(FieldOwners::Read(Json::array({entry(std::string(129, 'a'))})).has_value());
}

TEST_F(OwnersTest, AMessageListsAHundredConflictsAtMost) {
  Json labels = Json::object();
  for (int i = 0; i < 1000; ++i) {
    labels["key-" + std::to_string(i)] = "1";
  }
  EXPECT_EQ(Apply(By("one"), Configuration(Labels(labels))), "");
  for (Json& value : labels) {
    value = "2";
  }
  EXPECT_TRUE(
      Apply(By("two"), Configuration(Labels(labels)))
          .starts_with("409 Apply failed with 1000 conflicts: conflicts with \"one\":\n- "));
  EXPECT_EQ(error_.causes.size(), 100U);
}

TEST_F(OwnersTest, WhoCreatesOwnsAllButWhatNobodyOwns) {
  Update(By("kubectl-create"), Configuration(Labels({{"a", "1"}})));
  EXPECT_EQ(Owners(),
            "kubectl-create Update @01 {\"f:metadata\":{\"f:labels\":{\".\":{},\"f:a\":{}}}}\n");
  EXPECT_EQ(object_["metadata"]["managedFields"][0]["apiVersion"], kVersion);
  EXPECT_EQ(object_["metadata"]["managedFields"][0]["fieldsType"], "FieldsV1");
  EXPECT_EQ(object_["metadata"]["managedFields"][0]["time"], "1970-01-01T00:00:01Z");
}

TEST_F(OwnersTest, NobodyKnownIsUnknown) {
  Update(By(""), Configuration(Labels({{"a", "1"}})));
  EXPECT_EQ(object_["metadata"]["managedFields"][0]["manager"], "unknown");
}

TEST_F(OwnersTest, AnUpdateTakesWhatItChangesFromOthers) {
  Update(By("one"), Configuration(Labels({{"a", "1"}, {"b", "1"}, {"c", "1"}})));
  Json object = object_;
  object["metadata"]["labels"] = {{"a", "1"}, {"b", "2"}};
  Update(By("two", 2), object);
  EXPECT_EQ(Owners(),
            "one Update @01 {\"f:metadata\":{\"f:labels\":{\".\":{},\"f:a\":{}}}}\n"
            "two Update @02 {\"f:metadata\":{\"f:labels\":{\"f:b\":{}}}}\n");
}

TEST_F(OwnersTest, AnEqualUpdateChangesNotEvenATime) {
  Update(By("one"), Configuration(Labels({{"a", "1"}})));
  const Json before = object_;
  Update(By("two", 2), object_);
  EXPECT_EQ(object_, before);
}

TEST_F(OwnersTest, AStatusWriteOwnsStatusOnly) {
  Update(By("one"), Configuration(Json::object(), {{"spec", {{"suspend", true}}}}));
  Json object = object_;
  object["status"] = {{"lastNumber", 3}};
  Update(By("engine", 2, Part::kStatus), object);
  EXPECT_EQ(Owners(),
            "one Update @01 {\"f:spec\":{\".\":{},\"f:suspend\":{}}}\n"
            "engine Update/status @02 {\"f:status\":{\".\":{},\"f:lastNumber\":{}}}\n");
}

TEST_F(OwnersTest, AnApplyOwnsWhatItSaysAndSharesWhatIsEqual) {
  EXPECT_EQ(Apply(By("one"), Configuration(Labels({{"a", "1"}, {"b", "1"}}))), "");
  EXPECT_EQ(Apply(By("two", 2), Configuration(Labels({{"a", "1"}}))), "");
  EXPECT_EQ(Owners(),
            "two Apply @- {\"f:metadata\":{\"f:labels\":{\"f:a\":{}}}}\n"
            "one Apply @01 {\"f:metadata\":{\"f:labels\":{\"f:a\":{},\"f:b\":{}}}}\n");
}

TEST_F(OwnersTest, AnotherValueIsAConflictUnlessItIsForced) {
  Apply(By("one"), Configuration(Labels({{"a", "1"}, {"b", "1"}})));
  const Json wanted = Configuration(Labels({{"a", "2"}}));
  EXPECT_EQ(Apply(By("two", 2), wanted),
            "409 Apply failed with 1 conflict: conflict with \"one\": .metadata.labels.a");
  ASSERT_EQ(error_.causes.size(), 1U);
  EXPECT_EQ(error_.causes[0], (Cause{.field = ".metadata.labels.a",
                                     .message = "conflict with \"one\"",
                                     .reason = "FieldManagerConflict"}));
  EXPECT_EQ(Apply(By("two", 2), wanted, true), "");
  EXPECT_EQ(Owners(),
            "one Apply @01 {\"f:metadata\":{\"f:labels\":{\"f:b\":{}}}}\n"
            "two Apply @02 {\"f:metadata\":{\"f:labels\":{\"f:a\":{}}}}\n");
}

TEST_F(OwnersTest, AllConflictsAreToldByOwner) {
  Update(By("editor"), Configuration(Labels({{"a", "1"}})));
  Apply(By("zoe", 2), Configuration(Labels({{"b", "1"}, {"c", "1"}})));
  EXPECT_EQ(Apply(By("two", 3), Configuration(Labels({{"a", "2"}, {"b", "2"}, {"c", "2"}}))),
            "409 Apply failed with 3 conflicts: conflicts with \"editor\" using "
            "slipway.dev/v1alpha1:\n- .metadata.labels.a\nconflicts with \"zoe\":\n"
            "- .metadata.labels.b\n- .metadata.labels.c");
}

TEST_F(OwnersTest, AConflictNamesTheSubresource) {
  Update(By("one"), Configuration(Labels({{"b", "1"}})));
  Json object = object_;
  object["status"] = {{"lastNumber", 3}};
  object["metadata"]["labels"]["a"] = "1";
  Update(By("engine", 2, Part::kStatus), object);
  EXPECT_EQ(Apply(By("two", 3), Configuration(Labels({{"a", "2"}}))),
            "409 Apply failed with 1 conflict: conflict with \"engine\" with subresource "
            "\"status\" using slipway.dev/v1alpha1: .metadata.labels.a");
}

TEST_F(OwnersTest, WhatIsNotAppliedAnyMoreGoesUnlessSomebodyElseHasIt) {
  Apply(By("one"), Configuration(Labels({{"a", "1"}, {"b", "1"}, {"c", "1"}})));
  Apply(By("two", 2), Configuration(Labels({{"b", "1"}})));
  Apply(By("one", 3), Configuration(Labels({{"c", "1"}})));
  EXPECT_EQ(object_["metadata"]["labels"], (Json{{"b", "1"}, {"c", "1"}}));
  EXPECT_EQ(Owners(),
            "two Apply @- {\"f:metadata\":{\"f:labels\":{\"f:b\":{}}}}\n"
            "one Apply @03 {\"f:metadata\":{\"f:labels\":{\"f:c\":{}}}}\n");
}

TEST_F(OwnersTest, WhoOnlyUpdatedKeepsAFieldAlive) {
  Apply(By("one"), Configuration(Labels({{"a", "1"}})));
  Json object = object_;
  object["metadata"]["labels"]["a"] = "2";
  Update(By("editor", 2), object);
  EXPECT_EQ(Apply(By("one", 3), Configuration(Json::object())), "");
  EXPECT_EQ(object_["metadata"]["labels"]["a"], "2");
}

TEST_F(OwnersTest, TheSameApplyTwiceChangesNothing) {
  const Json wanted = Configuration({{"labels", {{"a", "1"}}}, {"finalizers", {"x.dev/y"}}});
  Apply(By("one"), wanted);
  const Json before = object_;
  Apply(By("one", 2), wanted);
  EXPECT_EQ(object_, before);
}

TEST_F(OwnersTest, ApplyAndUpdateOfOneManagerAreTwoOwners) {
  Update(By("kubectl"), Configuration(Labels({{"a", "1"}})));
  EXPECT_EQ(Apply(By("kubectl", 2), Configuration(Labels({{"a", "2"}}))),
            "409 Apply failed with 1 conflict: conflict with \"kubectl\" using "
            "slipway.dev/v1alpha1: .metadata.labels.a");
}

TEST_F(OwnersTest, AnApplyToStatusOwnsNoSpec) {
  Update(By("one"), Configuration(Json::object(), {{"spec", {{"suspend", true}}}}));
  Apply(By("engine", 2, Part::kStatus),
        Configuration(Json::object(),
                      {{"spec", {{"suspend", false}}}, {"status", {{"lastNumber", 3}}}}));
  EXPECT_EQ(Owners(),
            "engine Apply/status @02 {\"f:status\":{\"f:lastNumber\":{}}}\n"
            "one Update @01 {\"f:spec\":{\".\":{},\"f:suspend\":{}}}\n");
}

TEST_F(OwnersTest, WhatWasThereBeforeTheFirstApplyHasAnOwner) {
  object_ = Configuration(Labels({{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(Apply(By("one"), Configuration(Labels({{"a", "2"}}))),
            "409 Apply failed with 1 conflict: conflict with \"before-first-apply\" using "
            "slipway.dev/v1alpha1: .metadata.labels.a");
  EXPECT_EQ(Apply(By("one"), Configuration(Labels({{"a", "2"}})), true), "");
  EXPECT_EQ(
      Owners(),
      "one Apply @01 {\"f:metadata\":{\"f:labels\":{\"f:a\":{}}}}\n"
      "before-first-apply Update @01 {\"f:metadata\":{\"f:labels\":{\".\":{},\"f:b\":{}}}}\n");
}

TEST_F(OwnersTest, AnUpdateDoesNotBeginToTrack) {
  object_ = Configuration(Labels({{"a", "1"}}));
  Json object = object_;
  object["metadata"]["labels"]["a"] = "2";
  Update(By("one"), object);
  EXPECT_EQ(Owners(), "");
}

TEST_F(OwnersTest, OwnersCanBeForgotten) {
  for (const Json& sent :
       {Json::array({Json::object()}), Json::array({{{"manager", ""}, {"colour", "red"}}})}) {
    object_ = Json();
    Update(By("one"), Configuration(Labels({{"a", "1"}})));
    Update(By("two", 2), Configuration(Labels({{"a", "1"}})), sent);
    EXPECT_EQ(Owners(), "") << sent;
  }
}

TEST_F(OwnersTest, AnEmptyListForgetsThemOfKindsOfTheCoreOnly) {
  Update(By("one"), Configuration(Labels({{"a", "1"}})));
  const std::string before = Owners();
  Update(By("two", 2), Configuration(Labels({{"a", "1"}})), Json::array());
  EXPECT_EQ(Owners(), before);
  const Json map = {{"metadata", {{"name", "a"}}}, {"data", {{"a", "1"}}}};
  Json after = map;
  KeepOwners(KindNamed("ConfigMap"), nullptr, after, Json(), By("one"));
  ASSERT_TRUE(after["metadata"].contains("managedFields"));
  const Json stored = after;
  KeepOwners(KindNamed("ConfigMap"), &stored, after, Json::array(), By("two", 2));
  EXPECT_EQ(after, map);
}

TEST_F(OwnersTest, OwnersThatAreSentCountUnlessTheyAreMalformed) {
  Update(By("one"), Configuration(Labels({{"a", "1"}})));
  const Json before = object_;
  Json sent = object_["metadata"]["managedFields"];
  sent[0]["manager"] = "other";
  Update(By("two", 2), object_, sent);
  EXPECT_EQ(object_["metadata"]["managedFields"][0]["manager"], "other");
  object_ = before;
  const Json faults = {{"operation", "Steal"}, {"fieldsType", "FieldsV2"},
                       {"apiVersion", ""},     {"time", "now"},
                       {"manager", 3},         {"fieldsV1", {{"x", 1}}}};
  for (const auto& [field, value] : faults.items()) {
    Json bad = before["metadata"]["managedFields"];
    bad[0]["manager"] = "other";
    bad[0][field] = value;
    Update(By("two", 2), before, bad);
    EXPECT_EQ(object_, before) << field;
  }
}

TEST_F(OwnersTest, OwnersOfAnotherVersionAreDropped) {
  Update(By("one"), Configuration(Labels({{"a", "1"}})));
  Json sent = object_["metadata"]["managedFields"];
  sent.push_back(sent[0]);
  sent[1]["apiVersion"] = "slipway.dev/v1";
  sent[1]["manager"] = "old";
  Update(By("two", 2), object_, sent);
  EXPECT_EQ(Owners(), "one Update @01 {\"f:metadata\":{\"f:labels\":{\".\":{},\"f:a\":{}}}}\n");
}

TEST_F(OwnersTest, OldUpdatersBecomeOne) {
  Update(By("u0", 10), Configuration(Labels({{"a0", "1"}})));
  for (int i = 1; i < 13; ++i) {
    Json object = object_;
    object["metadata"]["labels"]["a" + std::to_string(i)] = "1";
    Update(By("u" + std::to_string(i), 10 + i), object);
  }
  const Json owners = object_["metadata"]["managedFields"];
  ASSERT_EQ(owners.size(), 10U);
  EXPECT_EQ(owners[0]["manager"], "ancient-changes");
  EXPECT_EQ(owners[0]["time"], "1970-01-01T00:00:13Z");
  EXPECT_EQ(PrintJson(owners[0]["fieldsV1"]),
            R"({"f:metadata":{"f:labels":{".":{},"f:a0":{},"f:a1":{},"f:a2":{},"f:a3":{}}}})");
}

TEST_F(OwnersTest, ConfigurationsThatAreNotOfTheKindAreRefused) {
  Json other = Configuration(Json::object());
  other["apiVersion"] = "slipway.dev/v2";
  EXPECT_EQ(Apply(By("one"), other), "400 invalid object type: slipway.dev/v2, Kind=Application");
  other = Configuration(Json::object());
  other["kind"] = "Fleet";
  EXPECT_EQ(Apply(By("one"), other), "400 invalid object type: slipway.dev/v1alpha1, Kind=Fleet");
  EXPECT_EQ(Apply(By("one"), Json::object()), "400 invalid object type: /, Kind=");
  EXPECT_EQ(Apply(By("one"), Configuration({{"managedFields", Json::array()}})),
            "400 metadata.managedFields must be nil");
  EXPECT_EQ(Apply(By("one"), Configuration({{"managedFields", nullptr}})), "");
}

TEST_F(OwnersTest, ConfigurationsThatDoNotFitAreRefused) {
  EXPECT_EQ(Apply(By("one"), Configuration(Json::object(), {{"spec", {{"colour", "red"}}}})),
            "500 failed to create typed patch object (default/shop; slipway.dev/v1alpha1, "
            "Kind=Application): .spec.colour: field not declared in schema");
  EXPECT_EQ(error_.code, Code::kUnexplained);
}

TEST_F(OwnersTest, KubectlTakesOverWhatItsClientSideApplied) {
  const Json last = Configuration(Labels({{"a", "1"}}));
  Json made = last;
  made["metadata"]["annotations"] = {
      {"kubectl.kubernetes.io/last-applied-configuration", PrintJson(last)}};
  Update(By("kubectl-client-side-apply"), made);
  EXPECT_EQ(Apply(By("helm", 2), Configuration(Labels({{"a", "2"}}))).substr(0, 3), "409");
  EXPECT_EQ(Apply(By("kubectl", 2), Configuration(Labels({{"a", "2"}}))), "");
  EXPECT_EQ(object_["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"],
            PrintJson(Configuration(Labels({{"a", "2"}}))) + "\n");
}

TEST_F(OwnersTest, KubectlDoesNotTakeOverWhatWasChangedSince) {
  const Json last = Configuration(Labels({{"a", "1"}}));
  Json made = last;
  made["metadata"]["annotations"] = {
      {"kubectl.kubernetes.io/last-applied-configuration", PrintJson(last)}};
  Update(By("kubectl-client-side-apply"), made);
  Json edited = object_;
  edited["metadata"]["labels"]["a"] = "3";
  Update(By("editor", 2), edited);
  EXPECT_EQ(Apply(By("kubectl", 3), Configuration(Labels({{"a", "2"}}))),
            "409 Apply failed with 1 conflict: conflict with \"editor\" using "
            "slipway.dev/v1alpha1: .metadata.labels.a");
}

TEST(CoreOwners, NobodyAddsTheSpecOfACoreObject) {
  const KindInfo& kind = KindNamed("Lease");
  Json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                {"kind", "Lease"},
                {"metadata", {{"name", "a"}}},
                {"spec", {{"holderIdentity", "me"}}}};
  KeepOwners(kind, nullptr, lease, Json(), By("me"));
  EXPECT_EQ(PrintJson(lease["metadata"]["managedFields"][0]["fieldsV1"]),
            R"({"f:spec":{"f:holderIdentity":{}}})");
}

}  // namespace
}  // namespace slipway::objects
