#pragma once

#include <git2.h>

#include <cstdint>
#include <string>
#include <vector>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"
#include "src/git/libgit2.hpp"

namespace slipway::git {

/// Private to this folder: the object database of an agent. It holds snapshots: commits with their whole trees and without
/// their parents, which the file `shallow` tells git. Held ones are refs/slipway/held/<commit>. Locked while open, so one
/// process at a time.
class Snapshots {
 public:
  /// Opens or creates it, waits for the lock, and clears away what a killed process left.
  static Result<Snapshots> Open(const std::string& path);

  Snapshots(Snapshots&& other) noexcept;
  Snapshots& operator=(Snapshots&&) = delete;
  ~Snapshots();

  /// Takes in a pack, completing a thin one from what is here. kBadPack.
  Result<void> TakeIn(const std::string& pack);

  /// Checks that every tree and file of `commit` is here, and holds it from now on. kRefNotFound, kBadPack.
  Result<void> Hold(const Commit& commit);

  /// Forgets what is held and is not named. Its objects stay until the next Rewrite().
  Result<void> ForgetAllBut(const std::vector<Commit>& commits);

  /// Where there are more than `max_packs`, makes one pack of what is held and deletes the others.
  Result<void> RewriteWhenMany(std::uint32_t max_packs);

  /// Ordered.
  Result<std::vector<Commit>> Held() const;

  git_repository* repository() const { return repository_.get(); }

 private:
  Snapshots(std::string path, int lock, lib::Repository repository);
  Result<void> WriteShallow(const std::vector<std::string>& commits) const;
  std::vector<std::string> ReadShallow() const;

  std::string path_;
  int lock_;
  lib::Repository repository_;
};

}  // namespace slipway::git
