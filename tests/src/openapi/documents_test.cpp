#include "src/openapi/documents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/base/json.hpp"
#include "src/objects/kinds.hpp"
#include "src/openapi/names.hpp"

namespace slipway::openapi {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::IsSubsetOf;
using testing::IsSupersetOf;
using testing::Not;

constexpr const char* kOne =
    "/apis/slipway.dev/v1alpha1/namespaces/{namespace}/applications/{name}";

/// Every `$ref` below.
void Collect(const json& tree, std::set<std::string>& references) {
  if (tree.is_object() && tree.contains("$ref")) {
    references.insert(tree["$ref"].get<std::string>());
  }
  for (const auto& [key, below] : tree.items()) {
    if (below.is_structured()) {
      Collect(below, references);
    }
  }
}

std::set<std::string> Keys(const json& tree, const std::string& prefix) {
  std::set<std::string> keys;
  for (const auto& [key, below] : tree.items()) {
    keys.insert(prefix + key);
  }
  return keys;
}

std::vector<std::string> ParameterNames(const json& operation) {
  std::vector<std::string> names;
  for (const json& parameter : operation["parameters"]) {
    names.push_back(parameter["name"]);
  }
  return names;
}

TEST(Documents, EveryReferenceOfV2Leads) {
  const json document = DocumentV2("v1");
  std::set<std::string> references;
  Collect(document, references);
  EXPECT_THAT(references, IsSubsetOf(Keys(document["definitions"], "#/definitions/")));
}

TEST(Documents, EveryReferenceOfV3Leads) {
  for (const GroupVersion& served : GroupVersions()) {
    const json document = DocumentV3(served, "v1");
    std::set<std::string> references;
    Collect(document, references);
    EXPECT_THAT(references,
                IsSubsetOf(Keys(document["components"]["schemas"], "#/components/schemas/")))
        << served.Path();
  }
}

TEST(Documents, EveryKindIsInBothWithItsList) {
  const json v2 = DocumentV2("v1");
  std::set<std::string> kinds;
  for (const auto& [name, schema] : v2["definitions"].items()) {
    for (const json& kind : schema.value("x-kubernetes-group-version-kind", json::array())) {
      kinds.insert(kind["group"].get<std::string>() + "/" + kind["version"].get<std::string>() +
                   "/" + kind["kind"].get<std::string>());
    }
  }
  for (const objects::KindInfo& info : objects::AllKinds()) {
    const std::string prefix = info.group + "/" + info.version + "/";
    EXPECT_THAT(kinds, Contains(prefix + info.kind));
    const auto verbs = OfferedVerbs(info);
    const bool lists = std::find(verbs.begin(), verbs.end(), "list") != verbs.end();
    EXPECT_EQ(kinds.count(prefix + info.list_kind), lists ? 1U : 0U) << info.kind;
  }
  EXPECT_THAT(kinds, AllOf(Contains("/v1/Status"), Contains("/v1/DeleteOptions")));
}

TEST(Documents, DefinitionsHaveTheNamesThatClientsExpect) {
  const json definitions = DocumentV2("v1")["definitions"];
  for (const char* name :
       {"dev.slipway.v1alpha1.Application", "dev.slipway.v1alpha1.ApplicationList",
        "io.k8s.api.core.v1.Secret", "io.k8s.api.core.v1.NamespaceSpec",
        "io.k8s.api.core.v1.ObjectReference", "io.k8s.api.coordination.v1.LeaseSpec",
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
        "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
        "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry"}) {
    EXPECT_TRUE(definitions.contains(name)) << name;
  }
}

// kubectl 1.20 looks for the first in v2 before it asks for a dry run, newer ones look for both in v3.
TEST(Documents, APatchSaysItsKindAndWhatItTakes) {
  for (const json& document : {DocumentV2("v1"), DocumentV3({"slipway.dev", "v1alpha1"}, "v1")}) {
    const json patch = document["paths"][kOne]["patch"];
    EXPECT_EQ(patch["x-kubernetes-group-version-kind"],
              (json{{"group", "slipway.dev"}, {"version", "v1alpha1"}, {"kind", "Application"}}));
    EXPECT_THAT(ParameterNames(patch), AllOf(Contains("dryRun"), Contains("fieldValidation"),
                                             Contains("fieldManager"), Contains("force")));
    EXPECT_EQ(patch["operationId"], "patchSlipwayDevV1alpha1NamespacedApplication");
    EXPECT_EQ(patch["tags"], json({"slipwayDev_v1alpha1"}));
  }
}

TEST(Documents, PathsAreThoseThatAreServed) {
  const json paths = DocumentV2("v1")["paths"];
  const auto methods = [&](const std::string& path) { return Keys(paths.at(path), ""); };
  using Methods = std::set<std::string>;
  EXPECT_EQ(methods("/apis/slipway.dev/v1alpha1/applications"), (Methods{"get", "parameters"}));
  EXPECT_THAT(methods("/apis/slipway.dev/v1alpha1/namespaces/{namespace}/applications"),
              IsSupersetOf({"get", "parameters", "post"}));
  EXPECT_EQ(methods(kOne), (Methods{"delete", "get", "parameters", "patch", "put"}));
  EXPECT_EQ(methods(std::string(kOne) + "/status"), (Methods{"get", "parameters", "patch", "put"}));
  EXPECT_EQ(methods("/api/v1/namespaces"), (Methods{"get", "parameters", "post"}));
  EXPECT_EQ(methods("/api/v1/namespaces/{name}"),
            (Methods{"delete", "get", "parameters", "patch", "put"}));
  EXPECT_FALSE(paths.contains("/api/v1/namespaces/{namespace}/secrets/{name}/status"));
}

TEST(Documents, OnlyKindsOfKubernetesTakeStrategicPatchesAndProtobuf) {
  const json paths = DocumentV2("v1")["paths"];
  const std::string secret = "/api/v1/namespaces/{namespace}/secrets/{name}";
  EXPECT_THAT(paths[secret]["patch"]["consumes"],
              Contains("application/strategic-merge-patch+json"));
  EXPECT_THAT(paths[secret]["put"]["consumes"], Contains("application/vnd.kubernetes.protobuf"));
  EXPECT_THAT(paths[kOne]["patch"]["consumes"],
              Not(Contains("application/strategic-merge-patch+json")));
  EXPECT_THAT(paths[kOne]["put"]["consumes"], Not(Contains("application/vnd.kubernetes.protobuf")));
}

TEST(Documents, OperationsHaveIdsOfTheirOwn) {
  std::set<std::string> ids;
  std::size_t operations = 0;
  for (const auto& [path, methods] : DocumentV2("v1")["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      if (method != "parameters") {
        ids.insert(operation["operationId"].get<std::string>());
        ++operations;
      }
    }
  }
  EXPECT_EQ(ids.size(), operations);
}

TEST(Documents, V3HasTheDefaultsAndLimitsOfOurKinds) {
  const json schemas = DocumentV3({"slipway.dev", "v1alpha1"}, "v1")["components"]["schemas"];
  const json& strategy = schemas["dev.slipway.v1alpha1.Application"]["properties"]["spec"]
                                ["properties"]["strategy"]["properties"];
  EXPECT_EQ(strategy["maxUnavailable"]["default"], "25%");
  EXPECT_EQ(strategy["maxUnavailable"]["anyOf"].size(), 2U);
  EXPECT_EQ(strategy["rollback"]["enum"], json({"Automatic", "Never"}));
}

}  // namespace
}  // namespace slipway::openapi
