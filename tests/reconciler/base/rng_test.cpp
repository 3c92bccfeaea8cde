#include "reconciler/base/rng.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace slipway {
namespace {

using ::testing::ElementsAre;

// The first numbers that SplitMix64 gives for this seed, as its authors and others publish them. If they changed, no seed of
// the simulator that somebody wrote down would play the same story again.
TEST(Rng, GivesTheNumbersOfSplitMix64) {
  Rng rng(1'234'567);
  std::vector<std::uint64_t> numbers(5);
  for (std::uint64_t& number : numbers) {
    number = rng.Next();
  }
  EXPECT_THAT(numbers, ElementsAre(6'457'827'717'110'365'317U, 3'203'168'211'198'807'973U,
                                   9'817'491'932'198'370'423U, 4'593'380'528'125'082'431U,
                                   16'408'922'859'458'223'821U));
}

TEST(Rng, StaysBelowItsBound) {
  Rng rng(1);
  std::vector<int> seen(3);
  for (int i = 0; i < 300; ++i) {
    ++seen.at(rng.Below(3));
  }
  EXPECT_THAT(seen, ::testing::Each(::testing::Gt(50)));
  EXPECT_EQ(rng.Below(0), 0U);
}

TEST(Rng, AChanceOfNothingNeverComesAndACertaintyAlwaysDoes) {
  Rng rng(1);
  for (int i = 0; i < 300; ++i) {
    EXPECT_FALSE(rng.Chance(0));
    EXPECT_TRUE(rng.Chance(100));
  }
}

}  // namespace
}  // namespace slipway
