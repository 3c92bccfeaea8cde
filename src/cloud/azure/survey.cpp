#include "src/cloud/azure/survey.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "src/cloud/azure/addresses.hpp"
#include "src/cloud/azure/machine_id.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/pages.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::azure {
namespace {

using nlohmann::json;

constexpr const char* kCompute = "/providers/Microsoft.Compute/";
constexpr const char* kNetwork = "/providers/Microsoft.Network/";
constexpr const char* kComputeVersion = "?api-version=2024-07-01";
constexpr const char* kNetworkVersion = "?api-version=2024-05-01";
constexpr const char* kNetworkVersionOfSets = "?api-version=2018-10-01";
constexpr const char* kWithView = "&$expand=instanceView";
/// A resource group may be called as a kind of resource is.
constexpr std::string_view kSet = "providers/microsoft.compute/virtualmachinescalesets";

Result<void> CheckNumber(std::size_t number, const std::string& of_what) {
  return number <= kMostServers
             ? Ok()
             : Result<void>(Fail(Code::kInvalid, "it lists more than " +
                                                     std::to_string(kMostServers) + " " + of_what));
}

/// An id that Azure gave, as a path.
std::string PathOfId(const std::string& id) { return Escape(id, "/"); }

bool IsOfSet(const std::string& id) { return !PartBehind(id, kSet).empty(); }

/// Where the lists of a scale set are, of the id of something in it.
std::string SetPath(const std::string& id) {
  const std::string name = PartBehind(id, kSet);
  const auto at = LowerCase(id).find("/" + std::string(kSet) + "/");
  return PathOfId(id.substr(0, at + kSet.size() + 2 + name.size()));
}

/// Where to look, by resource group; the whole subscription where none is named.
std::map<std::string, std::string> ScopesOf(const api::AzureProvider& provider,
                                            const std::string& subscription) {
  const std::string whole = "/subscriptions/" + subscription;
  std::map<std::string, std::string> scopes;
  for (const std::string& group : provider.resource_groups) {
    scopes[group] = whole + "/resourceGroups/" + Escape(group);
  }
  if (scopes.empty()) {
    scopes[""] = whole;
  }
  return scopes;
}

}  // namespace

Survey::Survey(ArmReader& arm, const api::AzureProvider& provider, std::string subscription)
    : arm_(arm), provider_(provider), subscription_(std::move(subscription)) {}

Result<void> Survey::Run() {
  for (const auto& [group, scope] : ScopesOf(provider_, subscription_)) {
    const auto found = FindMachines(scope);
    if (!found.has_value() && !group.empty() && IsPlaceAbsent(found.error())) {
      absent_groups_.emplace(group, found.error());
      continue;
    }
    SLIPWAY_TRYV(found);
    SLIPWAY_TRYV(FindInstances(scope));
  }
  SLIPWAY_TRYV(FindStates());
  return FindAddresses();
}

std::vector<runtime::ListedServer> Survey::TakeServers() {
  std::vector<runtime::ListedServer> servers;
  for (auto& [id, machine] : machines_) {
    servers.push_back(std::move(machine.server));
  }
  machines_.clear();
  return servers;
}

/// `above` is the id of what it must be in, in lower case.
Result<void> Survey::Add(const json& described, const std::string& above) {
  SLIPWAY_TRY(machine, ReadMachine(described, provider_));
  if (!machine) {
    return Ok();
  }
  const std::string id = LowerCase(machine->id);
  if (!id.starts_with(above + "/")) {
    return Fail(Code::kInvalid,
                Quoted(machine->server.provider_id, {}) + " is not in " + Quoted(above, {}));
  }
  machines_.insert_or_assign(id, std::move(*machine));
  return CheckNumber(machines_.size(), "machines");
}

Result<void> Survey::FindMachines(const std::string& scope) {
  return arm_.Each(
      scope + kCompute + "virtualMachines" + kComputeVersion,
      [this](const json& described) { return Add(described, "/subscriptions/" + subscription_); });
}

/// Those of Uniform scale sets are listed nowhere else.
Result<void> Survey::FindInstances(const std::string& scope) {
  std::vector<std::string> sets;
  SLIPWAY_TRYV(arm_.Each(scope + kCompute + "virtualMachineScaleSets" + kComputeVersion,
                         [&](const json& described) -> Result<void> {
                           SLIPWAY_TRY(set, ReadScaleSet(described, provider_));
                           if (set && set->uniform) {
                             sets.push_back(set->id);
                           }
                           return CheckNumber(sets.size(), "scale sets");
                         }));
  for (const std::string& set : sets) {
    SLIPWAY_TRYV(FindInstancesOf(set));
  }
  return Ok();
}

Result<void> Survey::FindInstancesOf(const std::string& set) {
  const auto found = arm_.Each(
      PathOfId(set) + "/virtualMachines" + kComputeVersion + kWithView,
      [&, above = LowerCase(set)](const json& described) { return Add(described, above); });
  if (found.has_value() || !IsAbsent(found.error())) {
    return found;
  }
  // One that was deleted since it was listed has no instances; if it is there, so are they.
  SLIPWAY_TRY(there, arm_.One(set, kComputeVersion, [](const json&) { return Ok(); }));
  if (there) {
    return arm_.Unbelieved("a scale set is there, and its instances are not: " +
                           found.error().message);
  }
  return Ok();
}

/// What the machines do, of a list of the whole subscription; nothing where only some of its resource groups may be read.
Result<void> Survey::ListCodes() {
  const auto done = arm_.Each("/subscriptions/" + subscription_ + kCompute + "virtualMachines" +
                                  kComputeVersion + "&statusOnly=true",
                              [&](const json& described) -> Result<void> {
                                const auto found =
                                    machines_.find(LowerCase(TextAt(described, "id")));
                                if (found != machines_.end() && !found->second.codes) {
                                  found->second.codes = ReadCodes(described);
                                }
                                return Ok();
                              });
  return done.has_value() || IsDenied(done.error()) ? Ok() : done;
}

