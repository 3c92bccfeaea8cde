#include "src/agent/tls.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <vector>

#include "src/agent/files.hpp"
#include "src/agent/openssl.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxPemBytes = 64U << 10;

/// A peer that is gone without a word is noticed after a minute, however long the answer may take that is waited for.
void KeepAlive(tcp::socket& socket) {
  constexpr int kOn = 1;
  constexpr int kIdleSeconds = 20;
  constexpr int kProbeSeconds = 10;
  constexpr int kProbes = 4;
  const auto set = [&](int level, int option, int value) {
    (void)::setsockopt(socket.native_handle(), level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, kOn);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

/// What the verification of one context needs. Freed with the context.
struct Trust {
  std::string ca_hash;
  Certificate known_ca;  ///< nullptr: it must be in the chain
};

int TrustIndex() {
  static const int kIndex = ::SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Trust*>(pointer);
      });
  return kIndex;
}

X509* FindCa(const Trust& trust, STACK_OF(X509) * chain) {
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* candidate = sk_X509_value(chain, i);
    if (HashOf(candidate) == trust.ca_hash) {
      return candidate;
    }
  }
  return trust.known_ca.get();
}

/// Instead of OpenSSL's own verification: by the one CA that we were told.
int Verify(X509_STORE_CTX* presented, void* argument) {
  const Trust& trust = *static_cast<const Trust*>(argument);
  X509* leaf = ::X509_STORE_CTX_get0_cert(presented);
  STACK_OF(X509)* chain = ::X509_STORE_CTX_get0_untrusted(presented);
  X509* ca = FindCa(trust, chain);
  if (ca == nullptr || ::X509_check_ca(ca) == 0) {
    ::X509_STORE_CTX_set_error(presented, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    return 0;
  }
  const CertificateStore store(::X509_STORE_new());
  const Verification inner(::X509_STORE_CTX_new());
  if (::X509_STORE_add_cert(store.get(), ca) != 1 ||
      ::X509_STORE_CTX_init(inner.get(), store.get(), leaf, chain) != 1 ||
      ::X509_STORE_CTX_set_purpose(inner.get(), X509_PURPOSE_SSL_SERVER) != 1) {
    ::X509_STORE_CTX_set_error(presented, X509_V_ERR_OUT_OF_MEM);
    return 0;
  }
  const int verified = ::X509_verify_cert(inner.get());
  ::X509_STORE_CTX_set_error(presented, ::X509_STORE_CTX_get_error(inner.get()));
  return verified == 1 ? 1 : 0;
}

std::string Explain(const ServerUrl& server, const error_code& failed, TlsStream& stream) {
  const long verdict = ::SSL_get_verify_result(stream.native_handle());
  if (failed.category() == asio::error::get_ssl_category() && verdict != X509_V_OK) {
    return server.HostAndPort() +
           ": its certificate is not signed by the CA that --ca-hash names (" +
           ::X509_verify_cert_error_string(verdict) + ")";
  }
  if (failed == boost::beast::error::timeout) {
    return server.HostAndPort() + ": did not answer in time";
  }
  return server.HostAndPort() + ": " + failed.message();
}

/// A question to the system's resolver. That cannot be interrupted: an answer that comes too late is
/// thrown away.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}

  tcp::resolver resolver;
  asio::steady_timer done;  ///< cancelled when there is an answer, or nobody wants one
  bool answered = false;
  error_code failed;
  std::vector<tcp::endpoint> endpoints;
};

asio::awaitable<Result<std::vector<tcp::endpoint>>> Resolve(ServerUrl server, SteadyTime until,
                                                            std::shared_ptr<Control> control) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->done.expires_at(until);
  const Stoppable stoppable(control, [lookup] { lookup->done.cancel(); });
  lookup->resolver.async_resolve(
      server.host, std::to_string(server.port),
      [lookup](error_code failed, const tcp::resolver::results_type& results) {
        lookup->answered = true;
        lookup->failed = failed;
        for (const auto& result : results) {
          lookup->endpoints.push_back(result.endpoint());
        }
        lookup->done.cancel();
      });
  error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await lookup->done.async_wait(token);
  if (!lookup->answered || lookup->failed) {
    co_return Fail(Code::kUnavailable,
                   server.host + ": " +
                       (lookup->answered ? lookup->failed.message() : "was not resolved in time"));
  }
  co_return lookup->endpoints;
}

}  // namespace

