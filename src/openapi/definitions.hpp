#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "src/objects/kinds.hpp"
#include "src/openapi/schemas.hpp"

namespace slipway::openapi {

/// The schemas of these kinds, of their lists and of what they share, by name. Only for this folder.
nlohmann::json Definitions(std::span<const objects::KindInfo* const> kinds, Dialect dialect);

}  // namespace slipway::openapi
