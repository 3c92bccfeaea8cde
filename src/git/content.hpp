#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/git/mirror.hpp"
#include "src/process/process_runner.hpp"

namespace slipway::git {

/// A pack on the disk. The file stays while somebody holds it.
struct PackFile {
  std::string path;
  std::uint64_t bytes = 0;
  bool thin = false;  ///< needs the objects of `have`; otherwise a snapshot that needs nothing
};

/// Where gateways get packs. Thread-safe; calls block while git works: use a thread of a pool.
class Content {
 public:
  virtual ~Content() = default;

  /// What a server that holds a snapshot of `have` needs to hold one of `want` too, in either
  /// direction of history. Where `have` is empty, or the mirror does not know it, the snapshot of
  /// `want` alone. Both are commits; a snapshot is a commit with its tree, without its parents.
  /// kRefNotFound where the mirror lacks `want`.
  virtual Result<std::shared_ptr<const PackFile>> Pack(const std::string& repository,
                                                       const Commit& have, const Commit& want) = 0;
};

struct PackCacheOptions {
  std::string directory;  ///< created when missing; emptied of foreign files at start
  std::uint64_t max_bytes = 4ULL << 30;  ///< least recently used packs go first
  Duration deadline{300'000};            ///< of one `git pack-objects`
};

/// Builds packs with the git program from the mirrors, once a pair, and keeps them in a bounded
/// directory. Callers that ask for one pair at once share one build.
class PackCache final : public Content {
 public:
  PackCache(PackCacheOptions options, MirrorSet& mirrors, process::ProcessRunner& runner);
  ~PackCache() override;

  Result<std::shared_ptr<const PackFile>> Pack(const std::string& repository, const Commit& have,
                                               const Commit& want) override;

  /// Deletes the packs of a repository that is gone.
  void Forget(const std::string& repository);

  /// How many packs were built since the start.
  std::uint64_t builds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::git
