#include "src/objects/decode_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/base/json.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

/// What is said behind "json: cannot unmarshal "; empty where nothing is.
std::string Refusal(const char* kind, const std::string& object) {
  const auto checked = CheckDecodes(KindNamed(kind), FromYaml(object));
  if (checked.has_value()) {
    return "";
  }
  const std::string version = KindNamed(kind).version;
  const std::string before = std::string(kind) + " in version \"" + version +
                             "\" cannot be handled as a " + kind + ": json: cannot unmarshal ";
  EXPECT_EQ(checked.error().code, Code::kBadRequest);
  EXPECT_TRUE(checked.error().message.starts_with(before)) << checked.error().message;
  return checked.error().message.substr(before.size());
}

std::string Undecodable(const std::string& value) {
  const auto checked =
      CheckDecodes(KindNamed("Secret"), Json{{"data", {{"a", "eA=="}, {"b", value}}}});
  return checked.has_value() ? "" : checked.error().message;
}

TEST(Decoding, NamesTheFieldOfGo) {
  const std::string field = " into Go struct field ";
  EXPECT_EQ(Refusal("ConfigMap", "{data: {a: 3}}"),
            "number" + field + "ConfigMap.data of type string");
  EXPECT_EQ(Refusal("ConfigMap", "{data: [1]}"),
            "array" + field + "ConfigMap.data of type map[string]string");
  EXPECT_EQ(Refusal("ConfigMap", "{binaryData: {a: true}}"),
            "bool" + field + "ConfigMap.binaryData of type []uint8");
  EXPECT_EQ(Refusal("ConfigMap", "{immutable: {}}"),
            "object" + field + "ConfigMap.immutable of type bool");
  EXPECT_EQ(Refusal("Secret", "{type: 3}"), "number" + field + "Secret.type of type v1.SecretType");
  EXPECT_EQ(Refusal("Secret", "{stringData: {a: 3}}"),
            "number" + field + "Secret.stringData of type string");
}

TEST(Decoding, OfMetadataIsThatOfAnyKind) {
  const std::string field = " into Go struct field ";
  EXPECT_EQ(Refusal("ConfigMap", "{metadata: {labels: {a: 3}}}"),
            "number" + field + "ObjectMeta.metadata.labels of type string");
  EXPECT_EQ(Refusal("Fleet", "{metadata: {labels: []}}"),
            "array" + field + "ObjectMeta.labels of type map[string]string");
  EXPECT_EQ(Refusal("Fleet", "{metadata: {finalizers: x}}"),
            "string" + field + "ObjectMeta.finalizers of type []string");
  EXPECT_EQ(Refusal("Fleet", "{metadata: {generation: x}}"),
            "string" + field + "ObjectMeta.generation of type int64");
  EXPECT_EQ(Refusal("Fleet", "{metadata: {ownerReferences: [{uid: 3}]}}"),
            "number" + field + "OwnerReference.ownerReferences.uid of type types.UID");
  EXPECT_EQ(Refusal("ConfigMap", "{metadata: []}"),
            "array" + field + "ConfigMap.metadata of type v1.ObjectMeta");
  EXPECT_EQ(Refusal("Fleet", "{metadata: []}"), "array into Go value of type v1.ObjectMeta");
}

TEST(Decoding, TakesNothingForGrantedOfOtherFields) {
  for (const char* object :
       {"{}", "{data: null, metadata: null}", "{data: {a: null}}", "{binaryData: {a: [1]}}",
        "{metadata: {labels: {a: null}, generation: 3, ownerReferences: [{}]}}", "[1]"}) {
    EXPECT_EQ(Refusal("ConfigMap", object), "") << object;
  }
  EXPECT_EQ(Refusal("Fleet", "{data: {a: 3}, spec: 7}"), "");
}

TEST(Decoding, WhatIsNoBase64IsSaidAsGoSaysIt) {
  constexpr const char* kWords =
      "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte ";
  for (const char* good : {"", "eA==", "eHg=", "eHh4", "eH\nh4"}) {
    EXPECT_EQ(Undecodable(good), "") << good;
  }
  for (const auto& [bad, at] : {std::pair{"!!!", "0"},
                                {"ab!c", "2"},
                                {"abc", "0"},
                                {"abcdef", "4"},
                                {"a===", "1"},
                                {"ab=c", "2"},
                                {"ab=", "3"},
                                {"eA==x", "4"}}) {
    EXPECT_EQ(Undecodable(bad), std::string(kWords) + at) << bad;
  }
}

