#include "src/git/snapshots.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "src/git/problem.hpp"
#include "src/git/whole_tree.hpp"

namespace slipway::git {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeld = "refs/slipway/held/";
constexpr std::size_t kChunkBytes = 1 << 20;

fs::path PacksOf(const std::string& path) { return fs::path(path) / "objects" / "pack"; }

}  // namespace

Snapshots::Snapshots(std::string path, int lock, lib::Repository repository)
    : path_(std::move(path)), lock_(lock), repository_(std::move(repository)) {}

Snapshots::Snapshots(Snapshots&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      repository_(std::move(other.repository_)) {}

Snapshots::~Snapshots() {
  if (lock_ >= 0) ::close(lock_);
}

Result<Snapshots> Snapshots::Open(const std::string& path) {
  SLIPWAY_TRY(created, lib::OpenOrCreate(path));
  const std::string name = path + "/slipway.lock";
  int lock = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return MakeError(Problem::kInternal, "cannot open " + name + ": " + std::strerror(errno));
  }
  // The lock goes with the descriptor, also when this process is killed.
  Snapshots snapshots(path, lock, std::move(created));
  while (::flock(lock, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    return MakeError(Problem::kInternal, "cannot lock " + name + ": " + std::strerror(errno));
  }
  lib::RemoveUnfinishedPacks(path);
  return snapshots;
}

Result<void> Snapshots::TakeIn(const std::string& pack) {
  std::ifstream file(pack, std::ios::binary);
  if (!file) return MakeError(Problem::kInternal, "cannot read the pack " + pack);
  git_odb* opened = nullptr;
  if (git_repository_odb(&opened, repository_.get()) != 0) {
    return lib::LastError("cannot open " + path_);
  }
  lib::ObjectDatabase database(opened);
  git_indexer* started = nullptr;
  const std::string packs = PacksOf(path_).string();
  if (git_indexer_new(&started, packs.c_str(), 0, opened, nullptr) != 0) {
    return lib::LastError("cannot write to " + packs);
  }
  lib::Indexer indexer(started);
  git_indexer_progress progress = {};
  std::string chunk(kChunkBytes, '\0');
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0) {
    auto size = static_cast<std::size_t>(file.gcount());
    if (git_indexer_append(indexer.get(), chunk.data(), size, &progress) != 0) {
      return lib::LastError("the pack is damaged: ask for it again", Problem::kBadPack);
    }
  }
  if (git_indexer_commit(indexer.get(), &progress) != 0) {
    return lib::LastError(
        "the pack is damaged, or what it builds on is not here: ask for a snapshot",
        Problem::kBadPack);
  }
  git_odb_refresh(opened);
  return Ok();
}

Result<void> Snapshots::Hold(const Commit& commit) {
  SLIPWAY_TRY(object, lib::FindCommit(repository_.get(), commit.value));
  SLIPWAY_TRY(missing, FirstMissing(repository_.get(), *git_commit_tree_id(object.get())));
  if (missing) {
    return MakeError(Problem::kBadPack, "object " + lib::FormatId(*missing) +
                                            " is missing after the pack was taken in: ask for a "
                                            "snapshot instead of a difference");
  }
  std::vector<std::string> shallow = ReadShallow();
  if (std::ranges::find(shallow, commit.value) == shallow.end()) {
    shallow.push_back(commit.value);
    SLIPWAY_TRYV(WriteShallow(shallow));
  }
  return lib::WriteReference(repository_.get(), std::string(kHeld) + commit.value,
                             *git_commit_id(object.get()));
}

Result<void> Snapshots::ForgetAllBut(const std::vector<Commit>& commits) {
  SLIPWAY_TRY(held, Held());
  for (const Commit& commit : held) {
    if (std::ranges::find(commits, commit) != commits.end()) continue;
    SLIPWAY_TRYV(lib::DeleteReference(repository_.get(), std::string(kHeld) + commit.value));
  }
  return Ok();
}

Result<void> Snapshots::RewriteWhenMany(std::uint32_t max_packs) {
  std::set<fs::path> before = lib::PackFiles(path_);
  if (before.size() <= max_packs) return Ok();
  SLIPWAY_TRY(held, Held());
  git_packbuilder* started = nullptr;
  if (git_packbuilder_new(&started, repository_.get()) != 0) {
    return lib::LastError("cannot rewrite packs");
  }
  lib::PackBuilder builder(started);
  std::vector<std::string> shallow;
  for (const Commit& commit : held) {
    SLIPWAY_TRY(id, lib::ParseId(commit.value));
    if (git_packbuilder_insert_commit(started, &id) != 0) {
      return lib::LastError("cannot rewrite packs: commit " + commit.value);
    }
    shallow.push_back(commit.value);
  }
  if (git_packbuilder_write(started, nullptr, 0, nullptr, nullptr) != 0) {
    return lib::LastError("cannot write the new pack in " + path_);
  }
  before.erase(PacksOf(path_) / (std::string("pack-") + git_packbuilder_name(started) + ".pack"));
  for (const fs::path& pack : before) {
    SLIPWAY_TRYV(lib::RemovePack(pack));
  }
  return WriteShallow(shallow);
}

Result<std::vector<Commit>> Snapshots::Held() const {
  git_reference_iterator* started = nullptr;
  const std::string all = std::string(kHeld) + "*";
  if (git_reference_iterator_glob_new(&started, repository_.get(), all.c_str()) != 0) {
    return lib::LastError("cannot list what is held in " + path_);
  }
  lib::ReferenceIterator iterator(started);
  std::vector<Commit> commits;
  git_reference* next = nullptr;
  int code = 0;
  while ((code = git_reference_next(&next, iterator.get())) == 0) {
    lib::Reference reference(next);
    commits.emplace_back(std::string(git_reference_name(next)).substr(kHeld.size()));
  }
  if (code != GIT_ITEROVER) return lib::LastError("cannot list what is held in " + path_);
  std::ranges::sort(commits);
  return commits;
}

std::vector<std::string> Snapshots::ReadShallow() const {
  std::vector<std::string> commits;
  std::ifstream file(path_ + "/shallow");
  for (std::string line; std::getline(file, line);) commits.push_back(line);
  return commits;
}

Result<void> Snapshots::WriteShallow(const std::vector<std::string>& commits) const {
  const std::string fresh = path_ + "/shallow.new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    for (const std::string& commit : commits) file << commit << "\n";
    file.close();
    if (!file) return MakeError(Problem::kInternal, "cannot write " + fresh);
  }
  std::error_code failure;
  fs::rename(fresh, path_ + "/shallow", failure);
  if (failure) {
    return MakeError(Problem::kInternal,
                     "cannot replace " + path_ + "/shallow: " + failure.message());
  }
  return Ok();
}

}  // namespace slipway::git
