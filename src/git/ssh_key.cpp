#include "src/git/ssh_key.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string_view>

#include "src/git/problem.hpp"

namespace slipway::git {
namespace {

constexpr const char* kAdvice =
    "make one with `ssh-keygen -t ed25519`, add its public half to the git host, and put the "
    "private "
    "half into the Secret";

/// The bytes between the BEGIN and END lines; empty where there are none.
std::string PemBody(const std::string& text) {
  std::size_t begin = text.find("-----\n");
  std::size_t end = text.find("-----END");
  if (begin == std::string::npos || end == std::string::npos || begin + 6 > end) return "";
  std::string base64 = text.substr(begin + 6, end - begin - 6);
  std::erase_if(base64, [](unsigned char byte) { return std::isspace(byte) != 0; });
  if (base64.empty() || base64.size() % 4 != 0) return "";
  std::string bytes(base64.size() / 4 * 3, '\0');
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                             reinterpret_cast<const unsigned char*>(base64.data()),
                             static_cast<int>(base64.size()));
  return size < 0 ? "" : bytes;
}

/// Nobody types a passphrase here.
int NoPassphrase(char*, int, int, void*) { return -1; }

bool IsRsaInPkcs8(const std::string& text) {
  std::unique_ptr<BIO, decltype(&BIO_free)> memory(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(memory.get(), nullptr, NoPassphrase, nullptr), EVP_PKEY_free);
  return key && EVP_PKEY_base_id(key.get()) == EVP_PKEY_RSA;
}

}  // namespace

Result<void> CheckSshKey(const std::string& private_key) {
  bool pem = private_key.find("-----BEGIN ") != std::string::npos &&
             private_key.find("PRIVATE KEY-----") != std::string::npos;
  if (!pem) {
    return MakeError(
        Problem::kUnauthorized,
        std::string("the ssh key of the Secret is no private key in PEM or OpenSSH form: ") +
            kAdvice);
  }
  // The public half stands in the clear at the head of OpenSSH's own form, also of one with a
  // passphrase.
  std::string head = PemBody(private_key).substr(0, 400);
  bool rsa = private_key.find("BEGIN RSA ") != std::string::npos ||
             head.find("ssh-rsa") != std::string::npos || IsRsaInPkcs8(private_key);
  bool dsa = private_key.find("BEGIN DSA ") != std::string::npos ||
             head.find("ssh-dss") != std::string::npos;
  if (rsa || dsa) {
    return MakeError(
        Problem::kUnauthorized,
        std::string("RSA and DSA keys are refused, because they could only be used with "
                    "SHA-1, which git hosts no longer accept: use an ed25519 key; ") +
            kAdvice);
  }
  return Ok();
}

}  // namespace slipway::git
