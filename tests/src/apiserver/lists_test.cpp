#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "src/apiserver/answer/answer_form.hpp"

namespace slipway::apiserver {
namespace {

using http::Answer;
using http::TlsClient;
using nlohmann::json;
using testing::ElementsAre;

constexpr const char* kLeases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
constexpr const char* kSources = "/apis/slipway.dev/v1alpha1/namespaces/default/gitrepositories";

std::string Labelled(const std::string& name, const std::string& tier) {
  return json{{"metadata", {{"name", name}, {"labels", {{"tier", tier}}}}}}.dump();
}

class ListsTest : public testing::Test {
 protected:
  Answer Ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& headers = kJson) {
    return client_.Ask(method, target, body, headers);
  }
  void Make(const std::string& name, const std::string& tier = "web") {
    ASSERT_EQ(Ask("POST", kMaps, Labelled(name, tier)).status, 201);
  }
  std::vector<std::string> Names(const std::string& query = "") {
    return NamesIn(ReadJson(Ask("GET", kMaps + query).body));
  }
  static std::vector<std::string> NamesIn(const json& list) {
    std::vector<std::string> names;
    for (const json& item : list["items"]) {
      names.push_back(item["metadata"]["name"]);
    }
    return names;
  }
  void Compact() {
    ASSERT_TRUE(world_.store->Compact(world_.store->CurrentRevision().value()).has_value());
  }

  ApiWorld world_;
  TlsClient client_ = world_.Admin();
};

TEST_F(ListsTest, AnExactListShowsThePictureOfThatVersion) {
  Make("a");
  const std::string then = ReadJson(Ask("GET", kMaps).body)["metadata"]["resourceVersion"];
  Make("b");
  EXPECT_THAT(Names("?resourceVersionMatch=Exact&resourceVersion=" + then), ElementsAre("a"));
  EXPECT_THAT(Names("?limit=5&resourceVersion=" + then), ElementsAre("a"));
  EXPECT_THAT(Names("?resourceVersion=" + then), ElementsAre("a", "b"));
  EXPECT_THAT(Names("?resourceVersionMatch=NotOlderThan&limit=5&resourceVersion=" + then),
              ElementsAre("a", "b"));
  EXPECT_THAT(Names("?limit=1&resourceVersion=0"), ElementsAre("a", "b"));
  Compact();
  const Answer expired =
      Ask("GET", std::string(kMaps) + "?resourceVersionMatch=Exact&resourceVersion=" + then);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(ReadJson(expired.body)["message"],
            "The resourceVersion for the provided list is too old.");
  EXPECT_FALSE(ReadJson(expired.body)["metadata"].contains("continue"));
}

TEST_F(ListsTest, AnExpiredPageSaysHowToGoOnWithAnotherPicture) {
  for (const char* name : {"a", "b", "c", "d"}) {
    Make(name);
  }
  const json first = ReadJson(Ask("GET", std::string(kMaps) + "?limit=2").body);
  Make("bb");
  Make("e");
  Compact();
  const std::string token = first["metadata"]["continue"];
  const Answer expired = Ask("GET", std::string(kMaps) + "?limit=2&continue=" + token);
  EXPECT_EQ(expired.status, 410);
  const json status = ReadJson(expired.body);
  EXPECT_EQ(status["reason"], "Expired");
  EXPECT_THAT(
      status["message"],
      testing::HasSubstr("or use the continue token in this response to retrieve the remainder"));
  const std::string fresh = status["metadata"]["continue"];
  EXPECT_NE(fresh, token);
  const json rest = ReadJson(Ask("GET", std::string(kMaps) + "?limit=2&continue=" + fresh).body);
  EXPECT_THAT(NamesIn(rest), ElementsAre("c", "d")) << "from the same place, as it is now";
  const std::string next = rest["metadata"]["continue"];
  EXPECT_THAT(Names("?limit=2&continue=" + next), ElementsAre("e"));
  EXPECT_EQ(rest["metadata"]["resourceVersion"],
            ReadJson(Ask("GET", std::string(kMaps) + "?continue=" + next)
                         .body)["metadata"]["resourceVersion"]);
}

TEST_F(ListsTest, TokensThatAreNoneAreToldWhatIsWrongWithThem) {
  const auto says = [&](const std::string& token) -> std::string {
    const Answer answer = Ask("GET", std::string(kMaps) + "?continue=" + token);
    EXPECT_EQ(answer.status, 400);
    EXPECT_FALSE(ReadJson(answer.body).contains("details"));
    return ReadJson(answer.body)["message"];
  };
  EXPECT_EQ(
      says("ab!"),
      "invalid continue token: continue key is not valid: illegal base64 data at input byte 2");
  EXPECT_EQ(
      says("abcde"),
      "invalid continue token: continue key is not valid: illegal base64 data at input byte 4");
  EXPECT_EQ(says("bm8ganNvbg"),
            "invalid continue token: continue key is not valid: invalid character 'o' in literal "
            "null (expecting 'u')");
  EXPECT_EQ(says("eyJ2IjoieCJ9"),
            "invalid continue token: continue key is not valid: server does not recognize this "
            "encoded version x");
  EXPECT_EQ(says("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0"),
            "invalid continue token: continue key is not valid: incorrect encoded start "
            "resourceVersion (version "
            "meta.k8s.io/v1)");
  EXPECT_EQ(says("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NX0"),
            "invalid continue token: continue key is not valid: encoded start key empty (version "
            "meta.k8s.io/v1)");
}

TEST_F(ListsTest, TheRemainderIsToldWithoutSelectorsOnly) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    Make(name);
  }
  json page = ReadJson(Ask("GET", std::string(kMaps) + "?limit=2").body);
  EXPECT_EQ(page["metadata"]["remainingItemCount"], 3);
  page = ReadJson(Ask("GET", std::string(kMaps) + "?limit=2&continue=" +
                                 page["metadata"]["continue"].get<std::string>())
                      .body);
  EXPECT_EQ(page["metadata"]["remainingItemCount"], 1);
  const json chosen =
      ReadJson(Ask("GET", std::string(kMaps) + "?limit=2&labelSelector=tier%3Dweb").body);
  EXPECT_FALSE(chosen["metadata"].contains("remainingItemCount"));
  EXPECT_TRUE(chosen["metadata"].contains("continue"));
}

