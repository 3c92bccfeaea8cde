#include "src/cloud/azure/addresses.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "src/cloud/foreign_json.hpp"

namespace slipway::cloud::azure {
namespace {

using nlohmann::json;

bool IsVersion6(const json& configuration) {
  return TextAt(configuration, "privateIPAddressVersion") == "IPv6";
}

/// What one configuration gives.
Found FoundIn(const json& configuration, api::AddressChoice choice) {
  const std::string inside = TextAt(configuration, "privateIPAddress");
  switch (choice) {
    case api::AddressChoice::kPrivate:
      return {.address = IsVersion6(configuration) ? "" : inside, .public_id = {}};
    case api::AddressChoice::kIPv6:
      return {.address = IsVersion6(configuration) ? inside : "", .public_id = {}};
    case api::AddressChoice::kPublic:
      break;
  }
  const std::string outside = TextAt(At(configuration, "publicIPAddress"), "id");
  return {.address = {}, .public_id = IsVersion6(configuration) ? "" : outside};
}

}  // namespace

Result<Found> ReadInterface(const json& described, api::AddressChoice choice) {
  const json& configurations = At(At(described, "properties"), "ipConfigurations");
  if (!configurations.is_array() && !configurations.is_null()) {
    return Fail(Code::kInvalid, "a network interface is not described as such");
  }
  Found first;
  for (const json& each : configurations) {
    const json& configuration = At(each, "properties");
    const json& primary = At(configuration, "primary");
    Found found = FoundIn(configuration, choice);
    const bool some = !found.address.empty() || !found.public_id.empty();
    if (some && primary.is_boolean() && primary.get<bool>()) {
      return found;
    }
    if (some && first.address.empty() && first.public_id.empty()) {
      first = std::move(found);
    }
  }
  return first;
}

std::string ReadPublicAddress(const json& described) {
  return TextAt(At(described, "properties"), "ipAddress");
}

}  // namespace slipway::cloud::azure
