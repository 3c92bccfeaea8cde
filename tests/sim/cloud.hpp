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
  void Launch(const std::string& machine);
  void Terminate(const std::string& machine);

  /// It runs, and is held back until CompleteLaunch.
  void Join(const std::string& machine);

  /// It is kept out of service, or not any more; one that is not in service stays as it is.
  void StandBy(const std::string& machine);
  void Serve(const std::string& machine) { standby_.erase(machine); }

  bool IsHeld(const std::string& machine) const {
    return Exists(machine) && held_.contains(machine);
  }
  /// It is held back, or was until it was terminated.
  bool WasNeverLetIn(const std::string& machine) const { return held_.contains(machine); }
  bool StandsBy(const std::string& machine) const { return standby_.contains(machine); }

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

  /// Refuses what is not held, and the words of another launch than the one that is.
  runtime::OutsideResult CompleteLaunch(const runtime::CompleteLaunch& request, Rng& rng,
                                        const Faults& faults);

 private:
  runtime::MachineState StateOf(const std::string& machine) const;

  std::map<std::string, std::set<std::string>> machines_;  ///< by program
  std::set<std::string> terminated_;
  std::set<std::string> standby_;
  std::map<std::string, std::string> held_;  ///< what completes the launch of each
  int launches_ = 0;
  std::set<Time>
      times_;  ///< no two listings have the same; a clock that is put back makes older ones
};

}  // namespace slipway::sim