TEST_F(ListsTest, TablesHavePagesAndAsMuchOfEachObjectAsAsked) {
  const std::string table = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n";
  const auto rows = [&](const std::string& query) {
    return ReadJson(Ask("GET", std::string(kMaps) + query, "", table).body);
  };
  for (const char* name : {"a", "b", "c"}) {
    Make(name);
  }
  const json page = rows("?limit=2");
  EXPECT_EQ(page["rows"].size(), 2U);
  EXPECT_EQ(page["metadata"]["remainingItemCount"], 1);
  EXPECT_EQ(page["rows"][0]["object"]["kind"], "PartialObjectMetadata");
  const json rest = rows("?limit=2&continue=" + page["metadata"]["continue"].get<std::string>());
  EXPECT_EQ(rest["rows"][0]["cells"][0], "c");
  EXPECT_EQ(rest["metadata"]["resourceVersion"], page["metadata"]["resourceVersion"]);
  EXPECT_EQ(rows("?includeObject=Object")["rows"][0]["object"]["kind"], "ConfigMap");
  EXPECT_TRUE(rows("?includeObject=None")["rows"][0]["object"].is_null());
  EXPECT_EQ(rows("?includeObject=Some")["code"], 400);
}

TEST_F(ListsTest, ACollectionIsDeletedAsItsSelectorsChoose) {
  Make("a");
  Make("b", "db");
  Make("c");
  const Answer gone = Ask("DELETE", std::string(kMaps) + "?labelSelector=tier%3Dweb");
  EXPECT_EQ(gone.status, 200);
  const json list = ReadJson(gone.body);
  EXPECT_EQ(list["kind"], "ConfigMapList");
  EXPECT_THAT(NamesIn(list), ElementsAre("a", "c"));
  EXPECT_THAT(Names(), ElementsAre("b"));
  EXPECT_EQ(Ask("DELETE", kMaps).status, 200);
  EXPECT_THAT(Names(), ElementsAre());
}

