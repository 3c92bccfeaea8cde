#include "src/objects/core_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/objects/owner_tracking.hpp"
#include "src/objects/write_rules.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

std::string Faulty(const char* kind, Json object) {
  object["metadata"].emplace("namespace", "default");
  return Lines(CheckCoreRules(KindNamed(kind), object));
}

std::string Faulty(const char* kind, const char* yaml) { return Faulty(kind, FromYaml(yaml)); }

TEST(CoreRules, KeysOfValuesAreThoseOfKubernetes) {
  constexpr const char* kWords =
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
      "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
      "'[-._a-zA-Z0-9]+')\n";
  EXPECT_EQ(Faulty("ConfigMap", "{data: {app.conf: x, A_b-1: x}, binaryData: {z: eA==}}"), "");
  EXPECT_EQ(Faulty("ConfigMap", "{data: {'a b': x}}"),
            std::string("data[a b]: Invalid value: \"a b\": ") + kWords);
  EXPECT_EQ(Faulty("Secret", "{data: {'a/b': eA==}}"),
            std::string("data[a/b]: Invalid value: \"a/b\": ") + kWords);
  EXPECT_EQ(Faulty("ConfigMap", "{data: {'.': x, '..': x, '..a': x}}"),
            "data[.]: Invalid value: \".\": must not be '.'\n"
            "data[..]: Invalid value: \"..\": must not be '..'\n"
            "data[..a]: Invalid value: \"..a\": must not start with '..'\n");
  EXPECT_EQ(Faulty("ConfigMap", Json{{"data", {{std::string(254, 'a'), "x"}}}}),
            "data[" + std::string(254, 'a') + "]: Invalid value: \"" + std::string(254, 'a') +
                "\": must be no more than 253 characters\n");
}

TEST(CoreRules, OneKeyIsInOnePart) {
  EXPECT_EQ(Faulty("ConfigMap", "{data: {a: x}, binaryData: {a: eA==}}"),
            "data[a]: Invalid value: \"a\": duplicate of key present in binaryData\n");
}

TEST(CoreRules, ValuesTogetherHaveAtMostOneMebibyte) {
  const std::string half(512 << 10, 'x');
  EXPECT_EQ(Faulty("ConfigMap", Json{{"data", {{"a", half}, {"b", half}}}}), "");
  EXPECT_EQ(Faulty("ConfigMap", Json{{"data", {{"a", half + "y"}, {"b", half}}}}),
            "[]: Too long: may not be more than 1048576 bytes\n");
  const std::string encoded(1'398'104, 'A');
  EXPECT_EQ(Faulty("Secret", Json{{"data", {{"a", encoded}}}}),
            "data: Too long: may not be more than 1048576 bytes\n");
  EXPECT_EQ(Faulty("ConfigMap", Json{{"metadata", {{"annotations", {{"a", half}}}}}}),
            "metadata.annotations: Too long: may not be more than 262144 bytes\n");
}

TEST(CoreRules, TypesOfSecretsDemandTheirKeys) {
  EXPECT_EQ(Faulty("Secret", "{type: kubernetes.io/tls, data: {tls.crt: ''}}"),
            "data[tls.key]: Required value\n");
  EXPECT_EQ(Faulty("Secret", "{type: kubernetes.io/basic-auth}"),
            "data[username]: Required value\ndata[password]: Required value\n");
  EXPECT_EQ(Faulty("Secret", "{type: kubernetes.io/basic-auth, data: {password: eA==}}"), "");
  EXPECT_EQ(Faulty("Secret", "{type: kubernetes.io/ssh-auth, data: {ssh-privatekey: ''}}"),
            "data[ssh-privatekey]: Required value\n");
  EXPECT_EQ(Faulty("Secret", "{type: kubernetes.io/dockerconfigjson}"),
            "data[.dockerconfigjson]: Required value\n");
  EXPECT_EQ(
      Faulty("Secret", "{type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: e30=}}"),
      "");
  EXPECT_EQ(Faulty("Secret", "{type: slipway.dev/agent-token}"), "");
}

