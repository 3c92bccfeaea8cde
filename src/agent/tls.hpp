#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/agent/control.hpp"
#include "src/agent/identity.hpp"
#include "src/transport/tls_stream.hpp"

/// TLS to the control plane. Heavy: only for .cpp files of this folder.
namespace slipway::agent {

/// "https://HOST:PORT"; HOST may be an IPv6 address in brackets.
struct ServerUrl {
  std::string host;
  std::uint16_t port = 0;

  std::string HostAndPort() const;
};

/// kInvalid where it has another form.
Result<ServerUrl> ParseServerUrl(const std::string& text);

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;
using transport::TlsStream;

/// A context that trusts one CA: the one in the chain that the other side sends, or in files.Ca(),
/// whose SHA-256 is `ca_hash`, and nothing else. The other side's certificate must be for servers.
/// Its host name is not looked at: this CA gives certificates for servers to the control plane
/// alone. With `certificate`, ours is shown.
Result<TlsContext> MakeTlsContext(const IdentityFiles& files, const std::string& ca_hash,
                                  bool certificate);

/// Resolves, connects and shakes hands, all within `deadline`. The stream has no deadline after
/// that. Control::stop ends it soon; `control` may be nullptr.
boost::asio::awaitable<Result<std::unique_ptr<TlsStream>>> ConnectTls(
    ServerUrl server, TlsContext context, Duration deadline, std::shared_ptr<Control> control);

}  // namespace slipway::agent
