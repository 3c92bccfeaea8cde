#include "src/objects/decode_rules.hpp"

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

TEST(Decoding, OurOwnKindsMustBeSaid) {
  const auto said = [](const char* kind, const std::string& text) {
    const auto checked = CheckSaysKind(KindNamed(kind), ReadJson(text), text);
    return checked.has_value() ? std::string() : checked.error().message;
  };
  EXPECT_EQ(said("Fleet", R"({"kind":"Other"})"), "");
  EXPECT_EQ(said("ConfigMap", "{}"), "");
  EXPECT_EQ(said("Fleet", "[]"), "");  // is refused for another reason
  EXPECT_EQ(said("Fleet", "{}"),
            "the object provided is unrecognized (must be of type Fleet): Object 'Kind' is missing "
            "in '{}' ({})");
  for (const char* nothing : {"null", "\"\""}) {
    const std::string text = std::string(R"({"apiVersion":"slipway.dev/v1alpha1","kind":)") + nothing + "}";
    EXPECT_EQ(said("Fleet", text),
              "the object provided is unrecognized (must be of type Fleet): Object 'Kind' is "
              "missing in '" + text + "' ({\"apiVersion\":\"slipway.dev/v1a ...)");
  }
}

}  // namespace
}  // namespace slipway::objects
