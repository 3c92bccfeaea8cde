#include "src/objects/url.hpp"

#include <string>

namespace slipway::objects {
namespace {

/// The host of an https:// URL, without its port; empty where there is anything odd about it.
std::string_view HttpsHost(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) {
    return {};
  }
  url.remove_prefix(kScheme.size());
  std::string_view host = url.substr(0, url.find('/'));
  if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    if (host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) {
      return {};
    }
    host = host.substr(0, colon);
  }
  return host.find_first_of("@?#\\") == std::string_view::npos ? host : std::string_view();
}

}  // namespace

bool IsHttpsUnder(std::string_view url, std::string_view domain) {
  return HttpsHost(url).ends_with("." + std::string(domain));
}

bool IsHttpsAt(std::string_view url, std::string_view domain) {
  return HttpsHost(url) == domain || IsHttpsUnder(url, domain);
}

bool IsSafeUrl(std::string_view url) {
  for (const std::string_view begin : {"https://", "http://127.0.0.1", "http://localhost"}) {
    if (!url.starts_with(begin)) {
      continue;
    }
    const bool local = !begin.ends_with('/');
    const std::string_view behind = url.substr(begin.size());
    const std::string_view host = behind.substr(0, behind.find_first_of("/?#"));
    return host.find('@') == std::string_view::npos &&
           (local ? host.empty() || host.front() == ':' : !host.empty());
  }
  return false;
}

}  // namespace slipway::objects
