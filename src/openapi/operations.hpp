#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "src/objects/kinds.hpp"
#include "src/openapi/schemas.hpp"

namespace slipway::openapi {

/// Every request about objects of these kinds that the API answers, by path. Only for this folder.
nlohmann::json Paths(std::span<const objects::KindInfo* const> kinds, Dialect dialect);

}  // namespace slipway::openapi
