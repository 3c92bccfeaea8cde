#include "src/objects/metadata_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

constexpr const char* kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* kLabel =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kName =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr const char* kValue =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with the metadata of an object of the kind.
std::string Said(const char* kind, const std::string& metadata) {
  return Lines(CheckMetadata(KindNamed(kind), {{"metadata", FromYaml(metadata)}}));
}

std::string Invalid(const std::string& field, const std::string& value, const std::string& why) {
  return "metadata." + field + ": Invalid value: \"" + value + "\": " + why + "\n";
}

TEST(Names, AreThoseOfDns) {
  EXPECT_EQ(Said("ConfigMap", "{name: a.b-c.9}"), "");
  EXPECT_EQ(Said("Fleet", "{}"),
            "metadata.name: Required value: name or generateName is required\n");
  EXPECT_EQ(Said("Fleet", "{name: Not_A_Name}"), Invalid("name", "Not_A_Name", kSubdomain));
  EXPECT_EQ(Said("Namespace", "{name: Not_A_Name}"), Invalid("name", "Not_A_Name", kLabel));
  EXPECT_EQ(Said("Namespace", "{name: a.b}"), Invalid("name", "a.b", "must not contain dots"));
  EXPECT_EQ(Said("ConfigMap", "{name: a..b}"), Invalid("name", "a..b", kSubdomain));
  EXPECT_EQ(Said("Namespace", "{name: " + std::string(64, 'a') + "}"),
            Invalid("name", std::string(64, 'a'), "must be no more than 63 characters"));
}

TEST(Names, MayBeginWithADashWhereMoreComesBehind) {
  EXPECT_EQ(Said("ConfigMap", "{name: web-x, generateName: web-}"), "");
  EXPECT_EQ(Said("ConfigMap", "{name: A-x, generateName: A-}"), Invalid("name", "A-x", kSubdomain));
  EXPECT_EQ(Said("ConfigMap", "{name: A_-x, generateName: A_-}"),
            Invalid("generateName", "A_-", kSubdomain) + Invalid("name", "A_-x", kSubdomain));
}

TEST(Labels, AreJudgedByKeyAndValue) {
  EXPECT_EQ(Said("Fleet", "{name: web, labels: {example.com/role: 'a_b.C', empty: ''}}"), "");
  EXPECT_EQ(Said("Fleet", "{name: web, labels: {a b: c d}}"),
            Invalid("labels", "a b", kName) + Invalid("labels", "c d", kValue));
  EXPECT_EQ(Said("Fleet", "{name: web, labels: {A/b: c, /b: c, a/: c}}"),
            Invalid("labels", "/b", "prefix part must be non-empty") +
                Invalid("labels", "A/b", std::string("prefix part ") + kSubdomain) +
                Invalid("labels", "a/", "name part must be non-empty") +
                Invalid("labels", "a/", kName));
  EXPECT_EQ(Said("Fleet", "{name: web, labels: {a/b/c: " + std::string(64, 'x') + "}}"),
            Invalid("labels", "a/b/c",
                    "a qualified name " + std::string(kName).substr(10) +
                        " with an optional DNS subdomain prefix and '/' (e.g. "
                        "'example.com/MyName')") +
                Invalid("labels", std::string(64, 'x'), "must be no more than 63 characters"));
}

TEST(Annotations, MayHaveCapitalsInTheirPrefix) {
  EXPECT_EQ(Said("Fleet", "{name: web, annotations: {Example.com/x: a b}}"), "");
  EXPECT_EQ(Said("Fleet", "{name: web, annotations: {a b: c}}"),
            Invalid("annotations", "a b", kName));
}

TEST(Finalizers, AreQualifiedNamesAndAgree) {
  EXPECT_EQ(Said("Fleet", "{name: web, finalizers: [orphan, slipway.dev/servers]}"), "");
  EXPECT_EQ(Said("Fleet", "{name: web, finalizers: [a b]}"), Invalid("finalizers", "a b", kName));
  EXPECT_EQ(Said("Fleet", "{name: web, finalizers: [orphan, foregroundDeletion]}"),
            "metadata.finalizers: Invalid value: []string{\"orphan\", \"foregroundDeletion\"}: "
            "finalizer orphan and foregroundDeletion cannot be both set\n");
}

TEST(Metadata, OfAnotherTypeIsLeftToTheSchema) {
  EXPECT_EQ(Said("Fleet", "{name: web, labels: [a], annotations: 7, finalizers: x}"), "");
  EXPECT_EQ(Said("Fleet", "{name: web, labels: {a: 7}, finalizers: [7]}"), "");
}

