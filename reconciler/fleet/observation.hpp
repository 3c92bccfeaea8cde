#pragma once

#include <compare>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/api/label_set.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::fleet {

/// A server that a provider reports.
struct ObservedServer {
  std::string name;
  std::string address;
  std::string provider_id;
  api::LabelSet labels;
  bool standby = false;  ///< its provider keeps it out of service
  bool joining = false;  ///< its provider holds it back until it is let in
  std::string launch{};  ///< of one that joins: what its provider must hear then

  bool operator==(const ObservedServer&) const = default;
};

/// A machine that the provider says is not in the fleet any more: terminated, or stopped where those are excluded. It speaks of
/// this machine only: another may have its name by now.
struct LeftServer {
  std::string name;
  std::string provider_id;

  auto operator<=>(const LeftServer&) const = default;
};

/// The provider told of every server there is. Only this may remove one.
struct Complete {
  std::vector<ObservedServer> servers;  ///< in the fleet; ordered by name, no name twice
  std::vector<LeftServer> left;         ///< ordered by name and id
  /// When the provider was asked; nullopt: the list stands in the Fleet, and who is not on it has left.
  std::optional<Time> listed{};
};

/// It could not tell, or not of all: the servers that are known stay.
struct Incomplete {
  Error error;  ///< the reason for a condition is that of its first cause
};

using Observation = std::variant<Complete, Incomplete>;

/// Whether the list stands in the Fleet itself, so that nobody needs to be asked for it.
bool StandsInFleet(const api::Provider& provider);

/// What a list in the Fleet says. Incomplete where two servers would have one name.
Observation ObserveStatic(const api::StaticProvider& provider);

/// What a provider listed. Incomplete where two servers have one name: nobody knows what else is wrong with such a listing. A name
/// that is in the fleet and has left has been given to a new machine: it is in the fleet.
Observation ObserveListing(const runtime::ServerListing& listing, api::StoppedServers stopped);

/// Why ObserveListing would take a listing for Incomplete, found out without a copy of it.
std::optional<Error> FaultOf(const std::vector<runtime::ListedServer>& listing,
                             api::StoppedServers stopped);

}  // namespace slipway::fleet
