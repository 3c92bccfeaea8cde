#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"

namespace slipway::cloud::gcp {
namespace {

EVP_PKEY* Key() {
  static const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048),
                                                                       &EVP_PKEY_free);
  return key.get();
}

}  // namespace

const std::string& RsaKey() {
  static const std::string pem = [] {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), Key(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
  }();
  return pem;
}

bool RsaSigned(const std::string& text, const std::string& signature) {
  const std::string raw = FromBase64Url(signature);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, Key());
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(raw.data()),
                          raw.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

std::string FromBase64Url(std::string text) {
  for (char& letter : text) {
    letter = letter == '-' ? '+' : letter == '_' ? '/' : letter;
  }
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
  return bytes;
}

std::string ServiceAccountFile() {
  return PrintJson({{"type", "service_account"},
                    {"client_email", "list@shop-prod.iam.gserviceaccount.com"},
                    {"private_key_id", "k1"},
                    {"private_key", RsaKey()},
                    {"token_uri", "https://oauth2.googleapis.com/token"}});
}

}  // namespace slipway::cloud::gcp
