#include "src/rest/target.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace slipway::rest {
namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), Lower);
  return lower;
}

bool Consists(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [others](char c) {
    return IsAlphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

bool IsToken(std::string_view text) { return !text.empty() && Consists(text, "!#$%&'*+-.^_`|~"); }

bool IsControl(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }

/// Host and port of the part between "//" and the path.
Result<void> ReadAuthority(std::string_view authority, Target& target) {
  if (authority.find('@') != std::string_view::npos) {
    return Fail(Code::kBadRequest, "the URL has a user name; credentials belong in a header");
  }
  if (authority.starts_with('[')) {
    return Fail(Code::kBadRequest,
                "the URL has an IPv6 address, which cannot be connected to; give the host a name");
  }
  const std::size_t colon = authority.find(':');
  if (colon != std::string_view::npos) {
    target.port = ReadPort(authority.substr(colon + 1));
    if (target.port == 0) {
      return Fail(Code::kBadRequest, "the URL has no port of 1 to 65535 after its colon");
    }
  }
  target.host = Lowered(authority.substr(0, colon));
  if (target.host.empty()) {
    return Fail(Code::kBadRequest, "the URL names no host");
  }
  if (!Consists(target.host, "-._")) {
    return Fail(Code::kBadRequest, "the URL's host has characters that no host name has");
  }
  return Ok();
}

/// Only what survives cpprestsdk unchanged.
Result<void> CheckResource(std::string_view text, const Target& target) {
  if (text.find('#') != std::string_view::npos) {
    return Fail(Code::kBadRequest, "the URL for " + target.Origin() +
                                       " has a fragment, which no server gets to see; escape # "
                                       "as %23");
  }
  if (!Consists(text, "-._~!$&'()*+,;=:@%/?")) {
    return Fail(Code::kBadRequest,
                "the URL for " + target.Origin() + " has a character that must be escaped as %XX");
  }
  if (text.ends_with('?') && text.find('?') == text.size() - 1) {
    return Fail(Code::kBadRequest, "the URL for " + target.Origin() +
                                       " ends in a question mark; leave it away where there is no "
                                       "query");
  }
  return Ok();
}

}  // namespace

std::string Target::Origin() const {
  return (tls ? "https://" : "http://") + host + ":" + std::to_string(port);
}

std::string Target::Base() const {
  const bool usual = port == (tls ? kHttpsPort : kHttpPort);
  return usual ? (tls ? "https://" : "http://") + host : Origin();
}

int ReadPort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && !text.starts_with('-') && port <= 65535 ? port : 0;
}

Result<Target> ReadTarget(std::string_view url) {
  if (std::ranges::any_of(url, IsControl)) {
    return Fail(Code::kBadRequest, "the URL has a control character");
  }
  const std::size_t colon = url.find("://");
  const std::string scheme = Lowered(url.substr(0, colon));
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return Fail(Code::kBadRequest, "the URL starts neither with http:// nor with https://");
  }
  Target target{.tls = scheme == "https"};
  target.port = target.tls ? kHttpsPort : kHttpPort;
  url.remove_prefix(colon + 3);
  const std::size_t end = std::min(url.find_first_of("/?#\\"), url.size());
  SLIPWAY_TRYV(ReadAuthority(url.substr(0, end), target));
  url.remove_prefix(end);
  SLIPWAY_TRYV(CheckResource(url, target));
  target.path_and_query = (url.starts_with('/') ? "" : "/") + std::string(url);
  return target;
}

Result<void> CheckHead(const Request& request) {
  if (!IsToken(request.method)) {
    return Fail(Code::kBadRequest, "the method of the request is not a word such as GET");
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) {
      return Fail(Code::kBadRequest,
                  "a header's name is empty or has a character that no header's "
                  "name may have");
    }
    const std::string lower = Lowered(name);
    for (const char* ours : {"host", "content-length", "transfer-encoding", "connection", "expect",
                             "proxy-authorization"}) {
      if (lower == ours) {
        return Fail(Code::kBadRequest,
                    "the header " + name + " is made from the rest of the request; leave it out");
      }
    }
    if (std::ranges::any_of(value, [](char c) { return IsControl(c) && c != '\t'; })) {
      return Fail(Code::kBadRequest,
                  "the value of the header " + name + " has a control character");
    }
  }
  return Ok();
}

}  // namespace slipway::rest
