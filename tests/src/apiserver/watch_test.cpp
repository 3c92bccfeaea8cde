#include "reconciler/base/json.hpp"
#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::apiserver {
namespace {

using http::TlsClient;
using nlohmann::json;
using testing::ElementsAre;

std::string TierMap(const std::string& name, const std::string& tier = "web") {
  return json{{"metadata", {{"name", name}, {"labels", {{"tier", tier}}}}}}.dump();
}

class WatchTest : public testing::Test {
 protected:
  explicit WatchTest(ApiWorld::Options options = {}) : world_(options) {}

  void Make(const std::string& body) {
    const auto answer = client_.Ask("POST", kMaps, body);
    ASSERT_EQ(answer.status, 201) << answer.body;
  }
  void Patch(const std::string& name, const std::string& patch) {
    const auto answer = client_.Ask("PATCH", std::string(kMaps) + "/" + name, patch, kMerge);
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  void Delete(const std::string& name) {
    ASSERT_EQ(client_.Ask("DELETE", std::string(kMaps) + "/" + name).status, 200);
  }
  std::string Revision() {
    return ReadJson(client_.Ask("GET", kMaps).body)["metadata"]["resourceVersion"];
  }
  WatchReader Watch(const std::string& query, const std::string& headers = "") {
    return WatchReader(world_, kMaps, query, headers);
  }

  ApiWorld world_;
  TlsClient client_ = world_.Admin();
};

TEST_F(WatchTest, BeginsWithWhatIsThereAndGoesOnWithWhatHappens) {
  Make(TierMap("a"));
  WatchReader watch = Watch("");
  EXPECT_THAT(watch.Take(1), ElementsAre("ADDED a"));
  Make(TierMap("b"));
  Patch("a", R"({"data":{"x":"1"}})");
  Delete("b");
  EXPECT_THAT(watch.Take(3), ElementsAre("ADDED b", "MODIFIED a", "DELETED b"));
}

TEST_F(WatchTest, FromAListItTellsWhatCameAfterOnly) {
  Make(TierMap("a"));
  const std::string revision = Revision();
  Make(TierMap("b"));
  WatchReader watch = Watch("resourceVersion=" + revision);
  EXPECT_THAT(watch.Take(1), ElementsAre("ADDED b"));
}

TEST_F(WatchTest, TheSameBytesReachWatchersAndReaders) {
  WatchReader watch = Watch("resourceVersion=" + Revision());
  Make(TierMap("a"));
  EXPECT_EQ(watch.Next()["object"].dump(),
            ReadJson(client_.Ask("GET", std::string(kMaps) + "/a").body).dump());
}

TEST_F(WatchTest, HeadersArriveBeforeAnythingHappens) {
  EXPECT_EQ(Watch("resourceVersion=" + Revision()).status(), 200);
}

TEST_F(WatchTest, LeavingASelectionIsADeletionAndEnteringItAnAddition) {
  Make(TierMap("a"));
  Make(TierMap("b", "db"));
  WatchReader watch = Watch("labelSelector=tier%3Dweb");
  EXPECT_THAT(watch.Take(1), ElementsAre("ADDED a"));
  Patch("a", R"({"metadata":{"labels":{"tier":"db"}}})");
  Patch("b", R"({"metadata":{"labels":{"tier":"web"}}})");
  Delete("a");
  Delete("b");
  EXPECT_THAT(watch.Take(3), ElementsAre("DELETED a", "ADDED b", "DELETED b"));
}

TEST_F(WatchTest, AChangeIsToEachWatchWhatItIsToItsSelection) {
  WatchReader all = Watch("");
  WatchReader some = Watch("labelSelector=tier%3Dweb");
  Make(TierMap("a", "db"));
  Patch("a", R"({"metadata":{"labels":{"tier":"web"}}})");
  Patch("a", R"({"metadata":{"labels":{"tier":"db"}}})");
  const auto tiers = [](WatchReader& watch, int count) {
    std::vector<std::string> seen;
    for (int i = 0; i < count; ++i) {
      const json event = watch.Next();
      seen.push_back(event["type"].get<std::string>() + " " +
                     event["object"]["metadata"]["labels"]["tier"].get<std::string>());
    }
    return seen;
  };
  EXPECT_THAT(tiers(some, 2), ElementsAre("ADDED web", "DELETED web"));
  EXPECT_THAT(tiers(all, 3), ElementsAre("ADDED db", "MODIFIED web", "MODIFIED db"));
}

TEST_F(WatchTest, OneNameCanBeWatched) {
  Make(TierMap("a"));
  WatchReader watch = Watch("fieldSelector=metadata.name%3Da&resourceVersion=0");
  Make(TierMap("b"));
  Delete("a");
  EXPECT_THAT(watch.Take(2), ElementsAre("ADDED a", "DELETED a"));
}

TEST_F(WatchTest, ADeletionCarriesTheRevisionOfTheDeletion) {
  Make(TierMap("a"));
  const std::string before = Revision();
  WatchReader watch = Watch("resourceVersion=" + before);
  Delete("a");
  const json event = watch.Next();
  EXPECT_EQ(event["type"], "DELETED");
  EXPECT_GT(std::stoll(event["object"]["metadata"]["resourceVersion"].get<std::string>()),
            std::stoll(before));
}

TEST_F(WatchTest, IsOneLineOfJsonForEachEventInChunks) {
  const std::string revision = Revision();
  Make(TierMap("a"));
  Make(TierMap("b"));
  client_.Send("GET " + std::string(kMaps) + "?watch=true&timeoutSeconds=1&resourceVersion=" +
               revision + " HTTP/1.1\r\nHost: x\r\n\r\n");
  http::Answer head = client_.ReadHead();
  EXPECT_EQ(head.headers["transfer-encoding"], "chunked");
  EXPECT_EQ(head.headers["content-type"], "application/json");
  std::string text;
  for (std::string chunk = client_.ReadChunk(); !chunk.empty(); chunk = client_.ReadChunk()) {
    text += chunk;
  }
  const std::size_t end = text.find('\n');
  ASSERT_EQ(text.find('\n', end + 1), text.size() - 1) << text;
  for (const std::string& line : {text.substr(0, end), text.substr(end + 1)}) {
    const json event = ReadJson(line);
    EXPECT_EQ(event.size(), 2U);
    EXPECT_EQ(event["type"], "ADDED");
    EXPECT_EQ(event["object"]["kind"], "ConfigMap");
  }
}

TEST_F(WatchTest, WhatChangesNothingIsNoEvent) {
  Make(TierMap("a"));
  WatchReader watch = Watch("resourceVersion=" + Revision());
  const std::string path = std::string(kMaps) + "/a";
  const std::string before = client_.Ask("GET", path).body;
  Patch("a", "{}");
  Patch("a", R"({"metadata":{"labels":{"tier":"web"}}})");
  EXPECT_EQ(client_.Ask("PUT", path, before, kJson).status, 200);
  EXPECT_EQ(client_.Ask("GET", path).body, before);
  EXPECT_EQ(client_.Ask("POST", std::string(kMaps) + "?dryRun=All", TierMap("b"), kJson).status,
            201);
  EXPECT_EQ(client_.Ask("PATCH", path + "?dryRun=All", R"({"data":{"x":"1"}})", kMerge).status,
            200);
  EXPECT_EQ(client_.Ask("DELETE", path, R"({"dryRun":["All"]})").status, 200);
  EXPECT_EQ(client_.Ask("POST", kMaps, TierMap("a"), kJson).status, 409);
  Make(TierMap("c"));
  EXPECT_THAT(watch.Take(1), ElementsAre("ADDED c"));
}

TEST_F(WatchTest, WhoseLastFinalizerGoesIsDeleted) {
  Make(R"({"metadata":{"name":"a","finalizers":["slipway.dev/test"]}})");
  WatchReader watch = Watch("resourceVersion=" + Revision());
  Delete("a");
  Patch("a", R"({"metadata":{"finalizers":null}})");
  EXPECT_EQ(watch.Next()["type"], "MODIFIED");
  const json gone = watch.Next();
  EXPECT_EQ(gone["type"], "DELETED");
  EXPECT_TRUE(gone["object"]["metadata"].contains("deletionTimestamp"));
}

TEST_F(WatchTest, WhoStoppedReadingForTooLongIsToldSo) {
  WatchReader stopped = Watch("resourceVersion=" + Revision());
  const std::string value(256 << 10, 'x');
  Make(json{{"metadata", {{"name", "large"}}}, {"data", {{"x", value}}}}.dump());
  // More than the buffers of a connection hold.
  for (int i = 0; i < 200; ++i) {
    Patch("large", json{{"data", {{"n", std::to_string(i)}}}}.dump());
  }
  ASSERT_TRUE(world_.store->Compact(world_.store->CurrentRevision().value()).has_value());
  json last;
  int events = 0;
  for (json event = stopped.Next(); !event.is_null(); event = stopped.Next()) {
    last = std::move(event);
    ++events;
  }
  EXPECT_LT(events, 200) << "it read all the time";
  EXPECT_EQ(last["type"], "ERROR");
  EXPECT_EQ(last["object"]["code"], 410);
  EXPECT_EQ(last["object"]["reason"], "Expired");
  EXPECT_THAT(last["object"]["message"],
              testing::MatchesRegex("too old resource version: [0-9]+ .[0-9]+."));
}

TEST_F(WatchTest, ACompactedRevisionIsAnErrorEventOnAGoodStream) {
  const std::string old = Revision();
  Make(TierMap("a"));
  Make(TierMap("b"));
  ASSERT_TRUE(world_.store->Compact(world_.store->CurrentRevision().value()).has_value());
  WatchReader watch = Watch("resourceVersion=" + old);
  EXPECT_EQ(watch.status(), 200);
  const json event = watch.Next();
  EXPECT_EQ(event["type"], "ERROR");
  EXPECT_EQ(event["object"]["code"], 410);
  EXPECT_EQ(event["object"]["reason"], "Expired");
  EXPECT_THAT(event["object"]["message"], testing::StartsWith("too old resource version: " + old));
  EXPECT_TRUE(watch.Next().is_null()) << "the stream ends";
}

TEST_F(WatchTest, ARevisionOfTheFutureIsRefused) {
  const http::Answer answer =
      world_.Admin().Ask("GET", std::string(kMaps) + "?watch=1&resourceVersion=999999");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
  EXPECT_EQ(ReadJson(answer.body)["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
}

TEST_F(WatchTest, EndsCleanlyWhenItsTimeIsOver) {
  Make(TierMap("a"));
  WatchReader watch = Watch("timeoutSeconds=1&allowWatchBookmarks=true");
  EXPECT_THAT(watch.Take(10), ElementsAre("ADDED a", "BOOKMARK -", "BOOKMARK -"));
  WatchReader none = Watch("timeoutSeconds=-1&resourceVersion=" + Revision());
  EXPECT_TRUE(none.Next().is_null()) << "its time is over before it begins";
}

TEST_F(WatchTest, WhoNamesNoVersionIsToldWhereWhatWasThereEnds) {
  Make(TierMap("a"));
  for (const char* query : {"", "&resourceVersion=0", "&resourceVersion="}) {
    WatchReader watch = Watch(std::string("allowWatchBookmarks=true") + query);
    EXPECT_THAT(watch.Take(1), ElementsAre("ADDED a"));
    const json mark = watch.Next();
    EXPECT_EQ(mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  }
}

TEST_F(WatchTest, AStreamedListIsAtLeastAsNewAsItMustBe) {
  Make(TierMap("a"));
  const std::string query =
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&"
      "resourceVersion=";
  WatchReader watch = Watch(query + Revision());
  EXPECT_THAT(watch.Take(2), ElementsAre("ADDED a", "BOOKMARK -"));
  const http::Answer future =
      client_.Ask("GET", std::string(kMaps) + "?watch=1&" + query + "999999");
  EXPECT_EQ(future.status, 504);
  EXPECT_EQ(ReadJson(future.body)["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
}

TEST_F(WatchTest, WithoutTheInitialEventsAWatchBeginsNow) {
  Make(TierMap("a"));
  for (const char* revision : {"", "&resourceVersion=0"}) {
    WatchReader watch = Watch(std::string("sendInitialEvents=false&allowWatchBookmarks=true"
                                          "&resourceVersionMatch=NotOlderThan") +
                              revision);
    Make(TierMap("b"));
    EXPECT_THAT(watch.Take(1), ElementsAre("ADDED b"));
    Delete("b");
  }
}

TEST_F(WatchTest, AStreamedListEndsWithAMark) {
  Make(TierMap("a"));
  WatchReader watch =
      Watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
  EXPECT_THAT(watch.Take(1), ElementsAre("ADDED a"));
  const json mark = watch.Next();
  EXPECT_EQ(mark["type"], "BOOKMARK");
  EXPECT_EQ(mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  EXPECT_EQ(
      mark["object"]["metadata"]["annotations"]["kubernetes.io/initial-events-list-blueprint"],
      "eyJhcGlWZXJzaW9uIjoidjEiLCJpdGVtcyI6W10sImtpbmQiOiJDb25maWdNYXBMaXN0IiwibWV0YWRhdGEiOnt9"
      "fQo=");
  EXPECT_EQ(Watch("sendInitialEvents=true").status(), 422);
}

TEST_F(WatchTest, ATableSaysItsColumnsOnce) {
  Make(TierMap("a"));
  Make(TierMap("b"));
  WatchReader watch = Watch("", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n");
  const json first = watch.Next();
  EXPECT_EQ(first["object"]["kind"], "Table");
  EXPECT_EQ(first["object"]["rows"][0]["cells"][0], "a");
  EXPECT_FALSE(first["object"]["columnDefinitions"].empty());
  const json second = watch.Next();
  EXPECT_EQ(second["object"]["rows"][0]["cells"][0], "b");
  EXPECT_TRUE(second["object"].value("columnDefinitions", json()).empty());
}

TEST_F(WatchTest, AStoppingServerEndsItCleanly) {
  Make(TierMap("a"));
  WatchReader watch = Watch("");
  EXPECT_THAT(watch.Take(1), ElementsAre("ADDED a"));
  world_.Stop();
  EXPECT_TRUE(watch.Next().is_null());
}

TEST_F(WatchTest, WritesGoOnWhileAWatcherDoesNotRead) {
  WatchReader idle = Watch("resourceVersion=" + Revision());
  const std::string value(64 << 10, 'x');
  Make(json{{"metadata", {{"name", "large"}}}, {"data", {{"x", value}}}}.dump());
  for (int i = 0; i < 100; ++i) {
    Patch("large", json{{"data", {{"n", std::to_string(i)}}}}.dump());
  }
  int last = -1;
  for (int i = 0; i < 101; ++i) {
    const json event = idle.Next();
    last = std::stoi(event["object"]["data"].value("n", "-1"));
  }
  EXPECT_EQ(last, 99);
}

TEST_F(WatchTest, AThousandWatchersGetEveryEvent) {
  constexpr int kWatchers = 1000;
  constexpr int kChanges = 20;
  const std::string revision = Revision();
  std::vector<WatchReader> watchers;
  watchers.reserve(kWatchers);
  for (int i = 0; i < kWatchers; ++i) {
    watchers.push_back(Watch("resourceVersion=" + revision));
  }
  std::vector<std::string> expected;
  for (int i = 0; i < kChanges; ++i) {
    const std::string name = "map-" + std::to_string(i);
    Make(TierMap(name));
    expected.push_back("ADDED " + name);
  }
  for (WatchReader& watch : watchers) {
    EXPECT_EQ(watch.Take(kChanges), expected);
  }
}

class BookmarkTest : public WatchTest {
 protected:
  BookmarkTest() : WatchTest({.bookmark_interval = std::chrono::milliseconds(50)}) {}
};

TEST_F(BookmarkTest, BookmarksFollowWhatOthersDo) {
  WatchReader watch =
      Watch("allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnobody&resourceVersion=" +
            Revision());
  Make(TierMap("a"));
  const long long made = std::stoll(Revision());
  json event = watch.Next();
  while (std::stoll(event["object"]["metadata"]["resourceVersion"].get<std::string>()) < made) {
    EXPECT_EQ(event["type"], "BOOKMARK");
    event = watch.Next();
  }
  EXPECT_EQ(event["object"]["kind"], "ConfigMap");
  EXPECT_EQ(event["object"]["metadata"].size(), 1U);
}

TEST(Bookmarks, ComeEachMinuteUnlessATestIsInAHurry) {
  EXPECT_EQ(Server::Options().bookmark_interval, std::chrono::minutes(1));
}

TEST_F(BookmarkTest, NobodyGetsBookmarksUnasked) {
  WatchReader plain = Watch("timeoutSeconds=1");
  EXPECT_TRUE(plain.Next().is_null());
}

}  // namespace
}  // namespace slipway::apiserver