TEST_F(ListsTest, ACollectionIsDeletedWithTheOptionsOfADelete) {
  Make("a");
  EXPECT_THAT(NamesIn(ReadJson(Ask("DELETE", kMaps, R"({"dryRun":["All"]})").body)),
              ElementsAre("a"));
  EXPECT_EQ(Ask("DELETE", std::string(kMaps) + "?dryRun=All").status, 200);
  EXPECT_EQ(Ask("DELETE", kMaps, R"({"preconditions":{"uid":"another"}})").status, 409);
  const Answer refused = Ask("DELETE", std::string(kMaps) + "?propagationPolicy=Sideways");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(ReadJson(refused.body)["details"]["kind"], "DeleteOptions");
  EXPECT_EQ(Ask("DELETE", std::string(kMaps) + "?resourceVersionMatch=Exact").status, 422);
  EXPECT_EQ(Ask("DELETE", std::string(kMaps) + "?resourceVersion=999999").status, 504);
  EXPECT_EQ(Ask("DELETE", std::string(kMaps) + "?fieldSelector=spec.x%3D1").status, 400);
  EXPECT_THAT(Names(), ElementsAre("a"));
}

TEST_F(ListsTest, FinalizersHoldWhatIsDeletedWithItsCollection) {
  ASSERT_EQ(
      Ask("POST", kSources,
          R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{"name":"held","finalizers":["example.com/hold"]},"spec":{"url":"https://example.com/a.git"}})")
          .status,
      201);
  ASSERT_EQ(
      Ask("POST", kSources,
          R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{"name":"free"},"spec":{"url":"https://example.com/a.git"}})")
          .status,
      201);
  EXPECT_EQ(Ask("DELETE", kSources).status, 200);
  const json left = ReadJson(Ask("GET", kSources).body);
  EXPECT_THAT(NamesIn(left), ElementsAre("held"));
  EXPECT_TRUE(left["items"][0]["metadata"].contains("deletionTimestamp"));
}

TEST_F(ListsTest, ALargeCollectionIsDeletedToItsEndOrPageByPage) {
  for (int i = 0; i < 600; ++i) {
    Make("map-" + std::to_string(1000 + i));
  }
  const json page = ReadJson(Ask("DELETE", std::string(kMaps) + "?limit=10").body);
  EXPECT_EQ(page["items"].size(), 10U);
  EXPECT_TRUE(page["metadata"].contains("continue"));
  EXPECT_EQ(Names().size(), 590U);
  EXPECT_EQ(ReadJson(Ask("DELETE", kMaps).body)["items"].size(), 590U);
  EXPECT_EQ(Names().size(), 0U);
}

TEST_F(ListsTest, DiscoveryOffersTheVerbWhereThereIsOne) {
  const json core = ReadJson(Ask("GET", "/api/v1").body);
  for (const json& resource : core["resources"]) {
    const auto& verbs = resource["verbs"];
    const bool offered = std::find(verbs.begin(), verbs.end(), "deletecollection") != verbs.end();
    const bool whole = resource["name"].get<std::string>().find('/') == std::string::npos;
    const bool deleted = std::find(verbs.begin(), verbs.end(), "delete") != verbs.end();
    EXPECT_EQ(offered, whole && deleted && resource["name"] != "namespaces") << resource;
  }
}

TEST_F(ListsTest, ALeaseMayBeMadeByPutAndOthersMayNot) {
  const std::string path = std::string(kLeases) + "/leader";
  const std::string lease = R"({"metadata":{"name":"leader"},"spec":{"holderIdentity":"me"}})";
  EXPECT_EQ(Ask("PUT", path + "?dryRun=All", lease).status, 201);
  EXPECT_EQ(Ask("GET", path).status, 404);
  EXPECT_EQ(Ask("PUT", std::string(kLeases) + "/other", lease).status, 400);
  const Answer made = Ask("PUT", path, lease);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(ReadJson(made.body)["spec"]["holderIdentity"], "me");
  EXPECT_EQ(Ask("PUT", path, lease).status, 422) << "now it needs the version that it replaces";
  EXPECT_EQ(Ask("PUT", path, made.body).status, 200);
  EXPECT_EQ(Ask("DELETE", path).status, 200);
  EXPECT_EQ(Ask("PUT", path, made.body).status, 409) << "it wants the one that is gone";
  EXPECT_EQ(
      Ask("PUT", "/apis/coordination.k8s.io/v1/namespaces/nowhere/leases/leader", lease).status,
      404);
  EXPECT_EQ(Ask("PUT", std::string(kMaps) + "/a", Labelled("a", "web")).status, 404);
  EXPECT_EQ(
      Ask("PUT", std::string(kSources) + "/a",
          R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{"name":"a"}})")
          .status,
      404);
}

