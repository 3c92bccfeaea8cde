#pragma once

#include <string_view>

#include "reconciler/base/assert.hpp"

namespace slipway::fuzz {

/// What is tried. Each target defines it once; it must come back from every input.
void TryBytes(std::string_view bytes);

/// A rule of a target.
inline void Demand(bool holds, const char* rule) { SLIPWAY_ASSERT(holds, rule); }

}  // namespace slipway::fuzz
