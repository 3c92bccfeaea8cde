#include "src/cli/rollout_choice.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconciler/rollout/intent.hpp"

namespace slipway::cli {
namespace {

using api::RolloutPhase;
using nlohmann::json;

bool IsSame(const api::RolloutRelease& left, const api::RolloutRelease& right) {
  return left.commit == right.commit && left.hash == right.hash;
}

/// Whether the servers that the rollout touched are on its release, or on their way to it.
bool Stands(const api::Rollout& rollout) {
  switch (rollout.status.phase) {
    case RolloutPhase::kPending:
    case RolloutPhase::kTesting:
    case RolloutPhase::kProgressing:
    case RolloutPhase::kPaused:
    case RolloutPhase::kRollingBack:
    case RolloutPhase::kSucceeded:
    case RolloutPhase::kHalted:
      return true;
    case RolloutPhase::kRolledBack:
    case RolloutPhase::kSuperseded:
    case RolloutPhase::kAborted:
      return false;
  }
  return false;
}

/// The release that the servers are on: that of the newest rollout that touched any and did not go back, else the promoted one.
const api::RolloutRelease* ReleaseNow(const History& history) {
  const auto& rollouts = history.rollouts;
  const auto newest =
      std::find_if(rollouts.rbegin(), rollouts.rend(),
                   [](const api::Rollout& rollout) { return rollout.status.wave > 0; });
  if (newest != rollouts.rend() && Stands(*newest)) {
    return &newest->spec.release;
  }
  const auto& stable = history.application.status.stable;
  for (const api::Rollout& rollout : rollouts) {
    if (stable && rollout.metadata.name == stable->rollout) {
      return &rollout.spec.release;
    }
  }
  return nullptr;
}

/// The newest failure of the release that is wanted now; nullptr where it did not fail.
const api::FailedRelease* FailureOfTheWanted(const api::Application& application) {
  const auto& target = application.status.target;
  const auto& failed = application.status.failed;  // newest first
  const auto found = std::ranges::find_if(failed, [&](const api::FailedRelease& each) {
    return target && each.commit == target->commit && each.hash == target->hash;
  });
  return found == failed.end() ? nullptr : &*found;
}

/// What `level` changes of one rollout; an empty patch where it is nothing.
LevelPatch PatchFor(const api::Rollout& rollout, bool newest, Level level) {
  const std::string name = "rollouts/" + rollout.metadata.name;
  json spec = json::object();
  std::string done;
  switch (level) {
    case Level::kPause:
    case Level::kAbort:
      if (!rollout::HasEnded(rollout.status.phase)) {
        spec[level == Level::kPause ? "paused" : "aborted"] = true;
        done = name + (level == Level::kPause ? " paused" : " aborted");
      }
      break;
    case Level::kResume:
      if (!rollout::HasEnded(rollout.status.phase) && rollout.spec.paused) {
        spec["paused"] = false;
        done = name + " resumed";
      }
      if (newest && rollout.spec.hold) {
        spec["hold"] = false;
        done +=
            (done.empty() ? "" : "; ") + ("the hold of " + rollout.metadata.name + " is lifted");
      }
      break;
  }
  return {.rollout = 0, .patch = spec.empty() ? "" : json{{"spec", spec}}.dump(), .done = done};
}

/// Why `level` changes nothing, and what else can be done.
Error NothingToChange(const History& history, Level level) {
  const api::Rollout& last = history.rollouts.back();
  if (level == Level::kResume) {
    std::string message = "nothing of " + last.spec.application + " is paused or held by a person";
    if (last.status.phase == RolloutPhase::kPaused) {
      message += "; " + last.metadata.name + " waits by itself: " + last.status.message;
    }
    return Fail(Code::kConflict, message);
  }
  const bool left = last.status.wave > 0 && Stands(last);
  return Fail(
      Code::kConflict,
      last.metadata.name + " has ended: " + std::string(api::ToString(last.status.phase)) +
          (left ? "; to leave its release, `slipway rollout undo " + last.spec.application + "`"
                : ""));
}

Error Unsuccessful(const api::Rollout& rollout) {
  return Fail(Code::kInvalid, rollout.metadata.name +
                                  " did not succeed; go back only to one that did: `slipway "
                                  "rollout history " +
                                  rollout.spec.application + "` lists them");
}

}  // namespace

Error NothingYet(const std::string& application) {
  return Fail(Code::kNotFound, application + " has no rollout yet; `slipway describe application " +
                                   application + "` says what it waits for");
}

// A newer rollout that may begin takes over from one that a person stopped. So the newest is stopped first, and goes on last.
Result<std::vector<LevelPatch>> ChooseForLevel(const History& history, Level level) {
  if (history.rollouts.empty()) {
    return NothingYet(history.application.metadata.name);
  }
  std::vector<LevelPatch> chosen;
  for (std::size_t i = 0; i < history.rollouts.size(); ++i) {
    const bool newest = i + 1 == history.rollouts.size();
    LevelPatch patch = PatchFor(history.rollouts[i], newest, level);
    if (!patch.patch.empty()) {
      patch.rollout = i;
      chosen.push_back(std::move(patch));
    }
  }
  if (chosen.empty()) {
    return NothingToChange(history, level);
  }
  if (level != Level::kResume) {
    std::reverse(chosen.begin(), chosen.end());
  }
  return chosen;
}

Result<std::size_t> ChooseUndo(const History& history, std::optional<std::int64_t> to) {
  const std::string& application = history.application.metadata.name;
  const api::RolloutRelease* now = ReleaseNow(history);
  for (std::size_t i = history.rollouts.size(); i-- > 0;) {
    const api::Rollout& rollout = history.rollouts[i];
    const bool good = rollout.status.phase == RolloutPhase::kSucceeded;
    if (to && rollout.spec.number == *to) {
      return good ? Result<std::size_t>(i) : Result<std::size_t>(Unsuccessful(rollout));
    }
    if (!to && good && (now == nullptr || !IsSame(rollout.spec.release, *now))) {
      return i;
    }
  }
  if (to) {
    return Fail(Code::kNotFound, "there is no rollout " + std::to_string(*to) +
                                     "; `slipway rollout history " + application +
                                     "` lists what there is");
  }
  return Fail(Code::kNotFound,
              "no other release of " + application +
                  " was ever promoted, so there is nothing to go back to; push a commit that mends "
                  "it");
}

Result<std::size_t> ChooseRetry(const History& history) {
  if (history.rollouts.empty()) {
    return NothingYet(history.application.metadata.name);
  }
  const api::Rollout& newest = history.rollouts.back();
  if (!rollout::HasEnded(newest.status.phase)) {
    return Fail(Code::kConflict, newest.metadata.name + " is still " +
                                     std::string(api::ToString(newest.status.phase)) +
                                     "; wait for it, or abort it first");
  }
  if (newest.status.phase != RolloutPhase::kSucceeded) {
    return history.rollouts.size() - 1;
  }
  const std::string& application = history.application.metadata.name;
  const api::FailedRelease* failed = FailureOfTheWanted(history.application);
  if (failed == nullptr) {
    return Fail(Code::kInvalid, newest.metadata.name +
                                    " succeeded, so there is nothing to retry; push a commit, or "
                                    "go back with `slipway rollout undo " +
                                    application + "`");
  }
  if (newest.spec.hold) {
    return Fail(Code::kConflict,
                newest.metadata.name + " holds, so " + failed->rollout +
                    " is not retried; lift the hold with `slipway rollout resume " + application +
                    "` first");
  }
  const auto found = std::ranges::find_if(history.rollouts, [&](const api::Rollout& rollout) {
    return rollout.metadata.name == failed->rollout;
  });
  if (found == history.rollouts.end()) {
    return Fail(Code::kNotFound, failed->rollout +
                                     " failed and is no longer kept, so it cannot be retried; push "
                                     "a commit");
  }
  return static_cast<std::size_t>(found - history.rollouts.begin());
}

// A release that a person chose says nothing about the reference that the repository follows.
json NextRollout(const History& history, const json& model, bool hold, const std::string& reason) {
  const api::Application& application = history.application;
  std::int64_t number = application.status.last_number;
  for (const api::Rollout& rollout : history.rollouts) {
    number = std::max(number, rollout.spec.number);
  }
  ++number;
  const json& before = model["spec"];
  json spec = {{"application", application.metadata.name},
               {"number", number},
               {"release", before["release"]},
               {"template", before["template"]}};
  std::string why = reason;
  if (!hold && before.value("hold", false)) {
    hold = true;
    why = reason.empty() ? before.value("reason", "") : reason;
  }
  if (hold) {
    spec["hold"] = true;
    spec["release"].erase("ref");
  }
  if (!why.empty()) {
    spec["reason"] = why;
  }
  const json owner = {{"apiVersion", "slipway.dev/v1alpha1"},
                      {"kind", "Application"},
                      {"name", application.metadata.name},
                      {"uid", application.metadata.uid.value},
                      {"controller", true},
                      {"blockOwnerDeletion", true}};
  return {{"apiVersion", "slipway.dev/v1alpha1"},
          {"kind", "Rollout"},
          {"metadata",
           {{"name", application.metadata.name + "-" + std::to_string(number)},
            {"ownerReferences", {owner}}}},
          {"spec", spec}};
}

}  // namespace slipway::cli
