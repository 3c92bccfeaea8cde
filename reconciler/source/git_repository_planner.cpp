#include "reconciler/source/git_repository_planner.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/runtime/effect.hpp"
#include "reconciler/runtime/poll_delay.hpp"

namespace slipway::source {
namespace {

using api::ConditionStatus;

/// Troubles that may pass by themselves. Everything else waits for somebody.
constexpr std::array<std::string_view, 4> kPassing = {"Unreachable", "Timeout",
                                                      "ServiceUnavailable", "InternalError"};

void Set(Plan& plan, const Snapshot& snapshot, const char* type, ConditionStatus status,
         const std::string& reason, const std::string& message) {
  api::SetCondition(plan.status.conditions,
                    {.type = type,
                     .status = status,
                     .reason = reason,
                     .message = message,
                     .observed_generation = snapshot.repository.metadata.generation},
                    snapshot.now);
}

void Say(Plan& plan, const Snapshot& snapshot, ConditionStatus ready, bool reconciling,
         bool stalled, const std::string& reason, const std::string& message) {
  const auto truth = [](bool holds) {
    return holds ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  };
  Set(plan, snapshot, "Ready", ready, reason, message);
  Set(plan, snapshot, "Reconciling", truth(reconciling), reason, message);
  Set(plan, snapshot, "Stalled", truth(stalled), reason, message);
  plan.status.observed_generation = snapshot.repository.metadata.generation;
}

void TakeGood(Plan& plan, const Snapshot& snapshot, const Fetched& fetched) {
  const std::string ref = RefOf(snapshot.repository.spec.ref);
  if (fetched.empty) {
    Say(plan, snapshot, ConditionStatus::kFalse, false, true, "EmptyTree",
        ref + " is at " + fetched.commit.value.substr(0, 12) +
            ", which holds no files, so nothing changes. Push a commit that does.");
    return;
  }
  const std::string id = "sha1:" + fetched.commit.value;
  plan.status.artifact = api::Artifact{.revision = ref == id ? id : ref + "@" + id,
                                       .commit = fetched.commit,
                                       .author = fetched.author,
                                       .subject = fetched.subject};
  Say(plan, snapshot, ConditionStatus::kTrue, false, false, "Succeeded",
      ref + " is at " + fetched.commit.value.substr(0, 12) + ": " + fetched.subject);
}

void TakeError(Plan& plan, const Snapshot& snapshot, const Error& error) {
  const std::string reason = runtime::ReasonOf(error);
  const bool passing = std::ranges::find(kPassing, reason) != kPassing.end();
  std::string message = error.message;
  if (plan.status.artifact) {
    message +=
        " The last good commit, " + plan.status.artifact->commit.value.substr(0, 12) + ", stays.";
  }
  Say(plan, snapshot, ConditionStatus::kFalse, passing, !passing, reason, message);
}

}  // namespace

std::string RefOf(const api::GitRef& ref) {
  if (!ref.commit.empty()) {
    return "sha1:" + ref.commit.value;
  }
  return ref.tag.empty() ? ref.branch : ref.tag;
}

std::string RefOf(const api::Artifact& artifact) {
  const std::size_t at = artifact.revision.rfind("@sha1:");
  return artifact.revision.substr(0, at);
}

Plan PlanGitRepository(const Snapshot& snapshot) {
  const api::GitRepository& repository = snapshot.repository;
  Plan plan{.status = repository.status};
  if (repository.spec.suspend) {
    Say(plan, snapshot, ConditionStatus::kUnknown, false, false, "Suspended",
        "Suspended: nobody looks at the remote, and the last artifact stays. Set spec.suspend to "
        "false to go on.");
    return plan;
  }
  // A look that was made with another spec says nothing about this one.
  const bool current = snapshot.last != nullptr && snapshot.last->spec == repository.spec;
  if (current && snapshot.last->result.has_value()) {
    TakeGood(plan, snapshot, snapshot.last->result.value());
  } else if (current) {
    TakeError(plan, snapshot, snapshot.last->result.error());
  } else if (repository.status.observed_generation != repository.metadata.generation) {
    Say(plan, snapshot, ConditionStatus::kUnknown, true, false, "Fetching",
        "Looks at the remote for the first time since the spec changed.");
  }
  if (snapshot.fetching) {
    return plan;
  }
  const Duration delay =
      current ? runtime::PollDelay(snapshot.last->failures, repository.spec.interval) : Duration(0);
  if (!current || snapshot.last->age >= delay) {
    plan.fetch = true;
  } else {
    plan.requeue_after = delay - snapshot.last->age;
  }
  return plan;
}

}  // namespace slipway::source
