#pragma once

#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::app {

/// Makes the folder in which everything is kept, for its owner alone. One that is there must be ours already, and closed to
/// others: it is not touched, or `--data-dir /tmp` would lock everybody out. kForbidden says what to do.
Result<void> MakeDataFolder(const std::string& path);

}  // namespace slipway::app
