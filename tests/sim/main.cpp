#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include <spdlog/spdlog.h>

#include "tests/sim/simulation.hpp"

namespace {

using namespace slipway;

constexpr std::size_t kTail = 60;

struct Arguments {
  std::uint64_t seeds = 100;
  std::uint64_t seed = 1;
  std::string scenario;
  bool trace = false;
  bool keep_going = false;
};

void PrintTrace(const sim::Outcome& outcome, std::size_t lines) {
  const std::size_t all = outcome.trace.size();
  for (std::size_t i = all > lines ? all - lines : 0; i < all; ++i) {
    std::printf("  %s\n", outcome.trace[i].c_str());
  }
}

/// Plays one seed; a failure is played again with a trace. True when all is well.
bool PlaySeed(const Arguments& arguments, const sim::Scenario* given, std::uint64_t seed,
              std::uint64_t& events) {
  const sim::Scenario scenario = given != nullptr ? *given : sim::MakeUpScenario(seed);
  sim::Outcome outcome = sim::Play(scenario, {.seed = seed, .trace = arguments.trace});
  events += outcome.events;
  if (!outcome.violation.empty() && !arguments.trace) {
    outcome = sim::Play(scenario, {.seed = seed, .trace = true});
  }
  PrintTrace(outcome, arguments.trace ? outcome.trace.size() : kTail);
  if (outcome.violation.empty()) {
    return true;
  }
  const std::string file = arguments.scenario.empty() ? "" : " --scenario " + arguments.scenario;
  std::printf("seed %llu: %s\nreplay: slipway_sim --seeds 1 --seed %llu%s --trace\n",
              static_cast<unsigned long long>(seed), outcome.violation.c_str(),
              static_cast<unsigned long long>(seed), file.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Plays control plane, gateway and agents in virtual time, and checks every step"};
  app.add_option("--seeds", arguments.seeds, "How many seeds")->capture_default_str();
  app.add_option("--seed", arguments.seed, "The first one")->capture_default_str();
  app.add_option("--scenario", arguments.scenario,
                 "A YAML file; without it each seed makes one up");
  app.add_flag("--trace", arguments.trace, "Print what happened");
  app.add_flag("--keep-going", arguments.keep_going, "Play the other seeds after a failure");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::off);

  sim::Scenario given;
  if (!arguments.scenario.empty()) {
    auto read = sim::ReadScenario(arguments.scenario);
    if (!read.has_value()) {
      std::fprintf(stderr, "%s\n", read.error().message.c_str());
      return 2;
    }
    given = std::move(read.value());
  }
  std::uint64_t failures = 0;
  std::uint64_t events = 0;
  for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
    const sim::Scenario* scenario = arguments.scenario.empty() ? nullptr : &given;
    if (!PlaySeed(arguments, scenario, arguments.seed + i, events) && ++failures != 0 &&
        !arguments.keep_going) {
      return 1;
    }
  }
  std::printf("%llu seeds, %llu events, %llu violations\n",
              static_cast<unsigned long long>(arguments.seeds),
              static_cast<unsigned long long>(events), static_cast<unsigned long long>(failures));
  return failures == 0 ? 0 : 1;
}
