#include "src/cloud/gcp/credentials/signed_assertion.hpp"

#include <jwt.h>

#include <chrono>
#include <cstdlib>
#include <memory>

#include "src/cloud/token_source.hpp"

namespace slipway::cloud::gcp {
namespace {

constexpr std::chrono::seconds kLifetime{3600};  ///< as long as Google allows

}  // namespace

Result<std::string> SignAssertion(const ServiceAccountKey& key, Time now) {
  jwt_t* made = nullptr;
  if (jwt_new(&made) != 0) {
    return Fail(Code::kInternal, "there is no memory for a JWT");
  }
  const std::unique_ptr<jwt_t, decltype(&jwt_free)> jwt(made, &jwt_free);
  const auto begin = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  const auto pem = reinterpret_cast<const unsigned char*>(key.pem.data());
  const bool complete =
      jwt_add_grant(made, "iss", key.email.c_str()) == 0 &&
      jwt_add_grant(made, "scope", kScope) == 0 &&
      jwt_add_grant(made, "aud", key.token_url.c_str()) == 0 &&
      jwt_add_grant_int(made, "iat", begin.count()) == 0 &&
      jwt_add_grant_int(made, "exp", (begin + kLifetime).count()) == 0 &&
      (key.key_id.empty() || jwt_add_header(made, "kid", key.key_id.c_str()) == 0) &&
      jwt_set_alg(made, JWT_ALG_RS256, pem, static_cast<int>(key.pem.size())) == 0;
  const std::unique_ptr<char, decltype(&std::free)> text(complete ? jwt_encode_str(made) : nullptr,
                                                         &std::free);
  if (!text) {
    return Fail(Code::kInvalid, "its private_key is no RSA key in PEM");
  }
  return std::string(text.get());
}

}  // namespace slipway::cloud::gcp
