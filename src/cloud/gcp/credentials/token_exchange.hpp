#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/gcp/credentials/key_file.hpp"
#include "src/cloud/token_source.hpp"

// How credentials become access tokens. Blocking. Errors as TokenSource has them.
namespace slipway::cloud::gcp {

/// A token for what a key file says. Its source names the account, and no file.
Result<AccessToken> TokenOf(const Doors& doors, const KeyFile& key);

/// Reads the answer of a token endpoint, of the metadata server, or of generateAccessToken; its source is left empty.
/// kInvalid where it holds no token that ends. Pure.
Result<AccessToken> ReadToken(const std::string& body, Time now);

/// The project that calls with the token are counted in and billed to; empty: Google's choice. Pure.
void CountIn(const std::string& project, AccessToken& token);

}  // namespace slipway::cloud::gcp
