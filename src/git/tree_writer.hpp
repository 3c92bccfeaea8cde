#pragma once

#include <git2.h>

#include <cstdint>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/git/checkout.hpp"

/// Private to this folder: a tree of the object database becomes files, whatever the tree says.
namespace slipway::git {

/// How much was written: files, folders and links; bytes of their contents.
struct Written {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Writes a tree into `directory`, which must be new or empty, and syncs the disk. Never follows a link, never overwrites,
/// never leaves `directory`. kUnsafeTree, kTooLarge; kInternal for the disk's errors.
Result<Written> WriteTree(git_repository* repository, const git_oid& tree,
                          const std::string& directory, const CheckoutLimits& limits);

/// Whether a link that lies `depth` folders below the root stays inside: relative, and all of its ".." come first and are at
/// most `depth`. With every link of a tree so, no chain of them leads out, since each ".." starts from a real folder.
bool IsInsideLink(const std::string& target, std::uint32_t depth);

}  // namespace slipway::git
