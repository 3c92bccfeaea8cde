#pragma once

#include <git2.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/git/problem.hpp"

/// Private to this folder: owners for libgit2's objects, and its errors as ours. Nothing outside of
/// src/git includes it.
namespace slipway::git::lib {

template <typename T, void (*Free)(T*)>
struct Release {
  void operator()(T* object) const { Free(object); }
};
template <typename T, void (*Free)(T*)>
using Handle = std::unique_ptr<T, Release<T, Free>>;

using Repository = Handle<git_repository, git_repository_free>;
using ObjectDatabase = Handle<git_odb, git_odb_free>;
using Object = Handle<git_odb_object, git_odb_object_free>;
using CommitObject = Handle<git_commit, git_commit_free>;
using TreeObject = Handle<git_tree, git_tree_free>;
using TreeEntry = Handle<git_tree_entry, git_tree_entry_free>;
using Reference = Handle<git_reference, git_reference_free>;
using ReferenceIterator = Handle<git_reference_iterator, git_reference_iterator_free>;
using Remote = Handle<git_remote, git_remote_free>;
using Indexer = Handle<git_indexer, git_indexer_free>;
using PackBuilder = Handle<git_packbuilder, git_packbuilder_free>;

/// Starts the library once a process, deaf to every configuration file but those of the
/// repositories, with durable writes.
void Start();

/// What libgit2 said last on this thread; never empty.
std::string LastMessage();

/// kInternal, unless another problem is named: "<what>: <what libgit2 said>".
Error LastError(const std::string& what, Problem problem = Problem::kInternal);

/// Full object ids only: 40 hex digits in lower case. kRefNotFound otherwise.
Result<git_oid> ParseId(const std::string& text);
std::string FormatId(const git_oid& id);

/// A bare repository; nothing above the path is searched.
Result<Repository> Open(const std::string& path);

/// Opens it, or makes it (mode 0700) where there is none.
Result<Repository> OpenOrCreate(const std::string& path);

/// kRefNotFound where the repository lacks it, or where it is not a commit.
Result<CommitObject> FindCommit(git_repository* repository, const std::string& id);

/// Writes a reference, durably. The caller is the only writer, so the lock of a writer that was
/// killed is broken.
Result<void> WriteReference(git_repository* repository, const std::string& name,
                            const git_oid& target);
Result<void> DeleteReference(git_repository* repository, const std::string& name);

/// Deletes what killed writers of packs left half-written. Only while nothing writes packs there.
void RemoveUnfinishedPacks(const std::string& repository);

/// Every finished pack: the paths of its *.pack files.
std::set<std::filesystem::path> PackFiles(const std::string& repository);

/// Deletes one of them, with what belongs to it. Nobody may be reading the repository.
Result<void> RemovePack(const std::filesystem::path& pack);

}  // namespace slipway::git::lib
