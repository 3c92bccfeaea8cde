#pragma once

#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/rest/client.hpp"

// What is sent where. Private to this folder. Pure, so thread-safe.
namespace slipway::rest {

/// A URL in its parts.
struct Target {
  bool tls = false;
  std::string host;            ///< a name or an IPv4 address, in lower case
  int port = 0;                ///< 1 to 65535
  std::string path_and_query;  ///< as the URL has it; "/" at least

  /// For messages: scheme://host:port.
  std::string Origin() const;

  /// scheme://host, and the port only where it is not the usual one.
  std::string Base() const;
};

/// kBadRequest says what is wrong, and repeats nothing that stands behind the port.
Result<Target> ReadTarget(std::string_view url);

/// Whether method and headers of a request may go over the wire as they are. kBadRequest names the header, never its value.
Result<void> CheckHead(const Request& request);

/// A number of one to five digits that is a port; 0: it is none.
int ReadPort(std::string_view text);

}  // namespace slipway::rest
