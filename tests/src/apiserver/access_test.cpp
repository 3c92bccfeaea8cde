#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "reconciler/api/scalars.hpp"

namespace slipway::apiserver {
namespace {

using http::Answer;
using http::TlsClient;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTokens = "/apis/access.slipway.dev/v1alpha1/accesstokens";
constexpr const char* kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
constexpr const char* kAccess = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

json Body(const Answer& answer) { return ReadJson(answer.body); }

std::string Map(const std::string& name) {
  return json{{"metadata", {{"name", name}}}, {"data", {{"key", "1"}}}}.dump();
}

class AccessTest : public testing::Test {
 protected:
  Answer Post(const std::string& path, const json& body) {
    return admin_.Ask("POST", path, body.dump(), kJson);
  }

  /// Makes a token; its secret.
  std::string Token(const std::string& name, const json& spec) {
    const Answer answer = Post(kTokens, {{"metadata", {{"name", name}}}, {"spec", spec}});
    EXPECT_EQ(answer.status, 201) << answer.body;
    return Body(answer)["status"]["token"];
  }

  /// A request that may be refused: what it sent is not read then, and the connection ends.
  Answer Try(const std::string& method, const std::string& path, const std::string& body,
             const std::string& headers = kJson) {
    return world_.Admin().Ask(method, path, body, headers);
  }

  static std::string Bearer(const std::string& secret) {
    return "Authorization: Bearer " + secret + "\r\n" + kJson;
  }

  Answer As(const std::string& secret, const std::string& method, const std::string& path,
            const std::string& body = "") {
    TlsClient client = world_.Stranger();
    return client.Ask(method, path, body, Bearer(secret));
  }

