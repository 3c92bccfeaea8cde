#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gtest/gtest.h>

#include <string>

namespace slipway::apiserver {
namespace {

using http::Answer;
using nlohmann::json;

constexpr const char* kApply = "Content-Type: application/apply-patch+yaml\r\n";
constexpr const char* kStrategic = "Content-Type: application/strategic-merge-patch+json\r\n";
constexpr const char* kRepository =
    "/apis/slipway.dev/v1alpha1/namespaces/default/gitrepositories/shop";

json TreeOf(const Answer& answer) { return ReadJson(answer.body); }

json AppliedMap(const json& data) {
  return {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}}}, {"data", data}};
}

json AppliedRepository(const json& spec, const json& status = json()) {
  json object = {{"apiVersion", "slipway.dev/v1alpha1"},
                 {"kind", "GitRepository"},
                 {"metadata", {{"name", "shop"}, {"namespace", "default"}}},
                 {"spec", spec}};
  object["spec"].emplace("url", "https://example.com/shop.git");
  if (!status.is_null()) {
    object["status"] = status;
  }
  return object;
}

/// Each owner on a line: `manager operation[/subresource] fields`.
std::string Owners(const json& object) {
  std::string text;
  for (const json& entry : object["metadata"].value("managedFields", json::array())) {
    text += entry["manager"].get<std::string>() + " " + entry["operation"].get<std::string>() +
            (entry.contains("subresource") ? "/status " : " ") + PrintJson(entry["fieldsV1"]) +
            "\n";
  }
  return text;
}

class ApplyTest : public testing::Test {
 protected:
  /// A request that is refused before its body was read ends the connection: each gets its own.
  Answer Ask(const std::string& method, const std::string& path, const std::string& body,
             const std::string& headers) {
    return world_.Admin().Ask(method, path, body, headers);
  }
  Answer Patch(const std::string& path, const std::string& body, const std::string& headers) {
    return Ask("PATCH", path, body, headers);
  }
  Answer Apply(const std::string& path, const json& body, const std::string& query) {
    return Patch(path + "?" + query, body.dump(), kApply);
  }
  json Get(const std::string& path) { return TreeOf(Ask("GET", path, "", "")); }

  const std::string map_ = std::string(kMaps) + "/a";
  ApiWorld world_;
};

TEST_F(ApplyTest, CreatesAndThenChanges) {
  const Answer created = Apply(map_, AppliedMap({{"x", "1"}}), "fieldManager=one");
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(Owners(TreeOf(created)), "one Apply {\"f:data\":{\"f:x\":{}}}\n");
  const Answer changed = Apply(map_, AppliedMap({{"y", "2"}}), "fieldManager=one&force=false");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(TreeOf(changed)["data"], (json{{"y", "2"}}));
  const Answer again = Apply(map_, AppliedMap({{"y", "2"}}), "fieldManager=one");
  EXPECT_EQ(again.body, changed.body) << "equal, and so not written";
}

