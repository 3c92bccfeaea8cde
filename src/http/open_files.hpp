#pragma once

#include <cstddef>

namespace slipway::http {

/// Raises this process' limit of open files as far as it may be raised, and returns what it is now.
/// Programs that are started from here get the same limit. Thread-safe.
std::size_t RaiseOpenFileLimit();

}  // namespace slipway::http
