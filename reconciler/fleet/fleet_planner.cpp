#include "reconciler/fleet/fleet_planner.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/api/names.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::fleet {
namespace {

using api::ConditionStatus;

constexpr const char* kFleetLabel = "slipway.dev/fleet";

std::map<std::string, std::string> LabelsOf(const api::Fleet& fleet, const ObservedServer& server) {
  std::map<std::string, std::string> labels = server.labels;
  labels[kFleetLabel] = fleet.metadata.name;
  return labels;
}

void Say(Plan& plan, const Snapshot& snapshot, bool ready, bool stalled, const std::string& reason,
         const std::string& message) {
  const auto set = [&](const char* type, bool holds) {
    api::SetCondition(plan.status.conditions,
                      {.type = type,
                       .status = holds ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                       .reason = reason,
                       .message = message,
                       .observed_generation = snapshot.fleet.metadata.generation},
                      snapshot.now);
  };
  set("Ready", ready);
  set("Reconciling", !ready && !stalled);
  set("Stalled", stalled);
  plan.status.observed_generation = snapshot.fleet.metadata.generation;
}

bool IsBlocked(const Snapshot& snapshot, const std::string& name) {
  return std::ranges::binary_search(snapshot.blocked, name, {}, &BlockedServer::name);
}

/// Makes the Server objects equal to what was observed. Names that another fleet has are left to it, and returned.
std::vector<std::string> Follow(Plan& plan, const Snapshot& snapshot,
                                const std::vector<ObservedServer>& observed) {
  std::vector<std::string> taken;
  auto known = snapshot.servers.begin();
  const auto drop_until = [&](const std::string* name) {
    for (; known != snapshot.servers.end() && (name == nullptr || known->facts->name < *name);
         ++known) {
      if (known->ours) {
        plan.actions.push_back(DeleteServer{.server = known->facts});
      }
    }
  };
  for (const ObservedServer& server : observed) {
    drop_until(&server.name);
    if (IsBlocked(snapshot, server.name)) {
      continue;
    }
    std::map<std::string, std::string> labels = LabelsOf(snapshot.fleet, server);
    if (known == snapshot.servers.end() || known->facts->name != server.name) {
      plan.actions.push_back(CreateServer{.name = server.name,
                                          .labels = std::move(labels),
                                          .spec = {.fleet = snapshot.fleet.metadata.name,
                                                   .provider_id = server.provider_id,
                                                   .address = server.address}});
      continue;
    }
    if (!known->ours) {
      taken.push_back(server.name);
    } else if (*known->labels != labels || known->facts->address != server.address ||
               known->facts->provider_id != server.provider_id) {
      plan.actions.push_back(UpdateServer{.server = known->facts,
                                          .labels = std::move(labels),
                                          .address = server.address,
                                          .provider_id = server.provider_id});
    } else if (!known->stale.empty()) {
      plan.actions.push_back(TakeBack{.server = known->facts, .positions = known->stale});
    }
    ++known;
  }
  drop_until(nullptr);
  return taken;
}

/// The first few names, for a message.
std::string Listed(const std::vector<std::string>& names) {
  const auto first = std::span(names).first(std::min(names.size(), rollout::kNamesInMessages));
  return rollout::ListNames(first, static_cast<std::int64_t>(names.size()));
}

/// Names whose Server can be neither used nor made anew yet.
void SayWhatIsBlocked(Plan& plan, const Snapshot& snapshot) {
  std::vector<std::string> leaving;
  std::vector<std::string> unreadable;
  for (const BlockedServer& server : snapshot.blocked) {
    (server.leaving ? leaving : unreadable).push_back(server.name);
  }
  if (!unreadable.empty()) {
    Say(plan, snapshot, false, true, "ServerUnreadable",
        "Servers of these names exist and cannot be read: " + Listed(unreadable) +
            ". Mend or delete them.");
  } else {
    Say(plan, snapshot, false, false, "ServerLeaving",
        "Waits until the old servers of these names are gone: " + Listed(leaving) + ".");
  }
}

api::FleetServers CountOf(const Snapshot& snapshot) {
  api::FleetServers counts;
  for (const KnownServer& server : snapshot.servers) {
    counts.total += server.ours ? 1 : 0;
    counts.joined += server.ours && server.joined ? 1 : 0;
    counts.reachable += server.ours && server.facts->reachable ? 1 : 0;
  }
  return counts;
}

/// Keeps the stored status where only counts changed and there is something to do: they change with every server that comes
/// or goes, and a status that differs is written before anything is done.
void KeepWhatIsStored(Plan& plan, const Snapshot& snapshot) {
  const api::FleetStatus& stored = snapshot.fleet.status;
  api::FleetStatus frozen = plan.status;
  frozen.servers = stored.servers;
  if (!plan.actions.empty() && frozen == stored) {
    plan.status = stored;
  }
}

}  // namespace

Observation ObserveStatic(const api::StaticProvider& provider) {
  Complete complete;
  for (const api::StaticServer& listed : provider.servers) {
    ObservedServer server{
        .name = listed.name.empty() ? api::NameFromAddress(listed.address) : listed.name,
        .address = listed.address,
        .provider_id = {},
        .labels = listed.labels};
    if (server.name.empty()) {
      return Incomplete{Fail(Code::kInvalid, "The server with address \"" + listed.address +
                                                 "\" needs a name: its address makes none.")};
    }
    complete.servers.push_back(std::move(server));
  }
  std::ranges::sort(complete.servers, {}, &ObservedServer::name);
  const auto twice = std::ranges::adjacent_find(complete.servers, {}, &ObservedServer::name);
  if (twice != complete.servers.end()) {
    return Incomplete{Fail(Code::kInvalid, "Two servers of the list are named " + twice->name +
                                               ": give each its own name.")};
  }
  return complete;
}

Plan PlanFleet(const Snapshot& snapshot) {
  Plan plan{.status = snapshot.fleet.status};
  plan.status.servers = CountOf(snapshot);
  if (snapshot.fleet.spec.suspend) {
    Say(plan, snapshot, false, false, "Suspended",
        "Suspended: servers are neither made nor removed, and no agent joins.");
    return plan;
  }
  if (const auto* incomplete = std::get_if<Incomplete>(&snapshot.observation)) {
    Say(plan, snapshot, false, true, "ListInvalid",
        incomplete->error.message + " The servers that are known stay.");
    return plan;
  }
  const auto& complete = std::get<Complete>(snapshot.observation);
  const std::vector<std::string> taken = Follow(plan, snapshot, complete.servers);
  if (!taken.empty()) {
    Say(plan, snapshot, false, true, "NameTaken",
        "Servers of these names belong to another fleet: " + Listed(taken) +
            ". Take them off one of the lists.");
  } else if (!snapshot.blocked.empty()) {
    SayWhatIsBlocked(plan, snapshot);
  } else {
    Say(plan, snapshot, true, false, "Succeeded",
        std::to_string(complete.servers.size()) +
            (complete.servers.size() == 1 ? " server is listed." : " servers are listed."));
  }
  KeepWhatIsStored(plan, snapshot);
  return plan;
}

}  // namespace slipway::fleet
