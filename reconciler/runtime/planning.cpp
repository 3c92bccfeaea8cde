#include <algorithm>
#include <exception>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/runtime/core.hpp"
#include "reconciler/runtime/documents.hpp"

namespace slipway::runtime {
namespace {

constexpr Duration kShortestRequeue{10};
constexpr std::string_view kOurFinalizers = "slipway.dev/";

bool Contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

void Engine::Core::PlanNext() {
  const std::optional<Key> key = queue_.Take();
  if (key.has_value()) {
    PlanKey(*key);
    queue_.Done(*key);
  }
}

const Planner* Engine::Core::PlannerOf(Kind kind) const {
  const auto found = std::find_if(planners_.begin(), planners_.end(),
                                  [&](const auto& planner) { return planner->kind() == kind; });
  return found == planners_.end() ? nullptr : found->get();
}

std::string Engine::Core::GroupOf(const Planner& planner, const Object& object) const {
  if (object.view != nullptr) {
    try {
      const GuardedScope guard;
      return planner.Group(object);
    } catch (const std::exception&) {
      return ToString(object.key);  // MakePlan will say what is wrong
    }
  }
  return ToString(object.key);
}

bool Engine::Core::Ready(const Planner& planner) const {
  const std::vector<Kind> reads = planner.reads();
  return cache_.Synced(planner.kind()) &&
         std::all_of(reads.begin(), reads.end(), [&](Kind kind) { return cache_.Synced(kind); });
}

bool Engine::Core::IsHeld(const Key& key) {
  const auto held = held_until_.find(key);
  if (held == held_until_.end()) {
    return false;
  }
  if (held->second > clock_.now()) {
    queue_.AddAt(key, held->second);
    return true;
  }
  held_until_.erase(held);
  return false;
}

void Engine::Core::ForgetKey(const Key& key) {
  counted_from_.erase(key);
  lost_statuses_.erase(key);
  held_until_.erase(key);
  quarantine_.erase(key);
  unsynced_.erase(key);
  if (slots_.erase(key) != 0) {
    std::erase_if(waiting_asks_, [&](const auto& ask) { return ask.first == key; });
  }
  queue_.Remove(key);
}

void Engine::Core::PlanKey(const Key& key) {
  const Object* object = cache_.Find(key);
  const Planner* planner = PlannerOf(key.kind);
  if (object == nullptr || planner == nullptr) {
    return;
  }
  if (!Ready(*planner)) {
    unsynced_.insert(key);
    return;
  }
  const std::string group = GroupOf(*planner, *object);
  if (runs_.contains(group)) {
    parked_[group].insert(key);
    return;
  }
  if (IsHeld(key)) {
    return;
  }
  const auto poison = quarantine_.find(key);
  if (poison != quarantine_.end() && poison->second.first != object->version) {
    quarantine_.erase(poison);
  }
  if (object->view == nullptr) {
    quarantine_[key] = {object->version, "it cannot be read: " + object->problem};
  }
  if (quarantine_.contains(key) || !PlanAndFollow(*planner, *object, group)) {
    SayWhyStalled(*object, group);
  }
}

/// False where the planner failed, or what it wants makes no sense.
bool Engine::Core::PlanAndFollow(const Planner& planner, const Object& object,
                                 const std::string& group) {
  ++stats_.plans;
  const OutsideStates outside = OutsideOf(object.key);
  try {
    const GuardedScope guard;
    Plan plan = planner.MakePlan(PlanInput{.object = object,
                                           .cache = cache_,
                                           .now = now_,
                                           .elapsed = clock_.now() - counted_from_[object.key],
                                           .up = clock_.now().since_start,
                                           .outside = outside});
    if (plan.stands_still) {
      counted_from_[object.key] = clock_.now();
    }
    Follow(object, group, std::move(plan));
    return true;
  } catch (const std::exception& thrown) {
    ++stats_.planner_failures;
    quarantine_[object.key] = {object.version, thrown.what()};
    AddNote(object.key,
            std::string("its planner failed; it waits until it changes: ") + thrown.what());
    return false;
  }
}

void Engine::Core::SayWhyStalled(const Object& object, const std::string& group) {
  queue_.CancelDelay(object.key);
  const std::string message =
      "Slipway cannot plan for this object and leaves it alone until it changes; please report "
      "it: " +
      quarantine_[object.key].second;
  std::optional<std::string> status;
  try {
    const GuardedScope guard;
    status = documents::WithPlannerFailed(*object.bytes, message, object.generation, now_);
  } catch (const std::exception& thrown) {
    AddNote(object.key, std::string("it cannot be said in its status: ") + thrown.what());
  }
  if (status.has_value()) {
    StartWrite(object, group,
               WriteStatus{.key = object.key,
                           .uid = object.uid,
                           .version = object.version,
                           .status = std::move(*status)},
               true);
  }
}

void Engine::Core::Follow(const Object& object, const std::string& group, Plan plan) {
  queue_.CancelDelay(object.key);
  if (plan.requeue_after.has_value()) {
    queue_.AddAt(object.key, clock_.now() + std::max(*plan.requeue_after, kShortestRequeue));
  }
  for (const std::string& slot : plan.forget) {
    Forget(object.key, slot);
  }
  const bool writes = AddFinalizers(object, group, plan) || WriteStatusIfNew(object, group, plan) ||
                      Act(object, group, plan) || RemoveFinalizers(object, group, plan);
  if (!writes) {
    queue_.Forgive(object.key);
  }
}

bool Engine::Core::AddFinalizers(const Object& object, const std::string& group, const Plan& plan) {
  if (!plan.finalizers.has_value() || object.deleting) {
    return false;
  }
  std::vector<std::string> wanted = object.finalizers;
  for (const std::string& name : *plan.finalizers) {
    SLIPWAY_ASSERT(name.starts_with(kOurFinalizers), "finalizer " + name + " is not ours");
    if (!Contains(wanted, name)) {
      wanted.push_back(name);
    }
  }
  if (wanted.size() == object.finalizers.size()) {
    return false;
  }
  StartWrite(
      object, group,
      Patch{.key = object.key,
            .uid = object.uid,
            .generation = object.generation,
            .operations = documents::Guarded(documents::ReplaceFinalizers(*object.bytes, wanted),
                                             object.uid, std::nullopt)});
  return true;
}

bool Engine::Core::RemoveFinalizers(const Object& object, const std::string& group,
                                    const Plan& plan) {
  if (!plan.finalizers.has_value()) {
    return false;
  }
  std::vector<std::string> left = object.finalizers;
  std::erase_if(left, [&](const std::string& name) {
    return name.starts_with(kOurFinalizers) && !Contains(*plan.finalizers, name);
  });
  if (left.size() == object.finalizers.size()) {
    return false;
  }
  StartWrite(
      object, group,
      Patch{.key = object.key,
            .uid = object.uid,
            .generation = object.generation,
            .operations = documents::Guarded(documents::ReplaceFinalizers(*object.bytes, left),
                                             object.uid, std::nullopt)});
  return true;
}

bool Engine::Core::WriteStatusIfNew(const Object& object, const std::string& group,
                                    const Plan& plan) {
  std::optional<std::string> wanted = plan.status;
  if (documents::MentionsPlannerFailed(*object.bytes)) {
    wanted = documents::WithoutPlannerFailed(*object.bytes, plan.status);
  }
  if (!wanted.has_value() || documents::StatusIs(*object.bytes, *wanted)) {
    return false;
  }
  StartWrite(object, group,
             WriteStatus{.key = object.key,
                         .uid = object.uid,
                         .version = object.version,
                         .status = std::move(*wanted)});
  return true;
}

bool Engine::Core::Act(const Object& object, const std::string& group, Plan& plan) {
  Run run;
  run.key = object.key;
  for (Action& action : plan.actions) {
    if (const auto* ask = std::get_if<runtime::Ask>(&action)) {
      Ask(object, *ask);
    } else if (auto* create = std::get_if<Create>(&action)) {
      run.rest.push_back(std::move(*create));
    } else if (auto* removal = std::get_if<Delete>(&action)) {
      run.rest.push_back(std::move(*removal));
    } else if (auto* patch = std::get_if<Patch>(&action)) {
      patch->operations = documents::Guarded(patch->operations, patch->uid, patch->generation);
      run.rest.push_back(std::move(*patch));
    }
  }
  if (run.rest.empty()) {
    return false;
  }
  StartRun(group, std::move(run));
  return true;
}

void Engine::Core::StartWrite(const Object& object, const std::string& group, Work work,
                              bool stalled) {
  Run run;
  run.key = object.key;
  run.stalled = stalled;
  run.rest.push_back(std::move(work));
  StartRun(group, std::move(run));
}

}  // namespace slipway::runtime