TEST(CoreRules, ImmutableOnesStay) {
  const KindInfo& secret = KindNamed("Secret");
  const Json before = FromYaml("{type: Opaque, immutable: true, data: {a: bWU=}}");
  EXPECT_EQ(Lines(CheckCoreChange(secret, before, before)), "");
  EXPECT_EQ(Lines(CheckCoreChange(secret, before, FromYaml("{type: other, data: {a: eA==}}"))),
            "type: Invalid value: \"other\": field is immutable\n"
            "immutable: Forbidden: field is immutable when `immutable` is set\n"
            "data: Forbidden: field is immutable when `immutable` is set\n");
}

TEST(CoreRules, EventsAreInTheNamespaceOfTheirObject) {
  EXPECT_EQ(Faulty("Event", "{involvedObject: {namespace: default}}"), "");
  EXPECT_EQ(Faulty("Event", "{involvedObject: {namespace: other}}"),
            "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace\n");
  EXPECT_EQ(Faulty("Event", "{involvedObject: {}}"), "");
  EXPECT_EQ(Faulty("Event", "{metadata: {namespace: shop}, involvedObject: {}}"),
            "involvedObject.namespace: Invalid value: \"\": does not match event.namespace\n");
  EXPECT_EQ(Faulty("Event", "{involvedObject: {}, eventTime: '2026-01-01T00:00:00Z', action: a}"),
            "reportingComponent: Required value\nreportingInstance: Required value\n"
            "reason: Required value\n");
}