TEST(Metadata, IsRefusedForAHundredCausesAndShowsSoMuch) {
  Json metadata = {{"name", "web"}};
  for (int index = 0; index < 200; ++index) {
    metadata["labels"][std::string(2'000, ' ') + std::to_string(index)] = "";
  }
  const auto causes = CheckMetadata(KindNamed("Fleet"), {{"metadata", metadata}});
  EXPECT_EQ(causes.size(), 100U);
  EXPECT_LT(causes[1].message.size(), 1'500U);
}

TEST(Owners, AreNamedInFull) {
  const std::string good = "{apiVersion: v1, kind: K, name: x, uid: '1'}";
  EXPECT_EQ(Said("ConfigMap", "{name: x, ownerReferences: [" + good + "]}"), "");
  EXPECT_EQ(Said("ConfigMap",
                 "{name: x, ownerReferences: [{}, {uid: '', apiVersion: a/b/c, kind: K, "
                 "name: b}]}"),
            Invalid("ownerReferences.apiVersion", "", "version must not be empty") +
                Invalid("ownerReferences.kind", "", "kind must not be empty") +
                Invalid("ownerReferences.name", "", "name must not be empty") +
                Invalid("ownerReferences.uid", "", "uid must not be empty") +
                Invalid("ownerReferences.apiVersion", "a/b/c", "version must not be empty") +
                Invalid("ownerReferences.uid", "", "uid must not be empty"));
  EXPECT_EQ(
      Said("Fleet", "{name: x, ownerReferences: [{apiVersion: g/, kind: K, name: x, uid: '1'}]}"),
      Invalid("ownerReferences.apiVersion", "g/", "version must not be empty"));
}

TEST(Owners, AreNoEventsAndOneControls) {
  const std::string event = "{apiVersion: v1, kind: Event, name: x, uid: '1'}";
  EXPECT_EQ(
      Said("ConfigMap", "{name: x, ownerReferences: [" + event + "]}"),
      "metadata.ownerReferences: Invalid value: v1.OwnerReference{APIVersion:\"v1\", "
      "Kind:\"Event\", Name:\"x\", UID:\"1\", Controller:(*bool)(nil), "
      "BlockOwnerDeletion:(*bool)(nil)}: /v1, Kind=Event is disallowed from being an owner\n");
  const std::string said =
      Said("Fleet",
           "{name: x, ownerReferences: [{apiVersion: v1, kind: K, name: x, uid: '1', controller: "
           "true}, {apiVersion: v1, kind: K, name: b, uid: '2', controller: true}]}");
  EXPECT_THAT(said,
              testing::StartsWith("metadata.ownerReferences: Invalid value: []v1.OwnerReference{"));
  EXPECT_THAT(said,
              testing::EndsWith("}: Only one reference can have Controller set to true. Found "
                                "\"true\" in references for K/x and K/b\n"));
}

TEST(Finalizers, OfKubernetesKindsHaveADomain) {
  const std::string why = "name is neither a standard finalizer name nor is it fully qualified";
  EXPECT_EQ(Said("ConfigMap", "{name: x, finalizers: [kubernetes, a.b/c, x]}"),
            Invalid("finalizers[2]", "x", why));
  EXPECT_EQ(Said("Fleet", "{name: x, finalizers: [x]}"), "");
}

TEST(Finalizers, OfOurKindsAreWarnedOf) {
  const auto warnings = [](const char* kind, const char* before, const char* after) {
    std::vector<std::string> all;
    const Json stored = {{"metadata", FromYaml(before)}};
    WarnOfFinalizers(KindNamed(kind), &stored, {{"metadata", FromYaml(after)}}, all);
    return all;
  };
  EXPECT_THAT(
      warnings("Fleet", "{finalizers: [old]}", "{finalizers: [orphan, old, x.y, a.b/c, x]}"),
      testing::ElementsAre("metadata.finalizers: \"x\": prefer a domain-qualified finalizer name "
                           "to avoid accidental "
                           "conflicts with other finalizer writers",
                           "metadata.finalizers: \"x.y\": prefer a domain-qualified finalizer name "
                           "including a path (/) "
                           "to avoid accidental conflicts with other finalizer writers"));
  EXPECT_TRUE(warnings("ConfigMap", "{}", "{finalizers: [x]}").empty());
}

}  // namespace
}  // namespace slipway::objects
