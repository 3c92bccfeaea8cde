#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::cloud::azure {

/// What an application proves itself with.
struct Certificate {
  std::string pem;         ///< the certificate and its private key
  std::string thumbprint;  ///< SHA-1 of the certificate, in base64url: Entra ID knows it by that
};

/// Reads a certificate and its key in PEM, in any order. kInvalid says what is missing, and holds nothing of the key; a key that is
/// encrypted is refused. Pure.
Result<Certificate> ReadCertificate(std::string pem);

/// A JWT by RS256 that says to `token_url` that we are the application `client`, for ten minutes from now on. Each is another.
/// Source: "Certificate credentials for application authentication", Microsoft Learn. Errors: kInvalid. Thread-safe.
Result<std::string> SignAssertion(const Certificate& certificate, const std::string& client,
                                  const std::string& token_url, Time now);

}  // namespace slipway::cloud::azure
