#pragma once

#include <git2.h>

#include <optional>

#include "reconciler/base/result.hpp"

namespace slipway::git {

/// Private to this folder: the first object at or below `tree` that the repository lacks; nothing where it is whole. The commit of
/// a submodule is in another repository and is not looked for. kTooLarge where folders are nested too deep.
Result<std::optional<git_oid>> FirstMissing(git_repository* repository, const git_oid& tree);

}  // namespace slipway::git
