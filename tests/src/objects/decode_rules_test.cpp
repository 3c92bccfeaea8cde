#include "src/objects/decode_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/base/json.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

/// What Go says of a value that does not fit a field.
std::string Misfit(const std::string& value, const std::string& field, const std::string& type) {
  return "json: cannot unmarshal " + value + " into Go struct field " + field + " of type " + type;
}

/// What Kubernetes says before it says why a body does not become an object.
std::string NotHandled(const std::string& kind, const std::string& version, const std::string& as) {
  return kind + " in version \"" + version + "\" cannot be handled as a " + as + ": ";
}

std::string NotHandled(const char* kind) { return NotHandled(kind, KindNamed(kind).version, kind); }

/// What is said behind NotHandled; empty where nothing is.
std::string Refusal(const char* kind, const std::string& object) {
  const auto checked = CheckDecodes(KindNamed(kind), FromYaml(object));
  if (checked.has_value()) {
    return "";
  }
  const std::string before = NotHandled(kind);
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
  EXPECT_EQ(Refusal("ConfigMap", "{data: {a: 3}}"), Misfit("number", "ConfigMap.data", "string"));
  EXPECT_EQ(Refusal("ConfigMap", "{data: [1]}"),
            Misfit("array", "ConfigMap.data", "map[string]string"));
  EXPECT_EQ(Refusal("ConfigMap", "{binaryData: {a: true}}"),
            Misfit("bool", "ConfigMap.binaryData", "[]uint8"));
  EXPECT_EQ(Refusal("ConfigMap", "{immutable: {}}"),
            Misfit("object", "ConfigMap.immutable", "bool"));
  EXPECT_EQ(Refusal("Secret", "{type: 3}"), Misfit("number", "Secret.type", "v1.SecretType"));
  EXPECT_EQ(Refusal("Secret", "{stringData: {a: 3}}"),
            Misfit("number", "Secret.stringData", "string"));
}

TEST(Decoding, OfMetadataIsThatOfAnyKind) {
  EXPECT_EQ(Refusal("ConfigMap", "{metadata: {labels: {a: 3}}}"),
            Misfit("number", "ObjectMeta.metadata.labels", "string"));
  EXPECT_EQ(Refusal("Fleet", "{metadata: {labels: []}}"),
            Misfit("array", "ObjectMeta.labels", "map[string]string"));
  EXPECT_EQ(Refusal("Fleet", "{metadata: {finalizers: x}}"),
            Misfit("string", "ObjectMeta.finalizers", "[]string"));
  EXPECT_EQ(Refusal("Fleet", "{metadata: {generation: x}}"),
            Misfit("string", "ObjectMeta.generation", "int64"));
  EXPECT_EQ(Refusal("Fleet", "{metadata: {ownerReferences: [{uid: 3}]}}"),
            Misfit("number", "OwnerReference.ownerReferences.uid", "types.UID"));
  EXPECT_EQ(Refusal("ConfigMap", "{metadata: []}"),
            Misfit("array", "ConfigMap.metadata", "v1.ObjectMeta"));
  EXPECT_EQ(Refusal("Fleet", "{metadata: []}"),
            "json: cannot unmarshal array into Go value of type v1.ObjectMeta");
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
  const std::string words = NotHandled("Secret") + "illegal base64 data at input byte ";
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
    EXPECT_EQ(Undecodable(bad), words + at) << bad;
  }
}

TEST(Decoding, OfWholeNumbersAndTimes) {
  EXPECT_EQ(Refusal("Lease", "{spec: none}"), Misfit("string", "Lease.spec", "v1.LeaseSpec"));
  EXPECT_EQ(Refusal("Lease", "{spec: {leaseDurationSeconds: '4'}}"),
            Misfit("string", "LeaseSpec.spec.leaseDurationSeconds", "int32"));
  EXPECT_EQ(Refusal("Lease", "{spec: {leaseDurationSeconds: 1.5}}"),
            Misfit("number 1.5", "LeaseSpec.spec.leaseDurationSeconds", "int32"));
  EXPECT_EQ(Refusal("Lease", "{spec: {leaseDurationSeconds: 3000000000}}"),
            Misfit("number 3000000000", "LeaseSpec.spec.leaseDurationSeconds", "int32"));
  EXPECT_EQ(Refusal("Lease", "{spec: {renewTime: 4}}"),
            Misfit("number", "LeaseSpec.spec.renewTime", "string"));
  EXPECT_EQ(Refusal("Event", "{involvedObject: {name: 4}}"),
            Misfit("number", "ObjectReference.involvedObject.name", "string"));
  EXPECT_EQ(Refusal("Namespace", "{spec: {finalizers: [4]}}"),
            Misfit("number", "NamespaceSpec.spec.finalizers", "v1.FinalizerName"));
  EXPECT_EQ(Refusal("Secret", "{data: {a: [1, 300]}}"),
            Misfit("number 300", "Secret.data", "uint8"));
}

