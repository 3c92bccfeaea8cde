#pragma once

#include <string>

namespace slipway::cloud::azure {

/// A certificate in PEM that is its own authority, for a private RSA key in PEM.
std::string CertificateOf(const std::string& key_pem);

/// Another private RSA key in PEM than gcp::RsaKey.
std::string OtherKey();

/// The same key in PEM, encrypted.
std::string Encrypted(const std::string& key_pem);

/// SHA-1 of the first certificate in `pem`, raw.
std::string ThumbprintOf(const std::string& pem);

}  // namespace slipway::cloud::azure
