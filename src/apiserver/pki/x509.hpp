#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

struct evp_pkey_st;
struct x509_st;

// Keys and certificates, as far as the PKI needs them: a thin layer over OpenSSL. Private to this
// folder. kInternal where OpenSSL refuses, with its reason; kInvalid where PEM text is not what it
// should be. Thread-safe.
namespace slipway::apiserver {

using Key = std::shared_ptr<evp_pkey_st>;
using Certificate = std::shared_ptr<x509_st>;

/// A fresh ECDSA P-256 key.
Result<Key> MakeKey();

/// PKCS#8 PEM.
Result<std::string> PrintKey(const Key& key);
Result<Key> ParseKey(std::string_view pem);

/// PEM.
Result<std::string> PrintCertificate(const Certificate& certificate);
Result<Certificate> ParseCertificate(std::string_view pem);

/// What a certificate is to say. Serial numbers are random.
struct CertificateSpec {
  enum class Use { kAuthority, kServer, kClient };
  Use use = Use::kClient;
  std::string common_name;
  std::string organisation;            ///< empty: none
  std::vector<std::string> addresses;  ///< kServer: IP addresses and DNS names
  Time from{};
  Time until{};
};

/// Signs a certificate for `subject_key`. `issuer` nullptr: it signs itself with `issuer_key`.
Result<Certificate> Sign(const CertificateSpec& spec, const Key& subject_key,
                         const Certificate& issuer, const Key& issuer_key);

/// From when on it holds, and when it ends.
Time StartOf(const Certificate& certificate);
Time EndOf(const Certificate& certificate);

/// Whether a server certificate speaks for all of these IP addresses and DNS names.
bool CoversAll(const Certificate& certificate, const std::vector<std::string>& addresses);

/// Whether `certificate` belongs to `key` and was signed by `issuer`.
bool BelongsTo(const Certificate& certificate, const Key& key, const Certificate& issuer);

/// SHA-256, as hex digits: of the certificate's DER; of the key's SubjectPublicKeyInfo.
std::string CertificateDigest(const Certificate& certificate);
std::string KeyDigest(const Key& key);

/// The key of a PEM certificate request whose own signature is good. kInvalid otherwise.
Result<Key> KeyOfRequest(std::string_view pem);

/// Whether agents may use such a key: ECDSA P-256 or Ed25519.
bool IsStrong(const Key& key);

/// As kubeconfigs want their data.
std::string Base64(std::string_view bytes);

}  // namespace slipway::apiserver
