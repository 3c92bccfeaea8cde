#pragma once

#include <string>
#include <string_view>

namespace slipway::objects {

/// What Go says of a text that is no time of RFC 3339, `micro`: with exactly six digits behind the second;
/// empty where it is one. Only for this folder. Pure.
std::string TimeFault(std::string_view text, bool micro);

}  // namespace slipway::objects
