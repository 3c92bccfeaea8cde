#include "tests/src/rest/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace slipway::rest::test {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

constexpr long kDaySeconds = 24L * 60 * 60;

void Must(bool done) {
  if (!done) {
    throw std::runtime_error("OpenSSL cannot make a certificate");
  }
}

Key MakeKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string PemOf(X509* certificate) {
  BIO* const bio = BIO_new(BIO_s_mem());
  Must(PEM_write_bio_X509(bio, certificate) == 1);
  return TextOf(bio);
}

std::string PemOf(EVP_PKEY* key) {
  BIO* const bio = BIO_new(BIO_s_mem());
  Must(PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return TextOf(bio);
}

void Extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  Must(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void Name(X509_NAME* name, const std::string& common_name) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
}

std::uint64_t RandomNumber() {
  std::uint64_t number = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
  return number;
}

/// Valid from the day before it ends, or from yesterday.
Certificate Make(const std::string& name, const std::string& issuer, const Key& key, int days) {
  Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), RandomNumber() >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), kDaySeconds * (std::min(days, 0) - 1));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDaySeconds * days);
  X509_set_pubkey(certificate.get(), key.get());
  Name(X509_get_subject_name(certificate.get()), name);
  Name(X509_get_issuer_name(certificate.get()), issuer);
  return certificate;
}

void SignWith(const Certificate& certificate, const Key& key) {
  Must(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
}

}  // namespace

TestAuthority::TestAuthority()
    : name_("rest test CA " + std::to_string(RandomNumber())), key_(MakeKey()) {
  const Certificate certificate = Make(name_, name_, key_, 2);
  Extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  SignWith(certificate, key_);
  pem_ = PemOf(certificate.get());
}

Identity TestAuthority::Issue(const std::string& subject, int days) const {
  const Key key = MakeKey();
  const Certificate certificate = Make("server", name_, key, days);
  Extend(certificate.get(), NID_subject_alt_name, subject);
  SignWith(certificate, key_);
  return {PemOf(certificate.get()), PemOf(key.get())};
}

Identity TestAuthority::SelfSigned(const std::string& subject) {
  const Key key = MakeKey();
  const Certificate certificate = Make("alone", "alone", key, 2);
  Extend(certificate.get(), NID_subject_alt_name, subject);
  SignWith(certificate, key);
  return {PemOf(certificate.get()), PemOf(key.get())};
}

}  // namespace slipway::rest::test
