#include "reconciler/rollout/adapter.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/api/testrun.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/selection.hpp"
#include "reconciler/rollout/test_run_planner.hpp"

namespace slipway::rollout {
namespace {

using runtime::Cache;
using runtime::Change;
using runtime::KeySink;
using runtime::Kind;
using runtime::Object;
using runtime::PlanInput;

constexpr const char* kPinSlot = "pin";
constexpr const char* kUnpinSlot = "unpin";

/// The repository that a rollout's content comes from; nullptr where it is gone, and its mirror with it.
const Object* RepositoryOf(const Cache& cache, const std::string& ns, const api::Rollout& rollout,
                           const api::Application* application) {
  std::string name;
  if (rollout.spec.template_.source) {
    name = rollout.spec.template_.source->repository;
  } else if (application != nullptr) {
    name = application->spec.source.repository;
  }
  return cache.Find({Kind::kGitRepository, ns, name});
}

/// Everything that a Snapshot points into.
struct Gathered {
  std::vector<const api::Rollout*> others;
  std::vector<const api::TestRun*> test_runs;
  std::string_view unreadable_run;
  ServerViews servers = std::make_shared<const std::vector<ServerView>>();
  std::vector<GateServer> gate_servers;
};

std::vector<GateServer> GateServersOf(const Cache& cache, const std::string& ns,
                                      const api::Rollout& rollout) {
  std::vector<GateServer> gate;
  const ServerViews views =
      SelectServers(cache, ns, rollout.spec.template_.gate->servers, rollout.spec.application);
  for (const ServerView& view : *views) {
    GateServer server{.server = view.server};
    for (const Object* run : cache.Lookup(Kind::kTestRun, kByServer, ns, view.server->name)) {
      const auto* test_run = run->As<api::TestRun>();
      server.queued += test_run->status.phase != api::TestRunPhase::kEnded ? 1 : 0;
    }
    gate.push_back(server);
  }
  return gate;
}

Gathered Gather(const PlanInput& input, const api::Rollout& rollout, const Object& application) {
  Gathered all;
  const std::string& ns = input.object.key.ns;
  for (const Object* object : RolloutsOf(input.cache, application)) {
    if (object->uid != input.object.uid) {
      all.others.push_back(object->As<api::Rollout>());
    }
  }
  for (const Object* object : input.cache.OwnedBy(Kind::kTestRun, input.object.uid)) {
    if (const auto* run = object->As<api::TestRun>(); run != nullptr) {
      all.test_runs.push_back(run);
    } else {
      all.unreadable_run = object->key.name;
    }
  }
  std::ranges::sort(all.test_runs, {}, [](const api::TestRun* run) { return run->spec.number; });
  all.servers = SelectServers(input.cache, ns, application.As<api::Application>()->spec.servers,
                              rollout.spec.application);
  if (rollout.spec.template_.gate && rollout.status.phase == api::RolloutPhase::kTesting) {
    all.gate_servers = GateServersOf(input.cache, ns, rollout);
  }
  return all;
}

/// Whether everybody is judged whom the next decision is about: at the gate, its servers, and later those of the application.
bool IsJudged(const Gathered& all, api::RolloutPhase phase) {
  if (phase != api::RolloutPhase::kTesting) {
    return AllJudged(*all.servers);
  }
  return std::ranges::all_of(all.gate_servers,
                             [](const GateServer& gate) { return gate.server->judged; });
}

class RolloutPlanner final : public runtime::Planner {
 public:
  explicit RolloutPlanner(PlannerOptions options) : options_(options) {}

  Kind kind() const override { return Kind::kRollout; }
  std::vector<Kind> reads() const override {
    return {Kind::kApplication, Kind::kGitRepository, Kind::kServer, Kind::kTestRun};
  }
  void Register(runtime::CacheSchema& schema) const override { RegisterViews(schema); }

  std::string Group(const Object& object) const override {
    return GroupOf(object.key.ns, object.As<api::Rollout>()->spec.application);
  }

  void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const override;
  runtime::Plan MakePlan(const PlanInput& input) const override;

 private:
  runtime::Plan Leave(const PlanInput& input, const api::Rollout& rollout) const;
  void KeepPin(const PlanInput& input, Snapshot& snapshot, runtime::Plan& out) const;

