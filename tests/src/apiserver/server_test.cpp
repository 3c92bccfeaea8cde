#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace slipway::apiserver {
namespace {

using http::Answer;
using http::TlsClient;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kRepositories =
    "/apis/slipway.dev/v1alpha1/namespaces/default/gitrepositories";
constexpr const char* kTable =
    "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n";

std::string Map(const std::string& name, const std::string& value = "1") {
  return json{{"metadata", {{"name", name}}}, {"data", {{"key", value}}}}.dump();
}

std::string Repository(const std::string& name, const json& spec = json::object()) {
  json object = {{"apiVersion", "slipway.dev/v1alpha1"},
                 {"kind", "GitRepository"},
                 {"metadata", {{"name", name}}},
                 {"spec", spec}};
  object["spec"].emplace("url", "https://example.com/shop.git");
  return object.dump();
}

json Body(const Answer& answer) { return ReadJson(answer.body); }

class ServerTest : public testing::Test {
 protected:
  Answer Get(const std::string& path, const std::string& headers = "") {
    return client_.Ask("GET", path, "", headers);
  }
  Answer Post(const std::string& path, const std::string& body) {
    return client_.Ask("POST", path, body, kJson);
  }
  void Make(const std::string& path, const std::string& body) {
    const Answer answer = Post(path, body);
    ASSERT_EQ(answer.status, 201) << answer.body;
  }

