#include "src/apiserver/access/authorizer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "src/objects/kinds.hpp"

namespace slipway::apiserver {
namespace {

struct Question {
  Role role;
  const char* ns;  ///< of the role
  const char* verb;
  const char* group;
  const char* resource;  ///< with the subresource
  const char* in;        ///< namespace of the request
  bool allowed;
};

Attributes About(const Question& question) {
  const std::string resource = question.resource;
  const std::size_t slash = resource.find('/');
  return {.verb = question.verb,
          .group = question.group,
          .resource = resource.substr(0, slash),
          .subresource = slash == std::string::npos ? "" : resource.substr(slash + 1),
          .ns = question.in};
}

// An apply, and a PUT of a Lease, make what is not there yet, and only their own verbs are asked for.
TEST(Authorizer, WhoMayChangeMayCreate) {
  for (const Role role : {Role::kNone, Role::kViewer, Role::kDeployer, Role::kAdmin}) {
    for (const std::string ns : {"", "shop"}) {
      for (const objects::KindInfo& kind : objects::AllKinds()) {
        const auto may = [&](const char* verb) {
          const Attributes wanted{.verb = verb,
                                  .group = kind.group,
                                  .resource = kind.plural,
                                  .ns = kind.namespaced ? "shop" : "",
                                  .name = "x"};
          return Authorize({.name = "ada", .role = role, .ns = ns}, wanted).allowed;
        };
        EXPECT_TRUE((!may("patch") && !may("update")) || may("create"))
            << NameOf(role) << " in '" << ns << "', " << kind.kind;
      }
    }
  }
}

TEST(Authorizer, RolesAllowWhatTheyAreFor) {
  constexpr auto kOurs = "slipway.dev";
  const std::vector<Question> questions = {
      {Role::kNone, "", "get", kOurs, "servers", "default", false},
      {Role::kViewer, "", "list", kOurs, "applications", "", true},
      {Role::kViewer, "", "get", kOurs, "servers/log", "default", true},
      {Role::kViewer, "", "watch", "", "events", "default", true},
      {Role::kViewer, "", "list", "", "namespaces", "", true},
      {Role::kViewer, "", "get", "", "secrets", "default", false},
      {Role::kViewer, "", "list", "", "secrets", "", false},
      {Role::kViewer, "", "watch", "", "secrets", "default", false},
      {Role::kViewer, "", "list", "access.slipway.dev", "accesstokens", "", false},
      {Role::kViewer, "", "create", kOurs, "applications", "default", false},
      {Role::kViewer, "", "patch", "", "configmaps", "default", false},
      {Role::kViewer, "", "get", "apiextensions.k8s.io", "customresourcedefinitions", "", true},
      {Role::kViewer, "shop", "list", kOurs, "applications", "shop", true},
      {Role::kViewer, "shop", "list", kOurs, "applications", "other", false},
      {Role::kViewer, "shop", "list", kOurs, "applications", "", false},
      {Role::kViewer, "shop", "get", "", "namespaces", "shop", true},
      {Role::kViewer, "shop", "get", "", "namespaces", "other", false},
      {Role::kViewer, "shop", "list", "", "namespaces", "", false},
      {Role::kDeployer, "", "create", kOurs, "applications", "default", true},
      {Role::kDeployer, "", "delete", kOurs, "applications", "default", true},
      {Role::kDeployer, "", "patch", kOurs, "rollouts", "default", true},
      {Role::kDeployer, "", "delete", kOurs, "rollouts", "default", false},
      {Role::kDeployer, "", "update", kOurs, "gitrepositories", "default", true},
      {Role::kDeployer, "", "create", kOurs, "testruns", "default", true},
      {Role::kDeployer, "", "update", "", "configmaps", "default", true},
      {Role::kDeployer, "", "update", kOurs, "applications/status", "default", false},
      {Role::kDeployer, "", "create", kOurs, "fleets", "default", false},
      {Role::kDeployer, "", "update", kOurs, "servers", "default", false},
      {Role::kDeployer, "", "update", kOurs, "serverclaims", "default", false},
      {Role::kDeployer, "", "get", "", "secrets", "default", false},
      {Role::kDeployer, "", "create", "", "secrets", "default", false},
      {Role::kDeployer, "", "create", "", "namespaces", "", false},
      {Role::kDeployer, "", "create", "access.slipway.dev", "accesstokens", "", false},
      {Role::kDeployer, "shop", "create", kOurs, "applications", "shop", true},
      {Role::kDeployer, "shop", "create", kOurs, "applications", "other", false},
      {Role::kAdmin, "", "create", "access.slipway.dev", "accesstokens", "", true},
      {Role::kAdmin, "", "anything", "example.com", "widgets", "", true},
      {Role::kAdmin, "shop", "get", "", "secrets", "shop", true},
      {Role::kAdmin, "shop", "create", kOurs, "fleets", "shop", true},
      {Role::kAdmin, "shop", "update", kOurs, "servers/status", "shop", true},
      {Role::kAdmin, "shop", "get", "", "secrets", "other", false},
      {Role::kAdmin, "shop", "list", "", "secrets", "", false},
      {Role::kAdmin, "shop", "get", "", "namespaces", "shop", true},
      {Role::kAdmin, "shop", "delete", "", "namespaces", "shop", false},
      {Role::kAdmin, "shop", "update", "", "namespaces/status", "shop", false},
      {Role::kAdmin, "shop", "list", "access.slipway.dev", "accesstokens", "", false},
      {Role::kAdmin, "shop", "*", "*", "*", "shop", false},
  };
  for (const Question& question : questions) {
    const User user{.name = "bob", .role = question.role, .ns = question.ns};
    EXPECT_EQ(Authorize(user, About(question)).allowed, question.allowed)
        << NameOf(question.role) << " of \"" << question.ns << "\" " << question.verb << " "
        << question.resource << " in \"" << question.in << "\"";
  }
}

TEST(Authorizer, EverybodyWhoHasARoleMayAskWhatThereIsAndWhatItMayDo) {
  for (const Role role : {Role::kNone, Role::kViewer, Role::kDeployer, Role::kAdmin}) {
    const User user{.name = "bob", .role = role, .ns = role == Role::kViewer ? "shop" : ""};
    const bool known = role != Role::kNone;
    for (const char* path : {"/", "/api", "/apis/slipway.dev", "/openapi/v2", "/version"}) {
      EXPECT_EQ(Authorize(user, {.verb = "get", .path = path}).allowed, known) << path;
    }
    EXPECT_EQ(Authorize(user, {.verb = "create",
                               .group = "authorization.k8s.io",
                               .resource = "selfsubjectaccessreviews"})
                  .allowed,
              known);
    EXPECT_EQ(Authorize(user, {.verb = "post", .path = "/api"}).allowed, role == Role::kAdmin);
  }
  const User reader{.name = "bob", .role = Role::kViewer};
  EXPECT_TRUE(Authorize(reader, {.verb = "get", .path = "/metrics"}).allowed);
  const User inside{.name = "bob", .role = Role::kViewer, .ns = "shop"};
  EXPECT_FALSE(Authorize(inside, {.verb = "get", .path = "/metrics"}).allowed);
}

TEST(Authorizer, RefusalsAreInTheWordsOfKubernetes) {
  const User bob{.name = "bob", .role = Role::kViewer};
  EXPECT_EQ(Forbidden(bob,
                      {.verb = "delete",
                       .group = "slipway.dev",
                       .resource = "applications",
                       .ns = "default",
                       .name = "x"},
                      "")
                .message,
            "applications.slipway.dev \"x\" is forbidden: User \"bob\" cannot delete resource "
            "\"applications\" in API group \"slipway.dev\" in the namespace \"default\"");
  EXPECT_EQ(Forbidden(bob, {.verb = "list", .resource = "secrets"}, "because").message,
            "secrets is forbidden: User \"bob\" cannot list resource \"secrets\" in API group \"\" "
            "at the cluster scope: because");
  EXPECT_EQ(Forbidden(bob,
                      {.verb = "patch",
                       .group = "slipway.dev",
                       .resource = "servers",
                       .subresource = "status",
                       .ns = "default",
                       .name = "a"},
                      "")
                .message,
            "servers.slipway.dev \"a\" is forbidden: User \"bob\" cannot patch resource "
            "\"servers/status\" in API group \"slipway.dev\" in the namespace \"default\"");
  EXPECT_EQ(Forbidden(bob, {.verb = "get", .path = "/metrics"}, "").message,
            "forbidden: User \"bob\" cannot get path \"/metrics\"");
}

TEST(Authorizer, TheListOfRulesIsWhatIsAllowed) {
  const User user{.name = "ci", .role = Role::kDeployer, .ns = "shop"};
  const nlohmann::json inside = RulesIn(user, "shop");
  EXPECT_FALSE(inside["incomplete"].get<bool>());
  EXPECT_FALSE(inside["nonResourceRules"].empty());
  std::set<std::string> changed;
  for (const nlohmann::json& rule : inside["resourceRules"]) {
    for (const std::string verb : rule["verbs"]) {
      if (verb == "patch") {
        changed.insert(rule["resources"].begin(), rule["resources"].end());
      }
    }
  }
  EXPECT_EQ(changed, (std::set<std::string>{"applications", "configmaps", "gitrepositories",
                                            "rollouts", "testruns"}));
  // Elsewhere only what everybody may do.
  EXPECT_LT(RulesIn(user, "other")["resourceRules"].size(), inside["resourceRules"].size());
}

}  // namespace
}  // namespace slipway::apiserver