TEST(Decoding, OfWholeNumbersAndTimes) {
  const std::string spec = " into Go struct field LeaseSpec.spec.";
  EXPECT_EQ(Refusal("Lease", "{spec: none}"),
            "string into Go struct field Lease.spec of type v1.LeaseSpec");
  EXPECT_EQ(Refusal("Lease", "{spec: {leaseDurationSeconds: '4'}}"),
            "string" + spec + "leaseDurationSeconds of type int32");
  EXPECT_EQ(Refusal("Lease", "{spec: {leaseDurationSeconds: 1.5}}"),
            "number 1.5" + spec + "leaseDurationSeconds of type int32");
  EXPECT_EQ(Refusal("Lease", "{spec: {leaseDurationSeconds: 3000000000}}"),
            "number 3000000000" + spec + "leaseDurationSeconds of type int32");
  EXPECT_EQ(Refusal("Lease", "{spec: {renewTime: 4}}"),
            "number" + spec + "renewTime of type string");
  EXPECT_EQ(Refusal("Event", "{involvedObject: {name: 4}}"),
            "number into Go struct field ObjectReference.involvedObject.name of type string");
  EXPECT_EQ(Refusal("Namespace", "{spec: {finalizers: [4]}}"),
            "number into Go struct field NamespaceSpec.spec.finalizers of type v1.FinalizerName");
  EXPECT_EQ(Refusal("Secret", "{data: {a: [1, 300]}}"),
            "number 300 into Go struct field Secret.data of type uint8");
}

TEST(Decoding, ATimeStopsIt) {
  EXPECT_EQ(Refusal("Lease", "{metadata: {name: 3}, spec: {renewTime: 4, holderIdentity: 4}}"),
            "number into Go struct field LeaseSpec.spec.renewTime of type string");
}

/// What is said of a body; empty where it is taken.
std::string BodyFault(const char* kind, const std::string& text,
                      FieldValidation validation = FieldValidation::kWarn) {
  WriteRequest request{.field_validation = validation};
  const auto read = ReadBody(KindNamed(kind), text, request);
  return read.has_value() ? "" : read.error().message;
}

TEST(Bodies, TheFirstFaultIsTheFirstOfTheText) {
  EXPECT_EQ(BodyFault("ConfigMap", R"({"immutable": "x", "data": {"b": [], "a": 4}})"),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal "
            "string into Go struct field ConfigMap.immutable of type bool");
  EXPECT_EQ(BodyFault("ConfigMap", R"({"data": {"b": [], "a": 4}, "immutable": "x"})"),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal "
            "array into Go struct field ConfigMap.data of type string");
}

TEST(Bodies, ThatAreNoObject) {
  const std::string before = "the object provided is unrecognized (must be of type Fleet): ";
  const std::string json = "couldn't get version/kind; json parse error: ";
  const std::string type = R"(struct { APIVersion string "json:\"apiVersion,omitempty\""; )"
                           R"(Kind string "json:\"kind,omitempty\"" })";
  EXPECT_EQ(
      BodyFault("Fleet", "[]"),
      before + json + "json: cannot unmarshal array into Go value of type " + type + " (5b5d)");
  EXPECT_EQ(BodyFault("Fleet", "{"), before + json + "unexpected end of JSON input ({)");
  EXPECT_EQ(BodyFault("Fleet", ""), before + json + "unexpected end of JSON input (<empty>)");
  EXPECT_EQ(BodyFault("Fleet", R"({"kind":4})"),
            before + json +
                "json: cannot unmarshal number into Go struct field .kind of type string "
                R"(({"kind":4}))");
  EXPECT_EQ(BodyFault("Fleet", "null"), before + "Object 'Kind' is missing in 'null' (6e756c6c)");
  const std::string text = R"({"metadata": {"name": "webwebweb"}})";
  EXPECT_EQ(BodyFault("Fleet", text), before + "Object 'Kind' is missing in '" + text +
                                          R"(' ({"metadata": {"name": "webwebw ...))");
  const std::string secret = BodyFault("Secret", R"({"data": {"a": "c2VjcmV0"})");
  EXPECT_TRUE(secret.ends_with("unexpected end of JSON input (hidden)")) << secret;
}

TEST(Bodies, ThatAreLongAreShownInPart) {
  const std::string text = R"({"metadata": {"name": ")" + std::string(1 << 20, 'x') + R"("}})";
  EXPECT_LT(BodyFault("Fleet", text).size(), 2000U);
}

