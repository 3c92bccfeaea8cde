#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::cloud {

/// What a JWT says.
struct Claims {
  std::map<std::string, std::string> headers;  ///< besides alg and typ
  std::map<std::string, std::string> texts;
  std::map<std::string, std::int64_t> numbers;  ///< such as seconds since 1970
};

/// A JWT signed by RS256. kInvalid: `pem` holds no private RSA key, or one that is encrypted. Pure, thread-safe; over libjwt, which only
/// its .cpp knows.
Result<std::string> SignJwt(const Claims& claims, const std::string& pem);

/// Whether a key in PEM is encrypted: OpenSSL would ask the terminal for the passphrase, and wait.
bool IsEncryptedPem(const std::string& pem);

}  // namespace slipway::cloud
