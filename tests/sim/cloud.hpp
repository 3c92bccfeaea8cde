#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reconciler/runtime/effect.hpp"
#include "tests/sim/faults.hpp"

namespace slipway::sim {

/// What a provider knows of, by the program that a Fleet asks. It may fail, and it may lie: leave machines out of a listing that
/// claims to be whole.
class FakeCloud {
 public:
  /// A machine that runs, or one that was terminated and is not listed any more.
  void Launch(const std::string& machine) { terminated_.erase(machine); }
  void Terminate(const std::string& machine) { terminated_.insert(machine); }

  /// Whether the provider goes on listing it, as terminated: so it is with every second machine.
  static bool IsRemembered(const std::string& machine) { return machine.back() % 2 == 0; }

  /// Machines that the program lists while they exist.
  void Add(const std::string& program, const std::string& machine) {
    machines_[program].insert(machine);
  }

  /// Whether it is there in truth.
  bool Exists(const std::string& machine) const { return !terminated_.contains(machine); }
  const std::map<std::string, std::set<std::string>>& machines() const { return machines_; }

  runtime::OutsideResult List(const runtime::ListServers& request, Time now, Rng& rng,
                              const Faults& faults);

 private:
  std::map<std::string, std::set<std::string>> machines_;  ///< by program
  std::set<std::string> terminated_;
  Time last_;  ///< no two listings have the same time
};

}  // namespace slipway::sim
