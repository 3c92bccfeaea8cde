#include <gtest/gtest.h>

#include "tests/sim/simulation.hpp"

// 5: a crash between any two effects leads to the same end state and to the same distinct durable writes, and repeats an
// outside effect at most once. For a small fleet it is tried at every effect.
namespace slipway::sim {
namespace {

Scenario Named(const std::string& name) {
  auto scenario = ReadScenario(std::string(SLIPWAY_SCENARIOS) + "/" + name + ".yaml");
  EXPECT_TRUE(scenario.has_value());
  return std::move(scenario.value());
}

/// What one has and the other does not.
template <typename Set>
std::string Difference(const Set& left, const Set& right) {
  std::string text;
  for (const auto& item : left) {
    if (!right.contains(item)) {
      text += "\n  " + item;
    }
  }
  return text;
}

/// Polls happen as often as time passes; everything else has a reason to happen once.
bool IsPoll(const std::string& effect) {
  return effect.find(": fetch ") != std::string::npos || effect.ends_with(": list servers");
}

void Compare(const Outcome& without, const Outcome& with, std::uint64_t point) {
  const std::string where = "crash point " + std::to_string(point);
  ASSERT_EQ(with.violation, "") << where;
  ASSERT_EQ(with.crashes, 1U) << where;
  EXPECT_EQ(Difference(without.writes, with.writes), "") << where << ": never written";
  EXPECT_EQ(Difference(with.writes, without.writes), "") << where << ": written besides";
  EXPECT_EQ(without.end, with.end) << where;
  for (const auto& [effect, times] : with.outside) {
    const auto before = without.outside.find(effect);
    if (!IsPoll(effect)) {
      EXPECT_LE(times, (before == without.outside.end() ? 0 : before->second) + 1)
          << where << ": " << effect;
    }
  }
}

void CrashEverywhere(const Scenario& scenario) {
  const Outcome without = Play(scenario, {.seed = 1});
  ASSERT_EQ(without.violation, "");
  ASSERT_GT(without.crash_points, 100U);
  for (std::uint64_t point = 0; point < without.crash_points; ++point) {
    Compare(without, Play(scenario, {.seed = 1, .crash_at = point}), point);
  }
}

TEST(Crashes, AtEveryEffectLeadToTheSameEnd) { CrashEverywhere(Named("three")); }

TEST(Crashes, WhileGarbageIsCollectedLeadToTheSameEnd) { CrashEverywhere(Named("swept")); }

TEST(Crashes, WhileAMachineIsLetInLeadToTheSameEnd) { CrashEverywhere(Named("late")); }

}  // namespace
}  // namespace slipway::sim
