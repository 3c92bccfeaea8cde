#pragma once

#include <optional>
#include <string>

#include "reconciler/api/gitrepository.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::source {

/// What a look at the remote found.
struct Fetched {
  Commit commit;
  std::string author;
  std::string subject;
  bool empty = false;  ///< the commit has no files
};

/// The last look at the remote.
struct LastFetch {
  api::GitRepositorySpec spec;  ///< that it was made with
  Result<Fetched> result;       ///< the reason of an error is that of its first cause
  Duration age{0};              ///< running time since it ended
  int failures = 0;             ///< in a row
};

/// One repository at one moment. Borrowed: valid during the call only.
struct Snapshot {
  const api::GitRepository& repository;
  const LastFetch* last = nullptr;  ///< nullptr: none since the start
  bool fetching = false;            ///< a look is under way
  Time now;                         ///< wall time, for conditions only
};

/// What is to be done; as design says of every plan, a changed `status` is written before anything is done.
struct Plan {
  bool fetch = false;  ///< look at the remote now, with the spec as it is
  api::GitRepositoryStatus status;
  std::optional<Duration> requeue_after;
};

/// Decides about one repository: looks at its remote every `interval` (sooner when its spec changed), keeps the last good
/// artifact whatever goes wrong later, and says in a condition what is wrong and what to do. Total and deterministic.
Plan PlanGitRepository(const Snapshot& snapshot);

/// What the repository follows, such as "main" or "v1.2"; "sha1:<commit>" where a commit is pinned.
std::string RefOf(const api::GitRef& ref);

/// What the repository followed when it found the artifact.
std::string RefOf(const api::Artifact& artifact);

}  // namespace slipway::source
