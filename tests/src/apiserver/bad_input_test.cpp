#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace slipway::apiserver {
namespace {

using http::Answer;
using nlohmann::json;
using testing::StartsWith;

constexpr const char* kMergeType = "application/merge-patch+json";
constexpr const char* kJsonType = "application/json-patch+json";
constexpr const char* kApplyYaml = "application/apply-patch+yaml";
constexpr const char* kStrategicType = "application/strategic-merge-patch+json";
constexpr const char* kShops = "/apis/slipway.dev/v1alpha1/namespaces/default/gitrepositories";

/// What is sent by mistake or by malice, and what kube-apiserver 1.32 says of it.
class BadInputTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(Ask("POST", kMaps, Map().dump(), "application/json").status, 201);
    ASSERT_EQ(Ask("POST", kShops, Shop().dump(), "application/json").status, 201);
  }

  /// A request that is refused before its body was read ends the connection: each gets its own.
  Answer Ask(const std::string& method, const std::string& target, const std::string& body,
             const std::string& type) {
    return world_.Admin().Ask(method, target, body, "Content-Type: " + type + "\r\n");
  }

  /// The code and the message.
  std::string Says(const std::string& method, const std::string& target, const json& body,
                   const std::string& type = "application/json") {
    return SaysOf(method, target, body.dump(), type);
  }
  std::string SaysOf(const std::string& method, const std::string& target, const std::string& body,
                     const std::string& type) {
    const Answer answer = Ask(method, target, body, type);
    const json status = ReadJson(answer.body);
    EXPECT_EQ(status["kind"], "Status") << answer.body;
    return std::to_string(answer.status) + " " + status.value("message", std::string());
  }
  json Get(const std::string& target) {
    return ReadJson(Ask("GET", target, "", "application/json").body);
  }

  static json Map(const json& metadata = json::object()) {
    json map = {{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", {{"name", "a"}}},
                {"data", {{"x", "1"}}}};
    map["metadata"].update(metadata);
    return map;
  }
  static json Shop(const json& metadata = json::object()) {
    json shop = {{"apiVersion", "slipway.dev/v1alpha1"},
                 {"kind", "GitRepository"},
                 {"metadata", {{"name", "shop"}}},
                 {"spec", {{"url", "https://example.com/shop.git"}}}};
    shop["metadata"].update(metadata);
    return shop;
  }

  const std::string map_ = std::string(kMaps) + "/a";
  const std::string shop_ = std::string(kShops) + "/shop";
  ApiWorld world_;
};

TEST_F(BadInputTest, ABodyIsInTheNamespaceOfItsAddress) {
  const std::string said =
      "400 the namespace of the provided object does not match the namespace sent on the request";
  const json elsewhere = {{"namespace", "other"}};
  EXPECT_EQ(Says("POST", kMaps, Map(elsewhere)), said);
  EXPECT_EQ(Says("POST", kShops, Shop(elsewhere)), said);
  EXPECT_EQ(Says("PUT", map_, Map(elsewhere)), said);
  EXPECT_EQ(Says("PUT", shop_, Shop(elsewhere)), said);
  EXPECT_EQ(Says("PATCH", map_, {{"metadata", elsewhere}}, kMergeType), said);
  EXPECT_EQ(Says("PATCH", shop_ + "?fieldManager=m", Shop(elsewhere), kApplyYaml), said);
}

TEST_F(BadInputTest, ABodyHasTheNameOfItsAddress) {
  const json other = {{"name", "other"}};
  const std::string of_map =
      "400 the name of the object (other) does not match the name on the URL (a)";
  const std::string of_shop =
      "400 the name of the object (other) does not match the name on the URL (shop)";
  EXPECT_EQ(Says("PUT", map_, Map(other)), of_map);
  EXPECT_EQ(Says("PUT", shop_, Shop(other)), of_shop);
  EXPECT_EQ(Says("PATCH", map_, {{"metadata", other}}, kMergeType), of_map);
  EXPECT_EQ(Says("PATCH", map_, {{"metadata", other}}, kStrategicType), of_map);
  EXPECT_EQ(Says("PATCH", shop_ + "?fieldManager=m", Shop(other), kApplyYaml), of_shop);
}

