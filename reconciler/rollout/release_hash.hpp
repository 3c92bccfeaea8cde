#pragma once

#include <string>

#include "reconciler/api/shared.hpp"
#include "reconciler/base/ids.hpp"

namespace slipway::rollout {

/// The configuration half of a release's identity: SHA-256, as 64 hexadecimal digits, of the canonical JSON of all that
/// reaches a server, and of the `path` of the repository that its content comes from (empty: all of it). A field that equals its default is left out before hashing, so that a new field with a default changes no
/// existing hash. Gate and strategy are not in it: editing them restarts nothing.
ReleaseHash HashRelease(const api::ReleaseTemplate& release, const std::string& path);

}  // namespace slipway::rollout
