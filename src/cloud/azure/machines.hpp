#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

// Reading what Azure Resource Manager says of virtual machines. Pure.
namespace slipway::cloud::azure {

/// The codes of an instance view, such as PowerState/running; nothing where there is no such view.
using StatusCodes = std::optional<std::vector<std::string>>;

/// A virtual machine that the provider's fields fit.
struct Machine {
  std::string id;
  runtime::ListedServer server;         ///< its address and its state are yet to be found
  std::vector<std::string> interfaces;  ///< ids of its network interfaces, the primary one first
  std::string provisioning;             ///< state of the last change to it, in lower case
  StatusCodes codes;                    ///< where the description holds them
};

/// Reads one, alone or of a scale set; nothing where the fields do not fit. kInvalid where it is not described as machines are: left
/// out, it would seem to be gone.
Result<std::optional<Machine>> ReadMachine(const nlohmann::json& described,
                                           const api::AzureProvider& provider);

/// Those of a description with an instance view.
StatusCodes ReadCodes(const nlohmann::json& described);

/// What a machine does. kInvalid where that is not said, or nobody here knows the word.
/// Source: "States and billing status of Azure Virtual Machines", Microsoft Learn.
Result<runtime::MachineState> StateOf(const std::vector<std::string>& codes,
                                      const std::string& provisioning);

/// A scale set.
struct ScaleSet {
  std::string id;
  bool uniform = true;  ///< its instances are listed with it, and not with the machines
};

/// Reads one; nothing where the fields fit none of its instances. Errors as ReadMachine.
Result<std::optional<ScaleSet>> ReadScaleSet(const nlohmann::json& described,
                                             const api::AzureProvider& provider);

}  // namespace slipway::cloud::azure
