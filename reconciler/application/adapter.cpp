#include "reconciler/application/adapter.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/application/application_planner.hpp"

namespace slipway::application {
namespace {

using rollout::PlannerOptions;
using rollout::ServerView;
using runtime::Cache;
using runtime::Change;
using runtime::KeySink;
using runtime::Kind;
using runtime::Object;
using runtime::OutsideState;
using runtime::PlanInput;

constexpr const char* kRevisionSlot = "revision";
constexpr const char* kPinSlot = "pin";

const OutsideState* SlotOf(const PlanInput& input, const char* slot) {
  const auto found = input.outside.find(slot);
  return found == input.outside.end() || !found->second.answered || !found->second.result
             ? nullptr
             : &found->second;
}

/// The mirror's last answer in our own words. One from another mirror (the repository was made anew) is none.
std::optional<Answer> AnswerOf(const PlanInput& input, const Object* repository) {
  const OutsideState* state = SlotOf(input, kRevisionSlot);
  if (state == nullptr || repository == nullptr) {
    return std::nullopt;
  }
  const auto* request = std::get_if<runtime::ResolveRevision>(&*state->answered);
  if (request == nullptr || request->uid != repository->uid) {
    return std::nullopt;
  }
  Result<Revision> revision = Fail(Code::kInternal, "");
  if (!state->result->has_value()) {
    revision = state->result->error();
  } else if (const auto* found = std::get_if<runtime::ResolvedRevision>(&state->result->value())) {
    revision = Revision{.commit = found->commit,
                        .tree = found->tree,
                        .author = found->author,
                        .subject = found->subject,
                        .descends = found->descends,
                        .manifest = found->manifest};
  }
  return Answer{.query = {.repository = request->repository,
                          .head = request->head,
                          .path = request->path,
                          .ancestor = request->ancestor},
                .revision = std::move(revision),
                .age = state->age,
                .failures = state->failures};
}

std::optional<PinState> PinOf(const PlanInput& input, const Object* repository) {
  const OutsideState* state = SlotOf(input, kPinSlot);
  if (state == nullptr || repository == nullptr) {
    return std::nullopt;
  }
  const auto* request = std::get_if<runtime::Pin>(&*state->answered);
  if (request == nullptr || request->uid != repository->uid) {
    return std::nullopt;
  }
  PinState pin{
      .id = request->id, .commit = request->commit, .age = state->age, .failures = state->failures};
  if (!state->result->has_value()) {
    pin.error = state->result->error();
  }
  return pin;
}

/// What the plan's actions are made of besides themselves.
struct Writer {
  const PlanInput& input;
  const Object* repository;
  std::vector<runtime::Action>& actions;

  void operator()(const AskRevision& ask) const {
    actions.push_back(
        runtime::Ask{.slot = kRevisionSlot,
                     .request = runtime::ResolveRevision{.repository = ask.query.repository,
                                                         .uid = repository->uid,
                                                         .head = ask.query.head,
                                                         .path = ask.query.path,
                                                         .ancestor = ask.query.ancestor}});
  }
  void operator()(const PinCommit& pin) const {
    actions.push_back(runtime::Ask{.slot = kPinSlot,
                                   .request = runtime::Pin{.repository = repository->key.name,
                                                           .uid = repository->uid,
                                                           .id = pin.id,
                                                           .commit = pin.commit}});
  }
  void operator()(const CreateRollout& create) const {
    const std::string& ns = input.object.key.ns;
    const api::Rollout rollout{
        .metadata = {.name = create.name,
                     .ns = ns,
                     .owner_references = {rollout::ControlledBy(input.object)},
                     .finalizers = {rollout::kPinFinalizer}},
        .spec = create.spec};
    actions.push_back(
        runtime::Create{.key = {Kind::kRollout, ns, create.name}, .json = api::Encode(rollout)});
  }
  void operator()(const DeleteRollout& removal) const {
    actions.push_back(runtime::Delete{
        .key = {Kind::kRollout, input.object.key.ns, removal.rollout->metadata.name},
        .uid = removal.rollout->metadata.uid});
  }
  void operator()(const rollout::AssignIntent& assign) const {
    actions.push_back(rollout::PatchOf(input.object.key.ns, assign));
  }
};

class ApplicationPlanner final : public runtime::Planner {
 public:
  explicit ApplicationPlanner(PlannerOptions options) : options_(options) {}

