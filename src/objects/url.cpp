#include "src/objects/url.hpp"

#include <string>

namespace slipway::objects {

bool IsHttpsUnder(std::string_view url, std::string_view domain) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) {
    return false;
  }
  url.remove_prefix(kScheme.size());
  std::string_view host = url.substr(0, url.find('/'));
  if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    if (host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) {
      return false;
    }
    host = host.substr(0, colon);
  }
  return host.find_first_of("@?#\\") == std::string_view::npos &&
         host.ends_with("." + std::string(domain));
}

}  // namespace slipway::objects
