#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"

// Which proxy stands between us and a host. Private to this folder. Pure, so thread-safe.
namespace slipway::rest {

/// Where a proxy listens, and who we are to it.
struct Proxy {
  std::string host;
  int port = 0;
  std::string user;      ///< empty: it asks for nobody's name
  std::string password;  ///< neither is escaped any more

  /// For messages: http://host:port, without credentials.
  std::string Origin() const;
};

/// Of [http://][user:password@]host:port, user and password escaped as in a URL; nullopt where `url` is empty. kInvalid says what is wrong,
/// and does not repeat it: it may hold a password.
Result<std::optional<Proxy>> ReadProxy(std::string_view url);

/// Whether `host`, a name or an address, is one that NO_PROXY says to ask directly. The rules are as curl has them, apart from ports:
/// entries with commas or spaces between them; "*" is everybody; a name stands for itself and its subdomains, with or without a dot in
/// front; an address, IPv6 in brackets or not, for itself; a CIDR range for the addresses in it. Behind a name, an address or brackets
/// may stand a :port, and then only that one is meant. What cannot be read means nobody.
bool IsExempt(std::string_view no_proxy, std::string_view host, int port);

}  // namespace slipway::rest
