#pragma once

#include <string_view>

// Where a URL leads. Pure.
namespace slipway::objects {

/// Whether `url` is https:// at a host under `domain`, such as googleapis.com.
bool IsHttpsUnder(std::string_view url, std::string_view domain);

/// The same, or at the host `domain` itself.
bool IsHttpsAt(std::string_view url, std::string_view domain);

/// Whether what is secret may be sent to `url`: it is https://, or http:// on this machine, and names no user.
bool IsSafeUrl(std::string_view url);

}  // namespace slipway::objects
