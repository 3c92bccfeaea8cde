#include "reconciler/fleet/fleet_planner.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/api/scalars.hpp"
#include "reconciler/fleet/absence.hpp"
#include "reconciler/fleet/joining.hpp"
#include "reconciler/rollout/names.hpp"
#include "reconciler/runtime/poll_delay.hpp"

namespace slipway::fleet {
namespace {

using api::ConditionStatus;

constexpr const char* kFleetLabel = "slipway.dev/fleet";

/// Troubles that may pass by themselves. Everything else waits for somebody.
constexpr std::array<std::string_view, 5> kPassing = {"Timeout", "Throttled", "ServiceUnavailable",
                                                      "InternalError", "ListUnfinished"};

bool IsPassing(const Error& error) {
  return std::ranges::find(kPassing, runtime::ReasonOf(error)) != kPassing.end();
}

std::map<std::string, std::string> LabelsOf(const api::Fleet& fleet, const ObservedServer& server) {
  std::map<std::string, std::string> labels = server.labels.ToMap();
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

/// Whether the provider says that this very machine is not in the fleet any more.
bool SaidToHaveLeft(const Complete& complete, const rollout::ServerFacts& server) {
  return std::ranges::binary_search(
      complete.left, LeftServer{.name = server.name, .provider_id = server.provider_id});
}

/// Who may be removed, of the fleet's servers that are not observed.
AbsenceVerdict Judge(const Snapshot& snapshot, const Complete& complete) {
  AbsenceFacts facts{.rules = snapshot.fleet.spec.absence,
                     .stored = snapshot.fleet.status.absence,
                     .listing = *complete.listed,
                     .interval = snapshot.fleet.spec.interval};
  for (const KnownServer& known : snapshot.servers) {
    const std::string& name = known.facts->name;
    facts.total += known.ours ? 1 : 0;
    if (!known.ours ||
        std::ranges::binary_search(complete.servers, name, {}, &ObservedServer::name)) {
      continue;
    }
    (SaidToHaveLeft(complete, *known.facts) ? facts.left : facts.missing).push_back(name);
  }
  const auto& annotations = snapshot.fleet.metadata.annotations;
  const auto confirmed = annotations.find(kConfirmedRemoval);
  facts.confirmed = confirmed != annotations.end() && facts.stored &&
                    confirmed->second == ConfirmationOf(snapshot.fleet);
  return JudgeAbsence(facts);
}

/// Whether a server that waits is to be admitted. One that the provider was asked to let in stays so until a newer listing shows it
/// waiting all the same: until then it may serve.
bool IsToBeAdmitted(const KnownServer& known) {
  const bool may_serve = known.facts->admitted && known.letting && !known.letting->settled;
  return may_serve || MayBeLetIn(known);
}

/// What a server must be like, where it is not so already. It is admitted by itself: what it waits for depends on its labels, as they
/// are stored.
std::optional<UpdateServer> UpdateOf(const KnownServer& known, const ObservedServer& server,
                                     std::map<std::string, std::string> labels) {
  const rollout::ServerFacts& facts = *known.facts;
  const bool same_machine = facts.provider_id == server.provider_id;
  const bool is_as_listed = *known.labels == labels && facts.address == server.address &&
                            same_machine && facts.standby == server.standby &&
                            facts.joining == server.joining;
  const bool waits = server.joining && facts.joining && same_machine;
  const bool admitted = waits && (is_as_listed ? IsToBeAdmitted(known) : facts.admitted);
  if (is_as_listed && facts.admitted == admitted) {
    return std::nullopt;
  }
  return UpdateServer{.server = known.facts,
                      .labels = std::move(labels),
                      .address = server.address,
                      .provider_id = server.provider_id,
                      .standby = server.standby,
                      .joining = server.joining,
                      .admitted = admitted};
}

/// What is to be done about a server that is listed and ours.
void Keep(Plan& plan, const Snapshot& snapshot, const KnownServer& known,
          const ObservedServer& server, const Complete& complete) {
  if (auto update = UpdateOf(known, server, LabelsOf(snapshot.fleet, server))) {
    plan.actions.emplace_back(std::move(*update));
  } else if (!known.stale.empty()) {
    plan.actions.emplace_back(TakeBack{.server = known.facts, .positions = known.stale});
  } else if (server.joining && known.facts->admitted && MayBeLetIn(known) &&
             (!known.letting || known.letting->listing != *complete.listed)) {
    plan.actions.emplace_back(
        LetIn{.server = known.facts, .launch = server.launch, .listing = *complete.listed});
  }
}

/// Makes the Server objects equal to what was observed. Names that another fleet has are left to it, and returned.
std::vector<std::string> Follow(Plan& plan, const Snapshot& snapshot, const Complete& complete,
                                const AbsenceVerdict& verdict) {
  std::vector<std::string> taken;
  auto known = snapshot.servers.begin();
  const auto drop_until = [&](const std::string* name) {
    for (; known != snapshot.servers.end() && (name == nullptr || known->facts->name < *name);
         ++known) {
      if (known->ours &&
          (!complete.listed || std::ranges::binary_search(verdict.removable, known->facts->name))) {
        plan.actions.push_back(DeleteServer{.server = known->facts});
      }
    }
  };
  for (const ObservedServer& server : complete.servers) {
    drop_until(&server.name);
    if (IsBlocked(snapshot, server.name)) {
      continue;
    }
    if (known == snapshot.servers.end() || known->facts->name != server.name) {
      plan.actions.push_back(CreateServer{.name = server.name,
                                          .labels = LabelsOf(snapshot.fleet, server),
                                          .spec = {.fleet = snapshot.fleet.metadata.name,
                                                   .provider_id = server.provider_id,
                                                   .address = server.address,
                                                   .standby = server.standby,
                                                   .joining = server.joining}});
      continue;
    }
    if (known->ours) {
      Keep(plan, snapshot, *known, server, complete);
    } else {
      taken.push_back(server.name);
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
  if ((plan.list || !plan.actions.empty()) && frozen == stored) {
    plan.status = stored;
  }
}

/// Who has left and stays all the same.
void SayWhoIsHeld(Plan& plan, const Snapshot& snapshot, const AbsenceVerdict& verdict) {
  const auto held = static_cast<std::int64_t>(verdict.held.size());
  const std::int64_t total = plan.status.servers.total;
  Say(plan, snapshot, false, true, kNeedsConfirmation,
      "The provider lists " + std::to_string(held) + " of " + rollout::NumberOfServers(total) +
          " no more: " + Listed(verdict.held) + ". " +
          (held == total ? "The fleet would be empty"
                         : "absence.maxRemovals lets " + std::to_string(verdict.limit) +
                               " be missing at once") +
          ", so they stay. If they are really gone: slipway fleet confirm " +
          snapshot.fleet.metadata.name);
}

/// How many servers the listing has, and whom it leaves out.
void SayWhatIsListed(Plan& plan, const Snapshot& snapshot, const Complete& complete,
                     const AbsenceVerdict& verdict) {
  const auto count = static_cast<std::int64_t>(complete.servers.size());
  std::string message =
      rollout::NumberOfServers(count) + (count == 1 ? " is" : " are") + " listed.";
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

/// Nobody waits to be let in, or nobody knows who does.
void SayThatNobodyJoins(Plan& plan) {
  std::erase_if(plan.status.conditions,
                [](const api::Condition& condition) { return condition.type == kJoining; });
}

/// Who waits to be let in, and why; no condition where nobody does.
void SayWhoJoins(Plan& plan, const Snapshot& snapshot, const Complete& complete) {
  std::vector<const KnownServer*> joining;
  for (const KnownServer& known : snapshot.servers) {
    const auto server =
        std::ranges::lower_bound(complete.servers, known.facts->name, {}, &ObservedServer::name);
    if (known.ours && server != complete.servers.end() && server->name == known.facts->name &&
        server->joining) {
      joining.push_back(&known);
    }
  }
  const std::optional<JoiningAccount> account = AccountOfJoining(joining);
  if (!account) {
    return SayThatNobodyJoins(plan);
  }
  api::SetCondition(plan.status.conditions,
                    {.type = kJoining,
                     .status = ConditionStatus::kTrue,
                     .reason = account->reason,
                     .message = account->message,
                     .observed_generation = snapshot.fleet.metadata.generation},
                    snapshot.now);
}

/// The listing failed, or cannot be believed.
void SayWhatFailed(Plan& plan, const Snapshot& snapshot, const Error& error) {
  const std::string reason = runtime::ReasonOf(error);
  const bool passing = IsPassing(error);
  Say(plan, snapshot, false, !passing, reason,
      (StandsInFleet(snapshot.fleet.spec.provider) ? "" : "Listing failed: ") +
          api::Sentence(error.message) + " The servers that are known stay.");
}

/// How long until a listing has to show whether those wait still that the provider could not be asked to let in, or that it says do
/// not wait; nullopt: there are none.
std::optional<Duration> NextLookAtLaunches(const Snapshot& snapshot) {
  std::optional<Duration> next;
  for (const KnownServer& known : snapshot.servers) {
    const auto& letting = known.letting;
    if (!letting || letting->in_flight || letting->settled || !letting->error ||
        !(IsPassing(*letting->error) || runtime::ReasonOf(*letting->error) == kNotWaiting)) {
      continue;
    }
    const Duration delay =
        runtime::PollDelay(letting->failures, snapshot.fleet.spec.interval) - letting->age;
    next = std::min(next.value_or(delay), delay);
  }
  return next;
}

/// When the provider is asked next. False: the last answer is too old to act on.
bool ScheduleListing(Plan& plan, const Snapshot& snapshot) {
  const api::Provider& provider = snapshot.fleet.spec.provider;
  if (StandsInFleet(provider)) {
    return true;
  }
  const bool current = snapshot.last != nullptr && snapshot.last->provider == provider;
  const Duration delay =
      current ? runtime::PollDelay(snapshot.last->failures, snapshot.fleet.spec.interval)
              : Duration(0);
  const bool fresh = current && snapshot.last->age < delay;
  if (fresh) {
    plan.requeue_after = delay - snapshot.last->age;
  }
  const std::optional<Duration> look = fresh ? NextLookAtLaunches(snapshot) : std::nullopt;
  const bool look_now = look && *look <= Duration(0);
  if (look && !look_now) {
    plan.requeue_after = std::min(*plan.requeue_after, *look);
  }
  plan.list = !snapshot.listing && (!fresh || snapshot.last->outdated || look_now);
  return fresh;
}

/// Makes the servers what was observed, and says what became of that.
void FollowObservation(Plan& plan, const Snapshot& snapshot) {
  if (const auto* incomplete = std::get_if<Incomplete>(&*snapshot.observation)) {
    SayThatNobodyJoins(plan);
    return SayWhatFailed(plan, snapshot, incomplete->error);
  }
  const auto& complete = std::get<Complete>(*snapshot.observation);
  const AbsenceVerdict verdict = complete.listed ? Judge(snapshot, complete) : AbsenceVerdict();
  plan.status.absence = verdict.absence;
  const std::vector<std::string> taken = Follow(plan, snapshot, complete, verdict);
  SayWhoJoins(plan, snapshot, complete);
  if (!verdict.held.empty()) {
    SayWhoIsHeld(plan, snapshot, verdict);
  } else if (!taken.empty()) {
    Say(plan, snapshot, false, true, "NameTaken",
        "Servers of these names belong to another fleet: " + Listed(taken) +
            ". Take them off one of the lists.");
  } else if (!snapshot.blocked.empty()) {
    SayWhatIsBlocked(plan, snapshot);
  } else {
    SayWhatIsListed(plan, snapshot, complete, verdict);
  }
}

}  // namespace

std::string ConfirmationOf(const api::Fleet& fleet) {
  return fleet.status.absence ? api::FormatTime(fleet.status.absence->listing) + "/" +
                                    std::to_string(fleet.metadata.generation)
                              : std::string();
}

Plan PlanFleet(const Snapshot& snapshot) {
  Plan plan{.actions = {}, .status = snapshot.fleet.status};
  plan.status.servers = CountOf(snapshot);
  if (snapshot.fleet.spec.suspend) {
    plan.status.absence.reset();
    SayThatNobodyJoins(plan);
    Say(plan, snapshot, false, false, "Suspended",
        "Suspended: servers are neither made nor removed, and no agent joins.");
    return plan;
  }
  const bool fresh = ScheduleListing(plan, snapshot);
  if (plan.status.observed_generation != snapshot.fleet.metadata.generation &&
      !StandsInFleet(snapshot.fleet.spec.provider)) {
    plan.status.absence
        .reset();  // What was counted, and what a person saw, was under another spec.
    SayThatNobodyJoins(plan);
    Say(plan, snapshot, false, false, "Listing", "Asks for the list of servers.");
  } else if (!snapshot.observation) {
    SayThatNobodyJoins(plan);
  } else if (fresh) {
    FollowObservation(plan, snapshot);
  }
  KeepWhatIsStored(plan, snapshot);
  return plan;
}

}  // namespace slipway::fleet
