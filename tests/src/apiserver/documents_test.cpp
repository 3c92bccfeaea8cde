#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace slipway::apiserver {
namespace {

using http::Answer;
using http::TlsClient;
using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;

constexpr const char* kSecrets = "/api/v1/namespaces/default/secrets";
constexpr const char* kAggregated =
    "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/"
    "json\r\n";
constexpr const char* kProtobuf = "Content-Type: application/vnd.kubernetes.protobuf\r\n";

/// A secret `s` with `a` -> `b`, as kubectl 1.35.2 sends it, but in the namespace "default".
std::string SecretInProtobuf() {
  const std::string meta = std::string("\x0a\x01s\x1a\x07", 5) + "default";
  const std::string data = std::string(
      "\x0a\x01"
      "a\x12\x01"
      "b",
      6);
  const std::string raw = std::string("\x0a") + static_cast<char>(meta.size()) + meta + "\x12" +
                          static_cast<char>(data.size()) + data;
  const std::string type = std::string("\x0a\x0c\x0a\x02v1\x12\x06Secret", 14);
  return std::string("k8s\0", 4) + type + "\x12" + static_cast<char>(raw.size()) + raw;
}

class ApiDocumentsTest : public testing::Test {
 protected:
  Answer Get(const std::string& path, const std::string& headers = "") {
    return client_.Ask("GET", path, "", headers);
  }

  static json Body(const Answer& answer) { return ReadJson(answer.body); }

