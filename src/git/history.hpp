#pragma once

#include <git2.h>

#include <functional>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/git/libgit2.hpp"
#include "src/git/mirror.hpp"

/// Private to this folder: questions about commits and trees, answered from an open repository's object database.
namespace slipway::git {

/// A relative path of plain names: no empty one, no "." or "..", nothing but a name between slashes. "" is the root.
bool IsPlainPath(const std::string& path);

/// The tree at a path of a commit; nothing where there is none, or where it is a file.
Result<std::optional<git_oid>> TreeAt(git_commit* commit, const std::string& path);

/// The newest commit at or before `head` that touches `path`, as Mirror::Resolve() says. `known` may answer for a commit that
/// is passed on the way: then the walk ends there.
Result<std::string> NewestTouching(
    git_repository* repository, const std::string& head, const std::string& path,
    const std::function<std::optional<std::string>(const std::string&)>& known);

/// All that Resolved holds, about a commit that is known to be the one.
Result<Resolved> Describe(git_repository* repository, const std::string& commit,
                          const std::string& path);

}  // namespace slipway::git
