#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/git/fetch_request.hpp"
#include "src/process/process_runner.hpp"

namespace slipway::git {

/// The whole environment for a git program that we run: no configuration but the repository's, no prompts, plain messages.
std::vector<std::string> GitEnvironment();

/// What every mirror of one server shares.
struct MirrorOptions {
  std::string directory;  ///< created when missing; ours alone
  std::vector<std::string>
      worker_argv;          ///< such as {"/proc/self/exe", "git-worker"}, as an absolute path
  bool allow_file = false;  ///< file:// URLs: a flag of the server
  FetchLimits limits;
};

/// The newest commit that touches a path, as of some head.
struct Resolved {
  Commit commit;
  Tree tree;           ///< the whole tree of `commit`, not of the path
  std::string author;  ///< valid UTF-8, at most 200 bytes; so is `subject`
  std::string subject;
  Time time;                            ///< of the committer
  std::optional<std::string> manifest;  ///< bytes of <path>/slipway.yaml, at most 1 MiB
};

/// A pin: `commit` and all that it needs stays in the mirror while the pin exists.
struct Pin {
  std::string id;
  Commit commit;

  bool operator==(const Pin&) const = default;
};

/// The bare mirror of one repository. Thread-safe; every call blocks on disk, Fetch() on the
/// network as well: call them on a thread of a pool. Errors carry a Problem (problem.hpp).
class Mirror {
 public:
  Mirror(std::string path, MirrorOptions options, process::ProcessRunner& runner);
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  /// Polls the remote in a child process. `request.mirror`, `allow_file` and `limits` are filled in
  /// here. One at a time; a second caller waits. A worker that crashes or is killed costs this poll
  /// only, and a poll that fails leaves nothing behind of what it received.
  Result<Fetched> Fetch(FetchRequest request);

  /// The newest commit at or before `head` that touches `path` ("" or "services/shop"), as `git log
  /// -1 -- path` finds it: at a merge it follows the parent whose path is equal. kEmptyTree where
  /// the path has no files; kManifestInvalid.
  Result<Resolved> Resolve(const Commit& head, const std::string& path) const;

  /// Whether `ancestor` is `commit` or is reachable from it. kRefNotFound when the mirror lacks one
  /// of the two.
  Result<bool> IsDescendant(const Commit& ancestor, const Commit& commit) const;

  /// Whether the mirror holds this commit.
  bool Has(const Commit& commit) const;

  /// Keeps `commit` as refs/slipway/keep/<id>, durably, before it returns. Pinning an id again
  /// moves it.
  Result<void> PinCommit(const std::string& id, const Commit& commit);

  /// Success also when there is no such pin.
  Result<void> Unpin(const std::string& id);

  /// Ordered by id.
  Result<std::vector<Pin>> ListPins() const;

  /// Deletes it from the disk, after what is under way has ended; every later call is an error.
  Result<void> Remove();

  /// The bare repository. Readers that start other programs on it hold a ReadLock() meanwhile.
  const std::string& path() const { return path_; }
  std::shared_lock<std::shared_mutex> ReadLock() const;

 private:
  Result<Fetched> RunWorker(const FetchRequest& request);
  void DiscardPacksBut(const std::set<std::filesystem::path>& kept);
  void RepackWhenMany();

  /// The answer to one path at one head: where a later walk may stop.
  struct Known {
    std::string head;
    std::string newest;
  };

  const std::string path_;
  const MirrorOptions options_;
  process::ProcessRunner& runner_;
  std::mutex fetching_;              ///< one worker at a time
  bool removed_ = false;             ///< under fetching_: nothing makes the directory again
  mutable std::shared_mutex packs_;  ///< exclusive while packs are replaced
  mutable std::mutex references_;    ///< one writer of refs at a time
  mutable std::mutex known_mutex_;
  mutable std::map<std::string, Known> known_;  ///< by path
};

/// All mirrors of a server, by id. An id that is reused for another repository would share its
/// objects, so callers put the uid of the GitRepository into it, such as "default.shop.6f1c…".
/// Thread-safe.
class MirrorSet {
 public:
  MirrorSet(MirrorOptions options, process::ProcessRunner& runner);

  /// The mirror with this id: letters, digits, '.', '-', '_'; 1 to 245 of them. Creates its
  /// directory. The mirror lives as long as the set, or until Remove().
  Result<std::shared_ptr<Mirror>> Get(const std::string& id);

  /// Deletes a mirror from the disk, after its poll under way has ended; holders of the pointer then get errors, and so does
  /// everybody who asks for this id again. Success where there is none.
  Result<void> Remove(const std::string& id);

  /// Ids of all mirrors on the disk, ordered.
  Result<std::vector<std::string>> List() const;

 private:
  std::string PathOf(const std::string& id) const;

  const MirrorOptions options_;
  process::ProcessRunner& runner_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Mirror>> mirrors_;
  std::set<std::string> removed_;  ///< grows with deletions only; the uid in an id never comes back
};

}  // namespace slipway::git
