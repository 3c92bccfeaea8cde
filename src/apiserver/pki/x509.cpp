#include "src/apiserver/pki/x509.hpp"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <span>

#include "reconciler/base/digest.hpp"

namespace slipway::apiserver {
namespace {

template <typename T, void (*kFree)(T*)>
struct Free {
  void operator()(T* pointer) const { kFree(pointer); }
};
using Bio = std::unique_ptr<BIO, Free<BIO, BIO_free_all>>;
using Request = std::unique_ptr<X509_REQ, Free<X509_REQ, X509_REQ_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION, X509_EXTENSION_free>>;

/// The oldest error of OpenSSL's queue, which is empty afterwards.
std::string OpenSslReason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return code == 0 ? "no reason given" : text.data();
}

Error OpenSslFailed(const std::string& what) {
  return Fail(Code::kInternal, "OpenSSL cannot " + what + ": " + OpenSslReason());
}

Key OwnKey(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }
Certificate OwnCertificate(X509* certificate) { return {certificate, X509_free}; }

Bio Reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Runs a PEM writer of OpenSSL into a string.
template <typename Write>
Result<std::string> Print(const std::string& what, Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) {
    return OpenSslFailed("print " + what);
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

/// A password callback that has none: an encrypted key is refused instead of asked about.
int NoPassword(char*, int, int, void*) { return 0; }

bool IsIpAddress(const std::string& text) {
  ASN1_OCTET_STRING* parsed = a2i_IPADDRESS(text.c_str());
  ASN1_OCTET_STRING_free(parsed);
  ERR_clear_error();
  return parsed != nullptr;
}

std::time_t Seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string AlternativeNames(const std::vector<std::string>& addresses) {
  std::string names;
  for (const std::string& address : addresses) {
    names += (names.empty() ? "" : ",") + std::string(IsIpAddress(address) ? "IP:" : "DNS:");
    names += address;
  }
  return names;
}

bool AddExtensions(const CertificateSpec& spec, X509* certificate, X509* issuer) {
  bool good = AddExtension(certificate, issuer, NID_subject_key_identifier, "hash") &&
              AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
  switch (spec.use) {
    case CertificateSpec::Use::kAuthority:
      return good && AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE") &&
             AddExtension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    case CertificateSpec::Use::kServer:
      good = good && AddExtension(certificate, issuer, NID_subject_alt_name,
                                  AlternativeNames(spec.addresses));
      break;
    case CertificateSpec::Use::kClient:
      break;
  }
  const bool server = spec.use == CertificateSpec::Use::kServer;
  return good && AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         AddExtension(certificate, issuer, NID_ext_key_usage, server ? "serverAuth" : "clientAuth");
}

bool AddNameEntry(X509_NAME* name, const char* field, const std::string& value) {
  // Not MBSTRING_UTF8: that refuses common names of more than 64 characters, which nobody checks
  // otherwise, and `namespace/server` may be longer.
  return value.empty() ||
         X509_NAME_add_entry_by_txt(name, field, V_ASN1_UTF8STRING,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool SetRandomSerial(X509* certificate) {
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return false;
  }
  random[0] = static_cast<unsigned char>((random[0] & 0x7f) | 0x40);  // positive, always 16 bytes
  const std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>> number(
      BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return Time(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

Result<Key> MakeKey() {
  Key key = OwnKey(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return OpenSslFailed("make a key");
  }
  return key;
}

Result<std::string> PrintKey(const Key& key) {
  return Print("a key", [&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Result<Key> ParseKey(std::string_view pem) {
  Key key = OwnKey(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return Fail(Code::kInvalid, "no private key in PEM format: " + OpenSslReason());
  }
  return key;
}

Result<std::string> PrintCertificate(const Certificate& certificate) {
  return Print("a certificate",
               [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

Result<Certificate> ParseCertificate(std::string_view pem) {
  Certificate certificate =
      OwnCertificate(PEM_read_bio_X509(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (certificate == nullptr) {
    return Fail(Code::kInvalid, "no certificate in PEM format: " + OpenSslReason());
  }
  return certificate;
}

Result<Certificate> Sign(const CertificateSpec& spec, const Key& subject_key,
                         const Certificate& issuer, const Key& issuer_key) {
  Certificate certificate = OwnCertificate(X509_new());
  X509* const raw = certificate.get();
  X509* const signer = issuer == nullptr ? raw : issuer.get();
  const bool good =
      raw != nullptr && X509_set_version(raw, X509_VERSION_3) == 1 && SetRandomSerial(raw) &&
      ASN1_TIME_set(X509_getm_notBefore(raw), Seconds(spec.from)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(raw), Seconds(spec.until)) != nullptr &&
      AddNameEntry(X509_get_subject_name(raw), "O", spec.organisation) &&
      AddNameEntry(X509_get_subject_name(raw), "CN", spec.common_name) &&
      X509_set_issuer_name(raw, X509_get_subject_name(signer)) == 1 &&
      X509_set_pubkey(raw, subject_key.get()) == 1 && AddExtensions(spec, raw, signer) &&
      X509_sign(raw, issuer_key.get(), EVP_sha256()) > 0;
  if (!good) {
    return OpenSslFailed("sign a certificate for " + spec.common_name);
  }
  return certificate;
}

Time StartOf(const Certificate& certificate) {
  return TimeOf(X509_get0_notBefore(certificate.get()));
}

Time EndOf(const Certificate& certificate) { return TimeOf(X509_get0_notAfter(certificate.get())); }

bool CoversAll(const Certificate& certificate, const std::vector<std::string>& addresses) {
  return std::all_of(addresses.begin(), addresses.end(), [&](const std::string& address) {
    return IsIpAddress(address) ? X509_check_ip_asc(certificate.get(), address.c_str(), 0) == 1
                                : X509_check_host(certificate.get(), address.c_str(),
                                                  address.size(), 0, nullptr) == 1;
  });
}

bool BelongsTo(const Certificate& certificate, const Key& key, const Certificate& issuer) {
  const bool good = X509_check_private_key(certificate.get(), key.get()) == 1 &&
                    X509_verify(certificate.get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  return good;
}

std::string CertificateDigest(const Certificate& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size);
  return HexOf(std::span(digest).first(size));
}

std::string KeyDigest(const Key& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  std::string digest =
      Sha256Hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(std::max(size, 0))});
  OPENSSL_free(der);
  return digest;
}

Result<Key> KeyOfRequest(std::string_view pem) {
  const Request request(PEM_read_bio_X509_REQ(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (request == nullptr) {
    return Fail(Code::kInvalid, "no certificate request in PEM format: " + OpenSslReason());
  }
  Key key = OwnKey(X509_REQ_get_pubkey(request.get()));
  if (key == nullptr || X509_REQ_verify(request.get(), key.get()) != 1) {
    return Fail(Code::kInvalid,
                "the certificate request is not signed by its own key: " + OpenSslReason());
  }
  return key;
}

bool IsStrong(const Key& key) {
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519) {
    return true;
  }
  std::array<char, 64> group{};
  std::size_t size = 0;
  const bool named = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC &&
                     EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size) == 1;
  ERR_clear_error();
  return named && std::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

std::string Base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace slipway::apiserver
