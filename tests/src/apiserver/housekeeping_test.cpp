#include "tests/src/apiserver/api_world.hpp"  // first: Asio needs what it includes before it

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"

namespace slipway::apiserver {
namespace {

using nlohmann::json;
using testing::ElementsAre;

constexpr const char* kEvents = "/api/v1/namespaces/default/events";

std::string BareMap(const std::string& name) { return json{{"metadata", {{"name", name}}}}.dump(); }

class HousekeepingTest : public testing::Test {
 protected:
  http::Answer Get(const std::string& path) { return client_.Ask("GET", path); }
  http::Answer Post(const std::string& path, const std::string& body) {
    return client_.Ask("POST", path, body, kJson);
  }
  void Make(const std::string& path, const std::string& body) {
    const http::Answer answer = Post(path, body);
    ASSERT_EQ(answer.status, 201) << answer.body;
  }

  ApiWorld world_;
  http::TlsClient client_ = world_.Admin();
};

TEST_F(HousekeepingTest, ADeletedNamespaceIsEmptiedAndVanishes) {
  Make("/api/v1/namespaces", R"({"metadata":{"name":"prod"}})");
  const std::string maps = "/api/v1/namespaces/prod/configmaps";
  Make(maps, BareMap("a"));
  Make(maps, R"({"metadata":{"name":"held","finalizers":["slipway.dev/test"]}})");
  WatchReader gone(world_, "/api/v1/namespaces",
                   "fieldSelector=metadata.name%3Dprod&resourceVersion=0");
  WatchReader contents(world_, maps, "");
  EXPECT_THAT(contents.Take(2), ElementsAre("ADDED a", "ADDED held"));
  EXPECT_EQ(client_.Ask("DELETE", "/api/v1/namespaces/prod").status, 200);
  EXPECT_EQ(Post(maps, BareMap("b")).status, 403);
  EXPECT_THAT(contents.Take(2), ElementsAre("DELETED a", "MODIFIED held"));
  EXPECT_EQ(Get("/api/v1/namespaces/prod").status, 200) << "it honours finalizers";
  EXPECT_THAT(gone.Take(3), ElementsAre("ADDED prod", "MODIFIED prod", "MODIFIED prod"));
  const json held = ReadJson(Get("/api/v1/namespaces/prod").body);
  EXPECT_EQ(held["spec"]["finalizers"], json::array({"kubernetes"}));
  EXPECT_EQ(held["status"]["phase"], "Terminating");
  EXPECT_EQ(held["status"]["conditions"][3]["message"],
            "Some resources are remaining: configmaps. has 1 resource instances");
  EXPECT_EQ(held["status"]["conditions"][4]["message"],
            "Some content in the namespace has finalizers remaining: slipway.dev/test in 1 "
            "resource instances");
  EXPECT_EQ(
      client_.Ask("PATCH", maps + "/held", R"({"metadata":{"finalizers":null}})", kMerge).status,
      200);
  EXPECT_THAT(gone.Take(1), ElementsAre("DELETED prod"));
}

TEST_F(HousekeepingTest, WhatWaitsForItsDependentsDoesNotKeepANamespace) {
  Make("/api/v1/namespaces", R"({"metadata":{"name":"prod"}})");
  const std::string maps = "/api/v1/namespaces/prod/configmaps";
  Make(maps, BareMap("a"));
  WatchReader gone(world_, "/api/v1/namespaces",
                   "fieldSelector=metadata.name%3Dprod&resourceVersion=0");
  EXPECT_EQ(client_.Ask("DELETE", maps + "/a?propagationPolicy=Foreground").status, 200);
  EXPECT_EQ(Get(maps + "/a").status, 200) << "nobody here collects its dependents";
  EXPECT_EQ(client_.Ask("DELETE", "/api/v1/namespaces/prod").status, 200);
  json event = gone.Next();
  while (!event.is_null() && event["type"] != "DELETED") {
    event = gone.Next();
  }
  EXPECT_FALSE(event.is_null()) << "the watch ended before the namespace did";
}

TEST_F(HousekeepingTest, ManyObjectsThatAreHeldKeepTheOthersFromNothing) {
  Make("/api/v1/namespaces", R"({"metadata":{"name":"prod"}})");
  const std::string maps = "/api/v1/namespaces/prod/configmaps";
  for (int i = 0; i < 201; ++i) {
    const json metadata = {{"name", "held-" + std::to_string(i)},
                           {"finalizers", {"slipway.dev/test"}}};
    Make(maps, json{{"metadata", metadata}}.dump());
  }
  Make(maps, BareMap("z"));
  WatchReader last(world_, maps, "fieldSelector=metadata.name%3Dz");
  EXPECT_EQ(client_.Ask("DELETE", "/api/v1/namespaces/prod").status, 200);
  EXPECT_THAT(last.Take(2), ElementsAre("ADDED z", "DELETED z"));
}

TEST_F(HousekeepingTest, NamespacesVanishWhateverTheCascade) {
  for (const char* policy : {"Foreground", "Orphan"}) {
    const std::string cascade = std::string("?propagationPolicy=") + policy;
    Make("/api/v1/namespaces", R"({"metadata":{"name":"prod"}})");
    WatchReader gone(world_, "/api/v1/namespaces",
                     "fieldSelector=metadata.name%3Dprod&resourceVersion=0");
    EXPECT_EQ(client_.Ask("DELETE", "/api/v1/namespaces/prod" + cascade).status, 200);
    EXPECT_THAT(gone.Take(3), ElementsAre("ADDED prod", "MODIFIED prod", "DELETED prod")) << policy;
  }
}

TEST_F(HousekeepingTest, EventsAreForgottenAnHourAfterTheyLastHappened) {
  const auto event = [](const std::string& name) {
    return json{{"metadata", {{"name", name}}},
                {"involvedObject", {{"kind", "Application"}, {"name", "shop"}}}}
        .dump();
  };
  Make(kEvents, event("once"));
  Make(kEvents, event("again"));
  WatchReader watch(world_, kEvents, "");
  EXPECT_THAT(watch.Take(2), ElementsAre("ADDED again", "ADDED once"));
  world_.clock.ahead = std::chrono::minutes(59);
  const Time last = std::chrono::floor<std::chrono::seconds>(world_.clock.Now());
  const json renewed = {{"lastTimestamp", api::FormatTime(last)}};
  ASSERT_EQ(client_.Ask("PATCH", std::string(kEvents) + "/again", renewed.dump(), kMerge).status,
            200);
  EXPECT_THAT(watch.Take(1), ElementsAre("MODIFIED again"));
  world_.clock.ahead = std::chrono::minutes(61);
  EXPECT_THAT(watch.Take(1), ElementsAre("DELETED once"));
  EXPECT_EQ(Get(std::string(kEvents) + "/again").status, 200);
  world_.clock.ahead = std::chrono::minutes(121);
  EXPECT_THAT(watch.Take(1), ElementsAre("DELETED again"));
}

TEST_F(HousekeepingTest, AnEventOfTheFutureIsForgottenToo) {
  const Time future =
      std::chrono::floor<std::chrono::seconds>(world_.clock.Now()) + std::chrono::hours(24 * 365);
  Make(kEvents, json{{"metadata", {{"name", "future"}}},
                     {"involvedObject", {{"kind", "Application"}, {"name", "shop"}}},
                     {"lastTimestamp", api::FormatTime(future)}}
                    .dump());
  WatchReader watch(world_, kEvents, "");
  EXPECT_THAT(watch.Take(1), ElementsAre("ADDED future"));
  world_.clock.ahead = std::chrono::minutes(61);
  EXPECT_THAT(watch.Take(1), ElementsAre("DELETED future"));
}

TEST(Housekeeping, CertificatesAreLookedAtAgainAndAgain) {
  std::promise<void> twice;
  int looks = 0;
  ApiWorld world({.look_at_certificates = [&] {
    if (++looks == 2) {
      twice.set_value();
    }
  }});
  twice.get_future().wait();
  world.Stop();
  EXPECT_GE(looks, 2);
}

TEST(Housekeeping, AFaultCostsOneLookOnly) {
  std::promise<std::string> told;
  std::promise<void> again;
  int looks = 0;
  ApiWorld world({.look_at_certificates =
                      [&] {
                        if (++looks == 1) {
                          throw std::runtime_error("a fault");
                        }
                        if (looks == 2) {
                          again.set_value();
                        }
                      },
                  .on_fault = [&](const std::string& what) { told.set_value(what); }});
  EXPECT_EQ(told.get_future().get(), "a fault");
  again.get_future().wait();
  http::TlsClient client = world.Admin();
  WatchReader gone(world, "/api/v1/namespaces", "fieldSelector=metadata.name%3Dprod");
  ASSERT_EQ(client.Ask("POST", "/api/v1/namespaces", BareMap("prod"), kJson).status, 201);
  EXPECT_EQ(client.Ask("DELETE", "/api/v1/namespaces/prod").status, 200);
  EXPECT_THAT(gone.Take(3), ElementsAre("ADDED prod", "MODIFIED prod", "DELETED prod"));
}

}  // namespace
}  // namespace slipway::apiserver
