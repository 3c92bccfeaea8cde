#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/cloud/gcp/credentials/key_file.hpp"

namespace slipway::cloud::gcp {

/// All that Slipway asks for: to read what Compute Engine has.
inline constexpr const char* kScope = "https://www.googleapis.com/auth/compute.readonly";

/// A JWT by RS256 that says to `key.token_url` that we are the service account (RFC 7523), for an hour from now on. kInvalid: the key is
/// no private RSA key in PEM. Thread-safe.
Result<std::string> SignAssertion(const ServiceAccountKey& key, Time now);

}  // namespace slipway::cloud::gcp
