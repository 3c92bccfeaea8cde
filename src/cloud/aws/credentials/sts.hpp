#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/aws/credentials/credentials.hpp"
#include "src/cloud/aws/credentials/shared_config.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud::aws {

/// A role to be assumed.
struct Role {
  std::string arn;                      ///< such as arn:aws:iam::123456789012:role/inventory
  std::string external_id;              ///< what the trust policy of the role may ask for; or empty
  std::string session_name;             ///< stands in the logs of AWS; empty: "slipway"
  std::optional<int> duration_seconds;  ///< nullopt: an hour
};

/// AWS Security Token Service: gives credentials of a role. Blocking; thread-safe where the client is.
///
/// Errors: kInvalid, there is no usable region or endpoint, or the answer cannot be read; kForbidden, the role may not be assumed;
/// kUnauthorized, the credentials or the token of who asks have ended or are wrong; kTooManyRequests; kUnavailable. What AWS said is
/// in the message together with the number that AWS has for the request, and without the secrets that were sent.
class Sts {
 public:
  /// Asks the endpoint of `region`, unless AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL name another. What `doors` leads to outlives it.
  Sts(const Doors& doors, Environment environment, std::string region);

  /// AssumeRole, signed by `base`.
  Result<Credentials> AssumeRole(const Credentials& base, const Role& role) const;

  /// AssumeRoleWithWebIdentity: `token` says who asks, and nothing is signed. The duration is AWS's.
  Result<Credentials> AssumeRoleWithWebIdentity(const std::string& token, const Role& role) const;

 private:
  Result<rest::Request> MakeRequest(const std::string& action, const Role& role) const;
  Result<Credentials> Send(const rest::Request& request, const Role& role,
                           const std::vector<std::string>& secrets) const;

  const Doors doors_;
  const Environment environment_;
  const std::string region_;
};

}  // namespace slipway::cloud::aws
