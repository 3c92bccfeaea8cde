#pragma once

#include <string_view>

namespace slipway::objects {

/// Whether `url` is https:// at a host under `domain`, such as googleapis.com. Pure.
bool IsHttpsUnder(std::string_view url, std::string_view domain);

}  // namespace slipway::objects
