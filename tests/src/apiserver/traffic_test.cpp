#include "src/apiserver/access/traffic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slipway::apiserver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using What = Traffic::What;

class HandClock : public Clock {
 public:
  Time Now() const override { return {}; }
  MonoTime Mono() const override { return now; }

  MonoTime now{std::chrono::seconds(100)};
};

class TrafficTest : public testing::Test {
 protected:
  static User Viewer(const std::string& name) {
    return {.name = name, .role = Role::kViewer, .token = "uid of " + name};
  }

  HandClock clock_;
  metrics::Metrics metrics_;
  std::vector<std::string> said_;
  Traffic traffic_{{.requests = 5,
                    .requests_of_others = 4,
                    .requests_of_one = 2,
                    .watches_of_others = 3,
                    .watches_of_one = 2,
                    .bytes = 100,
                    .bytes_of_others = 80,
                    .bytes_of_one = 50},
                   metrics_,
                   clock_,
                   [this](const std::string& what) { said_.push_back(what); }};
  const User admin_{.name = "admin", .role = Role::kAdmin};
};

TEST_F(TrafficTest, OneUserLeavesRoomForOthersAndAllForAdministrators) {
  std::vector<Traffic::Place> places;
  for (const char* name : {"eve", "eve", "bob", "bob"}) {
    places.push_back(traffic_.Enter(What::kRequest, Viewer(name)));
    EXPECT_NE(places.back(), nullptr) << name;
    if (places.size() == 2) {
      EXPECT_EQ(traffic_.Enter(What::kRequest, Viewer("eve")), nullptr);
    }
  }
  EXPECT_EQ(traffic_.Enter(What::kRequest, Viewer("ann")), nullptr) << "all users together";
  places.push_back(traffic_.Enter(What::kRequest, admin_));
  EXPECT_NE(places.back(), nullptr);
  EXPECT_EQ(traffic_.Enter(What::kRequest, admin_), nullptr) << "there is a bound for all";
  places.clear();
  EXPECT_NE(traffic_.Enter(What::kRequest, Viewer("eve")), nullptr);
}

TEST_F(TrafficTest, WatchesAreCountedByThemselves) {
  std::vector<Traffic::Place> places;
  for (int i = 0; i < 2; ++i) {
    places.push_back(traffic_.Enter(What::kRequest, Viewer("eve")));
  }
  for (const char* name : {"eve", "eve", "bob"}) {
    places.push_back(traffic_.Enter(What::kWatch, Viewer(name)));
    EXPECT_NE(places.back(), nullptr) << name;
  }
  EXPECT_EQ(traffic_.Enter(What::kWatch, Viewer("eve")), nullptr);
  EXPECT_EQ(traffic_.Enter(What::kWatch, Viewer("bob")), nullptr) << "all users together";
  for (int i = 0; i < 10; ++i) {
    places.push_back(traffic_.Enter(What::kWatch, admin_));
    EXPECT_NE(places.back(), nullptr);
  }
}

TEST_F(TrafficTest, ListsThatNobodyTakesLeaveRoomForThoseOfOthers) {
  std::vector<Traffic::Place> places;
  places.push_back(traffic_.EnterBytes(500, Viewer("eve")));
  EXPECT_NE(places.back(), nullptr) << "the first one, however large";
  EXPECT_EQ(traffic_.EnterBytes(1, Viewer("eve")), nullptr);
  places.push_back(traffic_.EnterBytes(30, Viewer("bob")));
  EXPECT_NE(places.back(), nullptr) << "hers counts as what one may have";
  places.push_back(traffic_.EnterBytes(500, admin_));
  EXPECT_NE(places.back(), nullptr) << "no user keeps an administrator out";
  places.clear();
  places.push_back(traffic_.EnterBytes(30, Viewer("eve")));
  EXPECT_EQ(traffic_.EnterBytes(30, Viewer("eve")), nullptr);
  places.push_back(traffic_.EnterBytes(40, Viewer("bob")));
  EXPECT_NE(places.back(), nullptr);
  EXPECT_EQ(traffic_.EnterBytes(20, Viewer("ann")), nullptr) << "all users together";
  places.push_back(traffic_.EnterBytes(20, admin_));
  EXPECT_NE(places.back(), nullptr);
  EXPECT_EQ(traffic_.EnterBytes(20, admin_), nullptr) << "there is a bound for all";
}

TEST_F(TrafficTest, AnAdministratorIsWhoHasACertificate) {
  const User token{.name = "admin", .role = Role::kAdmin, .token = "uid"};
  const auto one = traffic_.Enter(What::kRequest, token);
  const auto two = traffic_.Enter(What::kRequest, token);
  EXPECT_EQ(traffic_.Enter(What::kRequest, token), nullptr);
  EXPECT_NE(Traffic::KeyOf(token), Traffic::KeyOf(admin_));
}

TEST_F(TrafficTest, WhoIsTurnedAwayIsToldInKubernetesWordsAndTheLogNowAndThen) {
  const Error error = traffic_.TurnAway(What::kRequest, Viewer("eve"));
  EXPECT_EQ(error.code, Code::kTooManyRequests);
  EXPECT_EQ(error.message, "Too many requests, please try again later.");
  EXPECT_EQ(error.retry_after, std::chrono::seconds(1));
  traffic_.TurnAway(What::kWatch, Viewer("eve"));
  EXPECT_THAT(said_, ElementsAre(HasSubstr("\"eve\"")));
  clock_.now = clock_.now + std::chrono::seconds(10);
  traffic_.TurnAway(What::kWatch, Viewer("bob"));
  EXPECT_THAT(said_, ElementsAre(HasSubstr("requests"), HasSubstr("watches")));
  EXPECT_THAT(metrics_.Text(), HasSubstr("slipway_api_turned_away_total{what=\"watches\"} 2"));
}

}  // namespace
}  // namespace slipway::apiserver