  ApiWorld world_;
  TlsClient client_ = world_.Admin();
};

TEST_F(ServerTest, ObjectsAreCreatedReadReplacedPatchedAndDeleted) {
  const Answer created = Post(kMaps, Map("a"));
  EXPECT_EQ(created.status, 201);
  const std::string path = std::string(kMaps) + "/a";
  EXPECT_EQ(Get(path).body, created.body);
  json object = Body(created);
  object["data"]["key"] = "2";
  EXPECT_EQ(client_.Ask("PUT", path, object.dump(), kJson).status, 200);
  EXPECT_EQ(client_.Ask("PUT", path, object.dump(), kJson).status, 409);
  const Answer patched = client_.Ask("PATCH", path, R"({"data":{"more":"3"}})", kMerge);
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(Body(patched)["data"], (json{{"key", "2"}, {"more", "3"}}));
  const Answer deleted = client_.Ask("DELETE", path);
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(Body(deleted)["status"], "Success");
  EXPECT_EQ(Body(deleted)["details"]["uid"], object["metadata"]["uid"]);
  EXPECT_EQ(Get(path).status, 404);
}

TEST_F(ServerTest, ErrorsAreStatusObjects) {
  const json missing = Body(Get(std::string(kRepositories) + "/shop"));
  EXPECT_EQ(missing["kind"], "Status");
  EXPECT_EQ(missing["apiVersion"], "v1");
  EXPECT_EQ(missing["status"], "Failure");
  EXPECT_EQ(missing["reason"], "NotFound");
  EXPECT_EQ(missing["code"], 404);
  EXPECT_EQ(missing["message"], "gitrepositories.slipway.dev \"shop\" not found");
  EXPECT_EQ(missing["details"],
            (json{{"name", "shop"}, {"group", "slipway.dev"}, {"kind", "gitrepositories"}}));
  Make(kMaps, Map("a"));
  const json taken = Body(Post(kMaps, Map("a")));
  EXPECT_EQ(taken["reason"], "AlreadyExists");
  EXPECT_EQ(taken["details"]["name"], "a");
  const json nowhere = Body(Post("/api/v1/namespaces/nowhere/configmaps", Map("a")));
  EXPECT_EQ(nowhere["message"], "namespaces \"nowhere\" not found");
  EXPECT_EQ(nowhere["details"], (json{{"name", "nowhere"}, {"kind", "namespaces"}}));
  const json unknown = Body(Get("/apis/slipway.dev/v1alpha1/unicorns"));
  EXPECT_EQ(unknown["message"], "the server could not find the requested resource");
}

TEST_F(ServerTest, NoErrorShowsTheValueOfASecret) {
  const std::string secrets = "/api/v1/namespaces/default/secrets";
  for (const char* body :
       {"{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"password\":\"hunter2\n\"}}",
        R"({"metadata":{"name":"s"},"stringData":[{"password":"hunter2"}]})",
        R"({"metadata":{"name":"s"},"data":{"password":"hunter2"}})"}) {
    const Answer answer = Post(secrets, body);
    EXPECT_THAT(answer.status, testing::AnyOf(400, 422)) << body;
    EXPECT_THAT(answer.body, testing::Not(HasSubstr("hunter2")));
  }
}

TEST_F(ServerTest, AnInvalidObjectIsToldAllItsFaultsUnderItsKind) {
  const Answer answer =
      Post(kRepositories, Repository("shop", {{"interval", "soon"}, {"suspend", "perhaps"}}));
  EXPECT_EQ(answer.status, 422);
  const json status = Body(answer);
  EXPECT_EQ(status["reason"], "Invalid");
  EXPECT_EQ(status["details"]["kind"], "GitRepository");
  EXPECT_EQ(status["details"]["name"], "shop");
  std::set<std::string> fields;
  for (const json& cause : status["details"]["causes"]) {
    fields.insert(cause["field"]);
    EXPECT_FALSE(cause["message"].get<std::string>().empty());
  }
  EXPECT_EQ(fields, (std::set<std::string>{"spec.interval", "spec.suspend"}));
}

TEST_F(ServerTest, StatusIsASubresource) {
  Make(kRepositories, Repository("shop"));
  const std::string path = std::string(kRepositories) + "/shop";
  const Answer patched =
      client_.Ask("PATCH", path + "/status",
                  R"({"status":{"observedGeneration":1},"spec":{"suspend":true}})", kMerge);
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(Body(patched)["status"]["observedGeneration"], 1);
  EXPECT_EQ(Body(patched)["spec"]["suspend"], false);
  EXPECT_EQ(Body(patched)["metadata"]["generation"], 1);
  EXPECT_EQ(Get(path + "/status").body, patched.body);
  EXPECT_EQ(client_.Ask("DELETE", path + "/status").status, 405);
  EXPECT_EQ(Get(std::string(kMaps) + "/a/status").status, 404);
}

TEST_F(ServerTest, DeletesReadTheirBody) {
  Make(kMaps, Map("a"));
  const std::string path = std::string(kMaps) + "/a";
  EXPECT_EQ(client_.Ask("DELETE", path, R"({"dryRun":["All"]})").status, 200);
  EXPECT_EQ(Get(path).status, 200);
  EXPECT_EQ(client_.Ask("DELETE", path, R"({"preconditions":{"uid":"another"}})").status, 409);
  for (const char* body :
       {R"({"preconditions":{"resourceVersion":1}})", R"({"preconditions":{"uid":{}}})",
        R"({"preconditions":["uid"]})", R"({"propagationPolicy":7})"}) {
    EXPECT_EQ(client_.Ask("DELETE", path, body).status, 400) << body;
  }
  EXPECT_EQ(client_.Ask("DELETE", path, R"({"propagationPolicy":"Sideways"})").status, 422);
  EXPECT_EQ(client_.Ask("DELETE", path + "?dryRun=All").status, 200);
  EXPECT_EQ(Get(path).status, 200);
  EXPECT_EQ(client_.Ask("DELETE", path, R"({"propagationPolicy":"Background"})").status, 200);
  EXPECT_EQ(Get(path).status, 404);
}

TEST_F(ServerTest, ADeletedObjectWithFinalizersIsShownUntilTheyAreGone) {
  Make(kMaps, R"({"metadata":{"name":"a","finalizers":["slipway.dev/test"]}})");
  const std::string path = std::string(kMaps) + "/a";
  const json deleted = Body(client_.Ask("DELETE", path));
  EXPECT_EQ(deleted["kind"], "ConfigMap");
  EXPECT_TRUE(deleted["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(client_.Ask("PATCH", path, R"({"metadata":{"finalizers":null}})", kMerge).status, 200);
  EXPECT_EQ(Get(path).status, 404);
}

TEST_F(ServerTest, ADryRunShowsWhatWouldBe) {
  const Answer created = Post(std::string(kMaps) + "?dryRun=All", Map("a"));
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(Body(created)["metadata"]["name"], "a");
  EXPECT_EQ(Get(std::string(kMaps) + "/a").status, 404);
  ASSERT_EQ(Post(kMaps, Map("a")).status, 201);
  EXPECT_EQ(Post(std::string(kMaps) + "?dryRun=All", Map("a")).status, 409);
  EXPECT_EQ(Post(std::string(kMaps) + "?dryRun=Some", Map("a")).status, 422);
}

TEST_F(ServerTest, UnknownFieldsAreReportedAsAsked) {
  const std::string object = Repository("shop", {{"colour", "red"}});
  const Answer strict = Post(std::string(kRepositories) + "?fieldValidation=Strict", object);
  EXPECT_EQ(strict.status, 400);
  EXPECT_THAT(strict.body, HasSubstr("strict decoding error: unknown field \\\"spec.colour\\\""));
  Answer warned = Post(kRepositories, object);
  EXPECT_EQ(warned.status, 201);
  EXPECT_EQ(warned.headers["warning"], "299 - \"unknown field \\\"spec.colour\\\"\"");
  EXPECT_FALSE(Body(warned)["spec"].contains("colour"));
  const std::string other = Repository("other", {{"colour", "red"}});
  Answer ignored = Post(std::string(kRepositories) + "?fieldValidation=Ignore", other);
  EXPECT_EQ(ignored.status, 201);
  EXPECT_EQ(ignored.headers.count("warning"), 0U);
  Answer refused = Post(kRepositories, object);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.headers["warning"], "299 - \"unknown field \\\"spec.colour\\\"\"");
}

TEST_F(ServerTest, WarningsAreAsManyAsClientsRead) {
  std::string body = R"({"metadata":{"name":"a"})";
  for (int i = 0; i < 100'000; ++i) {
    body += R"(,"colour":1)";
  }
  const Answer answer = Post(kMaps, body + "}");
  ASSERT_EQ(answer.status, 201) << answer.body;
  std::size_t warnings = 0;
  const std::string text = answer.headers.at("warning");
  for (std::size_t at = text.find("299 - "); at != std::string::npos;
       at = text.find("299 - ", at + 1)) {
    ++warnings;
  }
  EXPECT_EQ(warnings, 32U);
}

TEST_F(ServerTest, BodiesMayBeYamlAndNothingElseThatIsNotJson) {
  const std::string yaml = "metadata: {name: a}\ndata:\n  key: 'yes'\n";
  EXPECT_EQ(client_.Ask("POST", kMaps, yaml, "Content-Type: application/yaml\r\n").status, 201);
  // What kube-apiserver takes of a ConfigMap, and a body that is larger than that.
  const std::string large = "# " + std::string(900'000, 'x') +
                            "\nmetadata: {name: large}\ndata: {a: " + std::string(900'000, 'x') +
                            "}\n";
  EXPECT_EQ(client_.Ask("POST", kMaps, large, "Content-Type: application/yaml\r\n").status, 201);
  EXPECT_EQ(client_.Ask("POST", kMaps, Map("b")).status, 201) << "nothing said means JSON";
  EXPECT_EQ(client_.Ask("PUT", std::string(kMaps) + "/b", Map("b", "2")).status, 200);
  EXPECT_EQ(client_.Ask("POST", kMaps, yaml, "Content-Type: text/plain\r\n").status, 415);
  EXPECT_EQ(client_
                .Ask("PATCH", std::string(kMaps) + "/a", "{}",
                     "Content-Type: application/vnd.kubernetes.protobuf\r\n")
                .status,
            415);
}

TEST_F(ServerTest, ListsHavePagesOfOnePicture) {
  for (const char* name : {"a", "b", "c"}) {
    Make(kMaps, Map(name));
  }
  const json first = Body(Get(std::string(kMaps) + "?limit=2"));
  EXPECT_EQ(first["kind"], "ConfigMapList");
  EXPECT_EQ(first["apiVersion"], "v1");
  EXPECT_EQ(first["items"].size(), 2U);
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 1);
  Make(kMaps, Map("bb"));
  const std::string token = first["metadata"]["continue"];
  const json second = Body(Get(std::string(kMaps) + "?limit=2&continue=" + token));
  ASSERT_EQ(second["items"].size(), 1U);
  EXPECT_EQ(second["items"][0]["metadata"]["name"], "c");
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  EXPECT_FALSE(second["metadata"].contains("continue"));
  EXPECT_EQ(Get(std::string(kMaps) + "?continue=nonsense").status, 400);
}

TEST_F(ServerTest, AListOfTheFutureIsToldToWait) {
  Answer future = Get(std::string(kMaps) + "?resourceVersion=999999");
  EXPECT_EQ(future.status, 504);
  EXPECT_EQ(future.headers["retry-after"], "1");
  EXPECT_EQ(Body(future)["reason"], "Timeout");
  EXPECT_THAT(Body(future)["message"],
              testing::StartsWith("Timeout: Too large resource version: 999999, current: "));
  EXPECT_EQ(Body(future)["details"], (json{{"retryAfterSeconds", 1},
                                           {"causes",
                                            {{{"reason", "ResourceVersionTooLarge"},
                                              {"message", "Too large resource version"}}}}}));
  Make(kMaps, Map("a"));
  for (const char* path : {"", "/a", "/absent"}) {
    EXPECT_EQ(Get(std::string(kMaps) + path + "?resourceVersion=999999").status, 504) << path;
    EXPECT_EQ(Get(std::string(kMaps) + path + "?resourceVersion=abc").status, 500) << path;
  }
  EXPECT_EQ(Get(std::string(kMaps) + "/a?resourceVersion=1").status, 200);
  EXPECT_EQ(Get(std::string(kMaps) + "/absent?resourceVersion=1").status, 404);
}

TEST_F(ServerTest, TablesHaveTheColumnsOfTheKind) {
  Make(kRepositories, Repository("shop"));
  const json table = Body(Get(kRepositories, kTable));
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"][0]["name"], "Name");
  EXPECT_EQ(table["rows"][0]["cells"][0], "shop");
  EXPECT_EQ(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
  const json one = Body(Get(std::string(kRepositories) + "/shop", kTable));
  EXPECT_EQ(one["rows"].size(), 1U);
}

TEST_F(ServerTest, WhatThereIsCanBeDiscovered) {
  EXPECT_EQ(Body(Get("/api"))["versions"], json::array({"v1"}));
  std::set<std::string> groups;
  const json group_list = Body(Get("/apis"));
  for (const json& group : group_list["groups"]) {
    groups.insert(group["name"]);
  }
  EXPECT_EQ(groups, (std::set<std::string>{"access.slipway.dev", "apiextensions.k8s.io",
                                           "authentication.k8s.io", "authorization.k8s.io",
                                           "coordination.k8s.io", "slipway.dev"}));
  std::set<std::string> resources;
  const json resource_list = Body(Get("/apis/slipway.dev/v1alpha1"));
  for (const json& resource : resource_list["resources"]) {
    resources.insert(resource["name"]);
  }
  EXPECT_TRUE(resources.contains("applications"));
  EXPECT_TRUE(resources.contains("applications/status"));
  EXPECT_TRUE(resources.contains("servers/log"));
  EXPECT_EQ(Get("/apis/slipway.dev/v9").status, 404);
  EXPECT_THAT(Body(Get("/version"))["gitVersion"].get<std::string>(), HasSubstr("v1."));
}

TEST_F(ServerTest, OnlyProbesAnswerStrangers) {
  TlsClient stranger = world_.Stranger();
  for (const char* probe : {"/livez", "/readyz", "/healthz"}) {
    EXPECT_EQ(stranger.Ask("GET", probe).status, 200) << probe;
  }
  for (const char* path : {"/", "/api", "/apis", "/version", "/metrics", kMaps, "/nowhere",
                           "/livez/", "/apis/slipway.dev/v1alpha1/applications"}) {
    const Answer answer = stranger.Ask("GET", path);
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(Body(answer)["reason"], "Unauthorized") << path;
  }
  EXPECT_EQ(stranger.Ask("POST", kMaps, Map("a")).status, 401);
}

TEST_F(ServerTest, AgentsMayDoNothingHere) {
  TlsClient agent(world_.port, world_.pki.Agent("default", "web-1"));
  for (const char* path : {"/api", "/metrics", kMaps, "/nowhere"}) {
    EXPECT_EQ(agent.Ask("GET", path).status, 403) << path;
  }
  const json status = Body(agent.Ask("GET", kMaps));
  EXPECT_EQ(
      status["message"],
      "configmaps is forbidden: User \"default/web-1\" cannot list resource \"configmaps\" in "
      "API group \"\" in the namespace \"default\"");
}

TEST(Server, AgentsTakeNoPlacesFromAdministrators) {
  ApiWorld world({.limits = {.connections = 4}});
  std::vector<std::unique_ptr<TlsClient>> agents;
  for (int i = 0; i < 4; ++i) {
    agents.push_back(std::make_unique<TlsClient>(world.port, world.pki.Agent("default", "web-1")));
    EXPECT_EQ(agents.back()->Ask("GET", "/version").status, 403);
  }
  EXPECT_EQ(world.Admin().Ask("GET", "/version").status, 200);
}

/// Asks for more than the buffers of a connection hold, and reads the head of the answer only.
std::unique_ptr<TlsClient> SlowReader(ApiWorld& world, const std::string& query = "") {
  auto slow = std::make_unique<TlsClient>(world.port, world.pki.Admin());
  for (int i = 0; i < 16; ++i) {
    const std::string map = Map("large-" + std::to_string(i), std::string(1'000'000, 'x'));
    EXPECT_EQ(slow->Ask("POST", kMaps, map, kJson).status, 201);
  }
  slow->Send("GET " + std::string(kMaps) + query + " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(slow->ReadHead().status, 200);
  return slow;
}

bool Eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) {
      return true;
    }
  }
  return false;
}

TEST(Server, ARequestCountsUntilItsClientHasTheAnswer) {
  ApiWorld world({.bounds = {.requests = 1}});
  const auto slow = SlowReader(world);
  TlsClient other = world.Admin();
  const Answer busy = other.Ask("GET", std::string(kMaps) + "/large-0");
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.headers.at("retry-after"), "1");
  slow->Close();
  EXPECT_TRUE(Eventually([&] { return other.Ask("GET", "/version").status == 200; }));
}

TEST(Server, AWatchCountsUntilWhatItBeganWithIsSent) {
  ApiWorld world({.bounds = {.requests = 1}});
  const auto slow = SlowReader(world, "?watch=1");
  TlsClient other = world.Admin();
  EXPECT_EQ(other.Ask("GET", "/version").status, 429);
  EXPECT_EQ(WatchReader(world, kMaps, "").status(), 429);
  slow->Close();
  std::unique_ptr<WatchReader> watch;
  EXPECT_TRUE(Eventually([&] {
    watch = std::make_unique<WatchReader>(world, kMaps, "");
    return watch->status() == 200;
  }));
  EXPECT_EQ(watch->Take(16).size(), 16U);
  EXPECT_TRUE(Eventually([&] { return other.Ask("GET", "/version").status == 200; }))
      << "while the watch goes on";
}

TEST(Server, ListsThatSlowClientsDoNotTakeHaveABoundInBytes) {
  ApiWorld world({.bounds = {.bytes = 20 << 20, .bytes_of_others = 0}});
  const auto slow = SlowReader(world, "?limit=16");
  TlsClient other = world.Admin();
  const std::string page = std::string(kMaps) + "?limit=15";
  EXPECT_EQ(other.Ask("GET", page).status, 429);
  EXPECT_EQ(other.Ask("GET", std::string(kMaps) + "?limit=1").status, 200);
  EXPECT_EQ(other.Ask("GET", std::string(kMaps) + "/large-0").status, 200);
  slow->Close();
  EXPECT_TRUE(Eventually([&] { return other.Ask("GET", page).status == 200; }));
}

TEST(Server, AListOfAllIsReadFromTheStoreAsItsClientTakesIt) {
  ApiWorld world({.bounds = {.bytes = 20 << 20, .bytes_of_others = 0}});
  std::vector<std::unique_ptr<TlsClient>> slow;
  slow.push_back(SlowReader(world));
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<TlsClient>(world.port, world.pki.Admin()));
    slow.back()->Send("GET " + std::string(kMaps) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(slow.back()->ReadHead().status, 200) << "of 16 MB each two or three are in memory";
  }
}

