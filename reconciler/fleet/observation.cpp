#include "reconciler/fleet/observation.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "reconciler/api/names.hpp"

namespace slipway::fleet {
namespace {

Incomplete Invalid(std::string message) {
  return Incomplete{Error{.code = Code::kInvalid,
                          .message = message,
                          .causes = {{.field = "", .message = message, .reason = "ListInvalid"}}}};
}

Incomplete TwoAreNamed(std::string_view name) {
  return Invalid("Two servers of the list are named " + std::string(name) +
                 ": give each its own name.");
}

/// Orders the servers; Incomplete where two have one name.
Observation InOrder(Complete complete) {
  std::ranges::sort(complete.servers, {}, &ObservedServer::name);
  std::ranges::sort(complete.left);
  const auto twice = std::ranges::adjacent_find(complete.servers, {}, &ObservedServer::name);
  if (twice != complete.servers.end()) {
    return TwoAreNamed(twice->name);
  }
  return complete;
}

bool IsInFleet(const runtime::ListedServer& listed, api::StoppedServers stopped) {
  return listed.state == runtime::MachineState::kRunning ||
         listed.state == runtime::MachineState::kStandby ||
         listed.state == runtime::MachineState::kJoining ||
         (listed.state == runtime::MachineState::kStopped &&
          stopped == api::StoppedServers::kInclude);
}

}  // namespace

bool StandsInFleet(const api::Provider& provider) {
  return provider.static_ && provider.static_->file.empty();
}

Observation ObserveStatic(const api::StaticProvider& provider) {
  Complete complete;
  for (const api::StaticServer& listed : provider.servers) {
    ObservedServer server{
        .name = listed.name.empty() ? api::NameFromAddress(listed.address) : listed.name,
        .address = listed.address,
        .provider_id = {},
        .labels = api::LabelSet(listed.labels)};
    if (server.name.empty()) {
      return Invalid("The server with address \"" + listed.address +
                     "\" needs a name: its address makes none.");
    }
    complete.servers.push_back(std::move(server));
  }
  return InOrder(std::move(complete));
}

std::optional<Error> FaultOf(const std::vector<runtime::ListedServer>& listing,
                             api::StoppedServers stopped) {
  std::vector<std::string_view> names;
  for (const runtime::ListedServer& listed : listing) {
    if (IsInFleet(listed, stopped)) {
      names.push_back(listed.name);
    }
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  return twice == names.end() ? std::nullopt : std::optional(TwoAreNamed(*twice).error);
}

Observation ObserveListing(const runtime::ServerListing& listing, api::StoppedServers stopped) {
  Complete complete{.servers = {}, .left = {}, .listed = listing.time};
  for (const runtime::ListedServer& listed : *listing.servers) {
    if (IsInFleet(listed, stopped)) {
      complete.servers.push_back({.name = listed.name,
                                  .address = listed.address,
                                  .provider_id = listed.provider_id,
                                  .labels = listed.labels,
                                  .standby = listed.state == runtime::MachineState::kStandby,
                                  .joining = listed.state == runtime::MachineState::kJoining,
                                  .launch = listed.launch});
    } else {
      complete.left.push_back({.name = listed.name, .provider_id = listed.provider_id});
    }
  }
  return InOrder(std::move(complete));
}

}  // namespace slipway::fleet
