#include "reconciler/fleet/adapter.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "reconciler/base/json.hpp"
#include "reconciler/fleet/fleet_planner.hpp"
#include "reconciler/rollout/cache_views.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"
#include "reconciler/rollout/selection.hpp"

namespace slipway::fleet {
namespace {

using rollout::ServerFacts;
using runtime::Cache;
using runtime::Change;
using runtime::KeySink;
using runtime::Kind;
using runtime::Object;
using runtime::PlanInput;

constexpr const char* kListSlot = "list";
constexpr std::string_view kLaunchSlot = "launch/";  ///< and the name of the server
constexpr const char* kByName = "name";              ///< ServerClaim: spec.name

void ClaimedName(const Object& object, std::vector<std::string>& values) {
  if (const auto* claim = object.As<api::ServerClaim>(); claim != nullptr) {
    values.push_back(claim->spec.name);
  }
}

void Register(runtime::CacheSchema& schema) {
  rollout::RegisterViews(schema);
  schema.AddIndex(Kind::kServerClaim, kByName, &ClaimedName);
}

bool IsMatched(const api::ServerClaim& claim) { return claim.status.server == claim.spec.name; }

bool HasMatchedClaim(const Cache& cache, const std::string& ns, const std::string& server) {
  return std::ranges::any_of(
      cache.Lookup(Kind::kServerClaim, kByName, ns, server),
      [](const Object* claim) { return IsMatched(*claim->As<api::ServerClaim>()); });
}

/// Whether an entry of spec.releases means nothing any more: its application is gone, or does not mean this server and has
/// moved on from the release that the entry names. Only entries that the agent has reported on: the next attempt there gets a
/// greater number than that, so that no number ever means two attempts.
bool IsStale(const Cache& cache, const std::string& ns, const ServerFacts& server,
             const rollout::ReleaseEntry& entry) {
  if (entry.position < 0 || !rollout::IsReported(entry.facts)) {
    return false;
  }
  const Object* object = cache.Find({Kind::kApplication, ns, entry.application});
  if (object == nullptr) {
    return true;
  }
  const auto* application = object->As<api::Application>();
  if (object->deleting || application == nullptr ||
      rollout::Selects(application->spec.servers, server.fleet, server.labels)) {
    return false;
  }
  const api::ApplicationStatus& status = application->status;
  const auto names = [&](const std::string& rollout) {
    return rollout::RolloutNumber(entry.application, rollout) == entry.facts.intent->rollout;
  };
  return !names(status.active) && !(status.stable && names(status.stable->rollout));
}

std::vector<int> StaleEntries(const Cache& cache, const std::string& ns,
                              const ServerFacts& server) {
  std::vector<int> positions;
  for (const rollout::ReleaseEntry& entry : server.releases) {
    if (IsStale(cache, ns, server, entry)) {
      positions.push_back(entry.position);
    }
  }
  std::ranges::sort(positions);
  return positions;
}

/// The last answer of the slot in our own words; nullopt where there is none.
std::optional<LastListing> LastOf(const runtime::OutsideState& state) {
  if (!state.answered || !state.result) {
    return std::nullopt;
  }
  const auto* request = std::get_if<runtime::ListServers>(&*state.answered);
  if (request == nullptr) {
    return std::nullopt;
  }
  Result<runtime::ServerListing> result = Fail(Code::kInternal, "");
  if (!state.result->has_value()) {
    result = state.result->error();
  } else if (const auto* listing = std::get_if<runtime::ServerListing>(&state.result->value())) {
    result = *listing;
  }
  return LastListing{.provider = request->provider,
                     .result = std::move(result),
                     .age = state.age,
                     .failures = state.failures,
                     .outdated = state.outdated};
}

std::optional<Observation> Observe(const api::Fleet& fleet, const LastListing* last) {
  if (StandsInFleet(fleet.spec.provider)) {
    return ObserveStatic(*fleet.spec.provider.static_);
  }
  if (last == nullptr || last->provider != fleet.spec.provider) {
    return std::nullopt;  // What another provider said means nothing.
  }
  if (!last->result.has_value()) {
    return Incomplete{last->result.error()};
  }
  return ObserveListing(last->result.value(), fleet.spec.stopped);
}

/// Whether the promoted release of an application runs on a server, as waves count a success.
bool RunsPromoted(const rollout::ReleaseFacts& release, const std::string& application,
                  const api::ReleaseRef& stable) {
  return release.intent &&
         release.intent->rollout == rollout::RolloutNumber(application, stable.rollout) &&
         release.intent->release == rollout::PackedRelease(stable.commit, stable.hash) &&
         rollout::Success(release);
}

/// What became of the promoted release of an application on a server that does not run it in good health.
Awaited::Progress ProgressOf(const Cache& cache, const std::string& ns,
                             const std::string& application, const api::ReleaseRef& stable,
                             const rollout::ServerView& view) {
  using Progress = Awaited::Progress;
  const rollout::ReleaseFacts& release = view.release;
  const bool brought = release.intent && release.intent->rollout ==
                                             rollout::RolloutNumber(application, stable.rollout);
  const bool ended =
      rollout::IsSettled(release) && !rollout::EndedWith(release, api::Outcome::kSucceeded);
  if (brought && ended &&
      (rollout::EndedWith(release, api::Outcome::kFailed) ||
       release.intent->retries >= rollout::kMaxRetries)) {
    return Progress::kFailed;
  }
  const bool on_its_way = brought && !rollout::IsSettled(release);
  if (!on_its_way && cache.Find({Kind::kRollout, ns, stable.rollout}) == nullptr) {
    return Progress::kGone;
  }
  return view.full ? Progress::kNoRoom : Progress::kComing;
}

/// The applications that a server which joins waits for.
std::vector<Awaited> AwaitedOn(const Cache& cache, const std::string& ns,
                               const ServerFacts& server) {
  std::vector<Awaited> awaited;
  for (const std::string& fleet : {server.fleet, std::string(rollout::kAnyFleet)}) {
    for (const Object* object : cache.Lookup(Kind::kApplication, rollout::kByFleet, ns, fleet)) {
      const auto* application = object->As<api::Application>();
      const auto& stable = application->status.stable;
      if (object->deleting || !stable ||
          !rollout::Selects(application->spec.servers, server.fleet, server.labels)) {
        continue;
      }
      const std::string& name = object->key.name;
      const rollout::ServerView view = rollout::ViewOf(server, name);
      if (!RunsPromoted(view.release, name, *stable)) {
        awaited.push_back(
            {.rollout = stable->rollout, .progress = ProgressOf(cache, ns, name, *stable, view)});
      }
    }
  }
  std::ranges::sort(awaited, {}, &Awaited::rollout);
  return awaited;
}

std::string LaunchSlotOf(const std::string& server) { return std::string(kLaunchSlot) + server; }

/// What became of letting this machine in; nullopt where nobody asked.
std::optional<Letting> LettingOf(const runtime::OutsideStates& outside, const ServerFacts& server) {
  const auto list = outside.find(kListSlot);
  const auto slot = outside.find(LaunchSlotOf(server.name));
  const auto* request =
      slot == outside.end() ? nullptr : std::get_if<runtime::CompleteLaunch>(&slot->second.request);
  if (request == nullptr || request->provider_id != server.provider_id) {
    return std::nullopt;
  }
  Letting letting{.listing = request->listing, .error = {}};
  if (slot->second.result && !slot->second.result->has_value()) {
    letting.error = slot->second.result->error();
    letting.age = slot->second.age;
    letting.failures = slot->second.failures;
  }
  letting.in_flight = slot->second.in_flight;
  letting.settled = !letting.in_flight && slot->second.result && list != outside.end() &&
                    list->second.age < slot->second.age;
  return letting;
}

struct Servers {
  std::vector<KnownServer> known;
  std::vector<BlockedServer> blocked;
};

/// Looks at what those wait for that join.
void LookAtJoining(const PlanInput& input, const std::optional<Observation>& observation,
                   std::vector<KnownServer>& servers) {
  const auto* complete = observation ? std::get_if<Complete>(&*observation) : nullptr;
  if (complete == nullptr) {
    return;
  }
  const auto name_of = [](const KnownServer& known) -> const std::string& {
    return known.facts->name;
  };
  for (const ObservedServer& server : complete->servers) {
    const auto known = server.joining ? std::ranges::lower_bound(servers, server.name, {}, name_of)
                                      : servers.end();
    if (known != servers.end() && name_of(*known) == server.name) {
      known->awaited = AwaitedOn(input.cache, input.object.key.ns, *known->facts);
      known->letting = LettingOf(input.outside, *known->facts);
    }
  }
}

/// Slots of servers that join no more.
std::vector<std::string> Forgotten(const PlanInput& input) {
  std::vector<std::string> slots;
  for (const auto& [slot, state] : input.outside) {
    if (!slot.starts_with(kLaunchSlot)) {
      continue;
    }
    const Object* object =
        input.cache.Find({Kind::kServer, input.object.key.ns, slot.substr(kLaunchSlot.size())});
    const auto* server = object == nullptr ? nullptr : object->ViewAs<ServerFacts>();
    if (server == nullptr || !server->joining || !object->IsOwnedBy(input.object.uid)) {
      slots.push_back(slot);
    }
  }
  return slots;
}

/// The fleet's own servers, and those of others whose names it wants, by name.
Servers ServersOf(const PlanInput& input, const std::optional<Observation>& observation) {
  const std::string& ns = input.object.key.ns;
  Servers all;
  const auto add = [&](const Object& object) {
    if (object.deleting || object.view == nullptr) {
      return;
    }
    all.known.push_back({.facts = object.ViewAs<ServerFacts>(),
                         .labels = &object.labels,
                         .ours = object.IsOwnedBy(input.object.uid),
                         .joined = HasMatchedClaim(input.cache, ns, object.key.name),
                         .stale = StaleEntries(input.cache, ns, *object.ViewAs<ServerFacts>())});
  };
  for (const Object* object : input.cache.OwnedBy(Kind::kServer, input.object.uid)) {
    add(*object);
  }
  const auto* complete = observation ? std::get_if<Complete>(&*observation) : nullptr;
  if (complete != nullptr) {
    for (const ObservedServer& server : complete->servers) {
      const Object* object = input.cache.Find({Kind::kServer, ns, server.name});
      if (object == nullptr) {
        continue;
      }
      if (object->deleting || object->view == nullptr) {
        all.blocked.push_back({.name = server.name, .leaving = object->deleting});
      } else if (!object->IsOwnedBy(input.object.uid)) {
        add(*object);
      }
    }
  }
  std::ranges::sort(all.known, {}, [](const KnownServer& server) -> const std::string& {
    return server.facts->name;
  });
  LookAtJoining(input, observation, all.known);
  return all;
}

/// Names of those that are ours, in order.
std::shared_ptr<const std::vector<std::string>> OwnNames(const std::vector<KnownServer>& servers) {
  auto names = std::make_shared<std::vector<std::string>>();
  for (const KnownServer& server : servers) {
    if (server.ours) {
      names->push_back(server.facts->name);
    }
  }
  return names;
}

/// Sets a text of spec, or takes it away where it became empty.
void Set(nlohmann::json& operations, const char* path, const std::string& before,
         const std::string& after) {
  if (!after.empty()) {
    operations.push_back({{"op", "add"}, {"path", path}, {"value", after}});
  } else if (!before.empty()) {
    operations.push_back({{"op", "remove"}, {"path", path}});
  }
}

runtime::Patch PatchOf(const std::string& ns, const UpdateServer& update) {
  nlohmann::json operations = nlohmann::json::array();
  operations.push_back({{"op", "add"}, {"path", "/metadata/labels"}, {"value", update.labels}});
  Set(operations, "/spec/address", update.server->address, update.address);
  Set(operations, "/spec/providerID", update.server->provider_id, update.provider_id);
  const auto flag = [&](const char* path, bool before, bool after) {
    if (before != after) {
      operations.push_back({{"op", "add"}, {"path", path}, {"value", after}});
    }
  };
  flag("/spec/standby", update.server->standby, update.standby);
  flag("/spec/joining", update.server->joining, update.joining);
  flag("/spec/admitted", update.server->admitted, update.admitted);
  return {.key = {Kind::kServer, ns, update.server->name},
          .uid = update.server->uid,
          .generation = update.server->generation,
          .operations = PrintJson(operations)};
}

runtime::Patch PatchOf(const std::string& ns, const TakeBack& removal) {
  nlohmann::json operations = nlohmann::json::array();
  for (const int position : removal.positions | std::views::reverse) {
    operations.push_back(
        {{"op", "remove"}, {"path", "/spec/releases/" + std::to_string(position)}});
  }
  return {.key = {Kind::kServer, ns, removal.server->name},
          .uid = removal.server->uid,
          .generation = removal.server->generation,
          .operations = PrintJson(operations)};
}

/// Whether a change of an application may make entries of its servers mean nothing any more, or change what servers that join wait
/// for.
bool MattersToFleets(const Change& change) {
  if (change.before == nullptr || change.after == nullptr) {
    return change.after == nullptr;
  }
  const auto* before = change.before->As<api::Application>();
  const auto* after = change.after->As<api::Application>();
  return before == nullptr || after == nullptr ||
         change.before->generation != change.after->generation ||
         before->status.stable != after->status.stable ||
         before->status.active != after->status.active;
}

class FleetPlanner final : public runtime::Planner {
 public:
  Kind kind() const override { return Kind::kFleet; }
  std::vector<Kind> reads() const override {
    return {Kind::kApplication, Kind::kRollout, Kind::kServer, Kind::kServerClaim};
  }
  void Register(runtime::CacheSchema& schema) const override { fleet::Register(schema); }

