#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

namespace slipway::objects {

/// What a printer column's path leads to; empty where it leads nowhere. The part of JSONPath that
/// columns use: `.a.b`, a dot in a name escaped as `\.`, `[2]`, `[*]`, `[?(@.type=="Ready")]`, and
/// `.length()` at the end for a number of items.
std::vector<nlohmann::json> EvaluatePath(const nlohmann::json& object, std::string_view path);

/// Whether EvaluatePath understands a path; a test asks it for every column.
bool IsPath(std::string_view path);

}  // namespace slipway::objects
