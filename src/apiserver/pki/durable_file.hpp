#pragma once

#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::apiserver {

/// The whole of a small file. kNotFound; kInternal with path and reason. Thread-safe.
Result<std::string> ReadFile(const std::string& path);

/// Replaces a file (mode 0600) so that a crash leaves the old or the new one, and the new one is on
/// the disk when this returns. kInternal with path and reason.
Result<void> ReplaceFile(const std::string& path, const std::string& text);

}  // namespace slipway::apiserver
