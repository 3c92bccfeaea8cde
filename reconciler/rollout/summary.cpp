#include <string>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/rollout/desk.hpp"
#include "reconciler/rollout/intent.hpp"

namespace slipway::rollout::steps {
namespace {

using api::ConditionStatus;
using api::RolloutPhase;

/// Whether it ended otherwise than somebody wanted, or stands still until somebody does something.
bool IsStalled(const api::RolloutStatus& status) {
  switch (status.phase) {
    case RolloutPhase::kPaused:
      return status.cause != api::RolloutCause::kServersBusy;
    case RolloutPhase::kRolledBack:
    case RolloutPhase::kHalted:
    case RolloutPhase::kAborted:
      return true;
    case RolloutPhase::kPending:
    case RolloutPhase::kTesting:
    case RolloutPhase::kProgressing:
    case RolloutPhase::kRollingBack:
    case RolloutPhase::kSucceeded:
    case RolloutPhase::kSuperseded:
      return false;
  }
  return false;
}

std::string ReasonOf(const api::RolloutStatus& status) {
  return std::string(status.cause ? api::ToString(*status.cause) : api::ToString(status.phase));
}

/// While it goes back, Ready keeps saying why it failed: the servers' own words are gone by then.
std::string ReadyMessage(const Desk& desk) {
  const api::Condition* stored = api::FindCondition(desk.stored.conditions, "Ready");
  const bool goes_back = desk.stored.phase == RolloutPhase::kRollingBack &&
                         desk.status.phase == RolloutPhase::kRollingBack;
  return goes_back && stored != nullptr ? stored->message : desk.status.message;
}

}  // namespace

// It may hold the message of a condition and what became of it since.
void Say(Desk& desk, std::string message) {
  desk.status.message = api::Shortened(std::move(message), 2 * api::kMaxMessage);
}

void Wait(Desk& desk, std::optional<api::RolloutCause> cause, std::string message) {
  desk.status.cause = cause;
  Say(desk, std::move(message));
}

void End(Desk& desk, RolloutPhase phase, std::string message) {
  desk.plan.actions.clear();
  desk.status.phase = phase;
  if (phase == RolloutPhase::kSucceeded) {
    desk.status.cause.reset();
  }
  if (!desk.status.waves.empty()) {
    desk.status.waves.back().baking = false;
  }
  Say(desk, std::move(message));
}

void Summarise(Desk& desk) {
  const Census& census = desk.census;
  api::RolloutStatus& status = desk.status;
  status.servers = {.total = census.total,
                    .updated = census.succeeded,
                    .failed = census.failed.count,
                    .unreachable = census.usage.unreachable,
                    .pending = census.pending.count};
  // A wave that has passed keeps the count with which it did.
  const bool passed = !status.waves.empty() && desk.stored.waves.size() == status.waves.size() &&
                      desk.stored.waves.back().verdict == api::WaveVerdict::kPassed;
  if (!status.waves.empty() && !passed && status.phase != RolloutPhase::kRollingBack) {
    status.waves.back().updated = census.succeeded;
  }
  const std::int64_t generation = desk.snapshot.rollout.metadata.generation;
  status.observed_generation = generation;
  const auto set = [&](const char* type, ConditionStatus value, std::string message) {
    api::SetCondition(status.conditions,
                      {.type = type,
                       .status = value,
                       .reason = ReasonOf(status),
                       .message = std::move(message),
                       .observed_generation = generation},
                      desk.snapshot.now);
  };
  const bool ended = HasEnded(status.phase);
  const bool stalled = IsStalled(status);
  const auto truth = [](bool holds) {
    return holds ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  };
  set("Ready", truth(status.phase == RolloutPhase::kSucceeded), ReadyMessage(desk));
  set("Reconciling", truth(!ended && !stalled), status.message);
  set("Stalled", truth(stalled), status.message);
}

std::string NameOfWave(const Desk& desk, std::int64_t wave) {
  const std::string number = std::to_string(wave);
  const std::string& name = desk.status.waves[static_cast<std::size_t>(wave - 1)].name;
  return "wave " + number + (name == number ? "" : " (" + name + ")");
}

}  // namespace slipway::rollout::steps