std::string ServerUrl::HostAndPort() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ServerUrl> ParseServerUrl(const std::string& text) {
  const Error wrong = Fail(Code::kInvalid, "--server: \"" + text + "\" must be https://HOST:PORT");
  const std::string scheme = "https://";
  if (text.rfind(scheme, 0) != 0) {
    return wrong;
  }
  std::string rest = text.substr(scheme.size());
  if (!rest.empty() && rest.back() == '/') {
    rest.pop_back();
  }
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0 || rest.find('/') != std::string::npos) {
    return wrong;
  }
  ServerUrl url{.host = rest.substr(0, colon), .port = 0};
  const char* end = rest.data() + rest.size();
  const auto [stop, failed] = std::from_chars(rest.data() + colon + 1, end, url.port);
  if (failed != std::errc() || stop != end || url.port == 0) {
    return wrong;
  }
  if (url.host.front() == '[' && url.host.back() == ']') {
    url.host = url.host.substr(1, url.host.size() - 2);
  }
  return url;
}

Result<TlsContext> MakeTlsContext(const IdentityFiles& files, const std::string& ca_hash,
                                  bool certificate) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  ::SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  ::SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  auto trust = std::make_unique<Trust>();
  trust->ca_hash = ca_hash;
  if (const Result<std::string> pem = ReadFile(files.Ca(), kMaxPemBytes)) {
    Result<Certificate> ca = ReadCertificate(pem.value());
    if (ca && HashOf(ca.value().get()) == ca_hash) {
      trust->known_ca = std::move(ca.value());
    }
  }
  ::SSL_CTX_set_cert_verify_callback(native, &Verify, trust.get());
  ::SSL_CTX_set_ex_data(native, TrustIndex(), trust.release());
  error_code failed;
  context->set_verify_mode(ssl::verify_peer, failed);
  if (certificate && !failed) {
    context->use_certificate_chain_file(files.Certificate(), failed);
    if (!failed) {
      context->use_private_key_file(files.Key(), ssl::context::pem, failed);
    }
  }
  if (failed) {
    return Fail(Code::kInternal, files.directory + ": cannot be used for TLS: " + failed.message());
  }
  return context;
}

asio::awaitable<Result<std::unique_ptr<TlsStream>>> ConnectTls(ServerUrl server, TlsContext context,
                                                               Duration deadline,
                                                               std::shared_ptr<Control> control) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  const SteadyTime until = std::chrono::steady_clock::now() + deadline;
  auto stream = std::make_unique<TlsStream>(executor, *context);
  std::vector<tcp::endpoint> endpoints;
  const asio::ip::address address = asio::ip::make_address(server.host, failed);
  if (!failed) {
    endpoints.emplace_back(address, server.port);
  } else {
    Result<std::vector<tcp::endpoint>> resolved = co_await Resolve(server, until, control);
    if (!resolved) {
      co_return resolved.error();
    }
    endpoints = std::move(resolved.value());
    ::SSL_set_tlsext_host_name(stream->native_handle(), server.host.c_str());
  }
  const Stoppable stoppable(control,
                            [raw = stream.get()] { beast::get_lowest_layer(*raw).close(); });
  beast::get_lowest_layer(*stream).expires_at(until);
  co_await beast::get_lowest_layer(*stream).async_connect(endpoints, token);
  if (failed) {
    co_return Fail(Code::kUnavailable, server.HostAndPort() + ": " + failed.message());
  }
  beast::get_lowest_layer(*stream).socket().set_option(tcp::no_delay(true), failed);
  KeepAlive(beast::get_lowest_layer(*stream).socket());
  co_await stream->async_handshake(ssl::stream_base::client, token);
  if (failed) {
    co_return Fail(Code::kUnavailable, Explain(server, failed, *stream));
  }
  beast::get_lowest_layer(*stream).expires_never();
  co_return std::move(stream);
}

}  // namespace slipway::agent
