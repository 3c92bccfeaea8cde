#pragma once

#include <optional>
#include <string>
#include <string_view>

// Ids of resources. Azure writes them now in upper, now in lower case: both mean the same. Pure.
namespace slipway::cloud::azure {

/// The id of a virtual machine, in parts.
struct MachineId {
  std::string subscription;
  std::string group;      ///< resource group
  std::string scale_set;  ///< where it is an instance of a Uniform one
  std::string name;       ///< within all that

  bool operator==(const MachineId&) const = default;
};

/// Nothing where it is none.
std::optional<MachineId> ReadMachineId(std::string_view id);

/// As Kubernetes' cloud provider for Azure writes it: azure:///subscriptions/…, with the resource group in lower case.
std::string ProviderId(const MachineId& id);

/// What stands behind /`word`/ in an id, up to the next slash; empty where nothing does. `word` in lower case.
std::string PartBehind(std::string_view id, std::string_view word);

/// What stands behind the last slash.
std::string LastPart(std::string_view id);

}  // namespace slipway::cloud::azure
