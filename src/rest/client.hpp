#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::rest {

/// One request to somebody else's API.
struct Request {
  std::string method = "GET";
  std::string
      url;  ///< absolute, http:// or https://, its path and query already escaped; no user name, no fragment
  /// Sent as they are; besides, User-Agent is "slipway" where it is not given. Host (in lower case, with the port where it is not the
  /// usual one), Content-Length, Transfer-Encoding, Connection, Expect and Proxy-Authorization are made from the rest and refused here.
  std::map<std::string, std::string> headers;
  std::string body;
  Duration deadline{30'000};  ///< for the whole of it, connecting and body included
  std::size_t max_response_bytes = 16ULL << 20;  ///< of the body
};

/// What came back, whatever its status; a redirect too, which is never followed: credentials stay with the host they are for.
struct Response {
  int status = 0;
  std::map<std::string, std::string>
      headers;  ///< names in lower case; several of one name joined by ", "
  std::string body;

  bool succeeded() const { return status >= 200 && status <= 299; }
};

/// The door to other people's HTTP APIs. Blocking: call it on a thread of a pool. Thread-safe.
class Client {
 public:
  virtual ~Client() = default;

  /// One answer that came whole. kTimeout: not before the deadline; kUnavailable: no connection, or it broke before all was there;
  /// kTooLarge; kBadRequest: method, URL or a header cannot be used; kForbidden: the certificate of the server is not to be trusted.
  /// Messages name scheme, host and port, never path, query or headers: credentials stand there. Where a kept connection turns out to
  /// be broken, a GET, HEAD, PUT, DELETE or OPTIONS is sent again, and anything else only if none of it was sent.
  virtual Result<Response> Send(const Request& request) = 0;
};

struct ClientOptions {
  std::string ca_pem;       ///< trusted besides those of the system, or empty
  std::string https_proxy;  ///< http://[user:password@]host:port for https:// URLs, or empty
  std::string http_proxy;   ///< the same for http:// URLs
  /// Hosts that are asked directly, as NO_PROXY says it for curl: names and their subdomains, addresses, CIDR ranges, "*".
  std::string no_proxy;
};

/// What the usual variables say (https_proxy, no_proxy, … with the lower-case name before the upper-case one; HTTP_PROXY in upper case is
/// not read, because a CGI client could set it), of an environment.
ClientOptions OptionsFrom(const std::map<std::string, std::string>& environment);

/// Over cpprestsdk: keeps connections for the next request to the same host. kInvalid where `ca_pem` or a proxy cannot be used.
Result<std::unique_ptr<Client>> MakeClient(ClientOptions options);

}  // namespace slipway::rest
