#include <algorithm>

#include "reconciler/api/scalars.hpp"
#include "reconciler/host/steps.hpp"

namespace slipway::host::steps {
namespace {

/// Judges one process; see JudgeHealth().
Verdict JudgeProcess(const api::Process& wanted, const ReleaseId& id,
                     const ObservedProcess* process, MonoTime began, MonoTime now, bool once) {
  const std::string name = wanted.name + ": ";
  const MonoTime deadline = began + wanted.health.deadline;
  if (process != nullptr && !process->checked && now < deadline) {
    return {.outcome = std::nullopt, .message = "", .look_again = deadline - now};
  }
  if (process == nullptr || !process->running) {
    const bool says_why = process != nullptr && !process->trouble.empty();
    return {.outcome = Outcome::kFailed,
            .message = name + (says_why ? process->trouble : "is not running"),
            .look_again = std::nullopt};
  }
  if (process->id != id) {
    return {.outcome = Outcome::kFailed,
            .message = name + "still runs from another release",
            .look_again = std::nullopt};
  }
  const Duration needed = once ? Duration{0} : wanted.health.min_healthy_time;
  if (process->healthy_since && *process->healthy_since + needed <= now) {
    return {.outcome = Outcome::kSucceeded, .message = "", .look_again = std::nullopt};
  }
  if (deadline <= now) {
    std::string message = name + "was not healthy " +
                          (once ? "" : "for " + api::FormatDuration(needed) + " ") + "within " +
                          api::FormatDuration(wanted.health.deadline);
    if (!process->trouble.empty()) {
      message += ": " + process->trouble;
    }
    return {.outcome = Outcome::kFailed, .message = message, .look_again = std::nullopt};
  }
  Duration look_again = deadline - now;
  if (process->healthy_since) {
    look_again = std::min(look_again, *process->healthy_since + needed - now);
  }
  return {.outcome = std::nullopt, .message = "", .look_again = look_again};
}

}  // namespace

Verdict JudgeHealth(const api::ReleaseTemplate& config, const ReleaseId& id,
                    const Observed* observed, MonoTime began, MonoTime now, bool once) {
  Verdict all{.outcome = Outcome::kSucceeded, .message = "", .look_again = std::nullopt};
  for (const api::Process& wanted : config.processes) {
    const Verdict one =
        JudgeProcess(wanted, id, FindProcess(observed, wanted.name), began, now, once);
    if (one.outcome == Outcome::kFailed) {
      return one;
    }
    if (!one.outcome) {
      all.outcome = std::nullopt;
      if (!all.look_again || *one.look_again < *all.look_again) {
        all.look_again = one.look_again;
      }
    }
  }
  return all;
}

bool AllRun(const api::ReleaseTemplate& config, const ReleaseId& id, const Observed* observed) {
  return std::ranges::all_of(config.processes, [&](const api::Process& wanted) {
    const ObservedProcess* process = FindProcess(observed, wanted.name);
    return process != nullptr && process->running && process->id == id;
  });
}

bool AnyRuns(const Observed* observed) {
  return observed != nullptr && std::ranges::any_of(observed->processes, &ObservedProcess::running);
}

}  // namespace slipway::host::steps
