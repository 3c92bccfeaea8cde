#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"

// Reading what Azure Resource Manager says of network interfaces and public addresses. Pure.
namespace slipway::cloud::azure {

/// What an interface gives for a choice of address.
struct Found {
  std::string address;    ///< or empty
  std::string public_id;  ///< id of the object that holds it, where the choice is Public; or empty
};

/// Reads an interface: the first that fits of its configurations, the primary one before the others. kInvalid where it is not described
/// as interfaces are.
Result<Found> ReadInterface(const nlohmann::json& described, api::AddressChoice choice);

/// The address of a public one; empty where it has none at the moment.
std::string ReadPublicAddress(const nlohmann::json& described);

}  // namespace slipway::cloud::azure
