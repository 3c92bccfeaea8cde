#include "src/cloud/azure/credentials/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>
#include <chrono>
#include <memory>
#include <span>

#include "src/cloud/signed_jwt.hpp"

namespace slipway::cloud::azure {
namespace {

constexpr std::chrono::seconds kLifetime{600};
constexpr std::size_t kIdBytes = 16;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio Reader(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

/// Nobody is there to type a passphrase.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*data*/) { return -1; }

/// What OpenSSL complains of here is not left to whoever of this thread asks it next.
struct Quiet {
  Quiet() { ERR_set_mark(); }
  ~Quiet() { ERR_pop_to_mark(); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

std::string Base64Url(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  text.resize((bytes.size() * 4 + 2) / 3);
  for (char& letter : text) {
    letter = letter == '+' ? '-' : letter == '/' ? '_' : letter;
  }
  return text;
}

std::string RandomId() {
  std::array<unsigned char, kIdBytes> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return Base64Url(bytes);
}

}  // namespace

Result<Certificate> ReadCertificate(std::string pem) {
  const Quiet quiet;
  if (IsEncryptedPem(pem)) {
    return Fail(Code::kInvalid, "its key is encrypted, and nobody is there to say with what");
  }
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(Reader(pem).get(), nullptr, &NoPassphrase, nullptr), &X509_free);
  if (!certificate) {
    return Fail(Code::kInvalid, "it holds no certificate in PEM");
  }
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, &NoPassphrase, nullptr), &EVP_PKEY_free);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return Fail(Code::kInvalid, "it holds no private RSA key in PEM");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Fail(Code::kInvalid, "its key is that of another certificate than its first");
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(certificate.get(), EVP_sha1(), digest.data(), &size);
  return Certificate{.pem = std::move(pem), .thumbprint = Base64Url(std::span(digest).first(size))};
}

Result<std::string> SignAssertion(const Certificate& certificate, const std::string& client,
                                  const std::string& token_url, Time now) {
  const auto begin = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  return SignJwt(
      {.headers = {{"x5t", certificate.thumbprint}},
       .texts = {{"aud", token_url}, {"iss", client}, {"sub", client}, {"jti", RandomId()}},
       .numbers = {{"iat", begin.count()},
                   {"nbf", begin.count()},
                   {"exp", (begin + kLifetime).count()}}},
      certificate.pem);
}

}  // namespace slipway::cloud::azure
