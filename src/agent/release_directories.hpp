#pragma once

#include <string>
#include <vector>

#include "reconciler/api/shared.hpp"
#include "reconciler/base/result.hpp"
#include "src/agent/launch.hpp"
#include "src/agent/layout.hpp"

/// What happens to the directories of an application, apart from commands. All of these block, and
/// are quick: nothing here walks through a release.
namespace slipway::agent {

/// Makes releases/, shared/ with shared.dirs, staging/, tests/ and trash/. What is new belongs to
/// `user` where we are root.
Result<void> PrepareApplication(const ApplicationLayout& layout, const api::ReleaseTemplate& config,
                                const UserRecord& user);

/// kNotFound where a file that release.shared.files names is not below shared/: says which, and
/// where to put it.
Result<void> CheckShared(const ApplicationLayout& layout, const api::ReleaseTemplate& config);

/// Puts links to shared directories and files into a fresh release. What the release has in such a
/// place is replaced; a place whose parent is a link is refused.
Result<void> LinkShared(const ApplicationLayout& layout, const api::ReleaseTemplate& config,
                        const std::string& release);

/// Name of the release that `current` points to; empty where there is none or it is not ours.
std::string ReadCurrent(const ApplicationLayout& layout);

/// Names below releases/ and staging/, ordered, each once.
std::vector<std::string> ListReleases(const ApplicationLayout& layout);

/// Moves directories from releases/, staging/ and tests/ to trash/, from where they can be deleted
/// at leisure.
Result<void> MoveToTrash(const ApplicationLayout& layout, const std::vector<std::string>& names);

}  // namespace slipway::agent
