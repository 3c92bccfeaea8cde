#include "src/rest/proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "src/rest/client.hpp"
#include "src/rest/target.hpp"

namespace slipway::rest {
namespace {

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  int bits = 0;  ///< 32 or 128

  bool operator==(const Address&) const = default;
};

std::optional<Address> ReadAddress(std::string_view text) {
  const std::string terminated(text);
  Address address;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
    return address;
  }
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
    return address;
  }
  return std::nullopt;
}

std::string_view WithoutBrackets(std::string_view text) {
  return text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
}

bool Contains(std::string_view network, std::string_view length, const Address& address) {
  const auto start = ReadAddress(WithoutBrackets(network));
  int bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (!start || start->bits != address.bits || error != std::errc() ||
      end != length.data() + length.size() || bits < 0 || bits > address.bits) {
    return false;
  }
  for (int bit = 0; bit < bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((start->bytes[byte] & mask) != (address.bytes[byte] & mask)) {
      return false;
    }
  }
  return true;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
    return x == y || ((x ^ y) == 0x20 && (x | 0x20) >= 'a' && (x | 0x20) <= 'z');
  });
}

bool IsBelow(std::string_view host, std::string_view domain) {
  if (host.size() < domain.size() ||
      !EqualIgnoringCase(host.substr(host.size() - domain.size()), domain)) {
    return false;
  }
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

/// Takes :port off an entry. 0: it has none, and means any; nullopt: what stands there is no port.
std::optional<int> TakePort(std::string_view& entry) {
  const std::size_t colon = entry.rfind(':');
  const bool bare_ipv6 = !entry.starts_with('[') && entry.find(':') != colon;
  if (colon == std::string_view::npos || bare_ipv6 || entry.find(']', colon) != entry.npos) {
    return 0;
  }
  const int port = ReadPort(entry.substr(colon + 1));
  entry = entry.substr(0, colon);
  return port == 0 ? std::nullopt : std::optional(port);
}

bool Covers(std::string_view entry, std::string_view host, int port) {
  if (entry == "*") {
    return true;
  }
  const auto address = ReadAddress(host);
  if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
    return address && Contains(entry.substr(0, slash), entry.substr(slash + 1), *address);
  }
  const auto only = TakePort(entry);
  if (!only || (*only != 0 && *only != port)) {
    return false;
  }
  if (address) {
    return ReadAddress(WithoutBrackets(entry)) == address;
  }
  entry.remove_prefix(entry.starts_with('.') ? 1 : 0);
  entry.remove_suffix(entry.ends_with('.') ? 1 : 0);
  return !entry.empty() && IsBelow(host, entry);
}

int HexDigit(char c) {
  const auto at = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at % 16);
}

/// nullopt: a broken escape, or a control character.
std::optional<std::string> Unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '%') {
      const int high = at + 2 < text.size() ? HexDigit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? HexDigit(text[at + 2]) : -1;
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high * 16 + low);
      at += 2;
    }
    if ((c >= 0 && c < ' ') || c == '\x7f') {
      return std::nullopt;
    }
    plain += c;
  }
  return plain;
}

Result<void> ReadCredentials(std::string_view text, Proxy& proxy) {
  const std::size_t colon = text.find(':');
  auto user = Unescaped(text.substr(0, colon));
  auto password = Unescaped(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!user || !password || user->empty() || user->find(':') != std::string::npos) {
    return Fail(Code::kInvalid,
                "the user name or the password of the proxy cannot be read; other "
                "characters than letters and digits are escaped as %XX");
  }
  proxy.user = std::move(*user);
  proxy.password = std::move(*password);
  return Ok();
}

/// The first that is there decides, also where it is empty: so one says that there is none after all.
std::string FirstOf(const std::map<std::string, std::string>& environment,
                    std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = environment.find(name);
    if (found != environment.end()) {
      return found->second;
    }
  }
  return "";
}

}  // namespace

std::string Proxy::Origin() const { return "http://" + host + ":" + std::to_string(port); }

Result<std::optional<Proxy>> ReadProxy(std::string_view url) {
  if (url.empty()) {
    return std::optional<Proxy>();
  }
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    if (!EqualIgnoringCase(url.substr(0, scheme), "http")) {
      return Fail(Code::kInvalid,
                  "the URL of the proxy does not start with http://, and no other "
                  "kind of proxy can be used");
    }
    url.remove_prefix(scheme + 3);
  }
  Proxy proxy;
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    SLIPWAY_TRYV(ReadCredentials(url.substr(0, at), proxy));
    url.remove_prefix(at + 1);
  }
  url.remove_suffix(url.ends_with('/') ? 1 : 0);
  const auto target = ReadTarget("http://" + std::string(url));
  if (!target.has_value() || target.value().path_and_query != "/" ||
      url.find(':') == std::string_view::npos) {
    return Fail(Code::kInvalid,
                "the URL of the proxy is not of the form http://[user:password@]host:port");
  }
  proxy.host = target.value().host;
  proxy.port = target.value().port;
  return std::optional(std::move(proxy));
}

bool IsExempt(std::string_view no_proxy, std::string_view host, int port) {
  host = WithoutBrackets(host);
  host.remove_suffix(host.ends_with('.') ? 1 : 0);
  constexpr std::string_view kBetween = ", \t\r\n";
  while (true) {
    no_proxy.remove_prefix(std::min(no_proxy.find_first_not_of(kBetween), no_proxy.size()));
    if (no_proxy.empty()) {
      return false;
    }
    const std::size_t end = std::min(no_proxy.find_first_of(kBetween), no_proxy.size());
    if (Covers(no_proxy.substr(0, end), host, port)) {
      return true;
    }
    no_proxy.remove_prefix(end);
  }
}

ClientOptions OptionsFrom(const std::map<std::string, std::string>& environment) {
  return {.https_proxy = FirstOf(environment, {"https_proxy", "HTTPS_PROXY"}),
          .http_proxy = FirstOf(environment, {"http_proxy"}),
          .no_proxy = FirstOf(environment, {"no_proxy", "NO_PROXY"})};
}

}  // namespace slipway::rest
