#include "reconciler/fleet/fleet_planner.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/fleet/absence.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::fleet {
namespace {

using api::ConditionStatus;

constexpr const char* kFleetLabel = "slipway.dev/fleet";
constexpr Duration kFirstRetry{5'000};

/// Troubles that may pass by themselves. Everything else waits for somebody.
constexpr std::array<std::string_view, 3> kPassing = {"Timeout", "ServiceUnavailable",
                                                      "InternalError"};

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

/// The fleet's servers that the listing leaves out, without a word of what became of them.
std::vector<std::string> Missing(const Snapshot& snapshot, const Complete& complete) {
  std::vector<std::string> missing;
  for (const KnownServer& known : snapshot.servers) {
    const std::string& name = known.facts->name;
    const bool listed =
        std::ranges::binary_search(complete.servers, name, {}, &ObservedServer::name) ||
        std::ranges::binary_search(complete.left, name);
    if (known.ours && !listed) {
      missing.push_back(name);
    }
  }
  return missing;
}

/// Who may be removed, of those that are not observed.
AbsenceVerdict Judge(const Snapshot& snapshot, const Complete& complete) {
  const auto& annotations = snapshot.fleet.metadata.annotations;
  const auto confirmed = annotations.find(kConfirmedRemoval);
  return JudgeAbsence(
      {.rules = snapshot.fleet.spec.absence,
       .stored = snapshot.fleet.status.absence,
       .listing = *complete.listed,
       .missing = Missing(snapshot, complete),
       .total = std::ranges::count(snapshot.servers, true, &KnownServer::ours),
       .confirmed = confirmed == annotations.end() ? std::string() : confirmed->second});
}

/// Whether a server that is not observed has left for certain.
bool HasLeft(const Complete& complete, const AbsenceVerdict& verdict, const std::string& name) {
  return !complete.listed || std::ranges::binary_search(complete.left, name) ||
         std::ranges::binary_search(verdict.removable, name);
}

/// Makes the Server objects equal to what was observed. Names that another fleet has are left to it, and returned.
std::vector<std::string> Follow(Plan& plan, const Snapshot& snapshot, const Complete& complete,
                                const AbsenceVerdict& verdict) {
  std::vector<std::string> taken;
  auto known = snapshot.servers.begin();
  const auto drop_until = [&](const std::string* name) {
    for (; known != snapshot.servers.end() && (name == nullptr || known->facts->name < *name);
         ++known) {
      if (known->ours && HasLeft(complete, verdict, known->facts->name)) {
        plan.actions.push_back(DeleteServer{.server = known->facts});
      }
    }
  };
  for (const ObservedServer& server : complete.servers) {
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

/// How many servers the listing has, and whom it leaves out.
void SayWhatIsListed(Plan& plan, const Snapshot& snapshot, const Complete& complete,
                     const AbsenceVerdict& verdict) {
  const auto count = static_cast<std::int64_t>(complete.servers.size());
  std::string message =
      rollout::NumberOfServers(count) + (count == 1 ? " is" : " are") + " listed.";
  if (!verdict.held.empty()) {
    const auto held = static_cast<std::int64_t>(verdict.held.size());
    return Say(plan, snapshot, false, true, kNeedsConfirmation,
               message + " The provider does not list " + Listed(verdict.held) +
                   " any more: " + std::to_string(held) + " of " +
                   rollout::NumberOfServers(plan.status.servers.total) +
                   (held == plan.status.servers.total
                        ? ", so the fleet would be empty."
                        : ", and absence.maxRemovals lets " + std::to_string(verdict.limit) +
                              " leave at once.") +
                   " All of them stay. If they are really gone: slipway fleet confirm " +
                   snapshot.fleet.metadata.name);
  }
  if (verdict.absence) {
    for (const api::MissingServers& group : verdict.absence->missing) {
      message += " Missing from " + std::to_string(group.listings) + " of " +
                 std::to_string(snapshot.fleet.spec.absence.confirmations) +
                 " listings: " + Listed(group.servers) + ".";
    }
    if (!verdict.absence->removing.empty()) {
      message += " Being removed: " + Listed(verdict.absence->removing) + ".";
    }
  }
  Say(plan, snapshot, true, false, "Succeeded", message);
}

/// The listing failed, or cannot be believed.
void SayWhatFailed(Plan& plan, const Snapshot& snapshot, const Error& error) {
  const std::string reason = runtime::ReasonOf(error);
  const bool passing = std::ranges::find(kPassing, reason) != kPassing.end();
  Say(plan, snapshot, false, !passing, reason,
      (snapshot.fleet.spec.provider.static_ ? "" : "Listing failed: ") +
          api::Sentence(error.message) + " The servers that are known stay.");
}

/// When the provider is asked next.
void ScheduleListing(Plan& plan, const Snapshot& snapshot) {
  const api::Provider& provider = snapshot.fleet.spec.provider;
  if (provider.static_ || snapshot.listing) {
    return;
  }
  const bool current = snapshot.last != nullptr && snapshot.last->provider == provider;
  const Duration interval = snapshot.fleet.spec.interval;
  Duration delay{0};
  if (current && snapshot.last->failures == 0) {
    delay = interval;
  } else if (current) {
    const int doublings = std::min(snapshot.last->failures - 1, 16);
    delay = std::min(interval, kFirstRetry * (std::int64_t{1} << doublings));
  }
  if (!current || snapshot.last->age >= delay) {
    plan.list = true;
  } else {
    plan.requeue_after = delay - snapshot.last->age;
  }
}

}  // namespace

Plan PlanFleet(const Snapshot& snapshot) {
  Plan plan{.actions = {}, .status = snapshot.fleet.status};
  plan.status.servers = CountOf(snapshot);
  if (snapshot.fleet.spec.suspend) {
    Say(plan, snapshot, false, false, "Suspended",
        "Suspended: servers are neither made nor removed, and no agent joins.");
    return plan;
  }
  ScheduleListing(plan, snapshot);
  if (!snapshot.observation) {
    if (plan.status.observed_generation != snapshot.fleet.metadata.generation) {
      Say(plan, snapshot, false, false, "Listing", "Asks for the list of servers.");
    }
    return plan;
  }
  if (const auto* incomplete = std::get_if<Incomplete>(&*snapshot.observation)) {
    SayWhatFailed(plan, snapshot, incomplete->error);
    return plan;
  }
  const auto& complete = std::get<Complete>(*snapshot.observation);
  const AbsenceVerdict verdict = complete.listed ? Judge(snapshot, complete) : AbsenceVerdict();
  plan.status.absence = verdict.absence;
  const std::vector<std::string> taken = Follow(plan, snapshot, complete, verdict);
  if (!taken.empty()) {
    Say(plan, snapshot, false, true, "NameTaken",
        "Servers of these names belong to another fleet: " + Listed(taken) +
            ". Take them off one of the lists.");
  } else if (!snapshot.blocked.empty()) {
    SayWhatIsBlocked(plan, snapshot);
  } else {
    SayWhatIsListed(plan, snapshot, complete, verdict);
  }
  KeepWhatIsStored(plan, snapshot);
  return plan;
}

}  // namespace slipway::fleet