TEST(Server, WhatWatchesBeginWithHasABoundInBytes) {
  // Of the 16 MB that each begins with two are in memory.
  ApiWorld world({.bounds = {.bytes = 3 << 20, .bytes_of_others = 0}});
  const auto slow = SlowReader(world, "?watch=1");
  EXPECT_EQ(WatchReader(world, kMaps, "").status(), 429);
  EXPECT_EQ(WatchReader(world, kMaps, "fieldSelector=metadata.name%3Dlarge-0").status(), 200);
  slow->Close();
  EXPECT_TRUE(Eventually([&] { return WatchReader(world, kMaps, "").status() == 200; }));
}

TEST_F(ServerTest, ReadinessCanBeWithdrawn) {
  world_.io.Run([&] { world_.server->SetReady(false); });
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(ServerTest, BodiesAboveTheLimitAreRefusedWithAStatus) {
  const Answer answer = client_.Ask("POST", kMaps, Map("a", std::string(3 << 20, 'x')), kJson);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(Body(answer)["reason"], "RequestEntityTooLarge");
  EXPECT_EQ(Body(answer)["message"], "Request entity too large: limit is 3145728");
}

constexpr const char* kFleets = "/apis/slipway.dev/v1alpha1/namespaces/default/fleets";
constexpr const char* kPatch = "Content-Type: application/json-patch+json\r\n";

/// A Fleet `web` that can be made larger.
void MakeFleet(TlsClient& client) {
  const nlohmann::json servers = nlohmann::json::array({{{"name", "first"}}});
  const nlohmann::json fleet = {
      {"apiVersion", "slipway.dev/v1alpha1"},
      {"kind", "Fleet"},
      {"metadata", {{"name", "web"}, {"finalizers", {"slipway.dev/test"}}}},
      {"spec", {{"provider", {{"static", {{"servers", servers}}}}}}}};
  ASSERT_EQ(client.Ask("POST", kFleets, fleet.dump(), kJson).status, 201);
}

/// Adds so many servers of some 750 bytes each to it.
Answer AddServers(TlsClient& client, const std::string& name, int count) {
  nlohmann::json patch = nlohmann::json::array();
  nlohmann::json labels;
  for (int label = 0; label < 10; ++label) {
    labels["label-" + std::to_string(label)] = std::string(60, 'x');
  }
  for (int i = 0; i < count; ++i) {
    patch.push_back({{"op", "add"},
                     {"path", "/spec/provider/static/servers/-"},
                     {"value", {{"name", name + std::to_string(i)}, {"labels", labels}}}});
  }
  return client.Ask("PATCH", std::string(kFleets) + "/web", patch.dump(), kPatch);
}

TEST_F(ServerTest, PatchesDoNotMakeAnObjectEverLarger) {
  MakeFleet(client_);
  Answer answer;
  for (char part = 'a'; part < 'f' && answer.status != 413; ++part) {
    answer = AddServers(client_, std::string(1, part), 1500);
    EXPECT_TRUE(part > 'a' || answer.status == 200);
  }
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(Body(answer)["message"], "Request entity too large: limit is 3145728");
  const std::string web = std::string(kFleets) + "/web";
  EXPECT_LT(Get(web).body.size(), 3'200'000U);
  const auto smaller = client_.Ask(
      "PATCH", web, R"([{"op":"remove","path":"/spec/provider/static/servers/9"}])", kPatch);
  EXPECT_EQ(smaller.status, 200);
}

TEST_F(ServerTest, AnObjectOfTheLargestSizeCanBeReportedOnAndGo) {
  MakeFleet(client_);
  const std::string web = std::string(kFleets) + "/web";
  for (const int count : {1500, 100}) {
    for (int part = 0;
         AddServers(client_, "s" + std::to_string(count) + "-" + std::to_string(part) + "-", count)
             .status == 200;
         ++part) {
    }
  }
  const auto pad = [&](std::size_t bytes) {
    return client_.Ask(
        "PATCH", web,
        R"({"metadata":{"annotations":{"pad":")" + std::string(bytes, 'x') + R"("}}})", kMerge);
  };
  std::size_t fits = 0;
  for (std::size_t step = 1 << 17; step > 16; step /= 2) {
    fits += pad(fits + step).status == 200 ? step : 0;
  }
  EXPECT_EQ(pad(fits).status, 200);
  EXPECT_EQ(pad(fits + 32).status, 413);
  EXPECT_EQ(client_.Ask("PATCH", web + "/status", R"({"status":{"observedGeneration":1}})", kMerge)
                .status,
            200);
  EXPECT_EQ(client_.Ask("DELETE", web).status, 200);
  EXPECT_TRUE(Body(Get(web))["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(client_.Ask("PATCH", web, R"({"metadata":{"finalizers":null}})", kMerge).status, 200);
  EXPECT_EQ(Get(web).status, 404);
}

TEST_F(ServerTest, MethodsThatAPathDoesNotOfferAreRefused) {
  EXPECT_EQ(world_.Admin().Ask("DELETE", "/api/v1/namespaces").status, 405);
  EXPECT_EQ(world_.Admin().Ask("DELETE", "/api/v1/configmaps").status, 405);
  EXPECT_EQ(world_.Admin().Ask("POST", "/api/v1/configmaps", Map("a")).status, 405);
  EXPECT_EQ(world_.Admin().Ask("PUT", "/api", "{}").status, 405);
}

TEST_F(ServerTest, LogsComeFromTheirSource) {
  const std::string servers = "/apis/slipway.dev/v1alpha1/namespaces/default/servers";
  EXPECT_EQ(Get(servers + "/web-1/log?application=shop").status, 404);
  Make(
      servers,
      R"({"apiVersion":"slipway.dev/v1alpha1","kind":"Server","metadata":{"name":"web-1"},"spec":{"fleet":"web"}})");
  Answer logs = Get(servers + "/web-1/log?application=shop&process=web&tailLines=7");
  EXPECT_EQ(logs.status, 200);
  EXPECT_EQ(logs.body, "a line\n");
  EXPECT_EQ(logs.headers["content-type"], "text/plain; charset=utf-8");
  EXPECT_EQ(world_.logs.asked.server, "web-1");
  EXPECT_EQ(world_.logs.asked.process, "web");
  EXPECT_EQ(world_.logs.asked.lines, 7U);
  EXPECT_EQ(Get(servers + "/web-1/log").status, 400);
  EXPECT_EQ(Get(servers + "/web-1/log?application=shop&tailLines=-1").status, 400);
  world_.logs.answer = Fail(Code::kUnavailable, "the server is not connected");
  EXPECT_EQ(Get(servers + "/web-1/log?application=shop").status, 503);
}

TEST_F(ServerTest, MetricsCountRequests) {
  Make(kMaps, Map("a"));
  const std::string text = Get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("slipway_api_requests_total{code=\"201\",resource=\"configmaps\","
                              "verb=\"create\"} 1"));
  EXPECT_THAT(text, HasSubstr("slipway_api_connections 1"));
  EXPECT_THAT(text, HasSubstr("# TYPE slipway_api_connections_turned_away_total counter"));
  EXPECT_THAT(text, HasSubstr("# TYPE slipway_api_faults_total counter"));
}

TEST_F(ServerTest, WhatWasAcknowledgedSurvivesTheProcess) {
  Make(kMaps, Map("a"));
  const std::string before = Get(std::string(kMaps) + "/a").body;
  world_.Restart();
  EXPECT_EQ(world_.Admin().Ask("GET", std::string(kMaps) + "/a").body, before);
}

}  // namespace
}  // namespace slipway::apiserver
