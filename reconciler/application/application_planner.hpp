#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/base/error.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/rollout/rollout_planner.hpp"
#include "reconciler/rollout/server_view.hpp"

namespace slipway::application {

/// What is asked of the mirror: the newest commit at or before `head` that touches `path`, and whether `head` descends from
/// `ancestor` (empty: anything does).
struct RevisionQuery {
  std::string repository;
  Commit head;
  std::string path;
  Commit ancestor;

  bool operator==(const RevisionQuery&) const = default;
};

struct Revision {
  Commit commit;
  Tree tree;
  std::string author;
  std::string subject;
  bool descends = true;
  std::string manifest;  ///< slipway.yaml at the path, as JSON text; empty: there is none
};

/// The last answer of the mirror, whatever was asked.
struct Answer {
  RevisionQuery query;
  Result<Revision> revision;
  Duration age{0};
  int failures = 0;  ///< in a row
};

/// The last pin that was asked for in this process.
struct PinState {
  std::string id;
  Commit commit;
  std::optional<Error> error;  ///< nullopt: it is durable in the mirror
  Duration age{0};
  int failures = 0;  ///< in a row
};

/// One application and what belongs to it, as the cache held it at one moment. Borrowed: valid during the call only.
struct Snapshot {
  const api::Application& application;
  const api::GitRepository* repository = nullptr;  ///< nullptr: there is none of this name
  const Answer* answer = nullptr;                  ///< nullptr: nothing was asked since the start
  const PinState* pin = nullptr;                   ///< nullptr: none was asked for
  std::span<const api::Rollout* const> rollouts;   ///< of this application, by number
  std::int64_t number_used = 0;  ///< the greatest in the name of any Rollout, its own or not
  std::span<const rollout::ServerView> servers;  ///< all that it selects, by name
  bool settled = true;                           ///< as in rollout::Snapshot
  Time now;                                      ///< wall time, for what people read
};

/// Ask the mirror; the answer comes with a later snapshot.
struct AskRevision {
  RevisionQuery query;
};
/// Keep the commit in the mirror under this id.
struct PinCommit {
  std::string id;
  Commit commit;
};
/// Create this Rollout, owned by the application.
struct CreateRollout {
  std::string name;
  api::RolloutSpec spec;
};
/// Delete a Rollout that history does not need any more.
struct DeleteRollout {
  const api::Rollout* rollout = nullptr;
};

using Action =
    std::variant<AskRevision, PinCommit, CreateRollout, DeleteRollout, rollout::AssignIntent>;

/// What is to be done; as rollout::Plan says about `status` and `actions`.
struct Plan {
  std::vector<Action> actions;
  api::ApplicationStatus status;
  std::optional<Duration> requeue_after;
};

/// Decides what one application wants next. Total and deterministic; O(servers + rollouts).
///
/// It resolves the desired release (newest commit that touches the path, slipway.yaml under the Application), makes the next
/// Rollout for it once its commit is pinned, says which rollout is active, takes note of promotions and failures, brings
/// servers that stand aside back to the promoted release (catch-up, wave 0), and prunes history. A rollout that a person made
/// (retry, undo) is taken as it is: its owner is the application and its number the next one.
Plan PlanApplication(const Snapshot& snapshot);

inline constexpr std::size_t kMaxFailedReleases = 50;

}  // namespace slipway::application
