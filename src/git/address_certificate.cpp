#include "src/git/address_certificate.hpp"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace slipway::git {
namespace {

template <typename T, void (*Free)(T*)>
struct Release {
  void operator()(T* object) const { Free(object); }
};
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using Store = std::unique_ptr<X509_STORE, Release<X509_STORE, X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Release<X509_STORE_CTX, X509_STORE_CTX_free>>;

}  // namespace

bool VerifiesForAddress(std::string_view certificate, const std::string& authorities_file,
                        const std::string& host) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(certificate.data());
  Certificate leaf(d2i_X509(nullptr, &bytes, static_cast<long>(certificate.size())));
  Store store(X509_STORE_new());
  Verification verification(X509_STORE_CTX_new());
  if (!leaf || !store || !verification) return false;
  if (X509_STORE_load_file(store.get(), authorities_file.c_str()) != 1) return false;
  if (X509_STORE_CTX_init(verification.get(), store.get(), leaf.get(), nullptr) != 1) return false;
  X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(verification.get());
  return X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1 &&
         X509_STORE_CTX_set_purpose(verification.get(), X509_PURPOSE_SSL_SERVER) == 1 &&
         X509_verify_cert(verification.get()) == 1;
}

}  // namespace slipway::git
