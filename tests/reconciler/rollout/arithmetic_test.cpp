#include "reconciler/rollout/arithmetic.hpp"

#include <gtest/gtest.h>

namespace slipway::rollout {
namespace {

using api::IntOrPercent;

TEST(Arithmetic, Case12WavesRoundUpAndAreWithinTheServers) {
  EXPECT_EQ(WaveTarget(IntOrPercent::Percent(25), 10), 3);
  EXPECT_EQ(WaveTarget(IntOrPercent::Percent(1), 10), 1);
  EXPECT_EQ(WaveTarget(IntOrPercent::Percent(100), 7), 7);
  EXPECT_EQ(WaveTarget(IntOrPercent::Percent(95), 10), 10);
  EXPECT_EQ(WaveTarget(IntOrPercent::Count(3), 10), 3);
  EXPECT_EQ(WaveTarget(IntOrPercent::Count(30), 10), 10);
  EXPECT_EQ(WaveTarget(IntOrPercent::Percent(50), 0), 0);
}

TEST(Arithmetic, Case12BudgetsRoundDownAndAreAtLeastOne) {
  api::Strategy strategy;
  strategy.max_unavailable = IntOrPercent::Percent(25);
  strategy.unreachable.max = IntOrPercent::Percent(10);
  strategy.failure_budget = IntOrPercent::Percent(10);
  Limits limits = ResolveLimits(strategy, 11);
  EXPECT_EQ(limits.max_unavailable, 2);
  EXPECT_EQ(limits.unreachable, 1);
  EXPECT_EQ(limits.failures, 1);
  limits = ResolveLimits(strategy, 3);
  EXPECT_EQ(limits.max_unavailable, 1);
  EXPECT_EQ(limits.unreachable, 1);
  EXPECT_EQ(limits.failures, 1);
}

TEST(Arithmetic, ABudgetOfNothingStaysNothingButForMaxUnavailable) {
  api::Strategy strategy;
  strategy.max_unavailable = IntOrPercent::Count(0);
  strategy.unreachable.max = IntOrPercent::Count(0);
  strategy.failure_budget = IntOrPercent::Percent(0);
  const Limits limits = ResolveLimits(strategy, 100);
  EXPECT_EQ(limits.max_unavailable, 1);
  EXPECT_EQ(limits.unreachable, 0);
  EXPECT_EQ(limits.failures, 0);
}

TEST(Arithmetic, Case11UnreachableServersCountAgainstMaxUnavailableBeyondTheirOwnLimit) {
  const Limits limits{.total = 20, .max_unavailable = 5, .unreachable = 2, .failures = 0};
  EXPECT_EQ(InUse(limits, {.down = 1, .unreachable = 2}), 1);
  EXPECT_EQ(InUse(limits, {.down = 1, .unreachable = 4}), 3);
  EXPECT_EQ(Headroom(limits, {.down = 1, .unreachable = 4}), 2);
  EXPECT_EQ(Headroom(limits, {.down = 9, .unreachable = 9}), 0);
}

}  // namespace
}  // namespace slipway::rollout
