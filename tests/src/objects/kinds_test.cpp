#include "src/objects/kinds.hpp"

#include <gtest/gtest.h>

#include "src/objects/json_path.hpp"
#include "tests/src/objects/examples.hpp"

namespace slipway::objects {
namespace {

TEST(Kinds, AreThoseOfTheFirstRelease) {
  std::vector<std::string> names;
  for (const KindInfo& kind : AllKinds()) {
    names.push_back(kind.QualifiedPlural());
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "configmaps", "events", "namespaces", "secrets",
                       "leases.coordination.k8s.io", "applications.slipway.dev",
                       "fleets.slipway.dev", "gitrepositories.slipway.dev", "rollouts.slipway.dev",
                       "serverclaims.slipway.dev", "servers.slipway.dev", "testruns.slipway.dev"}));
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
  for (const KindInfo& kind : AllKinds()) {
    const bool ours = kind.group == "slipway.dev";
    EXPECT_EQ(kind.has_generation, ours) << kind.kind;
    EXPECT_EQ(kind.has_status, ours || kind.kind == "Namespace") << kind.kind;
    EXPECT_EQ(kind.namespaced, kind.kind != "Namespace");
    EXPECT_EQ(kind.categories,
              ours ? std::vector<std::string>{"slipway"} : std::vector<std::string>());
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
