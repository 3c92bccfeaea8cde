#include "src/objects/write_rules.hpp"

#include <gtest/gtest.h>

#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

const Birth kBirth{
    .now = Time{std::chrono::milliseconds(1'500)}, .uid = "uid-1", .name_suffix = "x7k2p"};

const KindInfo& Application() { return KindNamed("Application"); }

WriteRequest Create() { return {.ns = "default", .field_manager = "test"}; }
WriteRequest Write() {
  return {.ns = "default",
          .name = "shop",
          .field_manager = "test",
          .now = Time{std::chrono::milliseconds(2'500)}};
}

/// An Application as a GET would show it.
Json Stored() {
  Json object = SmallApplication();
  EXPECT_TRUE(PrepareCreate(Application(), object, Create(), kBirth).has_value());
  object["metadata"]["resourceVersion"] = "7";
  object["status"] = {{"lastNumber", 3}};
  Application().schema.Default(object);
  return object;
}

TEST(Create, SetsWhatOnlyTheApiMaySet) {
  Json object = SmallApplication();
  object["metadata"]["uid"] = "mine";
  object["metadata"]["generation"] = 9;
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  object["metadata"]["managedFields"] = Json::array({Json::object()});
  object["status"] = {{"lastNumber", 3}};
  object["spec"]["suspend"] = nullptr;
  const auto effect = PrepareCreate(Application(), object, Create(), kBirth);
  ASSERT_TRUE(effect.has_value()) << effect.error().message;
  EXPECT_TRUE(effect.value().changed);
  EXPECT_TRUE(effect.value().warnings.empty());
  EXPECT_EQ(object["metadata"]["managedFields"].size(), 1U);
  EXPECT_EQ(object["metadata"]["managedFields"][0]["manager"], "test");
  object["metadata"].erase("managedFields");
  EXPECT_EQ(object["metadata"], (Json{{"name", "shop"},
                                      {"namespace", "default"},
                                      {"uid", "uid-1"},
                                      {"generation", 1},
                                      {"creationTimestamp", "1970-01-01T00:00:01Z"}}));
  EXPECT_FALSE(object.contains("status"));
  EXPECT_EQ(object["spec"]["suspend"], false);
}

TEST(Create, CompletesAGeneratedName) {
  Json object = SmallApplication();
  object["metadata"].erase("name");
  object["metadata"]["generateName"] = "shop-";
  ASSERT_TRUE(PrepareCreate(Application(), object, Create(), kBirth).has_value());
  EXPECT_EQ(object["metadata"]["name"], "shop-x7k2p");

  Json event = {{"metadata", {{"generateName", std::string(80, 'a')}}},
                {"involvedObject", Json::object()}};
  ASSERT_TRUE(PrepareCreate(KindNamed("Event"), event, Create(), kBirth).has_value());
  EXPECT_EQ(event["metadata"]["name"], std::string(58, 'a') + "x7k2p");
}

TEST(Create, NeedsANameAndTheRightPlace) {
  const auto code = [](const char* pointer, const Json& value) {
    Json object = SmallApplication();
    object[Json::json_pointer(pointer)] = value;
    return PrepareCreate(Application(), object, Create(), kBirth).error().code;
  };
  EXPECT_EQ(code("/metadata", Json::object()), Code::kInvalid);
  EXPECT_EQ(code("/metadata", 3), Code::kBadRequest);
  EXPECT_EQ(code("/metadata/namespace", "other"), Code::kBadRequest);
  EXPECT_EQ(code("/kind", "Fleet"), Code::kInvalid);
  EXPECT_EQ(code("/apiVersion", "slipway.dev/v1"), Code::kInvalid);
  EXPECT_EQ(code("/metadata/resourceVersion", "1"), Code::kBadRequest);
  EXPECT_EQ(code("/metadata/name", 7), Code::kBadRequest);
  EXPECT_EQ(code("/metadata/generateName", 7), Code::kBadRequest);
  EXPECT_EQ(code("/metadata/namespace", 7), Code::kBadRequest);
  Json list = Json::array();
  EXPECT_EQ(PrepareCreate(Application(), list, Create(), kBirth).error().code, Code::kBadRequest);
}

TEST(Create, OfAnotherKindSaysNothingElse) {
  const Json object = {{"kind", "Server"}, {"metadata", {{"name", "x"}}}, {"spec", 7}};
  Json sent = object;
  const Error error = PrepareCreate(Application(), sent, Create(), kBirth).error();
  EXPECT_EQ(
      error.message,
      "Server.slipway.dev \"x\" is invalid: kind: Invalid value: \"Server\": must be Application");
  EXPECT_EQ(error.about, "Server.slipway.dev");
}

TEST(Create, NullsOfWhatIsAppliedAreJudged) {
  const auto said = [](bool applied) {
    Json object = SmallApplication();
    object["spec"]["release"]["env"] = nullptr;
    object["spec"]["strategy"] = nullptr;  // has a default
    object["metadata"]["labels"] = nullptr;
    WriteRequest request = Create();
    request.applied = applied;
    const auto created = PrepareCreate(Application(), object, request, kBirth);
    return created.has_value() ? "" : Lines(created.error().causes);
  };
  EXPECT_EQ(said(false), "");
  EXPECT_EQ(
      said(true),
      "spec.release.env: Invalid value: \"null\": spec.release.env in body must be of type array: "
      "\"null\"\n");
}

TEST(Create, TreatsUnknownFieldsAsTheCallerWants) {
  const auto create = [](FieldValidation validation) {
    Json object = SmallApplication();
    object["spec"]["colour"] = "red";
    WriteRequest request = Create();
    request.field_validation = validation;
    request.duplicates = {"spec.source"};
    return PrepareCreate(Application(), object, request, kBirth);
  };
  EXPECT_TRUE(create(FieldValidation::kIgnore).value().warnings.empty());
  EXPECT_EQ(create(FieldValidation::kWarn).value().warnings,
            (std::vector<std::string>{"unknown field \"spec.colour\"",
                                      "duplicate field \"spec.source\""}));
  const Error error = create(FieldValidation::kStrict).error();
  EXPECT_EQ(error.code, Code::kBadRequest);
  EXPECT_EQ(error.message,
            "Application in version \"v1alpha1\" cannot be handled as a Application: strict "
            "decoding error: unknown field "
            "\"spec.colour\", duplicate field \"spec.source\"");
}

TEST(Create, WarnsOfWhatItRefusesToo) {
  Json object = SmallApplication();
  object["spec"]["colour"] = "red";
  object["spec"]["source"]["repository"] = "";
  const Error error = PrepareCreate(Application(), object, Create(), kBirth).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.warnings, std::vector<std::string>{"unknown field \"spec.colour\""});
}

TEST(Create, RefusesWithEveryCause) {
  Json object = SmallApplication();
  object["spec"]["source"]["repository"] = "";
  object["spec"]["release"]["keep"] = 0;
  const Error error = PrepareCreate(Application(), object, Create(), kBirth).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  ASSERT_EQ(error.causes.size(), 2U);
  EXPECT_EQ(error.causes[0], (Cause{.field = "spec.release.keep",
                                    .message = "Invalid value: 0: spec.release.keep in body should "
                                               "be greater than or equal to 2",
                                    .reason = "FieldValueInvalid"}));
  EXPECT_TRUE(error.message.starts_with(
      "Application.slipway.dev \"shop\" is invalid: [spec.release.keep: Invalid value: 0: "));
}

TEST(Create, SaysOnceWhatIsWrongTwice) {
  Json object = SmallApplication();
  object["metadata"]["finalizers"] = {"a b", "a b"};
  object["spec"]["servers"] = Json::object();  // a rule of our own
  const Error error = PrepareCreate(Application(), object, Create(), kBirth).error();
  ASSERT_EQ(error.causes.size(), 3U);
  EXPECT_EQ(error.causes[0], error.causes[1]);
  EXPECT_EQ(error.message, "Application.slipway.dev \"shop\" is invalid: [metadata.finalizers: " +
                               error.causes[0].message +
                               ", metadata.finalizers[1]: Duplicate value: \"a b\"]");
}

TEST(Create, QuotesTheNameAsGoDoes) {
  Json object = SmallApplication();
  object["metadata"]["name"] = "a\"b";
  const Error error = PrepareCreate(Application(), object, Create(), kBirth).error();
  EXPECT_TRUE(error.message.starts_with("Application.slipway.dev \"a\\\"b\" is invalid: ["));
}

TEST(Create, TakesNullLabelsForEmptyOnesAndAnEmptyNameForNone) {
  Json object = SmallApplication();
  object["metadata"]["labels"] = {{"a", nullptr}};
  object["spec"]["servers"]["selector"]["matchLabels"] = {{"a", nullptr}, {"b", "c"}};
  ASSERT_TRUE(PrepareCreate(Application(), object, Create(), kBirth).has_value());
  EXPECT_EQ(object["metadata"]["labels"], (Json{{"a", ""}}));
  EXPECT_EQ(object["spec"]["servers"]["selector"]["matchLabels"], (Json{{"b", "c"}}));
  Json nameless = SmallApplication();
  nameless["metadata"]["name"] = "";
  EXPECT_EQ(Lines(PrepareCreate(Application(), nameless, Create(), kBirth).error().causes),
            "metadata.name: Required value: name or generateName is required\n");
}

TEST(Update, EqualToWhatIsStoredIsNoChange) {
  const Json stored = Stored();
  Json object = SmallApplication();  // says nothing of what the API added
  const auto effect = PrepareUpdate(Application(), stored, object, Write());
  EXPECT_FALSE(effect.value().changed);
  EXPECT_FALSE(effect.value().removed);
  EXPECT_EQ(object, stored);
}

TEST(Update, CountsChangesOfWhatIsWantedOnly) {
  const Json stored = Stored();
  Json labelled = stored;
  labelled["metadata"]["labels"] = {{"a", "b"}};
  EXPECT_TRUE(PrepareUpdate(Application(), stored, labelled, Write()).value().changed);
  EXPECT_EQ(labelled["metadata"]["generation"], 1);

  Json changed = stored;
  changed["spec"]["suspend"] = true;
  EXPECT_TRUE(PrepareUpdate(Application(), stored, changed, Write()).value().changed);
  EXPECT_EQ(changed["metadata"]["generation"], 2);
}

TEST(Update, KeepsStatusAndWhatNobodyMayChange) {
  const Json stored = Stored();
  Json object = stored;
  object["status"] = {{"lastNumber", 99}};
  object["metadata"]["creationTimestamp"] = "2000-01-01T00:00:00Z";
  object["metadata"]["generation"] = 55;
  EXPECT_FALSE(PrepareUpdate(Application(), stored, object, Write()).value().changed);
  EXPECT_EQ(object, stored);
}

TEST(Update, OfAnotherVersionOrObjectIsAConflict) {
  const Json stored = Stored();
  Json object = stored;
  object["metadata"]["resourceVersion"] = "6";
  const Error stale = PrepareUpdate(Application(), stored, object, Write()).error();
  EXPECT_EQ(stale.code, Code::kConflict);
  EXPECT_EQ(stale.message,
            "Operation cannot be fulfilled on applications.slipway.dev \"shop\": the object has "
            "been modified; please apply "
            "your changes to the latest version and try again");
  object = stored;
  object["metadata"]["uid"] = "uid-0";
  EXPECT_EQ(PrepareUpdate(Application(), stored, object, Write()).error().code, Code::kConflict);
  object = stored;
  object["metadata"]["name"] = "other";
  EXPECT_EQ(PrepareUpdate(Application(), stored, object, Write()).error().code, Code::kBadRequest);
}

TEST(Update, OfAVersionOrAnObjectThatIsNoTextIsNoBlindOne) {
  const Json stored = Stored();
  for (const char* field : {"resourceVersion", "uid"}) {
    Json object = stored;
    object["metadata"][field] = 6;
    EXPECT_EQ(PrepareUpdate(Application(), stored, object, Write()).error().code, Code::kBadRequest)
        << field;
    object["metadata"][field] = nullptr;
    EXPECT_TRUE(PrepareUpdate(Application(), stored, object, Write()).has_value()) << field;
    Json status = stored;
    status["metadata"][field] = 6;
    EXPECT_EQ(PrepareStatusUpdate(Application(), stored, status, Write()).error().code,
              Code::kBadRequest)
        << field;
  }
}

TEST(Update, OfAnObjectComesBeforeThatOfAVersion) {
  const Json stored = Stored();
  Json object = stored;
  object["metadata"]["uid"] = "uid-0";
  object["metadata"]["resourceVersion"] = "6";
  const Error error = PrepareUpdate(Application(), stored, object, Write()).error();
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_TRUE(error.message.ends_with(
      "Precondition failed: UID in precondition: uid-0, UID in object meta: uid-1"))
      << error.message;
}

TEST(Update, IsReadBeforeItIsCompared) {
  const Json stored = Stored();
  for (const bool status : {false, true}) {
    const auto update = [&](FieldValidation validation) {
      Json object = stored;
      object["metadata"]["resourceVersion"] = "6";
      object["spec"]["colour"] = "red";
      object["status"]["mood"] = "good";
      WriteRequest request = Write();
      request.field_validation = validation;
      return (status ? PrepareStatusUpdate(Application(), stored, object, request)
                     : PrepareUpdate(Application(), stored, object, request))
          .error();
    };
    EXPECT_EQ(update(FieldValidation::kStrict).code, Code::kBadRequest);
    const Error error = update(FieldValidation::kWarn);
    EXPECT_EQ(error.code, Code::kConflict);
    EXPECT_EQ(error.warnings, (std::vector<std::string>{"unknown field \"spec.colour\"",
                                                        "unknown field \"status.mood\""}));
  }
}

TEST(Update, ComparesVersionsAsNumbers) {
  const Json stored = Stored();
  const auto update = [&](const std::string& version) {
    Json object = stored;
    object["metadata"]["resourceVersion"] = version;
    const auto effect = PrepareUpdate(Application(), stored, object, Write());
    return effect.has_value() ? ""
                              : std::string(Reason(effect.error().code)) + effect.error().message;
  };
  EXPECT_EQ(update("007"), "");
  EXPECT_EQ(update("0"), "");
  EXPECT_TRUE(update("8").starts_with("Conflict"));
  EXPECT_EQ(update("x"), "strconv.ParseUint: parsing \"x\": invalid syntax");
  EXPECT_EQ(update("+7"), "strconv.ParseUint: parsing \"+7\": invalid syntax");
  EXPECT_EQ(update("99999999999999999999"),
            "strconv.ParseUint: parsing \"99999999999999999999\": value out of range");
}

TEST(Update, ThatPatchesTheUidIsInvalid) {
  const Json stored = Stored();
  Json object = stored;
  object["metadata"]["uid"] = "uid-0";
  WriteRequest request = Write();
  request.patched = true;
  EXPECT_EQ(Lines(PrepareUpdate(Application(), stored, object, request).error().causes),
            "metadata.uid: Invalid value: \"uid-0\": field is immutable\n");
  Json status = stored;
  status["metadata"]["uid"] = "uid-0";
  EXPECT_TRUE(PrepareStatusUpdate(Application(), stored, status, request).has_value());
}

TEST(Update, CannotAskForADeletion) {
  const Json stored = Stored();
  Json object = stored;
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  object["metadata"]["deletionGracePeriodSeconds"] = 0;
  EXPECT_EQ(Lines(PrepareUpdate(Application(), stored, object, Write()).error().causes),
            "metadata.deletionTimestamp: Invalid value: 2026-01-01 00:00:00 +0000 UTC: field is "
            "immutable\n"
            "metadata.deletionGracePeriodSeconds: Invalid value: 0: field is immutable\n");
  object["metadata"]["deletionTimestamp"] = nullptr;
  object["metadata"]["deletionGracePeriodSeconds"] = nullptr;
  EXPECT_FALSE(PrepareUpdate(Application(), stored, object, Write()).value().changed);
}

TEST(Update, OfADeletedObjectKeepsWhenThatWas) {
  Json stored = Stored();
  stored["metadata"]["finalizers"] = {"slipway.dev/a"};
  ASSERT_TRUE(PrepareDelete(Application(), stored, {}, Time{}).has_value());
  Json object = stored;
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  object["metadata"].erase("deletionGracePeriodSeconds");
  EXPECT_FALSE(PrepareUpdate(Application(), stored, object, Write()).value().changed);
  object["metadata"]["deletionGracePeriodSeconds"] = 30;
  EXPECT_EQ(Lines(PrepareUpdate(Application(), stored, object, Write()).error().causes),
            "metadata.deletionGracePeriodSeconds: Invalid value: 30: field is immutable\n");
}

TEST(Update, OfNothingIsJudgedBeforeItIsNotFound) {
  const auto refuse = [](const Json& metadata, const std::string& ns = "default") {
    Json object = SmallApplication();
    object["metadata"].update(metadata);
    object["spec"]["colour"] = "red";
    WriteRequest request = Write();
    request.ns = ns;
    return RefuseUpdateOfNothing(Application(), object, request);
  };
  const Error missing = refuse({{"resourceVersion", "7"}, {"managedFields", Json::array()}});
  EXPECT_EQ(missing.code, Code::kNotFound);
  EXPECT_EQ(missing.message, "applications.slipway.dev \"shop\" not found");
  EXPECT_EQ(missing.warnings, std::vector<std::string>{"unknown field \"spec.colour\""});
  const Error other = refuse({{"uid", "uid-0"}});
  EXPECT_EQ(other.code, Code::kConflict);
  EXPECT_TRUE(other.message.ends_with("UID in precondition: uid-0, UID in object meta: "));
  EXPECT_EQ(other.warnings.size(), 1U);
  EXPECT_EQ(refuse({{"name", "other"}}).code, Code::kBadRequest);
  EXPECT_EQ(refuse({{"labels", 7}}).code, Code::kBadRequest);
  EXPECT_EQ(refuse({{"namespace", "elsewhere"}}).code, Code::kBadRequest);
  WriteRequest strict = Write();
  strict.field_validation = FieldValidation::kStrict;
  Json object = SmallApplication();
  object["spec"]["colour"] = "red";
  EXPECT_EQ(RefuseUpdateOfNothing(Application(), object, strict).code, Code::kBadRequest);
}

TEST(Update, ByAnApplyIsUnsettledWhereItLeavesSomethingEmpty) {
  const Json stored = Stored();
  const auto unsettled = [&](const KindInfo& kind, const Json& metadata, bool applied = true) {
    Json object = stored;
    object["kind"] = kind.kind;
    object["apiVersion"] = kind.ApiVersion();
    object["metadata"].update(metadata);
    WriteRequest request = Write();
    request.applied = applied;
    return PrepareUpdate(kind, stored, object, request).value().unsettled;
  };
  for (const Json& metadata :
       {Json{{"labels", Json::object()}}, Json{{"annotations", {{"a", nullptr}}}},
        Json{{"finalizers", Json::array()}}, Json{{"labels", nullptr}},
        Json{{"generateName", ""}}}) {
    EXPECT_EQ(unsettled(Application(), metadata), true) << metadata;
    EXPECT_EQ(unsettled(Application(), metadata, false), false) << metadata;
  }
  EXPECT_EQ(unsettled(Application(), {{"labels", {{"a", ""}}}, {"generateName", "a"}}), false);
  EXPECT_EQ(unsettled(KindNamed("ConfigMap"), {{"labels", Json::object()}}), false);
}

TEST(Update, NeedsAVersionWhereTheCallerSaysSo) {
  const Json stored = Stored();
  Json object = SmallApplication();
  WriteRequest request = Write();
  request.needs_resource_version = true;
  const Error error = PrepareUpdate(Application(), stored, object, request).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(Lines(error.causes),
            "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update\n");
}

TEST(Update, OfADeletedObjectTakesTheLastFinalizerAndRemoves) {
  Json stored = Stored();
  stored["metadata"]["finalizers"] = {"slipway.dev/a", "slipway.dev/b"};
  ASSERT_FALSE(PrepareDelete(Application(), stored, {}, Time{}).value().removed);

  Json one = stored;
  one["metadata"]["finalizers"] = {"slipway.dev/a"};
  EXPECT_FALSE(PrepareUpdate(Application(), stored, one, Write()).value().removed);
  Json none = stored;
  none["metadata"]["finalizers"] = Json::array();
  EXPECT_TRUE(PrepareUpdate(Application(), stored, none, Write()).value().removed);
  Json more = stored;
  more["metadata"]["finalizers"].push_back("slipway.dev/c");
  EXPECT_EQ(Lines(PrepareUpdate(Application(), stored, more, Write()).error().causes),
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
            "deleted, found new finalizers []string{\"slipway.dev/c\"}\n");
  Json revived = stored;
  revived["metadata"].erase("deletionTimestamp");
  ASSERT_TRUE(PrepareUpdate(Application(), stored, revived, Write()).has_value());
  EXPECT_TRUE(revived["metadata"].contains("deletionTimestamp"));
}

TEST(Update, ByAnApplyThatRemovesShowsWhatItLeftEmpty) {
  Json stored = Stored();
  stored["metadata"]["finalizers"] = {"slipway.dev/a"};
  ASSERT_FALSE(PrepareDelete(Application(), stored, {}, Time{}).value().removed);
  const auto shown = [&](bool applied, bool last) {
    Json object = stored;
    object["metadata"]["annotations"] = Json::object();
    if (last) {
      object["metadata"].erase("finalizers");
    }
    WriteRequest request = Write();
    request.applied = applied;
    EXPECT_EQ(PrepareUpdate(Application(), stored, object, request).value().removed, last);
    return object["metadata"].contains("annotations");
  };
  EXPECT_TRUE(shown(true, true));
  EXPECT_FALSE(shown(true, false));
  EXPECT_FALSE(shown(false, true));
}

TEST(StatusUpdate, TakesNothingButStatus) {
  const Json stored = Stored();
  Json object = stored;
  object["status"]["lastNumber"] = 4;
  object["spec"]["suspend"] = true;
  object["metadata"]["labels"] = {{"a", "b"}};
  ASSERT_TRUE(PrepareStatusUpdate(Application(), stored, object, Write()).value().changed);
  Json wanted = stored;
  wanted["status"]["lastNumber"] = 4;
  const Json owners = object["metadata"]["managedFields"];
  ASSERT_EQ(owners.size(), 2U);
  EXPECT_EQ(owners[1]["subresource"], "status");
  EXPECT_EQ(owners[1]["time"], "1970-01-01T00:00:02Z");
  object["metadata"]["managedFields"] = wanted["metadata"]["managedFields"];
  EXPECT_EQ(object, wanted);
}

TEST(StatusUpdate, WhoseMetadataWasWrittenOverHasLostItAsInKubernetes) {
  Json stored = Stored();
  stored["metadata"]["labels"] = {{"a", "1"}, {"b", "1"}};
  stored["metadata"]["managedFields"][0]["fieldsV1"] = {
      {"f:metadata", {{"f:labels", {{"f:a", Json::object()}, {"f:b", Json::object()}}}}}};
  Json object = stored;
  object["metadata"]["labels"]["a"] = "2";
  ASSERT_TRUE(PrepareStatusUpdate(Application(), stored, object, Write()).has_value());
  EXPECT_EQ(object["metadata"]["labels"], stored["metadata"]["labels"]);
  EXPECT_EQ(object["metadata"]["managedFields"][0]["fieldsV1"],
            (Json{{"f:metadata", {{"f:labels", {{"f:b", Json::object()}}}}}}));
}

TEST(StatusUpdate, OwnsNoEmptyPartOfMetadata) {
  const Json stored = Stored();
  Json object = stored;
  object["metadata"]["labels"] = Json::object();
  object["status"]["lastNumber"] = 4;
  ASSERT_TRUE(PrepareStatusUpdate(Application(), stored, object, Write()).has_value());
  EXPECT_EQ(object["metadata"]["managedFields"][1]["fieldsV1"],
            (Json{{"f:status", {{"f:lastNumber", Json::object()}}}}));
}

TEST(StatusUpdate, IsJudgedAndComparedToo) {
  const Json stored = Stored();
  Json same = stored;
  EXPECT_FALSE(PrepareStatusUpdate(Application(), stored, same, Write()).value().changed);
  Json wrong = stored;
  wrong["status"]["lastNumber"] = -1;
  EXPECT_EQ(
      Lines(PrepareStatusUpdate(Application(), stored, wrong, Write()).error().causes),
      "status.lastNumber: Invalid value: -1: status.lastNumber in body should be greater than "
      "or equal to 0\n");
  Json stale = stored;
  stale["metadata"]["resourceVersion"] = "3";
  EXPECT_EQ(PrepareStatusUpdate(Application(), stored, stale, Write()).error().code,
            Code::kConflict);
}

TEST(CoreKinds, HaveNoGenerationAndKeepNoPlainSecrets) {
  Json secret = FromYaml(
      "metadata: {name: git}\nstringData: {password: hunter2, empty: ''}\ndata: {user: bWU=}");
  ASSERT_TRUE(PrepareCreate(KindNamed("Secret"), secret, Create(), kBirth).has_value());
  EXPECT_EQ(secret["data"], (Json{{"password", "aHVudGVyMg=="}, {"empty", ""}, {"user", "bWU="}}));
  EXPECT_FALSE(secret.contains("stringData"));
  EXPECT_EQ(secret["type"], "Opaque");
  EXPECT_FALSE(secret["metadata"].contains("generation"));
}

TEST(CoreKinds, TakeANullValueForAnEmptyOne) {
  for (const char* kind : {"ConfigMap", "Secret"}) {
    Json object = {{"metadata", {{"name", "a"}}}, {"data", {{"x", nullptr}, {"y", "MQ=="}}}};
    ASSERT_TRUE(PrepareCreate(KindNamed(kind), object, Create(), kBirth).has_value());
    EXPECT_EQ(object["data"], (Json{{"x", ""}, {"y", "MQ=="}}));
    EXPECT_EQ(object["metadata"]["managedFields"][0]["fieldsV1"]["f:data"],
              (Json{{".", Json::object()}, {"f:x", Json::object()}, {"f:y", Json::object()}}));
  }
}

TEST(CoreKinds, TakeAnEmptyTypeForNone) {
  Json object = {{"metadata", {{"name", "a"}}}, {"type", ""}};
  ASSERT_TRUE(PrepareCreate(KindNamed("Secret"), object, Create(), kBirth).has_value());
  EXPECT_EQ(object["type"], "Opaque");
  object["metadata"]["name"] = "shop";
  const Json stored = object;
  object["type"] = "";
  EXPECT_FALSE(PrepareUpdate(KindNamed("Secret"), stored, object, Write()).value().changed);
}

TEST(CoreKinds, NamespacesAreLabelledWithTheirName) {
  Json object = FromYaml("metadata: {name: prod}");
  ASSERT_TRUE(PrepareCreate(KindNamed("Namespace"), object, {}, kBirth).has_value());
  EXPECT_EQ(object["metadata"]["labels"]["kubernetes.io/metadata.name"], "prod");
  EXPECT_EQ(object["status"]["phase"], "Active");
}

}  // namespace
}  // namespace slipway::objects
