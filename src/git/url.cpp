#include "src/git/url.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string_view>
#include <utility>

#include "src/git/problem.hpp"

namespace slipway::git {
namespace {

constexpr std::size_t kMaxUrlBytes = 2048;

Error Refused(const std::string& why) { return MakeError(Problem::kUrlNotAllowed, why); }

bool Visible(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char byte) { return byte > 0x20 && byte < 0x7f; });
}

bool HostName(const std::string& host) {
  bool known = std::ranges::all_of(host, [](unsigned char byte) {
    return std::isalnum(byte) != 0 || byte == '-' || byte == '.' || byte == '_' || byte == ':';
  });
  return known && !host.empty() && host.front() != '-';
}

Result<Scheme> ParseScheme(std::string_view scheme) {
  if (scheme == "https") return Scheme::kHttps;
  if (scheme == "ssh") return Scheme::kSsh;
  if (scheme == "file") return Scheme::kFile;
  return Refused(
      "the URL must begin with https:// or ssh://, such as https://host/team/app.git or "
      "ssh://git@host/team/app.git");
}

/// "host", "host:22", "[::1]:22"
Result<void> ParseHost(std::string authority, Url& url) {
  std::string port;
  if (authority.starts_with('[')) {
    std::size_t close = authority.find(']');
    if (close == std::string::npos) return Refused("the URL's IPv6 address lacks its closing ]");
    port = authority.substr(close + 1);
    authority = authority.substr(1, close - 1);
  } else if (std::size_t colon = authority.find(':'); colon != std::string::npos) {
    port = authority.substr(colon);
    authority.resize(colon);
  }
  if (!HostName(authority)) return Refused("the URL names no host that could be one");
  if (!port.empty()) {
    bool digits = port.size() > 1 && port.size() <= 6 && port.front() == ':' &&
                  std::all_of(port.begin() + 1, port.end(),
                              [](unsigned char byte) { return std::isdigit(byte) != 0; });
    if (!digits) return Refused("the URL's port is not a number");
    url.port = port.substr(1);
  }
  std::ranges::transform(authority, std::back_inserter(url.host),
                         [](unsigned char byte) { return std::tolower(byte); });
  return Ok();
}

}  // namespace

Result<Url> ParseUrl(const std::string& text) {
  std::size_t mark = text.find("://");
  if (mark == std::string::npos) return ParseScheme("").error();
  if (text.size() > kMaxUrlBytes || !Visible(text)) {
    return Refused(
        "the URL is longer than 2048 bytes, or holds spaces or control characters: "
        "encode them as %20");
  }
  Url url;
  SLIPWAY_TRY(scheme, ParseScheme(std::string_view(text).substr(0, mark)));
  url.scheme = scheme;
  std::size_t slash = text.find('/', mark + 3);
  if (slash == std::string::npos || slash + 1 == text.size()) {
    return Refused("the URL names no repository: add its path after the host");
  }
  url.path = text.substr(slash);
  std::string authority = text.substr(mark + 3, slash - mark - 3);
  if (url.scheme == Scheme::kFile) {
    if (!authority.empty()) return Refused("a file URL names no host: write file:///path");
    return url;
  }
  if (std::size_t at = authority.rfind('@'); at != std::string::npos) {
    url.user = authority.substr(0, at);
    authority.erase(0, at + 1);
    if (url.scheme == Scheme::kHttps || url.user.find(':') != std::string::npos) {
      return Refused(
          "the URL holds credentials, which everybody who can read the object would see: "
          "put them into the Secret that spec.secretRef names");
    }
    if (url.user.empty() || url.user.front() == '-') {
      return Refused("the URL's user name is empty or begins with a dash");
    }
  }
  SLIPWAY_TRYV(ParseHost(std::move(authority), url));
  return url;
}

std::string RedactUserInfo(std::string text) {
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    std::size_t begin = at + 3;
    std::size_t end = text.find_first_of("/ \t\r\n'\"", begin);
    std::string authority = text.substr(begin, end == std::string::npos ? end : end - begin);
    std::size_t sign = authority.rfind('@');
    if (sign != std::string::npos) text.replace(begin, sign, "***");
  }
  return text;
}

}  // namespace slipway::git