TEST(Bodies, OfAnotherKindOrVersion) {
  const std::string apart = R"("metadata": {"name": "x"}})";
  EXPECT_EQ(BodyFault("Fleet", R"({"apiVersion": "slipway.dev/v2", "kind": "Fleet", )" + apart),
            "the API version in the data (slipway.dev/v2) does not match the expected API version "
            "(slipway.dev/v1alpha1)");
  EXPECT_EQ(BodyFault("Fleet", R"({"kind": "Fleet", )" + apart),
            "the API version in the data () does not match the expected API version "
            "(slipway.dev/v1alpha1)");
  EXPECT_EQ(
      BodyFault("Fleet", R"({"apiVersion": "slipway.dev/v1alpha1", "kind": "Server", )" + apart),
      "");  // The judge of what is written says so.
  EXPECT_EQ(BodyFault("ConfigMap", R"({"apiVersion": "v1", "kind": "Secret", )" + apart),
            "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to "
            "(core.ConfigMap): unknown conversion");
  EXPECT_EQ(
      BodyFault("Lease", R"({"apiVersion": "v1", "kind": "ConfigMap", )" + apart),
      "ConfigMap in version \"v1\" cannot be handled as a Lease: converting (v1.ConfigMap) to "
      "(coordination.Lease): unknown conversion");
  EXPECT_EQ(
      BodyFault("ConfigMap", R"({"apiVersion": "v2", )" + apart),
      "ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is "
      "registered for version \"v2\" in scheme \"pkg/runtime/scheme.go:100\"");
  EXPECT_EQ(
      BodyFault("ConfigMap", R"({"apiVersion": "a/b/c", "kind": "X"})"),
      "the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion "
      R"(string: a/b/c ({"apiVersion": "a/b/c", "kind" ...))");
}

TEST(Bodies, WhoIgnoresUnknownFieldsIsToldOtherwiseThatAKindIsMissing) {
  const std::string missing = "Object 'Kind' is missing in '{}'";
  EXPECT_EQ(BodyFault("Fleet", "{}"),
            "the object provided is unrecognized (must be of type Fleet): " + missing + " ({})");
  EXPECT_EQ(BodyFault("Fleet", "{}", FieldValidation::kIgnore),
            "Fleet in version \"v1alpha1\" cannot be handled as a Fleet: " + missing);
}

