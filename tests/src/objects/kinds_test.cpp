#include "src/objects/kinds.hpp"

#include <gtest/gtest.h>

#include <set>

#include "src/objects/json_path.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

TEST(Kinds, AreThoseOfTheFirstRelease) {
  std::vector<std::string> names;
  for (const KindInfo& kind : AllKinds()) {
    names.push_back(kind.QualifiedPlural());
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "configmaps", "events", "namespaces", "secrets", "services",
                "accesstokens.access.slipway.dev", "customresourcedefinitions.apiextensions.k8s.io",
                "selfsubjectreviews.authentication.k8s.io",
                "selfsubjectaccessreviews.authorization.k8s.io",
                "selfsubjectrulesreviews.authorization.k8s.io", "leases.coordination.k8s.io",
                "applications.slipway.dev", "fleets.slipway.dev", "gitrepositories.slipway.dev",
                "rollouts.slipway.dev", "serverclaims.slipway.dev", "servers.slipway.dev",
                "testruns.slipway.dev"}));
}

TEST(Kinds, ThatAreHiddenAreFoundByNobody) {
  ASSERT_EQ(HiddenKinds().size(), 1U);
  EXPECT_EQ(HiddenKinds()[0].kind, "AccessTokenHash");
  EXPECT_EQ(FindByAnyName("accesstokenhashes"), nullptr);
  EXPECT_EQ(FindByKind("access.slipway.dev/v1alpha1", "AccessTokenHash"), nullptr);
  EXPECT_EQ(FindByPlural("access.slipway.dev", "v1alpha1", "accesstokenhashes"), nullptr);
}

TEST(Kinds, OfferWhatTheirFilesSay) {
  const KindInfo* secret = FindByKind("v1", "Secret");
  EXPECT_TRUE(secret->Offers("create") && secret->Offers("patch") && secret->Offers("watch"));
  const KindInfo* definition = FindByAnyName("crd");
  EXPECT_EQ(definition->verbs, (std::vector<std::string>{"get", "list", "watch"}));
  EXPECT_FALSE(definition->refusal.empty());
  EXPECT_EQ(FindByAnyName("selfsubjectreviews")->verbs, std::vector<std::string>{"create"});
}

TEST(Kinds, AreFoundByWhatPeopleType) {
  const KindInfo* application = FindByKind("slipway.dev/v1alpha1", "Application");
  ASSERT_NE(application, nullptr);
  for (const char* name :
       {"app", "apps", "application", "Applications", "applications.slipway.dev"}) {
    EXPECT_EQ(FindByAnyName(name), application) << name;
  }
  EXPECT_EQ(FindByAnyName("applications.example.com"), nullptr);
  EXPECT_EQ(FindByAnyName("pods"), nullptr);
  EXPECT_EQ(FindByPlural("slipway.dev", "v1alpha1", "applications"), application);
  EXPECT_EQ(FindByPlural("slipway.dev", "v1", "applications"), nullptr);
  EXPECT_EQ(FindByKind("v1", "Secret")->plural, "secrets");
}

TEST(Kinds, SayWhatDiscoveryNeeds) {
  const std::set<std::string> of_the_cluster = {"Namespace",
                                                "AccessToken",
                                                "CustomResourceDefinition",
                                                "SelfSubjectReview",
                                                "SelfSubjectAccessReview",
                                                "SelfSubjectRulesReview"};
  for (const KindInfo& kind : AllKinds()) {
    const bool ours = kind.group == "slipway.dev";
    EXPECT_EQ(kind.has_generation, ours || kind.kind == "CustomResourceDefinition") << kind.kind;
    EXPECT_EQ(kind.has_status, ours || kind.kind == "Namespace") << kind.kind;
    EXPECT_EQ(kind.namespaced, !of_the_cluster.contains(kind.kind)) << kind.kind;
    if (ours) {
      EXPECT_EQ(kind.categories, (std::vector<std::string>{"all", "slipway"}));
      EXPECT_FALSE(kind.columns.empty()) << "Kubernetes would add an age where there are none";
    }
    EXPECT_EQ(kind.list_kind, kind.kind + "List");
  }
}

TEST(Kinds, HaveColumnsWhosePathsAreUnderstood) {
  for (const KindInfo& kind : AllKinds()) {
    for (const PrinterColumn& column : kind.columns) {
      const bool text = column.json_path.find('{') != std::string::npos;
      EXPECT_TRUE(text || IsPath(column.json_path)) << kind.kind << " " << column.json_path;
    }
  }
}

TEST(Kinds, ShortNamesAreUnique) {
  std::map<std::string, std::string> owners;
  for (const KindInfo& kind : AllKinds()) {
    std::vector<std::string> names = kind.short_names;
    names.push_back(kind.singular);
    names.push_back(kind.plural);
    for (const std::string& name : names) {
      EXPECT_TRUE(owners.emplace(name, kind.kind).second)
          << name << " of " << kind.kind << " and " << owners[name];
    }
  }
}

}  // namespace
}  // namespace slipway::objects