  const PlannerOptions options_;
};

/// Adds the rollouts of an application that have not ended.
void AddOpenRollouts(const Cache& cache, const std::string& ns, const std::string& application,
                     KeySink& keys) {
  for (const Object* object : cache.Lookup(Kind::kRollout, kByApplication, ns, application)) {
    if (!HasEnded(object->As<api::Rollout>()->status.phase)) {
      keys.insert(object->key);
    }
  }
}

/// Adds the rollouts that are at their gate.
void AddTesting(const Cache& cache, const std::string& ns, KeySink& keys) {
  for (const Object* object : cache.Lookup(Kind::kRollout, kByState, ns, kOpen)) {
    if (object->As<api::Rollout>()->status.phase == api::RolloutPhase::kTesting) {
      keys.insert(object->key);
    }
  }
}

/// Adds the rollouts that a Server matters to: those of the applications that it runs, and those that are at a gate.
void AddSelecting(const Cache& cache, const Change& change, KeySink& keys) {
  const std::string& ns = change.any().key.ns;
  for (const Object* application : ApplicationsOf(cache, change)) {
    AddOpenRollouts(cache, ns, application->key.name, keys);
  }
  for (const Object* object : cache.Lookup(Kind::kRollout, kByState, ns, kOpen)) {
    const auto* rollout = object->As<api::Rollout>();
    if (rollout->status.phase == api::RolloutPhase::kTesting && rollout->spec.template_.gate &&
        Concerns(rollout->spec.template_.gate->servers, change)) {
      keys.insert(object->key);
    }
  }
}

void RolloutPlanner::AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const {
  const Object& object = change.any();
  const std::string& ns = object.key.ns;
  switch (object.key.kind) {
    case Kind::kApplication:
      AddOpenRollouts(cache, ns, object.key.name, keys);
      return;
    case Kind::kRollout:
      if (const auto* rollout = object.As<api::Rollout>(); rollout != nullptr) {
        AddOpenRollouts(cache, ns, rollout->spec.application, keys);
      }
      return;
    case Kind::kTestRun:
      if (const auto* run = object.As<api::TestRun>(); run != nullptr) {
        keys.insert({Kind::kRollout, ns, run->spec.rollout});
      } else {
        AddTesting(cache, ns, keys);
      }
      return;
    case Kind::kServer:
      AddSelecting(cache, change, keys);
      return;
    case Kind::kGitRepository:
      for (const Object* application :
           cache.Lookup(Kind::kApplication, kByRepository, ns, object.key.name)) {
        AddOpenRollouts(cache, ns, application->key.name, keys);
      }
      return;
    case Kind::kFleet:
    case Kind::kServerClaim:
      return;
  }
}

/// A rollout that is being deleted lets go of its pin first.
runtime::Plan RolloutPlanner::Leave(const PlanInput& input, const api::Rollout& rollout) const {
  const std::string& ns = input.object.key.ns;
  const auto* application =
      input.cache.Get<api::Application>({Kind::kApplication, ns, rollout.spec.application});
  const Object* repository = RepositoryOf(input.cache, ns, rollout, application);
  runtime::Plan plan;
  if (repository == nullptr) {
    plan.finalizers.emplace();
    return plan;
  }
  const runtime::Unpin unpin{
      .repository = repository->key.name, .uid = repository->uid, .id = input.object.key.name};
  const PinAnswer answer = PinAnswerOf(input.outside, kUnpinSlot, unpin);
  if (answer.held) {
    plan.finalizers.emplace();
  } else if (answer.ask) {
    plan.actions.push_back(runtime::Ask{.slot = kUnpinSlot, .request = unpin});
  }
  plan.requeue_after = answer.retry_after;
  return plan;
}

/// Keeps the commit of a rollout that has not begun; later phases were only reached with the pin in place.
void RolloutPlanner::KeepPin(const PlanInput& input, Snapshot& snapshot, runtime::Plan& out) const {
  const api::Rollout& rollout = snapshot.rollout;
  if (rollout.status.phase != api::RolloutPhase::kPending || rollout.status.gate.passed) {
    return;
  }
  const Object* repository =
      RepositoryOf(input.cache, input.object.key.ns, rollout, snapshot.application);
  snapshot.pinned = false;
  if (repository == nullptr) {
    snapshot.pin_problem = "its GitRepository does not exist.";
    return;
  }
  const runtime::Pin pin{.repository = repository->key.name,
                         .uid = repository->uid,
                         .id = input.object.key.name,
                         .commit = rollout.spec.release.commit};
  const PinAnswer answer = PinAnswerOf(input.outside, kPinSlot, pin);
  snapshot.pinned = answer.held;
  snapshot.pin_problem = answer.problem;
  out.requeue_after = answer.retry_after;
  if (answer.ask) {
    out.actions.push_back(runtime::Ask{.slot = kPinSlot, .request = pin});
  }
}

runtime::Action WriteOf(const PlanInput& input, const Action& action) {
  const std::string& ns = input.object.key.ns;
  if (const auto* assign = std::get_if<AssignIntent>(&action)) {
    return PatchOf(ns, *assign);
  }
  const auto& create = std::get<CreateTestRun>(action);
  const api::TestRun run{
      .metadata = {.name = create.name, .ns = ns, .owner_references = {ControlledBy(input.object)}},
      .spec = create.spec};
  return runtime::Create{.key = {Kind::kTestRun, ns, create.name}, .json = api::Encode(run)};
}

runtime::Plan RolloutPlanner::MakePlan(const PlanInput& input) const {
  const auto& rollout = *input.object.As<api::Rollout>();
  if (input.object.deleting) {
    return Leave(input, rollout);
  }
  const Object* application = OwnerOf(input.cache, input.object);
  if (application == nullptr || application->view == nullptr || application->deleting) {
    return {};
  }
  const bool ended = HasEnded(rollout.status.phase);
  const Gathered all = ended ? Gathered() : Gather(input, rollout, *application);
  const Trust trust = TrustOf(input, options_, IsJudged(all, rollout.status.phase));
  Snapshot snapshot{.application = application->As<api::Application>(),
                    .rollout = rollout,
                    .others = all.others,
                    .test_runs = all.test_runs,
                    .unreadable_run = all.unreadable_run,
                    .servers = *all.servers,
                    .gate_servers = all.gate_servers,
                    .elapsed = input.elapsed,
                    .settled = trust.settled,
                    .now = input.now};
  runtime::Plan out{.stands_still = !trust.settled};
  KeepPin(input, snapshot, out);
  const Plan plan = PlanRollout(snapshot);
  if (plan.status != rollout.status) {
    out.status = api::Encode(plan.status);
  }
  for (const Action& action : plan.actions) {
    out.actions.push_back(WriteOf(input, action));
  }
  if (ended) {
    return out;
  }
  out.finalizers = {kPinFinalizer};
  for (const auto& wake : {plan.requeue_after, trust.wake_after}) {
    if (wake) {
      out.requeue_after = std::min(out.requeue_after.value_or(*wake), *wake);
    }
  }
  return out;
}

class TestRunPlanner final : public runtime::Planner {
 public:
  explicit TestRunPlanner(PlannerOptions options) : options_(options) {}