  ApiWorld world_;
  TlsClient client_ = world_.Admin();
};

TEST_F(ApiDocumentsTest, DiscoveryIsAggregatedForWhoAsks) {
  Answer groups = Get("/apis", kAggregated);
  EXPECT_EQ(groups.status, 200);
  EXPECT_EQ(groups.headers["content-type"],
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(groups.headers["vary"], "Accept");
  EXPECT_EQ(groups.headers["cache-control"], "public");
  const json list = Body(groups);
  EXPECT_EQ(list["apiVersion"], "apidiscovery.k8s.io/v2");
  const json& ours = list["items"].back();
  EXPECT_EQ(ours["metadata"]["name"], "slipway.dev");
  EXPECT_EQ(ours["versions"][0]["freshness"], "Current");
  json application = ours["versions"][0]["resources"][0];
  EXPECT_THAT(application["categories"], Contains("slipway"));
  EXPECT_THAT(application["verbs"],
              IsSupersetOf({"create", "delete", "get", "list", "patch", "update", "watch"}));
  application.erase("categories");
  application.erase("verbs");
  const json kind = {{"group", "slipway.dev"}, {"version", "v1alpha1"}, {"kind", "Application"}};
  EXPECT_EQ(application, (json{{"resource", "applications"},
                               {"singularResource", "application"},
                               {"scope", "Namespaced"},
                               {"responseKind", kind},
                               {"shortNames", {"app", "apps"}},
                               {"subresources",
                                {{{"subresource", "status"},
                                  {"responseKind", kind},
                                  {"verbs", {"get", "patch", "update"}}}}}}));
  Answer of_core = Get("/api", kAggregated);
  EXPECT_EQ(of_core.headers["content-type"], groups.headers["content-type"])
      << "clients that find it in one only ask for each version";
  const json core = Body(of_core)["items"];
  ASSERT_EQ(core.size(), 1U);
  EXPECT_FALSE(core[0]["metadata"].contains("name"));
  EXPECT_EQ(core[0]["versions"][0]["version"], "v1");
}

TEST_F(ApiDocumentsTest, TheBetterFormWins) {
  const auto kind = [&](const std::string& accept) {
    const json body = Body(Get("/apis", "Accept: " + accept + "\r\n"));
    return body["kind"].get<std::string>() + " " + body["apiVersion"].get<std::string>();
  };
  const std::string v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const std::string beta =
      "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
  EXPECT_EQ(kind("application/json, */*"), "APIGroupList v1");
  EXPECT_EQ(kind(beta), "APIGroupDiscoveryList apidiscovery.k8s.io/v2beta1");
  EXPECT_EQ(kind(beta + "," + v2), "APIGroupDiscoveryList apidiscovery.k8s.io/v2beta1");
  EXPECT_EQ(kind(beta + ";q=0.8," + v2), "APIGroupDiscoveryList apidiscovery.k8s.io/v2");
  EXPECT_EQ(kind(v2 + ";q=0.5,application/json"), "APIGroupList v1");
  EXPECT_EQ(kind("application/json;g=x;v=v2;as=Y,application/json"), "APIGroupList v1");
  EXPECT_EQ(Get("/apis", "Accept: text/html\r\n").status, 406);
}

TEST_F(ApiDocumentsTest, WhoHasADocumentIsToldSo) {
  for (const char* path : {"/api", "/apis", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1"}) {
    Answer first = Get(path, kAggregated);
    ASSERT_EQ(first.status, 200) << path;
    const std::string tag = first.headers["etag"];
    ASSERT_EQ(tag.size(), 130U) << path << ": a SHA-512 in quotes";
    const Answer again = Get(path, std::string(kAggregated) + "If-None-Match: " + tag + "\r\n");
    EXPECT_EQ(again.status, 304) << path;
    EXPECT_EQ(again.body, "") << path;
    const Answer other = Get(path, std::string(kAggregated) + "If-None-Match: \"0A\"\r\n");
    EXPECT_EQ(other.body, first.body) << path;
  }
}

TEST_F(ApiDocumentsTest, OpenApiV2IsJsonOrProtobuf) {
  Answer text = Get("/openapi/v2", "Accept: application/json\r\n");
  EXPECT_EQ(text.headers["content-type"], "application/json");
  EXPECT_EQ(Body(text)["swagger"], "2.0");
  for (const char* type : {"application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
                           "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"}) {
    Answer bytes = Get("/openapi/v2", std::string("Accept: ") + type + "\r\n");
    EXPECT_EQ(bytes.headers["content-type"],
              "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    EXPECT_EQ(bytes.headers["etag"], text.headers["etag"]);
    EXPECT_EQ(bytes.headers["vary"], "Accept");
    EXPECT_THAT(bytes.body, HasSubstr("dev.slipway.v1alpha1.Application"));
  }
  EXPECT_EQ(Get("/openapi/v2", "Accept: text/html\r\n").status, 406);
}

TEST_F(ApiDocumentsTest, OpenApiV3IsKeptForEverByItsHash) {
  const json paths = Body(Get("/openapi/v3"))["paths"];
  std::set<std::string> served;
  for (const auto& [path, where] : paths.items()) {
    served.insert(path);
  }
  EXPECT_THAT(served,
              IsSupersetOf({"api/v1", "apis/coordination.k8s.io/v1", "apis/slipway.dev/v1alpha1"}));
  const std::string url = paths["apis/slipway.dev/v1alpha1"]["serverRelativeURL"];
  Answer hashed = Get(url);
  EXPECT_EQ(hashed.status, 200);
  EXPECT_EQ(hashed.headers["cache-control"], "public, immutable");
  EXPECT_THAT(hashed.headers["expires"], HasSubstr("GMT"));
  EXPECT_EQ(Body(hashed)["openapi"], "3.0.0");
  Answer plain = Get("/openapi/v3/apis/slipway.dev/v1alpha1");
  EXPECT_EQ(plain.body, hashed.body);
  EXPECT_EQ(plain.headers.count("expires"), 0U);
  Answer old = Get("/openapi/v3/apis/slipway.dev/v1alpha1?hash=0A");
  EXPECT_EQ(old.status, 301);
  EXPECT_EQ(old.headers["location"], url);
  for (const char* path : {"/openapi/v3/apis/slipway.dev", "/openapi/v3/apis/nope/v1", "/openapi",
                           "/openapi/v4", "/openapi/v2/api"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
  EXPECT_EQ(client_.Ask("POST", "/openapi/v2", "{}", kJson).status, 405);
}

TEST_F(ApiDocumentsTest, ASecretMayComeInProtobuf) {
  const Answer created = client_.Ask("POST", kSecrets, SecretInProtobuf(), kProtobuf);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(Body(created)["data"], (json{{"a", "Yg=="}}));
  EXPECT_EQ(Body(created)["type"], "Opaque");
}

TEST_F(ApiDocumentsTest, DeleteOptionsMayComeInProtobuf) {
  ASSERT_EQ(client_.Ask("POST", kSecrets, SecretInProtobuf(), kProtobuf).status, 201);
  const std::string type = std::string(
      "\x0a\x13\x0a\x02v1\x12\x0d"
      "DeleteOptions",
      21);
  const std::string dry_run = std::string("k8s\0", 4) + type +
                              std::string(
                                  "\x12\x05\x2a\x03"
                                  "All",
                                  7);
  const std::string path = std::string(kSecrets) + "/s";
  EXPECT_EQ(client_.Ask("DELETE", path, dry_run, kProtobuf).status, 200);
  EXPECT_EQ(Get(path).status, 200);
  EXPECT_EQ(client_.Ask("DELETE", path, "x", "Content-Type: text/plain\r\n").status, 415);
  EXPECT_EQ(client_.Ask("DELETE", path, "k8s", kProtobuf).status, 400);
}

TEST_F(ApiDocumentsTest, ABodyThatCannotBeReadSaysSoAndNoMore) {
  const Answer refused = client_.Ask("POST", kSecrets, "k8s", kProtobuf);
  EXPECT_EQ(refused.status, 400);
  EXPECT_FALSE(Body(refused).contains("details"));
  const Answer unknown = client_.Ask("POST", kSecrets, "x", "Content-Type: text/plain\r\n");
  EXPECT_EQ(unknown.status, 415);
  EXPECT_EQ(Body(unknown)["message"],
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf");
  EXPECT_FALSE(Body(unknown).contains("details"));
  EXPECT_EQ(client_
                .Ask("POST", "/apis/slipway.dev/v1alpha1/namespaces/default/gitrepositories",
                     SecretInProtobuf(), kProtobuf)
                .status,
            415);
}

TEST_F(ApiDocumentsTest, WhoTakesNoJsonIsToldThatThereIsNothingElse) {
  const std::string watch = std::string(kSecrets) + "?watch=1&timeoutSeconds=1";
  for (const std::string& path : {std::string(kSecrets), std::string(kSecrets) + "/s", watch}) {
    const Answer refused = Get(path, "Accept: application/vnd.kubernetes.protobuf\r\n");
    EXPECT_EQ(refused.status, 406) << path;
    EXPECT_EQ(Body(refused)["reason"], "NotAcceptable");
    EXPECT_EQ(Body(refused)["message"],
              "only the following media types are accepted: application/json");
  }
  TlsClient other = world_.Admin();
  EXPECT_EQ(other
                .Ask("POST", kSecrets, SecretInProtobuf(),
                     std::string(kProtobuf) + "Accept: application/vnd.kubernetes.protobuf\r\n")
                .status,
            406);
  EXPECT_EQ(Get(std::string(kSecrets) + "/s").status, 404) << "nothing was written";
  for (const char* accept :
       {"*/*", "application/*", "text/html;q=0.9, application/json;q=0.1",
        "application/vnd.kubernetes.protobuf,application/json", "application/json;charset=utf-8"}) {
    EXPECT_EQ(Get(kSecrets, std::string("Accept: ") + accept + "\r\n").status, 200) << accept;
  }
}

}  // namespace
}  // namespace slipway::apiserver
