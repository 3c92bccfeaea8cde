#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

// JSON read by simdjson, several times faster than by the parser of our trees. Only for this folder. Thread-safe.
namespace slipway::objects {

/// The tree of a text; nullopt where there is anything about it that asks for a closer look: it is no JSON, is nested deeper than
/// kMaxDepth, has a field twice, or a number that no 64 bits hold.
std::optional<nlohmann::json> ReadTree(std::string_view text);

/// The same of some parts, with nothing built of the rest, in which a field may be there twice. `pointers`: as ReadParts takes them.
std::optional<nlohmann::json> ReadTree(std::string_view text,
                                       std::initializer_list<std::string_view> pointers);

}  // namespace slipway::objects