TEST_F(BadInputTest, AConfigurationIsOfTheKindOfItsAddress) {
  json map = Map();
  map["kind"] = "Secret";
  EXPECT_EQ(Says("PATCH", map_ + "?fieldManager=m", map, kApplyYaml),
            "400 invalid object type: /v1, Kind=Secret");
  json shop = Shop();
  shop["apiVersion"] = "slipway.dev/v9";
  EXPECT_EQ(Says("PATCH", shop_ + "?fieldManager=m", shop, kApplyYaml),
            "400 invalid object type: slipway.dev/v9, Kind=GitRepository");
}

TEST_F(BadInputTest, APatchOfAnObjectThatChangedIsAConflict) {
  const std::string version = Get(shop_)["metadata"]["resourceVersion"];
  const json spec = {{"spec", {{"suspend", true}}}};
  ASSERT_EQ(Ask("PATCH", shop_, spec.dump(), kMergeType).status, 200);
  const json after = Get(shop_);
  const std::string said =
      "409 Operation cannot be fulfilled on gitrepositories.slipway.dev \"shop\": the object has "
      "been modified; please apply your changes to the latest version and try again";
  const json old = {{"resourceVersion", version}};
  EXPECT_EQ(Says("PATCH", shop_, {{"metadata", old}, {"spec", {{"suspend", false}}}}, kMergeType),
            said);
  const json replace =
      json::array({{{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", version}},
                   {{"op", "replace"}, {"path", "/spec/suspend"}, {"value", false}}});
  EXPECT_EQ(Says("PATCH", shop_, replace, kJsonType), said);
  EXPECT_EQ(Says("PATCH", shop_ + "?fieldManager=m&force=true", Shop(old), kApplyYaml), said);
  const json tested =
      json::array({{{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", version}},
                   {{"op", "replace"}, {"path", "/spec/suspend"}, {"value", false}}});
  EXPECT_EQ(Says("PATCH", shop_, tested, kJsonType),
            "422 the server rejected our request due to an error in our request");
  EXPECT_EQ(Get(shop_), after) << "nothing was written";
}

TEST_F(BadInputTest, NoPatchGivesAnObjectAnotherUid) {
  const std::string said = "Invalid value: \"other\": field is immutable";
  const json other = {{"uid", "other"}};
  EXPECT_EQ(Says("PATCH", map_, {{"metadata", other}}, kMergeType),
            "422 ConfigMap \"a\" is invalid: metadata.uid: " + said);
  EXPECT_EQ(Says("PATCH", map_ + "?fieldManager=m", Map(other), kApplyYaml),
            "422 ConfigMap \"a\" is invalid: metadata.uid: " + said);
  const Answer refused = Ask("PATCH", shop_, json{{"metadata", other}}.dump(), kMergeType);
  const json status = ReadJson(refused.body);
  EXPECT_EQ(status["message"],
            "GitRepository.slipway.dev \"shop\" is invalid: metadata.uid: " + said);
  EXPECT_EQ(status["details"]["kind"], "GitRepository");
  EXPECT_EQ(
      status["details"]["causes"],
      (json{{{"reason", "FieldValueInvalid"}, {"field", "metadata.uid"}, {"message", said}}}));
  EXPECT_THAT(Says("PUT", map_, Map(other)),
              StartsWith("409 Operation cannot be fulfilled on configmaps \"a\": StorageError: "));
}

TEST_F(BadInputTest, ABodyIsOfTheKindAndTheVersionOfItsAddress) {
  const std::string unknown = " in scheme \"pkg/runtime/scheme.go:100\"";
  json map = Map();
  map["kind"] = "Foo";
  EXPECT_EQ(Says("POST", kMaps, map),
            "400 Foo in version \"v1\" cannot be handled as a ConfigMap: no kind \"Foo\" is "
            "registered for version \"v1\"" +
                unknown);
  map = Map();
  map["apiVersion"] = "v2";
  EXPECT_EQ(Says("PUT", map_, map),
            "400 ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind "
            "\"ConfigMap\" is registered for version \"v2\"" +
                unknown);
  json shop = Shop();
  shop["kind"] = "Fleet";
  const std::string kind =
      "422 Fleet.slipway.dev \"shop\" is invalid: kind: Invalid value: \"Fleet\": must be "
      "GitRepository";
  EXPECT_EQ(Says("POST", kShops, shop), kind);
  EXPECT_EQ(Says("PATCH", shop_, {{"kind", "Fleet"}}, kMergeType), kind);
  shop = Shop();
  shop["apiVersion"] = "slipway.dev/v9";
  const std::string version =
      "400 the API version in the data (slipway.dev/v9) does not match the expected API version "
      "(slipway.dev/v1alpha1)";
  EXPECT_EQ(Says("POST", kShops, shop), version);
  EXPECT_EQ(Says("PUT", shop_, shop), version);
  EXPECT_EQ(Says("PATCH", shop_, {{"apiVersion", "slipway.dev/v9"}}, kMergeType),
            "422 GitRepository.slipway.dev \"shop\" is invalid: apiVersion: Invalid value: "
            "\"slipway.dev/v9\": must be slipway.dev/v1alpha1");
}

TEST_F(BadInputTest, ATextThatIsCutOffIsNoPatch) {
  const std::string said = "unexpected end of JSON input";
  EXPECT_EQ(SaysOf("PATCH", map_, "{", kMergeType), "400 error decoding patch: " + said);
  EXPECT_EQ(SaysOf("PATCH", shop_, "[", kJsonType), "400 error decoding patch: " + said);
  EXPECT_EQ(SaysOf("PATCH", map_, "{", kStrategicType), "400 " + said);
}

TEST_F(BadInputTest, AJsonPatchHasAtMostTenThousandOperations) {
  const json operation = {{"op", "add"}, {"path", "/data/x"}, {"value", "2"}};
  const Answer refused = Ask("PATCH", map_, json(10'001, operation).dump(), kJsonType);
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(ReadJson(refused.body)["reason"], "RequestEntityTooLarge");
  EXPECT_EQ(ReadJson(refused.body)["message"],
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, "
            "got 10001");
  EXPECT_EQ(Get(map_)["data"]["x"], "1");
  EXPECT_EQ(Ask("PATCH", map_, json(10'000, operation).dump(), kJsonType).status, 200);
  EXPECT_EQ(Get(map_)["data"]["x"], "2");
}

TEST_F(BadInputTest, OwnersOfAMegabyteAreBorneAndThoseOfFourAreNot) {
  const auto owners = [](int count) {
    json fields = json::object();
    for (int i = 0; i < count; ++i) {
      fields["f:field-" + std::to_string(1'000'000 + i)] = json::object();
    }
    return json{{"managedFields", json::array({{{"manager", "big"},
                                                {"operation", "Update"},
                                                {"apiVersion", "v1"},
                                                {"fieldsType", "FieldsV1"},
                                                {"fieldsV1", {{"f:data", fields}}}}})}};
  };
  const json large = owners(50'000);
  ASSERT_GT(large.dump().size(), std::size_t{1} << 20);
  EXPECT_EQ(Ask("PATCH", map_, json{{"metadata", large}}.dump(), kMergeType).status, 200);
  EXPECT_EQ(Get(map_)["metadata"]["managedFields"][0]["manager"], "big");
  json applied = Map();
  applied["data"]["x"] = "2";
  EXPECT_EQ(Ask("PATCH", map_ + "?fieldManager=m&force=true", applied.dump(), kApplyYaml).status,
            200);
  EXPECT_EQ(Says("PATCH", map_ + "?fieldManager=m", Map(large), kApplyYaml),
            "400 metadata.managedFields must be nil");
  json other = Map(owners(200'000));
  other["metadata"]["name"] = "other";
  EXPECT_EQ(Ask("POST", kMaps, other.dump(), "application/json").status, 413);
}

TEST_F(BadInputTest, ADeleteWhoseBodyIsSomethingElseDeletesNothing) {
  EXPECT_EQ(Says("DELETE", map_, {{"apiVersion", "v1"}, {"kind", "Other"}}),
            "500 no kind \"Other\" is registered for version \"v1\" in scheme "
            "\"pkg/runtime/scheme.go:100\"");
  EXPECT_EQ(Says("DELETE", map_, Map()),
            "500 no kind \"ConfigMap\" is registered for version \"v1\" in scheme "
            "\"pkg/runtime/scheme.go:100\"");
  EXPECT_EQ(Says("DELETE", map_, {{"kind", "Other"}}),
            "500 no kind \"Other\" is registered for version \"meta.k8s.io/v1\" in scheme "
            "\"pkg/runtime/scheme.go:100\"");
  for (const char* body : {"[]", "nonsense", "7", R"({"kind":7})"}) {
    EXPECT_EQ(Ask("DELETE", map_, body, "application/json").status, 400) << body;
  }
  EXPECT_EQ(Get(map_)["kind"], "ConfigMap");
  EXPECT_EQ(Ask("DELETE", map_, R"({"kind":"DeleteOptions","apiVersion":"meta.k8s.io/v1"})",
                "application/json")
                .status,
            200);
}

TEST_F(BadInputTest, APatchOfNoKnownTypeIsRefusedBeforeAnythingElse) {
  EXPECT_EQ(SaysOf("PATCH", map_, "{}", "application/json"), "415 415: Unsupported Media Type");
  EXPECT_EQ(SaysOf("PATCH", shop_, "{}", "application/json"),
            "415 the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml");
}

TEST_F(BadInputTest, AConfigurationWithoutMetadataCreatesNothing) {
  const std::string absent = std::string(kMaps) + "/absent?fieldManager=m";
  const std::string said =
      "400 the name of the object (absent based on URL) was undeterminable: name must be provided";
  json configuration = {{"apiVersion", "v1"}, {"kind", "ConfigMap"}};
  EXPECT_EQ(Says("PATCH", absent, configuration, kApplyYaml), said);
  for (const json& metadata : {json(), json::object()}) {
    configuration["metadata"] = metadata;
    EXPECT_EQ(Says("PATCH", absent, configuration, kApplyYaml), said) << metadata;
    EXPECT_EQ(Ask("PATCH", map_ + "?fieldManager=m", configuration.dump(), kApplyYaml).status, 200)
        << "the object that is there has a name";
  }
}

TEST_F(BadInputTest, AListIsNoConfiguration) {
  EXPECT_EQ(SaysOf("PATCH", map_ + "?fieldManager=m", "[]", kApplyYaml),
            "400 error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
            "unmarshal array into Go value of type map[string]interface {}");
  EXPECT_EQ(SaysOf("PATCH", map_ + "?fieldManager=m", "3", kApplyYaml),
            "400 error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
            "unmarshal number into Go value of type map[string]interface {}");
}

TEST_F(BadInputTest, ASubresourceThatTheKindDoesNotHaveIsNotFound) {
  const Answer absent = Ask("PATCH", shop_ + "/scale", R"({"spec":{"replicas":3}})", kMergeType);
  EXPECT_EQ(absent.status, 404);
  const json status = ReadJson(absent.body);
  EXPECT_EQ(status["message"], "gitrepositories.slipway.dev \"shop\" not found");
  const json unknown = Get(map_ + "/scale");
  EXPECT_EQ(unknown["message"], "the server could not find the requested resource");
  EXPECT_EQ(unknown["details"], json::object());
}

}  // namespace
}  // namespace slipway::apiserver