/// False where the machine is gone.
Result<bool> Survey::FindState(Machine& machine) {
  if (!machine.codes) {
    SLIPWAY_TRY(there, arm_.One(machine.id, std::string(kComputeVersion) + kWithView,
                                [&](const json& described) -> Result<void> {
                                  machine.codes = ReadCodes(described);
                                  machine.provisioning = LowerCase(
                                      TextAt(At(described, "properties"), "provisioningState"));
                                  return Ok();
                                }));
    if (!there) {
      return false;
    }
  }
  const auto state =
      StateOf(machine.codes.value_or(std::vector<std::string>()), machine.provisioning);
  if (!state.has_value()) {
    return arm_.Unbelieved(Quoted(machine.server.provider_id, {}) + " " + state.error().message);
  }
  machine.server.state = state.value();
  return true;
}

Result<void> Survey::FindStates() {
  const bool lacks = std::ranges::any_of(
      machines_, [](const auto& machine) { return !machine.second.codes.has_value(); });
  if (lacks) {
    SLIPWAY_TRYV(ListCodes());
  }
  for (auto at = machines_.begin(); at != machines_.end();) {
    SLIPWAY_TRY(there, FindState(at->second));
    at = there ? std::next(at) : machines_.erase(at);
  }
  return Ok();
}

/// The list that holds an object. Resource groups may be all that may be read, and an interface may be in another than its machine.
std::string Survey::ListOf(const Kind& kind, const std::string& id) const {
  if (IsOfSet(id)) {
    return SetPath(id) + "/" + kind.type_of_set + kNetworkVersionOfSets;
  }
  const std::string group = provider_.resource_groups.empty()
                                ? ""
                                : "/resourceGroups/" + Escape(PartBehind(id, "resourcegroups"));
  return "/subscriptions/" + subscription_ + group + kNetwork + kind.type + kNetworkVersion;
}

Result<void> Survey::LookUp(const Kind& kind, const std::set<std::string>& wanted,
                            const ReadPart& read) {
  std::set<std::string> lists;
  for (const std::string& id : wanted) {
    lists.insert(ListOf(kind, id));
  }
  std::set<std::string> missing = wanted;
  const std::string of_subscription = "/subscriptions/" + subscription_ + "/providers/";
  for (const std::string& list : lists) {
    const auto done = arm_.Each(list, [&](const json& described) -> Result<void> {
      const std::string id = LowerCase(TextAt(described, "id"));
      return missing.erase(id) == 1 ? read(id, described) : Ok();
    });
    // The scale set or the resource group may be gone; the subscription is not.
    if (!done.has_value() && (!IsAbsent(done.error()) || list.starts_with(of_subscription))) {
      return done;
    }
  }
  for (const std::string& id : missing) {
    const char* version = IsOfSet(id) ? kNetworkVersionOfSets : kNetworkVersion;
    SLIPWAY_TRYV(arm_.One(id, version, [&](const json& described) { return read(id, described); }));
  }
  return Ok();
}

Result<void> Survey::FindAddresses() {
  std::set<std::string> interfaces;
  for (const auto& [id, machine] : machines_) {
    for (const std::string& interface : machine.interfaces) {
      interfaces.insert(LowerCase(interface));
    }
  }
  std::map<std::string, Found> found;
  SLIPWAY_TRYV(LookUp({.type = "networkInterfaces", .type_of_set = "networkInterfaces"}, interfaces,
                      [&](const std::string& id, const json& described) -> Result<void> {
                        SLIPWAY_TRY(read, ReadInterface(described, provider_.address));
                        found[id] = std::move(read);
                        return Ok();
                      }));
  std::map<std::string, std::string> outside;
  std::set<std::string> wanted;
  for (auto& [id, interface] : found) {
    if (interface.public_id = LowerCase(interface.public_id); !interface.public_id.empty()) {
      wanted.insert(interface.public_id);
    }
  }
  SLIPWAY_TRYV(LookUp({.type = "publicIPAddresses", .type_of_set = "publicipaddresses"}, wanted,
                      [&](const std::string& id, const json& described) -> Result<void> {
                        outside[id] = ReadPublicAddress(described);
                        return Ok();
                      }));
  for (auto& [id, machine] : machines_) {
    for (const std::string& interface : machine.interfaces) {
      const Found& has = found[LowerCase(interface)];
      if (machine.server.address.empty()) {
        machine.server.address = has.public_id.empty() ? has.address : outside[has.public_id];
      }
    }
  }
  return Ok();
}

std::vector<ListedKind> KindsOf(const api::AzureProvider& provider,
                                const std::string& subscription) {
  std::vector<ListedKind> kinds;
  for (const auto& [group, scope] : ScopesOf(provider, subscription)) {
    const std::string where = subscription + (group.empty() ? "" : "/" + group);
    const auto add = [&](const char* service, const std::string& type, const char* version) {
      kinds.push_back(
          {.permission =
               std::string(service).substr(std::string_view("/providers/").size()) + type + "/read",
           .scope = where,
           .group = group,
           .path = scope + service + type + version});
    };
    add(kCompute, "virtualMachines", kComputeVersion);
    add(kCompute, "virtualMachineScaleSets", kComputeVersion);
    add(kNetwork, "networkInterfaces", kNetworkVersion);
    if (provider.address == api::AddressChoice::kPublic) {
      add(kNetwork, "publicIPAddresses", kNetworkVersion);
    }
  }
  return kinds;
}

}  // namespace slipway::cloud::azure
