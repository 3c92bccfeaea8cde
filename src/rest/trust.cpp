#include "src/rest/trust.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace slipway::rest {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// Gives each certificate to `use`; how many it took, or -1.
template <typename Use>
int ForEachCertificate(const std::string& pem, const Use& use) {
  const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  int count = 0;
  while (true) {
    const Certificate certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr),
                                  X509_free);
    if (certificate == nullptr) {
      const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      return at_end ? count : -1;
    }
    if (!use(certificate.get())) {
      return -1;
    }
    ++count;
  }
}

// In place of OpenSSL's own step, so that the reason is known afterwards: cpprestsdk says only that the handshake failed. What
// cpprestsdk itself asks of the host's name is asked too, below X509_verify_cert.
int VerifyChain(X509_STORE_CTX* chain, void* argument) {
  auto& trust = *static_cast<Trust*>(argument);
  X509_VERIFY_PARAM* const demands = X509_STORE_CTX_get0_param(chain);
  X509_VERIFY_PARAM_set_hostflags(demands, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = IsAddress(trust.host)
                      ? X509_VERIFY_PARAM_set1_ip_asc(demands, trust.host.c_str())
                      : X509_VERIFY_PARAM_set1_host(demands, trust.host.data(), trust.host.size());
  const int good = set == 1 ? X509_verify_cert(chain) : 0;
  const int reason = X509_STORE_CTX_get_error(chain);
  trust.refusal = good == 1 ? 0 : (reason == X509_V_OK ? X509_V_ERR_UNSPECIFIED : reason);
  return good == 1 ? 1 : 0;
}

void CountRecord(int written, int /*version*/, int type, const void* bytes, std::size_t size,
                 SSL* /*connection*/, void* argument) {
  constexpr std::size_t kHeaderBytes = 5;
  if (written == 0 && type == SSL3_RT_HEADER && size >= kHeaderBytes) {
    const auto* header = static_cast<const unsigned char*>(bytes);
    static_cast<Trust*>(argument)->on_received(kHeaderBytes + (std::size_t{header[3]} << 8) +
                                               header[4]);
  }
}

using Connections = std::shared_ptr<std::atomic<int>>;

void CountDown(void* /*context*/, void* counted, CRYPTO_EX_DATA* /*all*/, int /*index*/,
               long /*unused*/, void* /*unused*/) {
  if (auto* const connections = static_cast<Connections*>(counted); connections != nullptr) {
    --**connections;
    delete connections;
  }
}

/// A context is there for one connection, and goes away with it.
bool Count(SSL_CTX* context, const Connections& connections) {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, CountDown);
  auto counted = std::make_unique<Connections>(connections);
  if (SSL_CTX_set_ex_data(context, index, counted.get()) != 1) {
    return false;
  }
  ++**counted.release();
  return true;
}

}  // namespace

Result<void> CheckAuthorities(const std::string& ca_pem) {
  if (ForEachCertificate(ca_pem, [](X509*) { return true; }) <= 0) {
    return Fail(Code::kInvalid, "the CA is not a certificate in PEM format");
  }
  return Ok();
}

bool IsAddress(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool Demand(ssl_ctx_st* context, Trust& trust) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cert_verify_callback(context, VerifyChain, &trust);
  SSL_CTX_set_msg_callback(context, CountRecord);
  SSL_CTX_set_msg_callback_arg(context, &trust);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  return Count(context, trust.connections) &&
         ForEachCertificate(trust.ca_pem, [store](X509* certificate) {
           return X509_STORE_add_cert(store, certificate) == 1;
         }) >= 0;
}

std::string WhyRefused(int refusal) {
  switch (refusal) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "which is for another host; use the name that the certificate is for, or have one "
             "made for this name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "which has expired; have it renewed, or check the clock here";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "which is not valid yet; check the clocks here and there";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "which signed itself; name it as a CA if it is the right one";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "which was signed by nobody that is trusted here; name the CA that signed it";
    default:
      return std::string("which is not to be trusted: ") + X509_verify_cert_error_string(refusal);
  }
}

}  // namespace slipway::rest