TEST_F(ApplyTest, ReadsYaml) {
  const Answer created =
      Patch(map_ + "?fieldManager=one",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {x: '1'}\n", kApply);
  EXPECT_EQ(created.status, 201) << created.body;
  const Answer broken = Patch(map_ + "?fieldManager=one", "a: [", kApply);
  EXPECT_EQ(broken.status, 400);
  EXPECT_TRUE(TreeOf(broken)["message"].get<std::string>().starts_with("error decoding YAML: "));
  EXPECT_EQ(Patch(map_ + "?fieldManager=one", "3", kApply).status, 400);
}

TEST_F(ApplyTest, AConflictIsToldWithItsCauses) {
  Apply(map_, AppliedMap({{"x", "1"}}), "fieldManager=one");
  const Answer refused = Apply(map_, AppliedMap({{"x", "2"}}), "fieldManager=two");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(TreeOf(refused), ReadJson(R"({"kind":"Status","apiVersion":"v1","metadata":{},
      "status":"Failure","reason":"Conflict","code":409,
      "message":"Apply failed with 1 conflict: conflict with \"one\": .data.x",
      "details":{"causes":[{"reason":"FieldManagerConflict","field":".data.x",
                            "message":"conflict with \"one\""}]}})"));
  EXPECT_EQ(Apply(map_, AppliedMap({{"x", "2"}}), "fieldManager=two&force=true").status, 200);
  EXPECT_EQ(Owners(Get(map_)), "two Apply {\"f:data\":{\"f:x\":{}}}\n");
}

TEST_F(ApplyTest, OwnersAreWhoTheQuerySaysOrElseTheProgram) {
  Ask("POST", std::string(kMaps) + "?fieldManager=kubectl-create", AppliedMap({{"x", "1"}}).dump(),
      kJson);
  Patch(map_, R"({"data":{"y":"1"}})", std::string(kMerge) + "User-Agent: curl/7.88\r\n");
  EXPECT_EQ(Owners(Get(map_)),
            "curl Update {\"f:data\":{\"f:y\":{}}}\n"
            "kubectl-create Update {\"f:data\":{\".\":{},\"f:x\":{}}}\n");
}

TEST_F(ApplyTest, OptionsAreJudged) {
  const auto message = [&](const Answer& answer) {
    return std::to_string(answer.status) + " " + TreeOf(answer)["message"].get<std::string>();
  };
  EXPECT_EQ(message(Apply(map_, AppliedMap({}), "")),
            "422 PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is "
            "required for apply patch");
  EXPECT_EQ(message(Patch(map_ + "?force=true", "{}", kMerge)),
            "422 PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified "
            "for non-apply patch");
  const std::string long_name(129, 'x');
  EXPECT_EQ(message(Apply(map_, AppliedMap({}), "fieldManager=" + long_name)),
            "422 PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more "
            "than 128 bytes");
  EXPECT_EQ(message(Ask("POST", std::string(kMaps) + "?fieldManager=" + long_name,
                        AppliedMap({}).dump(), kJson)),
            "422 CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be "
            "more than 128 bytes");
}

TEST_F(ApplyTest, AConfigurationMustBeOfTheKindAndSayNothingOfOwners) {
  json other = AppliedMap({});
  other["apiVersion"] = "v2";
  const Answer wrong = Apply(map_, other, "fieldManager=one");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(TreeOf(wrong)["message"], "invalid object type: /v2, Kind=ConfigMap");
  other = AppliedMap({});
  other["metadata"]["managedFields"] = json::array();
  EXPECT_EQ(TreeOf(Apply(map_, other, "fieldManager=one"))["message"],
            "metadata.managedFields must be nil");
  other = AppliedMap({});
  other["metadata"]["name"] = "b";
  EXPECT_EQ(Apply(map_, other, "fieldManager=one").status, 400);
}

TEST_F(ApplyTest, UnknownFieldsAreRefusedWithoutAReason) {
  json object = AppliedMap({});
  object["colour"] = "red";
  const Answer refused = Apply(map_, object, "fieldManager=one");
  EXPECT_EQ(refused.status, 500);
  EXPECT_FALSE(TreeOf(refused).contains("reason"));
  EXPECT_FALSE(TreeOf(refused).contains("details"));
  EXPECT_EQ(TreeOf(refused)["message"],
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .colour: field not "
            "declared in schema");
}

TEST_F(ApplyTest, ADryRunCreatesNothing) {
  EXPECT_EQ(Apply(map_, AppliedMap({}), "fieldManager=one&dryRun=All").status, 201);
  EXPECT_EQ(Ask("GET", map_, "", "").status, 404);
}

TEST_F(ApplyTest, OfNothingShowsTheVersionThatItWasSentWhenItIsDry) {
  json object = AppliedRepository(json::object());
  object["metadata"]["resourceVersion"] = "17";
  const Answer dry = Apply(kRepository, object, "fieldManager=one&dryRun=All");
  EXPECT_EQ(dry.status, 201) << dry.body;
  EXPECT_EQ(TreeOf(dry)["metadata"]["resourceVersion"], "17");
  const Answer made = Apply(kRepository, object, "fieldManager=one");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_NE(TreeOf(made)["metadata"]["resourceVersion"], "17");
  object["metadata"]["resourceVersion"] = "x";
  EXPECT_EQ(Apply(kRepository, object, "fieldManager=one").status, 500);
}

TEST_F(ApplyTest, NeedsItsNamespace) {
  const Answer refused =
      Apply("/api/v1/namespaces/nowhere/configmaps/a", AppliedMap({}), "fieldManager=one");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(TreeOf(refused)["message"], "namespaces \"nowhere\" not found");
  EXPECT_EQ(TreeOf(refused)["details"]["kind"], "namespaces");
}

TEST_F(ApplyTest, AnObjectThatIsNotThereHasNoUid) {
  json object = AppliedMap({});
  object["metadata"]["uid"] = "u";
  const Answer refused = Apply(map_, object, "fieldManager=one");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(TreeOf(refused)["message"],
            "Operation cannot be fulfilled on configmaps \"a\": uid mismatch: the provided object "
            "specified uid u, and no existing object was found");
  object["metadata"] = {{"name", "a"}, {"resourceVersion", "7"}};
  EXPECT_EQ(Apply(map_, object, "fieldManager=one").status, 201);
  EXPECT_EQ(Apply(map_, object, "fieldManager=one").status, 409);
}

TEST_F(ApplyTest, WorksOnStatusButDoesNotCreateIt) {
  const std::string status = std::string(kRepository) + "/status";
  const json conditions = {
      {"conditions", json::array({{{"type", "Ready"},
                                   {"status", "True"},
                                   {"reason", "Fetched"},
                                   {"message", "all is well"},
                                   {"lastTransitionTime", "2026-01-01T00:00:00Z"}}})}};
  const json object = AppliedRepository({{"interval", "9m"}}, conditions);
  EXPECT_EQ(Apply(status, object, "fieldManager=engine").status, 404);
  EXPECT_EQ(Apply(kRepository, AppliedRepository({{"interval", "2m"}}), "fieldManager=me").status,
            201);
  const Answer applied = Apply(status, object, "fieldManager=engine");
  EXPECT_EQ(applied.status, 200) << applied.body;
  EXPECT_EQ(TreeOf(applied)["spec"]["interval"], "2m");
  EXPECT_EQ(TreeOf(applied)["status"]["conditions"].size(), 1U);
  EXPECT_EQ(
      Owners(TreeOf(applied)),
      "engine Apply/status {\"f:status\":{\"f:conditions\":{\"k:{\\\"type\\\":\\\"Ready\\\"}\":"
      "{\".\":{},\"f:lastTransitionTime\":{},\"f:message\":{},\"f:reason\":{},\"f:status\":{},"
      "\"f:type\":{}}}}}\n"
      "me Apply {\"f:spec\":{\"f:interval\":{},\"f:url\":{}}}\n");
}

TEST_F(ApplyTest, OwnersCanBeReplacedAndForgotten) {
  Apply(map_, AppliedMap({{"x", "1"}}), "fieldManager=one");
  json object = Get(map_);
  const json replace = json::array({{{"op", "add"},
                                     {"path", "/metadata/managedFields"},
                                     {"value", json::array({json::object()})}},
                                    {{"op", "replace"},
                                     {"path", "/metadata/resourceVersion"},
                                     {"value", object["metadata"]["resourceVersion"]}}});
  const Answer forgotten =
      Patch(map_, replace.dump(), "Content-Type: application/json-patch+json\r\n");
  EXPECT_EQ(forgotten.status, 200) << forgotten.body;
  EXPECT_FALSE(TreeOf(forgotten)["metadata"].contains("managedFields"));
  EXPECT_EQ(Patch(map_, replace.dump(), "Content-Type: application/json-patch+json\r\n").status,
            409);
}

TEST_F(ApplyTest, WhatIsLeftEmptyInTheMetadataIsSettledByTheNextWrite) {
  const std::string nothing = R"({"metadata":{}})";
  const auto version = [](const Answer& answer) {
    return TreeOf(answer)["metadata"]["resourceVersion"].get<std::string>();
  };
  json object = AppliedRepository(json::object());
  object["metadata"]["labels"] = json::object();
  const Answer applied = Apply(kRepository, object, "fieldManager=one");
  ASSERT_EQ(applied.status, 201) << applied.body;
  EXPECT_FALSE(TreeOf(applied)["metadata"].contains("labels"));
  EXPECT_EQ(version(Apply(kRepository, object, "fieldManager=one")), version(applied));
  const Answer settled = Patch(kRepository, nothing, kMerge);
  EXPECT_NE(version(settled), version(applied));
  EXPECT_EQ(version(Patch(kRepository, nothing, kMerge)), version(settled));
  EXPECT_NE(version(Apply(kRepository, object, "fieldManager=one")), version(settled));

  object["metadata"]["finalizers"] = {"example.com/one"};
  Apply(kRepository, object, "fieldManager=one");
  Ask("DELETE", kRepository, "", "");
  const std::string again = version(Apply(kRepository, object, "fieldManager=one"));
  const std::string deleted = version(Ask("DELETE", kRepository, "", ""));
  EXPECT_NE(deleted, again);
  EXPECT_EQ(version(Ask("DELETE", kRepository, "", "")), deleted);

  json map = AppliedMap({{"x", "1"}});
  map["metadata"]["labels"] = json::object();
  const Answer core = Apply(map_, map, "fieldManager=one");
  EXPECT_EQ(version(Patch(map_, nothing, kMerge)), version(core));
}

TEST_F(ApplyTest, ManyOwnersOfManyFieldsAreBorne) {
  json fields = json::object();
  for (int i = 0; i < 20'000; ++i) {
    fields["f:field-" + std::to_string(i)] = json::object();
  }
  json object = AppliedMap({{"x", "1"}});
  object["metadata"]["managedFields"] = json::array({{{"manager", "big"},
                                                      {"operation", "Update"},
                                                      {"apiVersion", "v1"},
                                                      {"fieldsType", "FieldsV1"},
                                                      {"fieldsV1", {{"f:data", fields}}}}});
  EXPECT_EQ(Ask("POST", kMaps, object.dump(), kJson).status, 201);
  EXPECT_EQ(Apply(map_, AppliedMap({{"x", "2"}}), "fieldManager=one&force=true").status, 200);
}

TEST_F(ApplyTest, StrategicMergeIsForCoreKindsOnly) {
  Apply(map_, AppliedMap({{"x", "1"}}), "fieldManager=one");
  const Answer patched = Patch(map_, R"({"data":{"$patch":"replace","y":"2"}})", kStrategic);
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(TreeOf(patched)["data"], (json{{"y", "2"}}));
  Apply(kRepository, AppliedRepository(json::object()), "fieldManager=me");
  const Answer refused = Patch(kRepository, "{}", kStrategic);
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(TreeOf(refused)["message"],
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml");
}

TEST_F(ApplyTest, WhatIsAppliedToASecretAsTextBecomesData) {
  const json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", "s"}}},
                       {"stringData", {{"key", "value"}}}};
  const Answer created = Apply("/api/v1/namespaces/default/secrets/s", secret, "fieldManager=one");
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(TreeOf(created)["data"]["key"], "dmFsdWU=");
  EXPECT_EQ(Owners(TreeOf(created)), "one Apply {\"f:stringData\":{\"f:key\":{}}}\n");
}

}  // namespace
}  // namespace slipway::apiserver
