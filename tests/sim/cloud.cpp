#include "tests/sim/cloud.hpp"

#include <algorithm>
#include <utility>

namespace slipway::sim {

void FakeCloud::Launch(const std::string& machine) {
  terminated_.erase(machine);
  standby_.erase(machine);
  held_.erase(machine);
}

void FakeCloud::Terminate(const std::string& machine) {
  terminated_.insert(machine);
  standby_.erase(machine);
}

void FakeCloud::Join(const std::string& machine) {
  Launch(machine);
  held_[machine] = "launch " + std::to_string(++launches_);
}

void FakeCloud::StandBy(const std::string& machine) {
  if (Exists(machine) && !IsHeld(machine)) {
    standby_.insert(machine);
  }
}

runtime::MachineState FakeCloud::StateOf(const std::string& machine) const {
  if (!Exists(machine)) {
    return runtime::MachineState::kTerminated;
  }
  if (IsHeld(machine)) {
    return runtime::MachineState::kJoining;
  }
  return StandsBy(machine) ? runtime::MachineState::kStandby : runtime::MachineState::kRunning;
}

runtime::OutsideResult FakeCloud::CompleteLaunch(const runtime::CompleteLaunch& request, Rng& rng,
                                                 const Faults& faults) {
  const bool fails = Faults::Happens(rng, faults.failed_launch);
  if (fails && rng.Chance(50)) {
    return Fail(Code::kUnavailable, "the provider is down");
  }
  const auto held = held_.find(request.server);
  if (held == held_.end() || !Exists(request.server) || held->second != request.launch ||
      request.provider_id != "exec://" + request.server) {
    return Fail(Code::kInvalid, "no launch of " + request.server + " is held");
  }
  held_.erase(held);
  if (fails) {
    return Fail(Code::kTimeout, "the provider does not answer");
  }
  return runtime::OutsideValue();
}

runtime::OutsideResult FakeCloud::List(const runtime::ListServers& request, Time now, Rng& rng,
                                       const Faults& faults) {
  if (Faults::Happens(rng, faults.failed_listing)) {
    return Fail(Code::kUnavailable, "the provider is down");
  }
  const bool lies = Faults::Happens(rng, faults.short_listing);
  const std::uint64_t kept = lies ? rng.Below(100) : 100;
  auto servers = std::make_shared<std::vector<runtime::ListedServer>>();
  const auto found = machines_.find(request.provider.exec ? request.provider.exec->run : "");
  if (found == machines_.end()) {
    return Fail(Code::kNotFound, "there is no such program");
  }
  for (const std::string& machine : found->second) {
    const bool listed = Exists(machine) || IsRemembered(machine);
    if (listed && rng.Below(100) < kept) {
      servers->push_back({.name = machine,
                          .address = machine + ".example.org",
                          .provider_id = "exec://" + machine,
                          .labels = {{"role", "web"}},
                          .state = StateOf(machine),
                          .launch = IsHeld(machine) ? held_.at(machine) : std::string()});
    }
  }
  Time time = now;
  while (!times_.insert(time).second) {
    time += Duration(1);
  }
  return runtime::OutsideValue(runtime::ServerListing{.time = time, .servers = std::move(servers)});
}

}  // namespace slipway::sim
