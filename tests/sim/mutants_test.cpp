#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/mutants.hpp"
#include "tests/sim/simulation.hpp"

// The simulator bites: each wrong planner is found, and by the invariant that it breaks.
namespace slipway::sim {
namespace {

using ::testing::StartsWith;

constexpr std::uint64_t kMostSeeds = 300;

/// The first violation that random stories find with this planner; empty: none.
std::string FirstViolation(Mutant mutant) {
  for (std::uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    const Outcome outcome =
        Play(MakeUpScenario(seed), {.seed = seed, .planners = [=] { return WithMutant(mutant); }});
    if (!outcome.violation.empty()) {
      return outcome.violation;
    }
  }
  return "";
}

TEST(Mutants, APlannerThatSkipsTheGateIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kSkipsTheGate), StartsWith("2: "));
}

TEST(Mutants, APlannerThatForgetsTheBudgetIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kForgetsTheBudget), StartsWith("1: "));
}

TEST(Mutants, APlannerThatStartsWaveTwoEarlyIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kStartsWavesEarly), StartsWith("4: "));
}

TEST(Mutants, APlannerThatPlansBeforeTheCachesAreFullIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kPlansTooEarly), StartsWith("design 5: "));
}

TEST(Mutants, APlannerThatReusesANameIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kReusesAName), StartsWith("5: "));
}

TEST(Mutants, APlannerThatBelievesOneListingIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kBelievesOneListing), StartsWith("7: "));
}

TEST(Mutants, APlannerThatRemovesManyAtOnceIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kRemovesMany), StartsWith("7: "));
}

TEST(Mutants, APlannerThatTakesErrorsForNobodyIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kTakesErrorsForNobody), StartsWith("7: "));
}

TEST(Mutants, APlannerThatLetsInEarlyIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kLetsInEarly), StartsWith("17: "));
}

TEST(Mutants, APlannerThatTakesWhatRunsForGoodIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kTakesRunningForGood), StartsWith("17: "));
}

/// Random stories hardly ever keep somebody back who has everything.
TEST(Mutants, APlannerThatLetsInWhoCannotBeReachedIsFound) {
  const auto scenario = ReadScenario(std::string(SLIPWAY_SCENARIOS) + "/out-of-reach.yaml");
  ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
  const Outcome outcome = Play(
      scenario.value(), {.seed = 1, .planners = [] { return WithMutant(Mutant::kIgnoresReach); }});
  EXPECT_THAT(outcome.violation, StartsWith("17: "));
}

TEST(Mutants, APlannerThatRollsToWhoStandsByOrJoinsIsFound) {
  EXPECT_THAT(FirstViolation(Mutant::kRollsToEverybody), StartsWith("17: "));
}

}  // namespace
}  // namespace slipway::sim