TEST_F(ListsTest, RefusalsAreInTheWordsOfKubernetes) {
  const json made = ReadJson(
      Ask("POST", kSources,
          R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{"name":"r"},"spec":{"url":"https://example.com/a.git"}})")
          .body);
  const std::string uid = made["metadata"]["uid"];
  const std::string path = std::string(kSources) + "/r";
  const auto says = [&](const std::string& method, const std::string& body) {
    return ReadJson(Ask(method, path, body).body);
  };
  const json other = says("DELETE", R"({"preconditions":{"uid":"other"}})");
  EXPECT_EQ(other["message"],
            "Operation cannot be fulfilled on GitRepository.slipway.dev \"r\": the UID in the "
            "precondition "
            "(other) does not match the UID in record (" +
                uid + "). The object might have been deleted and then recreated");
  EXPECT_EQ(other["details"],
            (json{{"name", "r"}, {"group", "slipway.dev"}, {"kind", "GitRepository"}}));
  EXPECT_THAT(
      says("DELETE", R"({"preconditions":{"resourceVersion":"1"}})")["message"].get<std::string>(),
      testing::HasSubstr("the ResourceVersion in the precondition (1) does not match the "
                         "ResourceVersion in record ("));
  const json blind = says(
      "PUT",
      R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{"name":"r"}})");
  EXPECT_EQ(blind["message"],
            "gitrepositories.slipway.dev \"r\" is invalid: metadata.resourceVersion: Invalid "
            "value: 0x0: must "
            "be specified for an update");
  EXPECT_EQ(blind["details"]["kind"], "gitrepositories");
  EXPECT_EQ(
      says("PUT", R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{}})")
          ["message"],
      "the name of the object (r based on URL) was undeterminable: name must be provided");
  json wrong = made;
  wrong["metadata"]["uid"] = "other";
  EXPECT_EQ(
      says("PUT", wrong.dump())["message"],
      "Operation cannot be fulfilled on gitrepositories.slipway.dev \"r\": StorageError: invalid "
      "object, "
      "Code: 4, Key: /registry/slipway.dev/gitrepositories/default/r, ResourceVersion: 0, "
      "AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: " +
          uid);
  EXPECT_EQ(
      ReadJson(Ask("GET", std::string(kMaps) + "?fieldSelector=spec.x%3D1").body)["message"],
      "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
  EXPECT_EQ(ReadJson(Ask("GET", std::string(kMaps) + "?fieldSelector=x").body)["message"],
            "invalid selector: 'x'; can't understand 'x'");
  EXPECT_EQ(ReadJson(Ask("PATCH", kMaps, "{}").body)["details"], json::object());
}

TEST_F(ListsTest, ItemsSayWhatTheyAreWhereTheyAreCustomResources) {
  Make("a");
  const json maps = ReadJson(Ask("GET", kMaps).body);
  EXPECT_FALSE(maps["items"][0].contains("kind") || maps["items"][0].contains("apiVersion"));
  EXPECT_EQ(maps["items"][0]["metadata"]["name"], "a");
  EXPECT_FALSE(maps["metadata"].contains("continue"));
  ASSERT_EQ(
      Ask("POST", kSources,
          R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{"name":"r"},"spec":{"url":"https://example.com/a.git"}})")
          .status,
      201);
  const json sources = ReadJson(Ask("GET", kSources).body);
  EXPECT_EQ(sources["items"][0]["kind"], "GitRepository");
  EXPECT_EQ(sources["metadata"]["continue"], "");
}

