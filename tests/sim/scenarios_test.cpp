#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/sim/simulation.hpp"

// Every story of scenarios/, with a few seeds each.
namespace slipway::sim {
namespace {

std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLIPWAY_SCENARIOS)) {
    if (entry.path().extension() == ".yaml") {
      files.push_back(entry.path().stem());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Scenarios : public ::testing::TestWithParam<std::string> {};

TEST_P(Scenarios, EndWell) {
  const std::string path = std::string(SLIPWAY_SCENARIOS) + "/" + GetParam() + ".yaml";
  const auto scenario = ReadScenario(path);
  ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
  for (int seed = 1; seed <= scenario.value().seeds; ++seed) {
    const Outcome outcome = Play(scenario.value(), {.seed = static_cast<std::uint64_t>(seed)});
    EXPECT_EQ(outcome.violation, "")
        << "replay: slipway_sim --seeds 1 --seed " << seed << " --scenario " << path << " --trace";
  }
}

INSTANTIATE_TEST_SUITE_P(All, Scenarios, ::testing::ValuesIn(Files()), [](const auto& each) {
  std::string name = each.param;
  std::erase_if(name,
                [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) == 0; });
  return name;
});

TEST(Simulation, TheSameSeedGivesTheSameStory) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Scenario scenario = MakeUpScenario(seed);
    const Outcome first = Play(scenario, {.seed = seed, .trace = true});
    const Outcome second = Play(scenario, {.seed = seed, .trace = true});
    EXPECT_EQ(first.trace, second.trace) << "seed " << seed;
  }
}

}  // namespace
}  // namespace slipway::sim
