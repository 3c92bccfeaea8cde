#include "tests/src/http/test_pki.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "src/apiserver/pki/durable_file.hpp"

namespace slipway::http {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (!result.has_value()) {
    throw std::runtime_error(result.error().message);
  }
  return std::move(result.value());
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

Time Today() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

std::string RequestFor(EVP_PKEY* key) {
  X509_REQ* const request = X509_REQ_new();
  X509_REQ_set_pubkey(request, key);
  X509_REQ_sign(request, key, EVP_sha256());
  BIO* const text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509_REQ(text, request);
  X509_REQ_free(request);
  return Text(text);
}

}  // namespace

TestPki::TestPki() {
  std::string pattern = testing::TempDir() + "tls-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("cannot make a folder in " + testing::TempDir());
  }
  folder_ = pattern;
  pki_ = std::make_unique<apiserver::Pki>(
      Must(apiserver::Pki::Open({.data_dir = folder_, .addresses = {}}, Today())));
}

TestPki::~TestPki() { std::filesystem::remove_all(folder_); }

TlsIdentity TestPki::Identity() const {
  return {.chain = pki_->server_chain_pem(),
          .key = pki_->server_key_pem(),
          .client_ca = pki_->ca_pem()};
}

Credentials TestPki::Admin() const {
  return {.ca = pki_->ca_pem(),
          .certificate = Must(apiserver::ReadFile(folder_ + "/pki/admin.crt")),
          .key = Must(apiserver::ReadFile(folder_ + "/pki/admin.key"))};
}

Credentials TestPki::Anonymous() const { return {.ca = pki_->ca_pem()}; }

std::string TestPki::SigningRequest() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  const std::string request = RequestFor(key);
  EVP_PKEY_free(key);
  return request;
}

Credentials TestPki::Agent(const std::string& ns, const std::string& server) const {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  const auto signing = Must(apiserver::ReadSigningRequest(RequestFor(key)));
  BIO* const key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  EVP_PKEY_free(key);
  return {.ca = pki_->ca_pem(),
          .certificate = Must(pki_->SignAgent(signing, ns, server, Today())),
          .key = Text(key_text)};
}

}  // namespace slipway::http
