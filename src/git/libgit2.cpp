#include "src/git/libgit2.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "reconciler/base/assert.hpp"

namespace slipway::git::lib {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWindowBytes = 64ULL << 20;
constexpr std::size_t kMappedBytes = 1ULL << 30;

fs::path PacksOf(const std::string& repository) {
  return fs::path(repository) / "objects" / "pack";
}

/// Runs a write of a reference; where a lock is in the way, breaks it and runs it again.
template <typename Write>
int BreakingStaleLocks(git_repository* repository, const std::string& name, Write write) {
  int code = write();
  if (code != GIT_ELOCKED) return code;
  std::error_code ignored;
  const fs::path root = git_repository_path(repository);
  fs::remove(root / (name + ".lock"), ignored);
  fs::remove(root / "packed-refs.lock", ignored);
  return write();
}

}  // namespace

void Start() {
  static std::once_flag once;
  std::call_once(once, [] {
    SLIPWAY_ASSERT(git_libgit2_init() > 0, "libgit2 does not start");
    for (git_config_level_t level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                                     GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kWindowBytes);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kMappedBytes);
  });
}

std::string LastMessage() {
  const git_error* error = git_error_last();
  return error != nullptr && error->message != nullptr ? error->message : "no reason given";
}

Error LastError(const std::string& what, Problem problem) {
  return MakeError(problem, what + ": " + LastMessage());
}

Result<git_oid> ParseId(const std::string& text) {
  git_oid id;
  bool hex = std::ranges::all_of(text, [](unsigned char byte) {
    return std::isdigit(byte) != 0 || (byte >= 'a' && byte <= 'f');
  });
  if (!hex || text.size() != GIT_OID_HEXSZ || git_oid_fromstr(&id, text.c_str()) != 0) {
    return MakeError(
        Problem::kRefNotFound,
        "\"" + text.substr(0, 80) + "\" is no object id: give all of its 40 hex digits");
  }
  return id;
}

std::string FormatId(const git_oid& id) {
  std::string text(GIT_OID_HEXSZ, '0');
  git_oid_fmt(text.data(), &id);
  return text;
}

Result<Repository> Open(const std::string& path) {
  Start();
  git_repository* repository = nullptr;
  if (git_repository_open_bare(&repository, path.c_str()) != 0) {
    return LastError("cannot open the repository " + path);
  }
  return Repository(repository);
}

Result<Repository> OpenOrCreate(const std::string& path) {
  Start();
  git_repository* repository = nullptr;
  if (git_repository_open_bare(&repository, path.c_str()) == 0) return Repository(repository);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
  if (git_repository_init_ext(&repository, path.c_str(), &options) != 0) {
    return LastError("cannot create the repository " + path);
  }
  Repository created(repository);
  std::error_code failure;
  fs::permissions(path, fs::perms::owner_all, failure);
  if (failure) {
    return MakeError(Problem::kInternal, "cannot protect " + path + ": " + failure.message());
  }
  return created;
}

Result<CommitObject> FindCommit(git_repository* repository, const std::string& id) {
  SLIPWAY_TRY(oid, ParseId(id));
  git_commit* commit = nullptr;
  int code = git_commit_lookup(&commit, repository, &oid);
  if (code == GIT_ENOTFOUND) {
    return MakeError(Problem::kRefNotFound, "commit " + id + " is not there");
  }
  if (code != 0) return LastError("cannot read commit " + id);
  return CommitObject(commit);
}

Result<void> WriteReference(git_repository* repository, const std::string& name,
                            const git_oid& target) {
  git_reference* written = nullptr;
  int code = BreakingStaleLocks(repository, name, [&] {
    return git_reference_create(&written, repository, name.c_str(), &target, /*force=*/1, nullptr);
  });
  Reference owner(written);
  if (code != 0) return LastError("cannot write " + name);
  return Ok();
}

Result<void> DeleteReference(git_repository* repository, const std::string& name) {
  int code = BreakingStaleLocks(repository, name,
                                [&] { return git_reference_remove(repository, name.c_str()); });
  if (code != 0 && code != GIT_ENOTFOUND) return LastError("cannot delete " + name);
  return Ok();
}

void RemoveUnfinishedPacks(const std::string& repository) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(PacksOf(repository), ignored)) {
    const std::string name = entry.path().filename().string();
    // What is finished is called pack-<hash>.<kind>; libgit2 writes to pack_git2_*, git to tmp_*.
    bool finished = name.starts_with("pack-") || name.starts_with("multi-pack-index");
    if (!finished) fs::remove(entry.path(), ignored);
  }
}

std::set<fs::path> PackFiles(const std::string& repository) {
  std::set<fs::path> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(PacksOf(repository), ignored)) {
    if (entry.path().extension() == ".pack") files.insert(entry.path());
  }
  return files;
}

Result<void> RemovePack(const fs::path& pack) {
  // The index first: without its index a pack is not looked at.
  for (const char* kind : {".idx", ".rev", ".pack"}) {
    std::error_code failure;
    fs::remove(fs::path(pack).replace_extension(kind), failure);
    if (failure) {
      return MakeError(Problem::kInternal,
                       "cannot delete " + pack.string() + ": " + failure.message());
    }
  }
  return Ok();
}

}  // namespace slipway::git::lib
