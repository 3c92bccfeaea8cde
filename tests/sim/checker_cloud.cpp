#include <algorithm>
#include <set>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/api/scalars.hpp"
#include "tests/sim/checker.hpp"

// 7: nobody leaves a fleet because a listing failed, or before enough good ones in a row left it out; and not too many at once.
namespace slipway::sim {

void Checker::OnOutsideAnswer(const runtime::Outside& work, const runtime::OutsideResult& result) {
  const auto* listing =
      result.has_value() ? std::get_if<runtime::ServerListing>(&result.value()) : nullptr;
  if (listing == nullptr) {
    return;
  }
  std::set<std::string> names;
  for (const runtime::ListedServer& server : *listing->servers) {
    if (server.state == runtime::MachineState::kTerminated) {
      said_terminated_.insert(server.name);
    } else {
      said_terminated_.erase(server.name);
      names.insert(server.name);
    }
  }
  for (const auto& [name, server] : servers_) {
    if (server.spec.fleet == work.key.name) {
      Absent& absent = absent_[name];
      absent.before = absent.listings;
      absent.listings = names.contains(name) ? 0 : absent.listings + 1;
    }
  }
}

/// What a control plane has heard and not written down died with it: how often in a row a server was missing is what the status
/// of its fleet says.
void Checker::OnRestart() {
  pending_.clear();
  for (const auto& [fleet_name, fleet] : fleets_) {
    if (!fleet.status.absence) {
      continue;
    }
    for (const api::MissingServers& group : fleet.status.absence->missing) {
      for (const std::string& name : group.servers) {
        Absent& absent = absent_[name];
        absent.listings = std::max(absent.listings, static_cast<int>(group.listings));
      }
    }
  }
}

void Checker::CheckRemoval(const api::Server& server, Writer writer) {
  const std::string& name = server.metadata.name;
  const Absent absent = absent_[name];
  absent_.erase(name);
  const bool announced = announced_.erase(name) > 0;
  const auto fleet = fleets_.find(server.spec.fleet);
  if (writer != Writer::kControllers || fleet == fleets_.end()) {
    return;
  }
  const api::FleetSpec& spec = fleet->second.spec;
  if (said_terminated_.contains(name)) {
    return;
  }
  if (!spec.provider.static_) {
    if (std::max(absent.listings, absent.before) < spec.absence.confirmations) {
      throw Violation("7: " + name + " is removed, and was missing from " +
                      std::to_string(absent.listings) + " listings only");
    }
    if (!announced) {
      throw Violation("7: " + name + " is removed, and its fleet never said so");
    }
    return;
  }
  const bool listed =
      std::ranges::any_of(spec.provider.static_->servers,
                          [&](const api::StaticServer& each) { return each.name == name; });
  if (listed) {
    throw Violation("7: " + name + " is removed although its fleet lists it");
  }
}

void Checker::OnFleet(const StoreEvent& event) {
  if (event.after == nullptr) {
    fleets_.erase(event.key.name);
    return;
  }
  auto after = api::Decode<api::Fleet>(*event.after);
  if (!after.has_value()) {
    throw Violation("14: the store holds what nobody can read: " + after.error().message);
  }
  if (const auto before = fleets_.find(event.key.name); before != fleets_.end()) {
    CheckMassRemoval(before->second, after.value());
  }
  if (const auto& absence = after.value().status.absence) {
    announced_.insert(absence->removing.begin(), absence->removing.end());
  }
  fleets_[event.key.name] = std::move(after.value());
}

void Checker::CheckMassRemoval(const api::Fleet& before, const api::Fleet& after) const {
  if (!after.status.absence) {
    return;
  }
  const std::set<std::string> removing(after.status.absence->removing.begin(),
                                       after.status.absence->removing.end());
  std::set<std::string> already;
  if (before.status.absence) {
    already.insert(before.status.absence->removing.begin(), before.status.absence->removing.end());
  }
  if (std::ranges::includes(already, removing)) {
    return;
  }
  std::set<std::string> counted = already;
  if (before.status.absence && !before.status.absence->missing.empty()) {
    const std::vector<std::string>& names = before.status.absence->missing.back().servers;
    counted.insert(names.begin(), names.end());
  }
  const auto total = std::ranges::count_if(
      servers_, [&](const auto& entry) { return entry.second.spec.fleet == after.metadata.name; });
  const auto leaving = static_cast<std::int64_t>(removing.size());
  const bool many = leaving > BudgetOf(after.spec.absence.max_removals, total, 1);
  const auto& annotations = before.metadata.annotations;
  const auto confirmed = annotations.find("slipway.dev/confirmed-removal");
  const bool said = before.status.absence && confirmed != annotations.end() &&
                    confirmed->second == api::FormatTime(before.status.absence->listing) + "/" +
                                             std::to_string(before.metadata.generation);
  // Few enough may leave without anybody's word, also where another removal was confirmed before.
  if (many && said && !std::ranges::includes(counted, removing)) {
    throw Violation("7: more servers of " + after.metadata.name + " leave than were confirmed");
  }
  if ((many || leaving >= total) && !said) {
    throw Violation("7: " + std::to_string(leaving) + " of " + std::to_string(total) +
                    " servers of " + after.metadata.name + " leave at once, and nobody said so");
  }
}

/// 13: every machine is a Server; a Server whose machine is gone waits for a person, and its fleet says so.
void Checker::CheckMachines() const {
  for (const auto& [fleet_name, fleet] : fleets_) {
    const auto listed =
        cloud_.machines().find(fleet.spec.provider.exec ? fleet.spec.provider.exec->run : "");
    if (listed == cloud_.machines().end() || fleet.spec.suspend) {
      continue;
    }
    for (const std::string& machine : listed->second) {
      if (cloud_.Exists(machine) && !servers_.contains(machine)) {
        throw Violation("13: " + machine + " exists, and " + fleet_name + " has no server for it");
      }
    }
    const api::Condition* ready = api::FindCondition(fleet.status.conditions, "Ready");
    const bool waits = ready != nullptr && ready->reason == "RemovalNeedsConfirmation";
    for (const auto& [name, server] : servers_) {
      if (server.spec.fleet == fleet_name && !cloud_.Exists(name) && !waits) {
        throw Violation("13: " + name + " is gone for good, and still a server of " + fleet_name);
      }
    }
  }
}

}  // namespace slipway::sim
