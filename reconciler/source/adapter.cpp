#include "reconciler/source/adapter.hpp"

#include <optional>
#include <utility>

#include "reconciler/source/git_repository_planner.hpp"

namespace slipway::source {
namespace {

constexpr const char* kFetchSlot = "fetch";

/// The last answer of the slot in our own words; nullopt where there is none.
std::optional<LastFetch> LastOf(const runtime::OutsideState& state) {
  if (!state.answered || !state.result) {
    return std::nullopt;
  }
  const auto* request = std::get_if<runtime::FetchRepository>(&*state.answered);
  if (request == nullptr) {
    return std::nullopt;
  }
  Result<Fetched> result = Fail(Code::kInternal, "");
  if (!state.result->has_value()) {
    result = state.result->error();
  } else if (const auto* found = std::get_if<runtime::FetchedRevision>(&state.result->value())) {
    result = Fetched{.commit = found->commit,
                     .author = found->author,
                     .subject = found->subject,
                     .empty = found->empty};
  }
  return LastFetch{.spec = request->spec,
                   .result = std::move(result),
                   .age = state.age,
                   .failures = state.failures};
}

class GitRepositoryPlanner final : public runtime::Planner {
 public:
  runtime::Kind kind() const override { return runtime::Kind::kGitRepository; }
  std::vector<runtime::Kind> reads() const override { return {}; }
  void AffectedBy(const runtime::Cache&, const runtime::Change&, runtime::KeySink&) const override {
  }

  runtime::Plan MakePlan(const runtime::PlanInput& input) const override {
    const auto& repository = *input.object.As<api::GitRepository>();
    if (input.object.deleting) {
      return {};
    }
    std::optional<LastFetch> last;
    bool fetching = false;
    if (const auto slot = input.outside.find(kFetchSlot); slot != input.outside.end()) {
      last = LastOf(slot->second);
      fetching = slot->second.in_flight;
    }
    const Plan plan = PlanGitRepository({.repository = repository,
                                         .last = last ? &*last : nullptr,
                                         .fetching = fetching,
                                         .now = input.now});
    runtime::Plan out{.requeue_after = plan.requeue_after};
    if (plan.status != repository.status) {
      out.status = api::Encode(plan.status);
    }
    if (plan.fetch) {
      out.actions.push_back(
          runtime::Ask{.slot = kFetchSlot,
                       .request = runtime::FetchRepository{.repository = input.object.key.name,
                                                           .uid = input.object.uid,
                                                           .spec = repository.spec}});
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<runtime::Planner> MakeGitRepositoryPlanner() {
  return std::make_unique<GitRepositoryPlanner>();
}

}  // namespace slipway::source
