#pragma once

#include <string>

namespace slipway::cloud::gcp {

/// A private RSA key in PEM, made when it is asked for first.
const std::string& RsaKey();

/// Whether that key signed `text` by RS256; `signature` in base64url.
bool RsaSigned(const std::string& text, const std::string& signature);

/// The bytes that base64url stands for.
std::string FromBase64Url(std::string text);

/// The key file of a service account with that key.
std::string ServiceAccountFile();

}  // namespace slipway::cloud::gcp