TEST(CoreRules, LeasesLastLongerThanNothing) {
  EXPECT_EQ(Faulty("Lease", "{spec: {leaseDurationSeconds: 15, leaseTransitions: 0}}"), "");
  EXPECT_EQ(Faulty("Lease", "{spec: {leaseDurationSeconds: 0, leaseTransitions: -1}}"),
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0\n"
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0\n");
}

TEST(CoreRules, WhoEmptiesANamespaceBelongsToWhoSaysIt) {
  const auto owned = [](Json space) {
    space["metadata"]["name"] = "x";
    EXPECT_TRUE(PrepareCreate(KindNamed("Namespace"), space, WriteRequest{}, Birth{.uid = "1"})
                    .has_value());
    EXPECT_EQ(space["spec"], (Json{{"finalizers", {"kubernetes"}}}));
    return space["metadata"]["managedFields"][0]["fieldsV1"].value("f:spec", Json());
  };
  EXPECT_EQ(owned(Json::object()), Json());
  EXPECT_EQ(owned({{"spec", Json::object()}}), Json());
  EXPECT_EQ(owned({{"spec", {{"finalizers", {"kubernetes"}}}}}),
            (Json{{"f:finalizers", Json::object()}}));
}

TEST(CoreRules, WhatAnOwnerLacksIsSaidOnce) {
  Json map = {{"metadata",
               {{"name", "x"},
                {"ownerReferences", {{{"apiVersion", "v1"}, {"kind", "K"}, {"name", "b"}}}}}}};
  const Error error =
      PrepareCreate(KindNamed("ConfigMap"), map, WriteRequest{}, Birth{.uid = "1"}).error();
  EXPECT_EQ(Lines(error.causes),
            "metadata.ownerReferences.uid: Invalid value: \"\": uid must not be empty\n");
}

TEST(CoreRules, WhatIsImmutableMayNotGetAnEmptyPart) {
  const KindInfo& kind = KindNamed("ConfigMap");
  Json stored = {{"metadata", {{"name", "x"}}}, {"data", {{"a", "1"}}}, {"immutable", true}};
  ASSERT_TRUE(PrepareCreate(kind, stored, WriteRequest{}, Birth{.uid = "1"}).has_value());
  Json object = stored;
  object["binaryData"] = Json::object();
  EXPECT_EQ(Lines(PrepareUpdate(kind, stored, object, WriteRequest{}).error().causes),
            "binaryData: Forbidden: field is immutable when `immutable` is set\n");
  object.erase("binaryData");
  EXPECT_FALSE(PrepareUpdate(kind, stored, object, WriteRequest{}).value().changed);
  stored.erase("data");
  object["data"] = Json::object();
  EXPECT_TRUE(PrepareUpdate(kind, stored, object, WriteRequest{}).has_value());
}

TEST(CoreRules, NullBytesAreUnsettled) {
  const auto unsettled = [](const char* kind, const char* field) {
    Json object = {{"metadata", {{"name", "x"}}}, {field, {{"a", nullptr}}}};
    return PrepareCreate(KindNamed(kind), object, WriteRequest{}, Birth{.uid = "1"})
        .value()
        .unsettled;
  };
  EXPECT_TRUE(unsettled("Secret", "data"));
  EXPECT_TRUE(unsettled("ConfigMap", "binaryData"));
  EXPECT_FALSE(unsettled("ConfigMap", "data"));
}

TEST(CoreRules, WhoSendsNullBytesOwnsThem) {
  const auto manager = [](const char* kind, const char* field, const Json& value) {
    Json stored = {{"metadata", {{"name", "x"}}}, {field, {{"a", ""}}}};
    WriteRequest request{.field_manager = "ann"};
    EXPECT_TRUE(PrepareCreate(KindNamed(kind), stored, request, Birth{.uid = "1"}).has_value());
    Json object = stored;
    object[field]["a"] = value;
    request.field_manager = "ben";
    EXPECT_TRUE(PrepareUpdate(KindNamed(kind), stored, object, request).has_value());
    EXPECT_EQ(object[field]["a"], "");
    for (const Json& entry : object["metadata"]["managedFields"]) {
      if (entry["fieldsV1"].contains(Json::json_pointer("/f:" + std::string(field) + "/f:a"))) {
        return entry["manager"].get<std::string>();
      }
    }
    return std::string();
  };
  EXPECT_EQ(manager("Secret", "data", nullptr), "ben");
  EXPECT_EQ(manager("ConfigMap", "binaryData", nullptr), "ben");
  EXPECT_EQ(manager("ConfigMap", "data", nullptr), "ann");
  EXPECT_EQ(manager("Secret", "data", ""), "ann");
}

TEST(CoreRules, NullBytesDoNotEmptyWhatComesAsText) {
  Json stored = {{"metadata", {{"name", "x"}}}, {"data", {{"a", "b2xk"}}}};
  ASSERT_TRUE(
      PrepareCreate(KindNamed("Secret"), stored, WriteRequest{}, Birth{.uid = "1"}).has_value());
  Json object = stored;
  object["data"] = {{"a", nullptr}, {"b", nullptr}};
  object["stringData"] = {{"a", "new"}};
  ASSERT_TRUE(PrepareUpdate(KindNamed("Secret"), stored, object, WriteRequest{}).has_value());
  EXPECT_EQ(object["data"], (Json{{"a", "bmV3"}, {"b", ""}}));
}

TEST(CoreRules, NullsWithoutANameAreNoBytes) {
  for (const char* kind : {"Lease", "Event", "Application"}) {
    Json object = {{"metadata", {{"name", "x"}, {"namespace", "default"}}}, {"", {{"y", nullptr}}}};
    EXPECT_THAT(NullBytes(KindNamed(kind), object), testing::IsEmpty()) << kind;
  }
}

TEST(CoreRules, NullBytesThatOnesOwnAreNoChange) {
  Json stored = {{"metadata", {{"name", "x"}}}, {"data", {{"a", ""}}}};
  WriteRequest request{.field_manager = "ann"};
  ASSERT_TRUE(PrepareCreate(KindNamed("Secret"), stored, request, Birth{.uid = "1"}).has_value());
  Json object = stored;
  object["data"]["a"] = nullptr;
  request.now = Time{std::chrono::hours(1)};
  EXPECT_FALSE(PrepareUpdate(KindNamed("Secret"), stored, object, request).value().changed);
}

}  // namespace
}  // namespace slipway::objects
