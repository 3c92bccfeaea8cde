#include "src/http/tls.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/buffer.hpp>

#include "reconciler/base/digest.hpp"

namespace slipway::http {
namespace {

namespace ssl = boost::asio::ssl;

constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305";

/// All values of one field of a name, in order.
std::vector<std::string> NameEntries(X509_NAME* name, int nid) {
  std::vector<std::string> entries;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) {
      entries.emplace_back(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    }
    OPENSSL_free(text);
  }
  return entries;
}

std::string KeyHash(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  std::string hash;
  if (size > 0) {
    hash = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  }
  OPENSSL_free(der);
  return hash;
}

std::string CertificateHash(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  return HexOf({digest.data(), size});
}

Result<void> Load(ssl::context& context, const TlsIdentity& identity) {
  boost::system::error_code error;
  context.use_certificate_chain(boost::asio::buffer(identity.chain), error);
  if (error) {
    return Fail(Code::kInvalid, "the server's certificate cannot be used: " + error.message());
  }
  context.use_private_key(boost::asio::buffer(identity.key), ssl::context::pem, error);
  if (error) {
    return Fail(Code::kInvalid, "the server's key cannot be used: " + error.message());
  }
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    return Fail(Code::kInvalid, "the server's key does not belong to its certificate");
  }
  context.add_certificate_authority(boost::asio::buffer(identity.client_ca), error);
  if (error) {
    return Fail(Code::kInvalid, "the clients' CA cannot be used: " + error.message());
  }
  return Ok();
}

/// Tells clients which certificate is meant, for those that have several.
void NameClientAuthority(SSL_CTX* context) {
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    if (X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i))) {
      SSL_CTX_add_client_CA(context, certificate);
    }
  }
}

}  // namespace

Result<std::shared_ptr<ssl::context>> MakeServerContext(const TlsIdentity& identity) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(raw, kCiphers);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  // Every connection shows its certificate anew: a resumed session would outlive its owner's rights.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SLIPWAY_TRYV(Load(*context, identity));
  NameClientAuthority(raw);
  context->set_verify_mode(ssl::verify_peer);  // no certificate is fine, a wrong one is not
  return context;
}

Peer PeerOf(SSL* connection) {
  Peer peer;
  X509* const certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) {
    return peer;
  }
  X509_NAME* const subject = X509_get_subject_name(certificate);
  peer.has_certificate = true;
  const auto names = NameEntries(subject, NID_commonName);
  peer.common_name = names.empty() ? "" : names.front();
  peer.organisations = NameEntries(subject, NID_organizationName);
  peer.key_hash = KeyHash(certificate);
  peer.certificate_hash = CertificateHash(certificate);
  return peer;
}

}  // namespace slipway::http
