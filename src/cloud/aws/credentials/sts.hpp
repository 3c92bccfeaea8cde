#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/aws/credentials/credentials.hpp"
#include "src/cloud/aws/credentials/shared_config.hpp"
#include "src/cloud/aws/query_client.hpp"
#include "src/cloud/tries.hpp"

namespace slipway::cloud::aws {

/// A role to be assumed.
struct Role {
  std::string arn;                      ///< such as arn:aws:iam::123456789012:role/inventory
  std::string external_id;              ///< what the trust policy of the role may ask for; or empty
  std::string session_name;             ///< stands in the logs of AWS; empty: "slipway"
  std::optional<int> duration_seconds;  ///< nullopt: an hour
};

/// How STS is called.
struct StsCalls {
  std::shared_ptr<CallState> state;  ///< of all who ask there as the same
  TryLimits limits;
};

/// AWS Security Token Service: gives credentials of a role, which end by the clock of this machine, however wrong it is. What may pass
/// is tried again, for a minute at most. Blocking; thread-safe.
///
/// Errors: kInvalid without a reason, there is no usable region; else as those of QueryClient, among them EndpointInvalid for an answer
/// that cannot be read. Messages begin with the role.
class Sts {
 public:
  /// Asks the endpoint of `region`, unless AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL name another. What `doors` leads to outlives it.
  Sts(const Doors& doors, Environment environment, std::string region, StsCalls calls);

  /// AssumeRole, signed by what `base` gives. Where STS says that this has ended or is wrong, it is forgotten.
  Result<Credentials> AssumeRole(CredentialSource& base, const Role& role) const;

  /// AssumeRoleWithWebIdentity: `token` says who asks, and nothing is signed. The duration is AWS's.
  Result<Credentials> AssumeRoleWithWebIdentity(const std::string& token, const Role& role) const;

 private:
  Result<QueryTarget> Target() const;
  Result<Credentials> Take(const Role& role, const Query& query, CredentialSource& base) const;

  const Doors doors_;
  const Environment environment_;
  const std::string region_;
  const StsCalls calls_;
};

}  // namespace slipway::cloud::aws
