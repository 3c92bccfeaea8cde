#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "reconciler/base/time.hpp"

namespace slipway::http {

/// What a TLS server shows and trusts. PEM.
struct TlsIdentity {
  std::string chain;      ///< its certificate, then the ones above it
  std::string key;        ///< of the first certificate
  std::string client_ca;  ///< clients may show a certificate of this CA; another one is refused
};

/// What one listener spends at most. All are set before anything is parsed.
struct Limits {
  std::size_t header_bytes = 64 << 10;
  std::size_t body_bytes = 3 << 20;
  std::size_t unauthenticated = 256;  ///< connections of nobody known; one more closes an old one
  std::size_t connections = 8'192;    ///< all; one more closes a stranger, or is closed at once
  std::size_t per_identity =
      0;  ///< known ones with one common name; one more closes the oldest. 0: any
  std::size_t per_user = 0;  ///< that MarkAuthenticated named; one more stays a stranger's. 0: any
  std::size_t of_users = 0;  ///< of all users together, likewise
  Duration handshake = std::chrono::seconds(10);  ///< TLS, from accept to finished
  Duration header = std::chrono::seconds(10);  ///< from a request's first byte to its last header
  Duration body = std::chrono::seconds(60);    ///< of one request, all of it
  Duration idle = std::chrono::minutes(3);     ///< between requests, once authenticated
  Duration write = std::chrono::seconds(30);   ///< for each 64 KiB of an answer
};

/// Where a listener listens.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;

  /// `https://host:port` that works on this machine: 127.0.0.1 for an address that stands for all.
  std::string LocalUrl() const;
};

struct Peer;

struct ListenerOptions {
  std::string address = "127.0.0.1";  ///< an IP address
  std::uint16_t port = 0;             ///< 0: any that is free
  TlsIdentity identity{};
  Limits limits{};

  /// Whether a client with a certificate counts as known. Who has none, or is not known, stays a stranger
  /// and makes room for others. Empty: each certificate is good enough.
  std::function<bool(const Peer&)> known{};

  /// Told of each request whose handler threw `what`, which is a fault of ours. May be empty.
  std::function<void(const std::string& path, const std::string& what)> on_fault{};
};

}  // namespace slipway::http
