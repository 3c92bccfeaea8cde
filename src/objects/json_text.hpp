#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"

namespace slipway::objects {

using Json = nlohmann::json;

/// Objects and lists inside each other, at most.
inline constexpr std::size_t kMaxDepth = 64;

/// Reads JSON text. Code::kBadRequest where it is no JSON or nested deeper than kMaxDepth; the
/// message says where and why, and shows nothing of the text. The caller bounds its length.
Result<Json> ParseJson(std::string_view text);

/// As above; appends the path of every field that is there twice, until there are 100: a path is much
/// longer than the few bytes that repeat a field.
Result<Json> ParseJson(std::string_view text, std::vector<std::string>& duplicates);

/// Some parts of an object of ours, as a tree that has these alone: of those that are not there it has nothing. Several times
/// faster than to read all of it. `pointers`: JSON pointers of plain names, such as "/metadata/labels", none of which is within another.
/// Of a field that is there twice it is any one. Errors as above, but a text may be a level deeper.
Result<Json> ReadParts(std::string_view text, std::initializer_list<std::string_view> pointers);

}  // namespace slipway::objects
