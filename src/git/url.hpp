#pragma once

#include <cstdint>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::git {

/// The allow-list of schemes.
enum class Scheme : std::uint8_t { kHttps, kSsh, kFile };

/// A URL of a repository, taken apart. One that ParseUrl() returns holds no password.
struct Url {
  Scheme scheme = Scheme::kHttps;
  std::string user;  ///< ssh only
  std::string host;  ///< lower case, without the brackets of an IPv6 address
  std::string port;  ///< empty: the scheme's own
  std::string path;
};

/// Takes a URL apart, or says why it is refused (kUrlNotAllowed). Nothing of the user-info is in
/// the message.
Result<Url> ParseUrl(const std::string& text);

/// The text with the user-info of every URL in it replaced by "***".
std::string RedactUserInfo(std::string text);

}  // namespace slipway::git