TEST(Decoding, ATimeStopsIt) {
  EXPECT_EQ(Refusal("Lease", "{metadata: {name: 3}, spec: {renewTime: 4, holderIdentity: 4}}"),
            Misfit("number", "LeaseSpec.spec.renewTime", "string"));
}

Result<Json> Read(const KindInfo& kind, const std::string& text,
                  FieldValidation validation = FieldValidation::kWarn) {
  WriteRequest request{.field_validation = validation};
  return ReadBody(kind, text, request);
}

/// What is said of a body; empty where it is taken.
std::string BodyFault(const char* kind, const std::string& text,
                      FieldValidation validation = FieldValidation::kWarn) {
  const auto read = Read(KindNamed(kind), text, validation);
  return read.has_value() ? "" : read.error().message;
}

/// What Kubernetes says before it says why it cannot even tell what a body is.
std::string Unrecognized(const std::string& kind) {
  return "the object provided is unrecognized (must be of type " + kind + "): ";
}

TEST(Bodies, TheFirstFaultIsTheFirstOfTheText) {
  EXPECT_EQ(BodyFault("ConfigMap", R"({"immutable": "x", "data": {"b": [], "a": 4}})"),
            NotHandled("ConfigMap") + Misfit("string", "ConfigMap.immutable", "bool"));
  EXPECT_EQ(BodyFault("ConfigMap", R"({"data": {"b": [], "a": 4}, "immutable": "x"})"),
            NotHandled("ConfigMap") + Misfit("array", "ConfigMap.data", "string"));
}

TEST(Bodies, ThatAreNoObject) {
  const std::string before = Unrecognized("Fleet");
  const std::string unread = before + "couldn't get version/kind; json parse error: ";
  const std::string type = R"(struct { APIVersion string "json:\"apiVersion,omitempty\""; )"
                           R"(Kind string "json:\"kind,omitempty\"" })";
  EXPECT_EQ(BodyFault("Fleet", "[]"),
            unread + "json: cannot unmarshal array into Go value of type " + type + " (5b5d)");
  EXPECT_EQ(BodyFault("Fleet", "{"), unread + "unexpected end of JSON input ({)");
  EXPECT_EQ(BodyFault("Fleet", ""), unread + "unexpected end of JSON input (<empty>)");
  EXPECT_EQ(BodyFault("Fleet", R"({"kind":4})"),
            unread + Misfit("number", ".kind", "string") + R"( ({"kind":4}))");
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
            NotHandled("Secret", "v1", "ConfigMap") +
                "converting (v1.Secret) to (core.ConfigMap): unknown conversion");
  EXPECT_EQ(BodyFault("Lease", R"({"apiVersion": "v1", "kind": "ConfigMap", )" + apart),
            NotHandled("ConfigMap", "v1", "Lease") +
                "converting (v1.ConfigMap) to (coordination.Lease): unknown conversion");
  EXPECT_EQ(BodyFault("ConfigMap", R"({"apiVersion": "v2", )" + apart),
            NotHandled("ConfigMap", "v2", "ConfigMap") +
                "no kind \"ConfigMap\" is registered for version \"v2\" in scheme "
                "\"pkg/runtime/scheme.go:100\"");
  EXPECT_EQ(BodyFault("ConfigMap", R"({"apiVersion": "a/b/c", "kind": "X"})"),
            Unrecognized("ConfigMap") +
                R"(unexpected GroupVersion string: a/b/c ({"apiVersion": "a/b/c", "kind" ...))");
}

TEST(Bodies, WhoIgnoresUnknownFieldsIsToldOtherwiseThatAKindIsMissing) {
  const std::string missing = "Object 'Kind' is missing in '{}'";
  EXPECT_EQ(BodyFault("Fleet", "{}"), Unrecognized("Fleet") + missing + " ({})");
  EXPECT_EQ(BodyFault("Fleet", "{}", FieldValidation::kIgnore), NotHandled("Fleet") + missing);
}

TEST(Bodies, AKindOfKubernetesNeedNotSayWhatItIs) {
  for (const char* text :
       {"null", "{}", R"({"kind": ""})", R"({"kind": "Lease", "apiVersion": null})"}) {
    const auto read = Read(KindNamed("Lease"), text);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read.value(), (Json{{"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}}));
  }
}

TEST(Bodies, BytesMayBeNumbers) {
  const auto read = Read(KindNamed("Secret"), R"({"data": {"a": [104, 105, null], "b": []}})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read.value()["data"], (Json{{"a", "aGkA"}, {"b", ""}}));
}

TEST(Bodies, OfKindsThatNobodyElseSees) {
  EXPECT_TRUE(Read(HiddenKinds().front(), "{}").has_value());
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
            Misfit("number", "ConfigMap.data", "map[string]string"));
  EXPECT_EQ(PatchedFault("Fleet", {{"apiVersion", "slipway.dev/v1alpha1"},
                                   {"kind", "Fleet"},
                                   {"metadata", {{"labels", {{"a", Json::array()}}}}}}),
            Misfit("array", "ObjectMeta.labels", "string"));
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
