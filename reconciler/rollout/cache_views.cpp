#include "reconciler/rollout/cache_views.hpp"

#include <algorithm>
#include <utility>

#include "reconciler/api/testrun.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"
#include "reconciler/rollout/selection.hpp"

namespace slipway::rollout {
namespace {

using runtime::Kind;
using runtime::Object;

constexpr Duration kFirstRetry{5'000};
constexpr Duration kLongestRetry{300'000};
constexpr Duration kStandStill{5'000};  ///< at most this much is counted of the time before

void FleetOf(const Object& object, std::vector<std::string>& values) {
  if (const auto* server = object.ViewAs<ServerFacts>(); server != nullptr) {
    values.push_back(server->fleet);
  }
}

void ApplicationOf(const Object& object, std::vector<std::string>& values) {
  if (const auto* rollout = object.As<api::Rollout>(); rollout != nullptr) {
    values.push_back(rollout->spec.application);
  }
}

void NamedAfter(const Object& object, std::vector<std::string>& values) {
  values.emplace_back(ApplicationNamedBy(object.key.name));
}

void StateOf(const Object& object, std::vector<std::string>& values) {
  if (const auto* rollout = object.As<api::Rollout>();
      rollout != nullptr && !HasEnded(rollout->status.phase)) {
    values.emplace_back(kOpen);
  }
}

void FleetsOf(const Object& object, std::vector<std::string>& values) {
  if (const auto* application = object.As<api::Application>(); application != nullptr) {
    values = application->spec.servers.fleets;
    if (values.empty()) {
      values.emplace_back(kAnyFleet);
    }
  }
}

void RepositoryOf(const Object& object, std::vector<std::string>& values) {
  if (const auto* application = object.As<api::Application>(); application != nullptr) {
    values.push_back(application->spec.source.repository);
  }
}

void ServerOf(const Object& object, std::vector<std::string>& values) {
  if (const auto* run = object.As<api::TestRun>(); run != nullptr) {
    values.push_back(run->spec.server);
  }
}

/// The facts of a server that is selected and not on its way out; nullptr otherwise.
const ServerFacts* SelectedFacts(const api::ServerSelection& selection, const Object& object) {
  const auto* server = object.ViewAs<ServerFacts>();
  const bool selected =
      server != nullptr && !object.deleting && Selects(selection, server->fleet, server->labels);
  return selected ? server : nullptr;
}

/// Objects lie all over the memory: asks for those that come next while this one is looked at. Objects first, what they point
/// to later, so that no step waits for the one before it; and of each the part that is read.
void FetchAhead(runtime::Cache::Objects objects, std::size_t index) {
  constexpr std::size_t kObject = 24;
  constexpr std::size_t kFacts = 16;
  constexpr std::size_t kEntries = 8;
  const auto fetch = [](const void* memory, std::size_t bytes) {
    for (std::size_t offset = 0; offset < bytes; offset += 64) {
      __builtin_prefetch(static_cast<const char*>(memory) + offset);
    }
  };
  if (index + kObject < objects.size()) {
    fetch(objects[index + kObject], 64);
  }
  if (index + kFacts < objects.size()) {
    fetch(objects[index + kFacts]->view.get(), 128);
  }
  if (index + kEntries < objects.size()) {
    if (const auto* facts = objects[index + kEntries]->ViewAs<ServerFacts>(); facts != nullptr) {
      fetch(facts->releases.data(), sizeof(ReleaseEntry) - sizeof(std::string));
      fetch(facts->labels.data(), 128);
    }
  }
}

/// The answer to a question that planners ask one after the other.
struct Selected final : runtime::Derived {
  std::string ns;
  std::string application;
  api::ServerSelection selection;
  std::vector<ServerView> views;
};

std::vector<ServerView> Select(const runtime::Cache& cache, const std::string& ns,
                               const api::ServerSelection& selection,
                               const std::string& application) {
  std::vector<ServerView> views;
  const auto add = [&](runtime::Cache::Objects objects) {
    views.reserve(views.size() + objects.size());
    for (std::size_t index = 0; index < objects.size(); ++index) {
      FetchAhead(objects, index);
      if (const ServerFacts* facts = SelectedFacts(selection, *objects[index])) {
        views.push_back(ViewOf(*facts, application));
      }
    }
  };
  if (selection.fleets.empty()) {
    add(cache.List(Kind::kServer, ns));
  }
  for (const std::string& fleet : selection.fleets) {
    add(cache.Lookup(Kind::kServer, kByFleet, ns, fleet));
  }
  if (selection.fleets.size() > 1) {
    std::ranges::sort(
        views, {}, [](const ServerView& view) -> const std::string& { return view.server->name; });
  }
  return views;
}

void BringUpToDate(const runtime::Change& change, Selected& selected) {
  const runtime::Key& key = change.any().key;
  if (key.ns != selected.ns) {
    return;
  }
  const auto name_of = [](const ServerView& view) -> const std::string& {
    return view.server->name;
  };
  const auto at = std::ranges::lower_bound(selected.views, key.name, {}, name_of);
  const bool was_there = at != selected.views.end() && name_of(*at) == key.name;
  const ServerFacts* facts =
      change.after != nullptr ? SelectedFacts(selected.selection, *change.after) : nullptr;
  if (facts != nullptr && was_there) {
    *at = ViewOf(*facts, selected.application);
  } else if (facts != nullptr) {
    selected.views.insert(at, ViewOf(*facts, selected.application));
  } else if (was_there) {
    selected.views.erase(at);
  }
}

}  // namespace

void RegisterViews(runtime::CacheSchema& schema) {
  schema.SetProjector(Kind::kServer, &ProjectServer);
  schema.AddIndex(Kind::kServer, kByFleet, &FleetOf);
  schema.AddIndex(Kind::kRollout, kByApplication, &ApplicationOf);
  schema.AddIndex(Kind::kRollout, kByName, &NamedAfter);
  schema.AddIndex(Kind::kRollout, kByState, &StateOf);
  schema.AddIndex(Kind::kApplication, kByFleet, &FleetsOf);
  schema.AddIndex(Kind::kApplication, kByRepository, &RepositoryOf);
  schema.AddIndex(Kind::kTestRun, kByServer, &ServerOf);
}

ServerViews SelectServers(const runtime::Cache& cache, const std::string& ns,
                          const api::ServerSelection& selection, const std::string& application) {
  const runtime::Derivation kept = cache.Kept(Kind::kServer);
  auto selected = std::dynamic_pointer_cast<Selected>(kept.derived);
  if (selected != nullptr && selected->ns == ns && selected->application == application &&
      selected->selection == selection) {
    for (const runtime::Change& change : kept.since) {
      BringUpToDate(change, *selected);
    }
  } else {
    selected = std::make_shared<Selected>();
    selected->ns = ns;
    selected->application = application;
    selected->selection = selection;
    selected->views = Select(cache, ns, selection, application);
  }
  cache.Keep(Kind::kServer, selected);
  return {selected, &selected->views};
}

std::vector<const Object*> ApplicationsOf(const runtime::Cache& cache,
                                          const runtime::Change& change) {
  std::vector<const Object*> applications;
  const auto add = [&](const std::string& fleet) {
    for (const Object* object :
         cache.Lookup(Kind::kApplication, kByFleet, change.any().key.ns, fleet)) {
      const auto* application = object->As<api::Application>();
      if (application != nullptr && Concerns(application->spec.servers, change)) {
        applications.push_back(object);
      }
    }
  };
  add(kAnyFleet);
  const auto fleet_of = [](const runtime::ObjectPtr& object) {
    const auto* server = object == nullptr ? nullptr : object->ViewAs<ServerFacts>();
    return server == nullptr ? std::string() : server->fleet;
  };
  const std::string before = fleet_of(change.before);
  const std::string after = fleet_of(change.after);
  add(after);
  if (before != after) {
    add(before);
  }
  return applications;
}

bool Concerns(const api::ServerSelection& selection, const runtime::Change& change) {
  return (change.before != nullptr && SelectedFacts(selection, *change.before) != nullptr) ||
         (change.after != nullptr && SelectedFacts(selection, *change.after) != nullptr);
}

std::vector<const Object*> RolloutsOf(const runtime::Cache& cache, const Object& application) {
  std::vector<const Object*> rollouts;
  for (const Object* object :
       cache.Lookup(Kind::kRollout, kByApplication, application.key.ns, application.key.name)) {
    const auto& spec = object->As<api::Rollout>()->spec;
    if (!object->deleting && object->IsOwnedBy(application.uid) &&
        object->key.name == RolloutName(application.key.name, spec.number)) {
      rollouts.push_back(object);
    }
  }
  std::ranges::sort(rollouts, {},
                    [](const Object* object) { return object->As<api::Rollout>()->spec.number; });
  return rollouts;
}

const Object* OwnerOf(const runtime::Cache& cache, const Object& rollout) {
  const auto* view = rollout.As<api::Rollout>();
  const Object* application =
      view == nullptr ? nullptr
                      : cache.Find({Kind::kApplication, rollout.key.ns, view->spec.application});
  return application != nullptr && rollout.IsOwnedBy(application->uid) ? application : nullptr;
}

std::int64_t GreatestNumberUsed(const runtime::Cache& cache, const Object& application) {
  const runtime::Key& key = application.key;
  std::int64_t greatest = 0;
  for (const Object* rollout : cache.Lookup(Kind::kRollout, kByName, key.ns, key.name)) {
    greatest = std::max(greatest, RolloutNumber(key.name, rollout->key.name));
  }
  return greatest;
}

std::string GroupOf(const std::string& ns, const std::string& application) {
  return "application " + ns + "/" + application;
}

Trust TrustOf(const runtime::PlanInput& input, const PlannerOptions& options, bool judged) {
  if (judged || input.up >= options.first_grace) {
    return {};
  }
  return {.settled = false, .wake_after = std::min(kStandStill, options.first_grace - input.up)};
}

bool AllJudged(std::span<const ServerView> servers) {
  return std::ranges::all_of(servers,
                             [](const ServerView& view) { return view.judged || view.held; });
}

api::OwnerReference ControlledBy(const Object& owner) {
  return {.api_version = std::string(runtime::kApiVersion),
          .kind = std::string(runtime::NameOf(owner.key.kind)),
          .name = owner.key.name,
          .uid = owner.uid,
          .controller = true,
          .block_owner_deletion = true};
}

runtime::Patch PatchOf(const std::string& ns, const AssignIntent& action) {
  const ServerFacts& server = *action.view.server;
  const auto entry =
      std::ranges::find(server.releases, action.intent.application, &ReleaseEntry::application);
  const int position = entry == server.releases.end() ? -1 : entry->position;
  const std::string intent = api::Encode(action.intent);
  std::string operation;
  if (position >= 0) {
    operation = R"({"op":"replace","path":"/spec/releases/)" + std::to_string(position) +
                R"(","value":)" + intent + "}";
  } else if (server.intents > 0) {
    operation = R"({"op":"add","path":"/spec/releases/-","value":)" + intent + "}";
  } else {
    operation = R"({"op":"add","path":"/spec/releases","value":[)" + intent + "]}";
  }
  return {.key = {Kind::kServer, ns, server.name},
          .uid = server.uid,
          .generation = server.generation,
          .operations = "[" + operation + "]"};
}

PinAnswer PinAnswerOf(const runtime::OutsideStates& outside, const std::string& slot,
                      const runtime::OutsideRequest& wanted) {
  const auto found = outside.find(slot);
  if (found == outside.end()) {
    return {.ask = true};
  }
  const runtime::OutsideState& state = found->second;
  if (!state.result || state.answered != wanted) {
    return {.ask = !state.in_flight};
  }
  if (state.result->has_value()) {
    return {.held = true};
  }
  const Duration delay = RetryDelay(state.failures);
  PinAnswer answer{.problem = state.result->error().message};
  answer.ask = !state.in_flight && state.age >= delay;
  if (!answer.ask) {
    answer.retry_after = std::max(Duration(0), delay - state.age);
  }
  return answer;
}

Duration RetryDelay(int failures) {
  const int doublings = std::clamp(failures - 1, 0, 16);
  return std::min(kLongestRetry, kFirstRetry * (std::int64_t{1} << doublings));
}

}  // namespace slipway::rollout