TEST_F(ListsTest, PeopleGetLinesAndProgramsGetNone) {
  Make("a");
  const std::string path = std::string(kMaps) + "/a";
  const std::string plain = Ask("GET", path).body;
  EXPECT_EQ(plain.find('\n'), std::string::npos);
  const std::string lines = Ask("GET", path + "?pretty=true").body;
  EXPECT_EQ(ReadJson(lines), ReadJson(plain));
  EXPECT_TRUE(lines.starts_with(
      "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"ConfigMap\",\n  \"metadata\": {\n    \""))
      << lines;
  EXPECT_TRUE(lines.ends_with("\n  }\n}")) << lines;
  EXPECT_EQ(Ask("GET", path, "", "User-Agent: curl/8.1\r\n").body, lines);
  EXPECT_EQ(Ask("GET", path + "?pretty=false", "", "User-Agent: curl/8.1\r\n").body, plain);
  EXPECT_EQ(ReadJson(Ask("GET", std::string(kMaps) + "?pretty=1").body),
            ReadJson(Ask("GET", kMaps).body));
  EXPECT_EQ(ReadJson(Ask("GET", std::string(kMaps) + "/no?pretty=1").body)["code"], 404);
}

std::string Unpacked(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string plain(8 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return plain;
}

TEST_F(ListsTest, LargeListsArePackedForWhoTakesThat) {
  const std::string gzip = "Accept-Encoding: deflate, gzip\r\n";
  Make("small");
  EXPECT_FALSE(Ask("GET", kMaps, "", gzip).headers.contains("content-encoding"));
  for (int i = 0; i < 4; ++i) {
    const json large = {{"metadata", {{"name", "large-" + std::to_string(i)}}},
                        {"data", {{"text", std::string(64 << 10, 'x')}}}};
    ASSERT_EQ(Ask("POST", kMaps, large.dump()).status, 201);
  }
  const Answer plain = Ask("GET", kMaps, "", "Accept-Encoding: br\r\n");
  EXPECT_FALSE(plain.headers.contains("content-encoding"));
  const Answer packed = Ask("GET", kMaps, "", gzip);
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(packed.headers.at("vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), plain.body.size() / 50);
  EXPECT_EQ(Unpacked(packed.body), plain.body);
}

/// What a list shows, page by page.
json PageByPage(TlsClient& client, const std::string& headers, const char* part) {
  json all = json::array();
  std::string token;
  do {
    const Answer answer =
        client.Ask("GET", std::string(kMaps) + "?limit=7&continue=" + token, "", headers);
    EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
    const json page = ReadJson(answer.body);
    all.insert(all.end(), page[part].begin(), page[part].end());
    token = page["metadata"].value("continue", "");
  } while (!token.empty());
  return all;
}

TEST_F(ListsTest, ALargeListGoesOutInPiecesWhateverItsForm) {
  for (int i = 0; i < 40; ++i) {
    const json large = {
        {"metadata", {{"name", "large-" + std::to_string(i)}}},
        {"data", {{"text", std::string(64 << 10, 'x')}, {"odd", "{\"[,:\\"}, {"none", ""}}}};
    ASSERT_EQ(Ask("POST", kMaps, large.dump()).status, 201);
  }
  const Answer plain = Ask("GET", kMaps);
  EXPECT_EQ(plain.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(ReadJson(plain.body)["items"], PageByPage(client_, "", "items"));

  const Answer packed = Ask("GET", kMaps, "", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(Unpacked(packed.body), plain.body);

  const Answer lines = Ask("GET", std::string(kMaps) + "?pretty=1");
  EXPECT_EQ(lines.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(lines.body, WithLines(plain.body));

  const std::string as_table =
      "Accept: application/json;as=Table;g=meta.k8s.io;v=v1\r\nAccept-Encoding: identity\r\n";
  const Answer table = Ask("GET", std::string(kMaps) + "?includeObject=Object", "", as_table);
  EXPECT_EQ(table.headers.at("transfer-encoding"), "chunked");
  const json rows = ReadJson(table.body)["rows"];
  ASSERT_EQ(rows.size(), 40U);
  EXPECT_EQ(rows[39]["object"]["data"]["odd"], "{\"[,:\\");

  client_.Send("GET " + std::string(kMaps) + " HTTP/1.0\r\n\r\n");
  const Answer old = client_.Read();
  EXPECT_FALSE(old.headers.contains("transfer-encoding"));
  EXPECT_EQ(old.body, plain.body);
}

}  // namespace
}  // namespace slipway::apiserver
