#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/base/result.hpp"

// What the commands that steer rollouts choose. Pure: nothing here talks to the API.
namespace slipway::cli {

/// One application and the rollouts of it that are kept.
struct History {
  api::Application application;
  std::vector<api::Rollout> rollouts;  ///< oldest first
};

/// What a person can say of the rollouts of an application.
enum class Level { kPause, kResume, kAbort };

/// A change of one rollout.
struct LevelPatch {
  std::size_t rollout;  ///< index in History::rollouts
  std::string patch;    ///< JSON merge patch
  std::string done;     ///< what to say once it is done, such as "hello-3 is paused"

  bool operator==(const LevelPatch&) const = default;
};

/// What `level` changes, in the order in which it is to be done: pause and abort reach every rollout that has not ended, resume
/// those that are paused, and it lifts the hold of the newest. kNotFound where there is no rollout, kConflict where there is
/// nothing to change.
Result<std::vector<LevelPatch>> ChooseForLevel(const History& history, Level level);

/// Which rollout `undo` repeats: number `to`, or else the newest that was promoted with another release than the servers are on
/// now. Only one that succeeded.
Result<std::size_t> ChooseUndo(const History& history, std::optional<std::int64_t> to);

/// Which rollout `retry` repeats: the newest, where it ended without success; where it succeeded, the one in which the release
/// that is wanted now failed last, such as after an undo whose hold was lifted.
Result<std::size_t> ChooseRetry(const History& history);

/// The next Rollout, owned by the application: the release and the template of `model`, the JSON of one of its rollouts. Without
/// `hold`, that of the model is kept, and its reason where none is given.
nlohmann::json NextRollout(const History& history, const nlohmann::json& model, bool hold,
                           const std::string& reason);

/// There is no rollout yet, and where to look for the reason.
Error NothingYet(const std::string& application);

}  // namespace slipway::cli
