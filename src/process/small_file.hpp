#pragma once

#include <cstddef>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::process {

/// All of a small file. kNotFound; kForbidden: it, or a folder above it, may not be opened; kTooLarge, beyond
/// `max_bytes`; kInvalid for a folder, a pipe and the like, which nobody waits for. Messages begin with the path.
Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes);

}  // namespace slipway::process
