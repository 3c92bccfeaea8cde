#include "src/cloud/signed_jwt.hpp"

#include <jwt.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace slipway::cloud {

bool IsEncryptedPem(const std::string& pem) { return pem.find("ENCRYPTED") != std::string::npos; }

Result<std::string> SignJwt(const Claims& claims, const std::string& pem) {
  const Error bad = Fail(Code::kInvalid, "it is no RSA key in PEM");
  jwt_t* made = nullptr;
  if (IsEncryptedPem(pem)) {
    return bad;
  }
  if (jwt_new(&made) != 0) {
    return Fail(Code::kInternal, "there is no memory for a JWT");
  }
  const std::unique_ptr<jwt_t, decltype(&jwt_free)> jwt(made, &jwt_free);
  bool complete = std::ranges::all_of(claims.headers, [made](const auto& header) {
    return jwt_add_header(made, header.first.c_str(), header.second.c_str()) == 0;
  });
  complete = complete && std::ranges::all_of(claims.texts, [made](const auto& claim) {
               return jwt_add_grant(made, claim.first.c_str(), claim.second.c_str()) == 0;
             });
  complete = complete && std::ranges::all_of(claims.numbers, [made](const auto& claim) {
               return jwt_add_grant_int(made, claim.first.c_str(), claim.second) == 0;
             });
  const auto* key = reinterpret_cast<const unsigned char*>(pem.data());
  complete = complete && jwt_set_alg(made, JWT_ALG_RS256, key, static_cast<int>(pem.size())) == 0;
  const std::unique_ptr<char, decltype(&std::free)> text(complete ? jwt_encode_str(made) : nullptr,
                                                         &std::free);
  if (!text) {
    return bad;
  }
  return std::string(text.get());
}

}  // namespace slipway::cloud
