#include "src/git/history.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "src/git/problem.hpp"

namespace slipway::git {
namespace {

constexpr std::size_t kMaxManifestBytes = 1 << 20;
constexpr std::size_t kMaxLineBytes = 200;
constexpr const char* kManifestName = "slipway.yaml";

/// Bytes of one UTF-8 sequence at the front, or 0 where it is none.
std::size_t SequenceBytes(const std::string& text, std::size_t at) {
  auto byte = static_cast<unsigned char>(text[at]);
  std::size_t size = byte < 0x80                   ? 1
                     : byte >= 0xc2 && byte < 0xe0 ? 2
                     : byte >= 0xe0 && byte < 0xf0 ? 3
                     : byte >= 0xf0 && byte < 0xf5 ? 4
                                                   : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
  }
  return size;
}

/// What people read of a commit: one line, valid UTF-8, bounded.
std::string Line(const char* bytes) {
  const std::string text = bytes == nullptr ? "" : bytes;
  std::string line;
  for (std::size_t at = 0; at < text.size() && line.size() + 4 <= kMaxLineBytes;) {
    std::size_t size = SequenceBytes(text, at);
    bool control = static_cast<unsigned char>(text[at]) < 0x20 || text[at] == 0x7f;
    line += size == 0 || control ? "?" : text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
  return line;
}

Result<lib::TreeObject> RootTree(git_commit* commit) {
  git_tree* tree = nullptr;
  if (git_commit_tree(&tree, commit) != 0) {
    return lib::LastError("cannot read the tree of commit " +
                          lib::FormatId(*git_commit_id(commit)));
  }
  return lib::TreeObject(tree);
}

Result<std::optional<std::string>> ReadManifest(git_repository* repository, git_tree* tree) {
  const git_tree_entry* entry = git_tree_entry_byname(tree, kManifestName);
  if (entry == nullptr) return std::optional<std::string>();
  const git_filemode_t mode = git_tree_entry_filemode(entry);
  if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE) {
    return MakeError(Problem::kManifestInvalid,
                     "slipway.yaml is a folder or a link: it must be a regular file");
  }
  git_odb* opened = nullptr;
  if (git_repository_odb(&opened, repository) != 0) return lib::LastError("cannot read objects");
  lib::ObjectDatabase database(opened);
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, opened, git_tree_entry_id(entry)) != 0) {
    return lib::LastError("cannot read slipway.yaml");
  }
  if (type != GIT_OBJECT_BLOB || size > kMaxManifestBytes) {
    return MakeError(Problem::kManifestInvalid,
                     "slipway.yaml has " + std::to_string(size) + " bytes: at most 1 MiB is read");
  }
  git_odb_object* read = nullptr;
  if (git_odb_read(&read, opened, git_tree_entry_id(entry)) != 0) {
    return lib::LastError("cannot read slipway.yaml");
  }
  lib::Object blob(read);
  return std::optional<std::string>(std::in_place,
                                    static_cast<const char*>(git_odb_object_data(read)),
                                    git_odb_object_size(read));
}

}  // namespace

bool IsPlainPath(const std::string& path) {
  if (path.empty()) return true;
  if (path.size() > 4096 || path.find('\0') != std::string::npos) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    if (name.empty() || name == "." || name == "..") return false;
    begin = end + 1;
  }
  return true;
}

Result<std::optional<git_oid>> TreeAt(git_commit* commit, const std::string& path) {
  if (path.empty()) return std::optional<git_oid>(*git_commit_tree_id(commit));
  SLIPWAY_TRY(root, RootTree(commit));
  git_tree_entry* found = nullptr;
  int code = git_tree_entry_bypath(&found, root.get(), path.c_str());
  lib::TreeEntry entry(found);
  if (code == GIT_ENOTFOUND) return std::optional<git_oid>();
  if (code != 0) return lib::LastError("cannot read " + path);
  if (git_tree_entry_type(found) != GIT_OBJECT_TREE) return std::optional<git_oid>();
  return std::optional<git_oid>(*git_tree_entry_id(found));
}

Result<std::string> NewestTouching(
    git_repository* repository, const std::string& head, const std::string& path,
    const std::function<std::optional<std::string>(const std::string&)>& known) {
  SLIPWAY_TRY(start, lib::FindCommit(repository, head));
  lib::CommitObject commit = std::move(start);
  SLIPWAY_TRY(here, TreeAt(commit.get(), path));
  if (!here) {
    return MakeError(Problem::kEmptyTree, "commit " + head + " has no folder " + path +
                                              ": push one, or correct spec.source.path");
  }
  while (true) {
    const std::string id = lib::FormatId(*git_commit_id(commit.get()));
    if (path.empty()) return id;
    if (auto answer = known(id)) return *answer;
    lib::CommitObject next;
    for (unsigned i = 0; i < git_commit_parentcount(commit.get()) && !next; ++i) {
      git_commit* read = nullptr;
      if (git_commit_parent(&read, commit.get(), i) != 0) {
        return lib::LastError("cannot read a parent of commit " + id);
      }
      lib::CommitObject parent(read);
      SLIPWAY_TRY(there, TreeAt(parent.get(), path));
      if (there && git_oid_equal(&*there, &*here) != 0) next = std::move(parent);
    }
    if (!next) return id;
    commit = std::move(next);
  }
}

Result<Resolved> Describe(git_repository* repository, const std::string& commit,
                          const std::string& path) {
  SLIPWAY_TRY(object, lib::FindCommit(repository, commit));
  SLIPWAY_TRY(at, TreeAt(object.get(), path));
  if (!at) return MakeError(Problem::kEmptyTree, "commit " + commit + " has no folder " + path);
  git_tree* read = nullptr;
  if (git_tree_lookup(&read, repository, &*at) != 0) {
    return lib::LastError("cannot read the tree of commit " + commit);
  }
  lib::TreeObject tree(read);
  if (git_tree_entrycount(tree.get()) == 0) {
    return MakeError(Problem::kEmptyTree, "commit " + commit + " has no files" +
                                              (path.empty() ? "" : " in " + path) +
                                              ": nothing is deployed; push a commit that has some");
  }
  SLIPWAY_TRY(manifest, ReadManifest(repository, tree.get()));
  const git_signature* author = git_commit_author(object.get());
  const git_time_t seconds = git_commit_time(object.get());
  return Resolved{.commit = Commit(commit),
                  .tree = Tree(lib::FormatId(*git_commit_tree_id(object.get()))),
                  .author = Line(author == nullptr ? nullptr : author->name),
                  .subject = Line(git_commit_summary(object.get())),
                  .time = Time(std::chrono::seconds(std::clamp<git_time_t>(
                      seconds, 0, 253'402'300'799))),  // 9999-12-31, the last that RFC 3339 has
                  .manifest = std::move(manifest)};
}

}  // namespace slipway::git
