#include "src/objects/url.hpp"

#include <algorithm>
#include <array>
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
  if (url.starts_with("https://")) {
    return true;
  }
  return std::ranges::any_of(
      std::array<std::string_view, 2>{"http://127.0.0.1", "http://localhost"},
      [&](std::string_view machine) {
        const std::string_view rest = url.substr(std::min(machine.size(), url.size()));
        return url.starts_with(machine) &&
               (rest.empty() || rest.front() == ':' || rest.front() == '/') &&
               rest.substr(0, rest.find('/')).find('@') == std::string_view::npos;
      });
}

}  // namespace slipway::objects
