#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/checker.hpp"
#include "tests/sim/control_plane.hpp"
#include "tests/sim/scenario.hpp"

namespace slipway::sim {

using Planners = std::function<std::vector<std::unique_ptr<runtime::Planner>>()>;

/// The planners of the product, as its composition root makes them.
std::vector<std::unique_ptr<runtime::Planner>> RealPlanners();

struct Options {
  std::uint64_t seed = 1;
  Planners planners = &RealPlanners;
  std::optional<std::uint64_t> crash_at;  ///< the control plane dies at this crash point
  bool trace = false;                     ///< keeps what happened, for people
};

struct Outcome {
  std::string violation;  ///< empty: all is well
  std::uint64_t events = 0;
  std::uint64_t crash_points = 0;  ///< how many there were
  std::uint64_t crashes = 0;
  std::size_t promotions = 0;
  std::deque<std::string> trace;       ///< the last lines
  std::set<std::string> writes;        ///< distinct durable intents and objects
  std::map<std::string, int> outside;  ///< how often each outside effect was carried out
  std::map<std::string, std::string>
      end;  ///< what is stored at the end, without times and counters
};

/// Plays one scenario with one seed, from beginning to rest. The same arguments give the same outcome.
Outcome Play(const Scenario& scenario, const Options& options);

}  // namespace slipway::sim
