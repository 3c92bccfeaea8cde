#include "tests/sim/cloud.hpp"

#include <algorithm>
#include <utility>

namespace slipway::sim {

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
                          .state = Exists(machine) ? runtime::MachineState::kRunning
                                                   : runtime::MachineState::kTerminated});
    }
  }
  last_ = std::max(now, last_ + Duration(1));
  return runtime::OutsideValue(
      runtime::ServerListing{.time = last_, .servers = std::move(servers)});
}

}  // namespace slipway::sim