  Kind kind() const override { return Kind::kApplication; }
  std::vector<Kind> reads() const override {
    return {Kind::kGitRepository, Kind::kRollout, Kind::kServer};
  }
  void Register(runtime::CacheSchema& schema) const override { rollout::RegisterViews(schema); }

  std::string Group(const Object& object) const override {
    return rollout::GroupOf(object.key.ns, object.key.name);
  }

  void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const override {
    const Object& object = change.any();
    const std::string& ns = object.key.ns;
    if (object.key.kind == Kind::kRollout) {
      if (const auto* rollout = object.As<api::Rollout>(); rollout != nullptr) {
        keys.insert({Kind::kApplication, ns, rollout->spec.application});
      }
    } else if (object.key.kind == Kind::kGitRepository) {
      for (const Object* application :
           cache.Lookup(Kind::kApplication, rollout::kByRepository, ns, object.key.name)) {
        keys.insert(application->key);
      }
    } else if (object.key.kind == Kind::kServer) {
      for (const Object* application : rollout::ApplicationsOf(cache, change)) {
        keys.insert(application->key);
      }
    }
  }

  runtime::Plan MakePlan(const PlanInput& input) const override;

 private:
  const PlannerOptions options_;
};

runtime::Plan ApplicationPlanner::MakePlan(const PlanInput& input) const {
  const auto& application = *input.object.As<api::Application>();
  const std::string& ns = input.object.key.ns;
  if (input.object.deleting) {
    return {};
  }
  const Object* repository =
      input.cache.Find({Kind::kGitRepository, ns, application.spec.source.repository});
  if (repository != nullptr && (repository->deleting || repository->view == nullptr)) {
    repository = nullptr;
  }
  std::vector<const api::Rollout*> rollouts;
  for (const Object* object : rollout::RolloutsOf(input.cache, input.object)) {
    rollouts.push_back(object->As<api::Rollout>());
  }
  const rollout::ServerViews servers =
      rollout::SelectServers(input.cache, ns, application.spec.servers, application.metadata.name);
  const std::optional<Answer> answer = AnswerOf(input, repository);
  const std::optional<PinState> pin = PinOf(input, repository);
  const rollout::Trust trust = rollout::TrustOf(input, options_, rollout::AllJudged(*servers));
  const Plan plan = PlanApplication(
      {.application = application,
       .repository = repository != nullptr ? repository->As<api::GitRepository>() : nullptr,
       .answer = answer ? &*answer : nullptr,
       .pin = pin ? &*pin : nullptr,
       .rollouts = rollouts,
       .number_used = rollout::GreatestNumberUsed(input.cache, input.object),
       .servers = *servers,
       .settled = trust.settled,
       .now = input.now});
  runtime::Plan out{.requeue_after = plan.requeue_after, .stands_still = !trust.settled};
  if (plan.status != application.status) {
    out.status = api::Encode(plan.status);
  }
  const Writer writer{.input = input, .repository = repository, .actions = out.actions};
  for (const Action& action : plan.actions) {
    std::visit(writer, action);
  }
  if (trust.wake_after) {
    out.requeue_after = std::min(out.requeue_after.value_or(*trust.wake_after), *trust.wake_after);
  }
  return out;
}

}  // namespace

std::unique_ptr<runtime::Planner> MakeApplicationPlanner(PlannerOptions options) {
  return std::make_unique<ApplicationPlanner>(options);
}

}  // namespace slipway::application