  void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const override {
    const Object& object = change.any();
    const std::string& ns = object.key.ns;
    const Object* server = &object;
    const auto add_all = [&] {
      for (const Object* fleet : cache.List(Kind::kFleet, ns)) {
        keys.insert(fleet->key);
      }
    };
    if (object.key.kind == Kind::kApplication) {
      if (MattersToFleets(change)) {
        add_all();
      }
      return;
    }
    if (object.key.kind == Kind::kRollout && change.after == nullptr) {
      add_all();  // A server that joins may wait for it.
    }
    if (object.key.kind == Kind::kServerClaim) {
      const auto* claim = object.As<api::ServerClaim>();
      server = claim == nullptr ? nullptr : cache.Find({Kind::kServer, ns, claim->spec.name});
    }
    if (server == nullptr || server->key.kind != Kind::kServer) {
      return;
    }
    if (server->view != nullptr) {
      keys.insert({Kind::kFleet, ns, server->ViewAs<ServerFacts>()->fleet});
    }
    if (change.after == nullptr || server->view == nullptr) {
      // A name became free that another fleet may wait for, or whose server it was cannot be read.
      add_all();
    }
  }

  runtime::Plan MakePlan(const PlanInput& input) const override;
};

runtime::Plan FleetPlanner::MakePlan(const PlanInput& input) const {
  const auto& fleet = *input.object.As<api::Fleet>();
  const std::string& ns = input.object.key.ns;
  if (input.object.deleting) {
    return {};
  }
  const auto slot = input.outside.find(kListSlot);
  const std::optional<LastListing> last =
      slot == input.outside.end() ? std::nullopt : LastOf(slot->second);
  std::optional<Observation> observation = Observe(fleet, last ? &*last : nullptr);
  const Servers servers = ServersOf(input, observation);
  const Plan plan = PlanFleet({.fleet = fleet,
                               .observation = std::move(observation),
                               .last = last ? &*last : nullptr,
                               .listing = slot != input.outside.end() && slot->second.in_flight,
                               .servers = servers.known,
                               .blocked = servers.blocked,
                               .now = input.now});
  runtime::Plan out{.requeue_after = plan.requeue_after, .forget = Forgotten(input)};
  if (plan.status != fleet.status) {
    out.status = api::Encode(plan.status);
  }
  if (plan.list) {
    out.actions.push_back(
        runtime::Ask{.slot = kListSlot,
                     .request = runtime::ListServers{.provider = fleet.spec.provider,
                                                     .known = OwnNames(servers.known)}});
  }
  for (const Action& action : plan.actions) {
    if (const auto* create = std::get_if<CreateServer>(&action)) {
      const api::Server server{
          .metadata = {.name = create->name,
                       .ns = ns,
                       .labels = create->labels,
                       .owner_references = {rollout::ControlledBy(input.object)}},
          .spec = create->spec};
      out.actions.push_back(
          runtime::Create{.key = {Kind::kServer, ns, create->name}, .json = api::Encode(server)});
    } else if (const auto* update = std::get_if<UpdateServer>(&action)) {
      out.actions.push_back(PatchOf(ns, *update));
    } else if (const auto* let_in = std::get_if<LetIn>(&action)) {
      out.actions.push_back(runtime::Ask{
          .slot = LaunchSlotOf(let_in->server->name),
          .request = runtime::CompleteLaunch{.provider = fleet.spec.provider,
                                             .server = let_in->server->name,
                                             .provider_id = let_in->server->provider_id,
                                             .launch = let_in->launch,
                                             .listing = let_in->listing}});
    } else if (const auto* entries = std::get_if<TakeBack>(&action)) {
      out.actions.push_back(PatchOf(ns, *entries));
    } else if (const auto* removal = std::get_if<DeleteServer>(&action)) {
      out.actions.push_back(runtime::Delete{.key = {Kind::kServer, ns, removal->server->name},
                                            .uid = removal->server->uid});
    }
  }
  return out;
}

class ServerClaimPlanner final : public runtime::Planner {
 public:
  Kind kind() const override { return Kind::kServerClaim; }
  std::vector<Kind> reads() const override { return {Kind::kFleet, Kind::kServer}; }
  void Register(runtime::CacheSchema& schema) const override { fleet::Register(schema); }