  ApiWorld world_;
  TlsClient admin_ = world_.Admin();
};

TEST_F(AccessTest, ATokenOpensWhatItsRoleAllows) {
  const std::string viewer = Token("reader", {{"role", "viewer"}});
  EXPECT_THAT(viewer, testing::MatchesRegex("slipway\\.reader\\.[0-9a-f]{64}"));
  EXPECT_EQ(As(viewer, "GET", kMaps).status, 200);
  const Answer refused = As(viewer, "POST", kMaps, Map("a"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Body(refused)["message"],
            "configmaps is forbidden: User \"reader\" cannot create resource \"configmaps\" in API "
            "group \"\" in the namespace \"default\": the role viewer does not include it");
  EXPECT_EQ(As(viewer, "GET", "/api/v1/namespaces/default/secrets").status, 403);
  const std::string deployer = Token("ci", {{"role", "deployer"}, {"namespace", "default"}});
  EXPECT_EQ(As(deployer, "POST", kMaps, Map("a")).status, 201);
  EXPECT_EQ(As(deployer, "GET", "/api/v1/configmaps").status, 403);
  EXPECT_EQ(As(deployer, "GET", kTokens).status, 403);
  const std::string boss = Token("boss", {{"role", "admin"}});
  EXPECT_EQ(As(boss, "GET", "/api/v1/namespaces/default/secrets").status, 200);
}

TEST_F(AccessTest, WhoIsNotKnownIsUnauthorized) {
  const std::string good = Token("reader", {{"role", "viewer"}});
  for (const std::string& bad :
       {std::string("nonsense"), std::string("slipway.reader." + std::string(64, '0')),
        "slipway.other." + good.substr(15), good + "0", good.substr(8)}) {
    const Answer answer = As(bad, "GET", kMaps);
    EXPECT_EQ(answer.status, 401) << bad;
    EXPECT_EQ(Body(answer)["message"], "Unauthorized");
  }
  TlsClient stranger = world_.Stranger();
  EXPECT_EQ(stranger.Ask("GET", kMaps, "", "Authorization: Basic " + good + "\r\n").status, 401);
  EXPECT_EQ(stranger.Ask("GET", kMaps, "", "Authorization: bearer " + good + "\r\n").status, 200);
  // As kube-apiserver: beside a certificate that is known no token is looked at.
  EXPECT_EQ(admin_.Ask("GET", kMaps, "", Bearer("nonsense")).status, 200);
  TlsClient agent(world_.port, world_.pki.Agent("default", "web-1"));
  EXPECT_EQ(agent.Ask("GET", kMaps, "", Bearer(good)).status, 403);
}

TEST_F(AccessTest, TheSecretIsToldOnceAndItsHashNever) {
  const std::string secret = Token("reader", {{"role", "viewer"}});
  for (const std::string& path : {std::string(kTokens), std::string(kTokens) + "/reader",
                                  std::string("/apis/access.slipway.dev/v1alpha1")}) {
    const Answer answer = admin_.Ask("GET", path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, Not(HasSubstr("sha256")));
    EXPECT_THAT(answer.body, Not(HasSubstr("accesstokenhash")));
    EXPECT_THAT(answer.body, Not(HasSubstr(secret.substr(15))));
  }
  EXPECT_EQ(admin_.Ask("GET", "/apis/access.slipway.dev/v1alpha1/accesstokenhashes").status, 404);
}

TEST_F(AccessTest, ATokenNeitherChangesNorHasASecretOfItsOwnChoice) {
  Token("reader", {{"role", "viewer"}});
  const std::string path = std::string(kTokens) + "/reader";
  EXPECT_EQ(Try("PATCH", path, R"({"spec":{"role":"admin"}})", kMerge).status, 405);
  EXPECT_EQ(Try("PUT", path, "{}").status, 405);
  const Answer own = Post(kTokens, {{"metadata", {{"name", "own"}}},
                                    {"spec", {{"role", "viewer"}}},
                                    {"status", {{"token", "mine"}}}});
  EXPECT_EQ(own.status, 201);
  EXPECT_NE(Body(own)["status"]["token"], "mine");
  EXPECT_EQ(Post(kTokens, {{"metadata", {{"name", "x"}}}, {"spec", {{"role", "root"}}}}).status,
            422);
  EXPECT_EQ(Post(kTokens, {{"metadata", {{"name", "a.b"}}}, {"spec", {{"role", "admin"}}}}).status,
            422);
  const Answer dry = Post(std::string(kTokens) + "?dryRun=All",
                          {{"metadata", {{"name", "dry"}}}, {"spec", {{"role", "viewer"}}}});
  EXPECT_EQ(dry.status, 201);
  EXPECT_FALSE(Body(dry).contains("status"));
}

TEST_F(AccessTest, TokensEndWhenTheyAreRevokedOrTheirTimeIsOver) {
  const std::string secret = Token("reader", {{"role", "viewer"}});
  EXPECT_EQ(As(secret, "GET", kMaps).status, 200);
  EXPECT_EQ(admin_.Ask("DELETE", std::string(kTokens) + "/reader").status, 200);
  EXPECT_EQ(As(secret, "GET", kMaps).status, 401);
  // Another one of the same name is another one.
  const std::string next = Token("reader", {{"role", "viewer"}});
  EXPECT_EQ(As(secret, "GET", kMaps).status, 401);
  EXPECT_EQ(As(next, "GET", kMaps).status, 200);
  const std::string soon = api::FormatTime(
      std::chrono::floor<std::chrono::seconds>(world_.clock.Now() + std::chrono::hours(1)));
  const std::string brief = Token("brief", {{"role", "viewer"}, {"expires", soon}});
  EXPECT_EQ(As(brief, "GET", kMaps).status, 200);
  world_.clock.ahead = std::chrono::hours(2);
  EXPECT_EQ(As(brief, "GET", kMaps).status, 401);
}

TEST_F(AccessTest, AConnectionEndsWithTheTokenThatCameOverIt) {
  const std::string secret = Token("reader", {{"role", "viewer"}});
  TlsClient known = world_.Stranger();
  EXPECT_EQ(known.Ask("GET", kMaps, "", Bearer("wrong")).headers.count("connection"), 0U)
      << "a stranger's goes on";
  EXPECT_EQ(known.Ask("GET", kMaps, "", Bearer(secret)).status, 200);
  EXPECT_EQ(admin_.Ask("DELETE", std::string(kTokens) + "/reader").status, 200);
  const Answer last = known.Ask("GET", kMaps, "", Bearer(secret));
  EXPECT_EQ(last.status, 401);
  EXPECT_EQ(last.headers.at("connection"), "close");
}

TEST_F(AccessTest, ATokenThatSomethingKeepsFromGoingIsRevokedAllTheSame) {
  const json held = {{"metadata", {{"name", "ci"}, {"finalizers", {"example.com/hold"}}}},
                     {"spec", {{"role", "viewer"}}}};
  const std::string secret = Body(Post(kTokens, held))["status"]["token"];
  EXPECT_EQ(As(secret, "GET", kMaps).status, 200);
  const std::string token = std::string(kTokens) + "/ci";
  EXPECT_EQ(Try("DELETE", token + "?propagationPolicy=Foreground", "").status, 200);
  EXPECT_EQ(Body(admin_.Ask("GET", token))["metadata"]["finalizers"],
            json::array({"example.com/hold"}));
  EXPECT_EQ(As(secret, "GET", kMaps).status, 401);
  world_.Restart();
  EXPECT_EQ(As(secret, "GET", kMaps).status, 401);
}

TEST_F(AccessTest, WhoMayNotDeleteAnObjectDoesNotSayWhoseItIs) {
  const std::string secret = Token("ci", {{"role", "deployer"}, {"namespace", "default"}});
  const std::string rollouts = "/apis/slipway.dev/v1alpha1/namespaces/default/rollouts";
  const auto owner = [](const std::string& kind, const std::string& version, bool blocks) {
    return json{{"apiVersion", version},
                {"kind", kind},
                {"name", "gone"},
                {"uid", "00000000-0000-4000-8000-000000000001"},
                {"blockOwnerDeletion", blocks}};
  };
  const auto owned = [](const json& reference) {
    return json{{"metadata", {{"ownerReferences", {reference}}}}}.dump();
  };
  const auto as_ci = [&](const std::string& path, const std::string& patch) {
    return world_.Stranger().Ask("PATCH", path, patch,
                                 "Authorization: Bearer " + secret + "\r\n" + kMerge);
  };
  ASSERT_EQ(Post(kMaps, json::parse(Map("settings"))).status, 201);
  const json lost = owner("Application", "slipway.dev/v1alpha1", false);
  EXPECT_EQ(as_ci(std::string(kMaps) + "/settings", owned(lost)).status, 200)
      << "which it may delete";
  Answer refused =
      as_ci(std::string(kMaps) + "/settings", owned(owner("Fleet", "slipway.dev/v1alpha1", true)));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Body(refused)["message"],
            "configmaps \"settings\" is forbidden: cannot set blockOwnerDeletion if an "
            "ownerReference refers to a resource you can't set finalizers on: the role deployer in "
            "namespace default does not include it");
  const std::string digits(64, 'a');
  json rollout = {{"apiVersion", "slipway.dev/v1alpha1"}, {"kind", "Rollout"}};
  rollout["spec"] = {
      {"application", "shop"},
      {"number", 1},
      {"release",
       {{"commit", digits.substr(0, 40)}, {"tree", digits.substr(0, 40)}, {"hash", digits}}},
      {"template", {{"release", {{"processes", {{{"name", "web"}, {"run", "./web"}}}}}}}}};
  rollout["metadata"] = {{"name", "shop-1"}};
  rollout["metadata"]["ownerReferences"] = {owner("Application", "slipway.dev/v1alpha1", true)};
  const Answer made = As(secret, "POST", rollouts, rollout.dump());
  ASSERT_EQ(made.status, 201) << made.body << ": a new object is its maker's";
  refused = as_ci(rollouts + "/shop-1", owned(lost));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(
      Body(refused)["message"],
      "rollouts.slipway.dev \"shop-1\" is forbidden: cannot set an ownerRef on a resource you "
      "can't delete: the role deployer in namespace default does not include it");
  EXPECT_EQ(as_ci(rollouts + "/shop-1", R"({"spec":{"paused":true}})").status, 200);
  EXPECT_EQ(admin_.Ask("PATCH", rollouts + "/shop-1", owned(lost), kMerge).status, 200);
}

TEST_F(AccessTest, TokensOfANamespaceEndWithIt) {
  ASSERT_EQ(Post("/api/v1/namespaces", {{"metadata", {{"name", "shop"}}}}).status, 201);
  const std::string inside = Token("inside", {{"role", "admin"}, {"namespace", "shop"}});
  const std::string outside = Token("outside", {{"role", "viewer"}});
  EXPECT_EQ(As(inside, "GET", "/api/v1/namespaces/shop").status, 200);
  WatchReader gone(world_, "/api/v1/namespaces",
                   "fieldSelector=metadata.name%3Dshop&resourceVersion=0");
  EXPECT_EQ(admin_.Ask("DELETE", "/api/v1/namespaces/shop").status, 200);
  EXPECT_THAT(gone.Take(3), testing::ElementsAre("ADDED shop", "MODIFIED shop", "DELETED shop"));
  EXPECT_EQ(As(inside, "GET", "/api/v1/namespaces/shop").status, 401);
  EXPECT_EQ(As(outside, "GET", kMaps).status, 200);
}

TEST_F(AccessTest, TokensOutliveTheServer) {
  const std::string kept = Token("kept", {{"role", "viewer"}});
  const std::string revoked = Token("revoked", {{"role", "viewer"}});
  admin_.Ask("DELETE", std::string(kTokens) + "/revoked");
  world_.Restart();
  EXPECT_EQ(As(kept, "GET", kMaps).status, 200);
  EXPECT_EQ(As(revoked, "GET", kMaps).status, 401);
}

TEST_F(AccessTest, WatchesEndWithTheTokenThatOpenedThem) {
  const std::string secret = Token("reader", {{"role", "viewer"}});
  TlsClient watcher = world_.Stranger();
  watcher.Send("GET " + std::string(kMaps) + "?watch=1&resourceVersion=0 HTTP/1.1\r\nHost: x\r\n" +
               Bearer(secret) + "\r\n");
  EXPECT_EQ(watcher.ReadHead().status, 200);
  EXPECT_EQ(Post(kMaps, ReadJson(Map("a"))).status, 201);
  EXPECT_THAT(watcher.ReadChunk(), HasSubstr("ADDED"));
  EXPECT_EQ(admin_.Ask("DELETE", std::string(kTokens) + "/reader").status, 200);
  EXPECT_EQ(watcher.ReadChunk(), "");
}

TEST_F(AccessTest, WhatOneMayDoCanBeAsked) {
  const std::string viewer = Token("reader", {{"role", "viewer"}});
  const auto ask = [&](const json& spec) {
    const Answer answer = As(viewer, "POST", kAccess, json{{"spec", spec}}.dump());
    EXPECT_EQ(answer.status, 201) << answer.body;
    return Body(answer);
  };
  const json yes = ask({{"resourceAttributes",
                         {{"verb", "get"}, {"resource", "configmaps"}, {"namespace", "default"}}}});
  EXPECT_EQ(yes["kind"], "SelfSubjectAccessReview");
  EXPECT_EQ(yes["spec"]["resourceAttributes"]["verb"], "get");
  EXPECT_EQ(yes["status"], (json{{"allowed", true}, {"reason", "role viewer"}}));
  const json no = ask({{"resourceAttributes", {{"verb", "get"}, {"resource", "secrets"}}}});
  EXPECT_EQ(no["status"]["allowed"], false);
  EXPECT_EQ(ask({{"nonResourceAttributes",
                  {{"verb", "get"}, {"path", "/metrics"}}}})["status"]["allowed"],
            true);
  EXPECT_EQ(As(viewer, "POST", kAccess, "{}").status, 422);
  EXPECT_EQ(As(viewer, "POST", kAccess, R"({"kind":"Pod"})").status, 400);
  EXPECT_EQ(As(viewer, "POST", kAccess, R"({"spec":{"resourceAttributes":{"verb":1}}})").status,
            400);
  EXPECT_EQ(As(viewer, "GET", kAccess).status, 403);
  EXPECT_EQ(admin_.Ask("GET", kAccess).status, 405);
}

TEST_F(AccessTest, WhoOneIsAndAllThatOneMayDoCanBeAsked) {
  const std::string secret = Token("ci", {{"role", "deployer"}, {"namespace", "shop"}});
  const json me =
      Body(As(secret, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}"));
  EXPECT_EQ(me["status"]["userInfo"]["username"], "ci");
  EXPECT_THAT(me["status"]["userInfo"]["groups"].dump(), HasSubstr("system:authenticated"));
  EXPECT_EQ(me["status"]["userInfo"]["extra"]["slipway.dev/role"], json::array({"deployer"}));
  const json admin =
      Body(admin_.Ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}"));
  EXPECT_THAT(admin["status"]["userInfo"]["extra"].dump(),
              testing::MatchesRegex(R"(\{"authentication.kubernetes.io/credential-id":)"
                                    R"(\["X509SHA256=[0-9a-f]{64}"\]\})"));
  const std::string rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
  const json list = Body(As(secret, "POST", rules, R"({"spec":{"namespace":"shop"}})"));
  EXPECT_EQ(list["status"]["incomplete"], false);
  EXPECT_GT(list["status"]["resourceRules"].size(), 4U);
  EXPECT_EQ(As(secret, "POST", rules, "{}").status, 400);
}

TEST_F(AccessTest, DefinitionsAreReadAndNotChanged) {
  const json list = Body(admin_.Ask("GET", kDefinitions));
  EXPECT_EQ(list["kind"], "CustomResourceDefinitionList");
  EXPECT_EQ(list["items"].size(), 7U);
  const std::string path = std::string(kDefinitions) + "/applications.slipway.dev";
  const json one = Body(admin_.Ask("GET", path));
  EXPECT_EQ(one["status"]["acceptedNames"], one["spec"]["names"]);
  EXPECT_EQ(one["status"]["storedVersions"], json::array({"v1alpha1"}));
  EXPECT_EQ(one["status"]["conditions"][1]["type"], "Established");
  EXPECT_EQ(one["metadata"]["generation"], 1);
  EXPECT_EQ(one["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["type"], "object");
  for (const auto& [method, where] :
       {std::pair{"POST", std::string(kDefinitions)}, {"PUT", path}, {"DELETE", path}}) {
    const Answer refused = Try(method, where, "{}");
    EXPECT_EQ(refused.status, 403) << method;
    EXPECT_THAT(Body(refused)["message"].get<std::string>(), HasSubstr("no general Kubernetes"));
  }
  // A restart finds them as they are.
  const json version = one["metadata"]["resourceVersion"];
  world_.Restart();
  EXPECT_EQ(Body(world_.Admin().Ask("GET", path))["metadata"]["resourceVersion"], version);
}

TEST_F(AccessTest, ThereAreNoServices) {
  const json list = Body(admin_.Ask("GET", "/api/v1/namespaces/kube-system/services"));
  EXPECT_EQ(list["kind"], "ServiceList");
  EXPECT_TRUE(list["items"].empty());
  EXPECT_EQ(Post("/api/v1/namespaces/default/services", {{"metadata", {{"name", "a"}}}}).status,
            403);
}

}  // namespace
}  // namespace slipway::apiserver
