#include "tests/src/cloud/azure/credentials/test_certificate.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

namespace slipway::cloud::azure {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certified = std::unique_ptr<X509, decltype(&X509_free)>;

Bio Reading(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

Key KeyIn(const std::string& pem) {
  return {PEM_read_bio_PrivateKey(Reading(pem).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
}

/// What `write` puts into it.
template <typename Write>
std::string Written(const Write& write) {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  write(bio.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

std::string CertificateOf(const std::string& key_pem) {
  constexpr long kDay = 86'400;
  const Key key = KeyIn(key_pem);
  const Certified made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kDay);
  X509_set_pubkey(made.get(), key.get());
  X509_sign(made.get(), key.get(), EVP_sha256());
  return Written([&](BIO* bio) { PEM_write_bio_X509(bio, made.get()); });
}

std::string OtherKey() {
  const Key key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  return Written([&](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string Encrypted(const std::string& key_pem) {
  const Key key = KeyIn(key_pem);
  std::array<unsigned char, 4> passphrase = {'h', 'u', 's', 'h'};
  return Written([&](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, key.get(), EVP_aes_128_cbc(), passphrase.data(),
                             static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

std::string ThumbprintOf(const std::string& pem) {
  const Certified read(PEM_read_bio_X509(Reading(pem).get(), nullptr, nullptr, nullptr),
                       &X509_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(read.get(), EVP_sha1(), digest.data(), &size);
  return {digest.begin(), digest.begin() + size};
}

}  // namespace slipway::cloud::azure
