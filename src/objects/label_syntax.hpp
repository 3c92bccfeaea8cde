#pragma once

#include <string_view>

namespace slipway::objects {

/// `name` or `prefix/name`: the name at most 63 characters, the prefix a DNS name of at most 253.
bool IsLabelKey(std::string_view text);

/// Empty, or at most 63 letters, digits, -, _ and ., with a letter or a digit at either end.
bool IsLabelValue(std::string_view text);

inline constexpr const char* kLabelKeyHint =
    "must be the name of a label, such as role or example.com/role";

}  // namespace slipway::objects
