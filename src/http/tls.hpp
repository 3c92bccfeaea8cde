#pragma once

#include <utility>  // before Asio, which needs it and does not include it

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "reconciler/base/result.hpp"
#include "src/http/exchange.hpp"
#include "src/http/options.hpp"

// Private to this folder: shows OpenSSL. Thread-safe.
namespace slipway::http {

/// TLS 1.2 or newer, client certificates asked for but not demanded. kInvalid: certificate, key or
/// CA cannot be used, and why.
Result<std::shared_ptr<boost::asio::ssl::context>> MakeServerContext(const TlsIdentity& identity);

/// What a finished handshake says about the client; its address is left empty.
Peer PeerOf(SSL* connection);

}  // namespace slipway::http