  std::string Group(const Object& object) const override {
    return "claims of " + object.key.ns + "/" + object.As<api::ServerClaim>()->spec.name;
  }

  void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const override {
    const Object& object = change.any();
    const auto add = [&](const std::string& name) {
      for (const Object* claim : cache.Lookup(Kind::kServerClaim, kByName, object.key.ns, name)) {
        keys.insert(claim->key);
      }
    };
    if (object.key.kind == Kind::kServerClaim) {
      if (const auto* claim = object.As<api::ServerClaim>(); claim != nullptr) {
        add(claim->spec.name);
      }
    } else if (object.key.kind == Kind::kServer) {
      // Reports do not matter to claims; that a server comes, goes or moves does.
      if (change.before == nullptr || change.after == nullptr ||
          change.before->generation != change.after->generation) {
        add(object.key.name);
      }
    } else if (object.key.kind == Kind::kFleet) {
      for (const Object* server :
           cache.Lookup(Kind::kServer, rollout::kByFleet, object.key.ns, object.key.name)) {
        add(server->key.name);
      }
    }
  }

  runtime::Plan MakePlan(const PlanInput& input) const override;
};

/// Who has the name: a claim that is matched already, or else the first of those that may have it.
const api::ServerClaim* HolderOf(const PlanInput& input, const api::ServerClaim& claim,
                                 const ServerFacts& server) {
  const api::ServerClaim* first = nullptr;
  const auto order = [](const api::ServerClaim& one) {
    return std::tuple(!IsMatched(one), one.metadata.creation_timestamp.value_or(Time::max()),
                      one.metadata.name);
  };
  for (const Object* object :
       input.cache.Lookup(Kind::kServerClaim, kByName, input.object.key.ns, claim.spec.name)) {
    const auto* other = object->As<api::ServerClaim>();
    const bool may = (other->spec.fleet.empty() || other->spec.fleet == server.fleet) &&
                     IsThisMachine(*other, server);
    if (!object->deleting && may && (first == nullptr || order(*other) < order(*first))) {
      first = other;
    }
  }
  return first == nullptr || first->metadata.name == claim.metadata.name ? nullptr : first;
}

runtime::Plan ServerClaimPlanner::MakePlan(const PlanInput& input) const {
  const auto& claim = *input.object.As<api::ServerClaim>();
  const std::string& ns = input.object.key.ns;
  if (input.object.deleting) {
    return {};
  }
  const Object* server = input.cache.Find({Kind::kServer, ns, claim.spec.name});
  const bool there = server != nullptr && !server->deleting && server->view != nullptr;
  const auto* facts = there ? server->ViewAs<ServerFacts>() : nullptr;
  const auto* fleet =
      there ? input.cache.Get<api::Fleet>({Kind::kFleet, ns, facts->fleet}) : nullptr;
  const ClaimPlan plan =
      PlanServerClaim({.claim = claim,
                       .server = facts,
                       .holder = there ? HolderOf(input, claim, *facts) : nullptr,
                       .suspended = fleet != nullptr && fleet->spec.suspend,
                       .now = input.now});
  runtime::Plan out;
  if (plan.status != claim.status) {
    out.status = api::Encode(plan.status);
  }
  return out;
}

}  // namespace

std::unique_ptr<runtime::Planner> MakeFleetPlanner() { return std::make_unique<FleetPlanner>(); }

std::unique_ptr<runtime::Planner> MakeServerClaimPlanner() {
  return std::make_unique<ServerClaimPlanner>();
}

}  // namespace slipway::fleet