  Kind kind() const override { return Kind::kTestRun; }
  std::vector<Kind> reads() const override {
    return {Kind::kApplication, Kind::kRollout, Kind::kServer};
  }
  void Register(runtime::CacheSchema& schema) const override { RegisterViews(schema); }

  void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const override {
    const Object& object = change.any();
    if (object.key.kind == Kind::kServer) {
      for (const Object* run :
           cache.Lookup(Kind::kTestRun, kByServer, object.key.ns, object.key.name)) {
        keys.insert(run->key);
      }
    } else if (object.key.kind == Kind::kRollout) {
      for (const Object* run : cache.OwnedBy(Kind::kTestRun, object.uid)) {
        keys.insert(run->key);
      }
    }
  }

  runtime::Plan MakePlan(const PlanInput& input) const override {
    const auto& run = *input.object.As<api::TestRun>();
    const std::string& ns = input.object.key.ns;
    if (input.object.deleting) {
      return {};
    }
    const Object* owner = input.cache.Find({Kind::kRollout, ns, run.spec.rollout});
    const Object* server = input.cache.Find({Kind::kServer, ns, run.spec.server});
    const bool owned = owner != nullptr && !owner->deleting && input.object.IsOwnedBy(owner->uid) &&
                       OwnerOf(input.cache, *owner) != nullptr;
    const bool there = server != nullptr && !server->deleting;
    const ServerFacts* facts = there ? server->ViewAs<ServerFacts>() : nullptr;
    const Trust trust = TrustOf(input, options_, facts == nullptr || facts->judged);
    const TestRunPlan plan = PlanTestRun({.test_run = run,
                                          .rollout = owned ? owner->As<api::Rollout>() : nullptr,
                                          .server = facts,
                                          .elapsed = input.elapsed,
                                          .settled = trust.settled,
                                          .now = input.now});
    runtime::Plan out{.requeue_after = plan.requeue_after, .stands_still = !trust.settled};
    if (plan.status != run.status) {
      out.status = api::Encode(plan.status);
    }
    if (trust.wake_after && run.status.phase != api::TestRunPhase::kEnded) {
      out.requeue_after =
          std::min(out.requeue_after.value_or(*trust.wake_after), *trust.wake_after);
    }
    return out;
  }

 private:
  const PlannerOptions options_;
};

}  // namespace

std::unique_ptr<runtime::Planner> MakeRolloutPlanner(PlannerOptions options) {
  return std::make_unique<RolloutPlanner>(options);
}

std::unique_ptr<runtime::Planner> MakeTestRunPlanner(PlannerOptions options) {
  return std::make_unique<TestRunPlanner>(options);
}

}  // namespace slipway::rollout