TEST(Bodies, AKindOfKubernetesNeedNotSayWhatItIs) {
  for (const char* text :
       {"null", "{}", R"({"kind": ""})", R"({"kind": "Lease", "apiVersion": null})"}) {
    WriteRequest request;
    const auto read = ReadBody(KindNamed("Lease"), text, request);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read.value(), (Json{{"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}}));
  }
}

TEST(Bodies, BytesMayBeNumbers) {
  WriteRequest request;
  const auto read =
      ReadBody(KindNamed("Secret"), R"({"data": {"a": [104, 105, null], "b": []}})", request);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read.value()["data"], (Json{{"a", "aGkA"}, {"b", ""}}));
}

TEST(Bodies, OfKindsThatNobodyElseSees) {
  WriteRequest request;
  EXPECT_TRUE(ReadBody(HiddenKinds().front(), "{}", request).has_value());
}

/// Behind the value that is shown: what is wrong with what a JSON or merge patch made.
std::string PatchedFault(const char* kind, Json object) {
  const auto read = ReadPatched(KindNamed(kind), object);
  if (read.has_value()) {
    return "";
  }
  const std::string begin = " \"\" is invalid: patch: Invalid value: \"";
  EXPECT_EQ(read.error().code, Code::kUnprocessable);
  EXPECT_TRUE(read.error().message.starts_with(begin)) << read.error().message;
  EXPECT_EQ(read.error().causes.at(0).field, "patch");
  const std::string& message = read.error().causes[0].message;
  return message.substr(message.rfind("\": ") + 3);
}

TEST(Patched, IsReadAsABodyIs) {
  EXPECT_EQ(PatchedFault("ConfigMap", {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"data", 4}}),
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type "
            "map[string]string");
  EXPECT_EQ(PatchedFault("Fleet", {{"apiVersion", "slipway.dev/v1alpha1"},
                                   {"kind", "Fleet"},
                                   {"metadata", {{"labels", {{"a", Json::array()}}}}}}),
            "json: cannot unmarshal array into Go struct field ObjectMeta.labels of type string");
  EXPECT_EQ(PatchedFault("Fleet",
                         {{"apiVersion", "slipway.dev/v1alpha1"}, {"kind", "Fleet"}, {"spec", 4}}),
            "");
  EXPECT_EQ(PatchedFault("ConfigMap", {{"kind", "ConfigMap"}, {"apiVersion", "v1"}}), "");
}

TEST(Patched, ShowsWhatWasMadeButNoSecret) {
  Json object = {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"data", "x"}};
  EXPECT_THAT(ReadPatched(KindNamed("ConfigMap"), object).error().message,
              testing::HasSubstr(R"("{\"apiVersion\":\"v1\",\"data\":\"x\",)"));
  object["kind"] = "Secret";
  EXPECT_THAT(ReadPatched(KindNamed("Secret"), object).error().message,
              testing::HasSubstr("Invalid value: \"(hidden)\": json: cannot"));
}

TEST(Patched, WithoutAVersionIsNothingOfKubernetes) {
  Json object = {{"apiVersion", ""}, {"kind", "ConfigMap"}, {"metadata", {{"name", "x"}}}};
  ASSERT_TRUE(ReadPatched(KindNamed("ConfigMap"), object).has_value());
  EXPECT_FALSE(object.contains("metadata"));
  Json ours = {{"kind", "Fleet"}};
  EXPECT_EQ(ReadPatched(KindNamed("Fleet"), ours).error().code, Code::kInternal);
  Json list = Json::array();
  EXPECT_EQ(ReadPatched(KindNamed("Fleet"), list).error().code, Code::kUnprocessable);
}

/// What is wrong with what a strategic patch made.
std::string MergedFault(const char* kind, Json object) {
  const auto read = ReadMerged(KindNamed(kind), object, Json{{"a", {{"b", Json()}, {"c", 4}}}});
  if (read.has_value()) {
    EXPECT_EQ(object["kind"], kind);
    return "";
  }
  const std::string before = "Invalid value: \"map[a:map[b:<nil> c:4]]\": ";
  EXPECT_TRUE(read.error().causes.at(0).message.starts_with(before)) << read.error().message;
  return read.error().causes[0].message.substr(before.size());
}

TEST(Merged, IsConverted) {
  const auto of = [](const char* yaml) { return MergedFault("ConfigMap", FromYaml(yaml)); };
  EXPECT_EQ(of("{kind: Nothing, apiVersion: v7, data: {a: x, b: null}}"), "");
  EXPECT_EQ(of("{kind: 4}"), "cannot convert int64 to string");
  EXPECT_EQ(of("{data: {a: 3}}"), "cannot convert int64 to string");
  EXPECT_EQ(of("{data: {a: true}}"), "unrecognized type: string");
  EXPECT_EQ(of("{data: {a: 1.5}}"), "unrecognized type: string");
  EXPECT_EQ(of("{data: [x]}"), "cannot restore map from slice");
  EXPECT_EQ(of("{data: none}"), "cannot restore map from string");
  EXPECT_EQ(of("{immutable: 4}"), "unrecognized type: bool");
  EXPECT_EQ(of("{metadata: x}"), "cannot restore struct from: string");
  EXPECT_EQ(of("{metadata: {generation: 1.5}}"), "cannot convert float64 to int64");
  EXPECT_EQ(of("{metadata: {generation: 2.0}}"), "");
  EXPECT_EQ(of("{metadata: {uid: 4}}"), "cannot convert int64 to types.UID");
  EXPECT_EQ(of("{metadata: {finalizers: x}}"), "cannot restore slice from string");
  EXPECT_EQ(of("{metadata: {creationTimestamp: 4}}"),
            "json: cannot unmarshal number into Go value of type string");
  EXPECT_EQ(of("{binaryData: {a: '='}}"),
            "error decoding from json: illegal base64 data at input byte 0");
  EXPECT_EQ(of("{binaryData: {a: [x]}}"), "unrecognized type: uint8");
  EXPECT_EQ(of("{binaryData: {a: 4}}"), "cannot restore slice from int64");
}

TEST(TypeMeta, IsJudged) {
  const Json object = {{"apiVersion", "apps/v1"}, {"kind", "Server"}};
  EXPECT_EQ(Lines(CheckTypeMeta(KindNamed("Fleet"), object)),
            "kind: Invalid value: \"Server\": must be Fleet\n"
            "apiVersion: Invalid value: \"apps/v1\": must be slipway.dev/v1alpha1\n");
  EXPECT_EQ(SaidKind(object), "Server.apps");
}

}  // namespace
}  // namespace slipway::objects
