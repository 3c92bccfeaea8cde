#include <gtest/gtest.h>

#include "tests/sim/simulation.hpp"

// Stories that nobody has thought of: 2,000 of them, fewer where they are told slowly (CMakeLists.txt).
namespace slipway::sim {
namespace {

constexpr std::uint64_t kSeeds = SLIPWAY_SEEDS;

/// Found a fault once, among many more than are tried here.
constexpr std::uint64_t kOnceFailed[] = {
    5'385,  // a server that was told to go back, and served, was taken although others used up the budget
    5'485,  // a patch was lost for good, another server was taken, and the checker counted both
    7'499,  // a server made anew after the clock went back: its agent took what it was wanted to do for old
    8'364,  // a good listing died with the control plane that had heard it, and the checker still knew of it
    19'968,  // back to what a rewritten history left behind, and forward again: not against the promoted one
};

TEST(Seeds, WhatOnceFailedEndsWell) {
  for (const std::uint64_t seed : kOnceFailed) {
    EXPECT_EQ(Play(MakeUpScenario(seed), {.seed = seed}).violation, "") << "seed " << seed;
  }
}

TEST(Seeds, MadeUpStoriesEndWell) {
  std::size_t promotions = 0;
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = Play(MakeUpScenario(seed), {.seed = seed});
    ASSERT_EQ(outcome.violation, "")
        << "seed " << seed << "; replay: slipway_sim --seeds 1 --seed " << seed << " --trace";
    promotions += outcome.promotions;
    crashes += outcome.crashes;
  }
  EXPECT_GT(promotions, kSeeds) << "stories in which hardly anything is promoted prove nothing";
  EXPECT_GT(crashes, kSeeds / 4);
}

}  // namespace
}  // namespace slipway::sim
