#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/cli/rollout_choice.hpp"
#include "src/cli/session.hpp"

namespace slipway::cli {

/// `rollout history APPLICATION`: every attempt that is kept, oldest first.
ExitCode RolloutHistory(const Session& session, const std::string& application,
                        const Streams& streams);

/// `rollout pause`, `resume` and `abort`: reaches every rollout of the application that has not ended, with a line for each.
ExitCode SetRolloutLevel(const Session& session, const std::string& application, Level level,
                         const Streams& streams);

/// The next rollout, made by a person.
struct NextOptions {
  std::string application;
  std::string reason;
  std::optional<std::int64_t> to;  ///< `undo`: number of the rollout to go back to
};

/// Back to the release that was promoted before the one that the servers are on (or to `to`), by a rollout of its own, with a
/// hold: automation starts nothing until somebody lifts it with `rollout resume`.
ExitCode UndoRollout(const Session& session, const NextOptions& options, const Streams& streams);

/// Tries what did not succeed (ChooseRetry) once more: as a rollout of its own, held where that one was.
ExitCode RetryRollout(const Session& session, const NextOptions& options, const Streams& streams);

struct FollowOptions {
  std::string application;
  std::string
      revision;  ///< wait for the rollout of this commit (or its first digits); empty: the newest
  Duration timeout = std::chrono::minutes(30);
  bool forever = false;  ///< `watch`: go on with the next rollout
};

/// `rollout status` and `rollout watch`: a live tree on a terminal, a line for every change elsewhere. kSucceeded when the
/// rollout succeeded, kFailed when it ended otherwise, kTimedOut when it did not end in time.
ExitCode FollowRollout(const Session& session, const FollowOptions& options,
                       const Streams& streams);

}  // namespace slipway::cli
