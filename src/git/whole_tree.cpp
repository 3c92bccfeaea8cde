#include "src/git/whole_tree.hpp"

#include <set>
#include <string>

#include "src/git/libgit2.hpp"
#include "src/git/problem.hpp"

namespace slipway::git {
namespace {

constexpr int kMaxDepth = 1024;

/// Each tree is read once, however often it is named.
class Walk {
 public:
  Walk(git_repository* repository, git_odb* database)
      : repository_(repository), database_(database) {}

  Result<std::optional<git_oid>> Below(const git_oid& id, int depth) {
    if (depth > kMaxDepth) return MakeError(Problem::kTooLarge, "folders are nested too deep");
    if (!seen_.insert(lib::FormatId(id)).second) return std::optional<git_oid>();
    git_tree* read = nullptr;
    if (git_tree_lookup(&read, repository_, &id) != 0) return std::optional<git_oid>(id);
    lib::TreeObject tree(read);
    for (std::size_t i = 0; i < git_tree_entrycount(read); ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(read, i);
      const git_oid* child = git_tree_entry_id(entry);
      const git_object_t type = git_tree_entry_type(entry);
      if (type == GIT_OBJECT_TREE) {
        SLIPWAY_TRY(missing, Below(*child, depth + 1));
        if (missing) return missing;
      } else if (type == GIT_OBJECT_BLOB && git_odb_exists(database_, child) != 1) {
        return std::optional<git_oid>(*child);
      }
    }
    return std::optional<git_oid>();
  }

 private:
  git_repository* repository_;
  git_odb* database_;
  std::set<std::string> seen_;
};

}  // namespace

Result<std::optional<git_oid>> FirstMissing(git_repository* repository, const git_oid& tree) {
  git_odb* opened = nullptr;
  if (git_repository_odb(&opened, repository) != 0) return lib::LastError("cannot read objects");
  lib::ObjectDatabase database(opened);
  return Walk(repository, opened).Below(tree, 0);
}

}  // namespace slipway::git
