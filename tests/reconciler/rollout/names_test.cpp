#include "reconciler/rollout/names.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace slipway::rollout {
namespace {

TEST(Names, ARolloutIsNamedAfterItsApplicationAndNumber) {
  EXPECT_EQ(RolloutName("shop", 7), "shop-7");
  EXPECT_EQ(RolloutNumber("shop", "shop-7"), 7);
  EXPECT_EQ(RolloutNumber("shop-eu", "shop-eu-12"), 12);
  EXPECT_EQ(TestRunName("shop-7", 2), "shop-7-gate-2");
}

TEST(Names, OtherNamesAreNoRolloutsOfIt) {
  for (const char* name :
       {"", "shop", "shop-", "shop-0", "shop-07", "shop-7a", "shop--7", "shopper-7", "shop-eu-7",
        "shop-99999999999999999999", "shop-7-gate-1"}) {
    EXPECT_EQ(RolloutNumber("shop", name), 0) << name;
  }
}

TEST(Names, ARolloutSaysWhoseItMayBe) {
  EXPECT_EQ(ApplicationNamedBy("shop-7"), "shop");
  EXPECT_EQ(ApplicationNamedBy("shop-eu-12"), "shop-eu");
  EXPECT_EQ(ApplicationNamedBy("shop-1-2"), "shop-1");
  for (const char* name : {"", "shop", "7", "shop-", "shop-07", "shop-7a", "shop-7-gate"}) {
    EXPECT_EQ(ApplicationNamedBy(name), "") << name;
  }
}

TEST(Names, ListsAreShort) {
  EXPECT_EQ(ListNames(std::vector<std::string>{}, 0), "");
  EXPECT_EQ(ListNames(std::vector<std::string>{"a", "b"}, 2), "a, b");
  EXPECT_EQ(ListNames(std::vector<std::string>{"a", "b"}, 9), "a, b and 7 more");
}

TEST(Names, NumbersAreBounded) {
  EXPECT_EQ(RolloutNumber("shop", "shop-1000000000"), 1'000'000'000);
  EXPECT_EQ(RolloutNumber("shop", "shop-1000000001"), 0);
  EXPECT_EQ(RolloutNumber("shop", "shop-9223372036854775807"), 0);
}

}  // namespace
}  // namespace slipway::rollout
