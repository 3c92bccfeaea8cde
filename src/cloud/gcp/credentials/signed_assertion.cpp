#include "src/cloud/gcp/credentials/signed_assertion.hpp"

#include <chrono>

#include "src/cloud/signed_jwt.hpp"

namespace slipway::cloud::gcp {
namespace {

constexpr std::chrono::seconds kLifetime{3600};  ///< as long as Google allows

}  // namespace

Result<std::string> SignAssertion(const ServiceAccountKey& key, Time now) {
  const auto begin = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  Claims claims{.headers = {},
                .texts = {{"iss", key.email}, {"scope", kScope}, {"aud", key.token_url}},
                .numbers = {{"iat", begin.count()}, {"exp", (begin + kLifetime).count()}}};
  if (!key.key_id.empty()) {
    claims.headers["kid"] = key.key_id;
  }
  auto signed_jwt = SignJwt(claims, key.pem);
  if (!signed_jwt.has_value()) {
    return Fail(Code::kInvalid, "its private_key is no RSA key in PEM");
  }
  return signed_jwt;
}

}  // namespace slipway::cloud::gcp
