#pragma once

#include <string>
#include <vector>

#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/aws/credentials/shared_config.hpp"
#include "src/cloud/aws/credentials/sts.hpp"

namespace slipway::cloud::aws {

/// What profiles of the shared files say about credentials. Blocking; used by one thread, for one search.
///
/// Source: botocore's credentials.py, AssumeRoleProvider and ProfileProviderBuilder. Errors are those of Answer: what a profile wants
/// and cannot have, with the setting to change.
class ProfileCredentials {
 public:
  /// All outlive it.
  ProfileCredentials(const Doors& doors, const Environment& environment, const SharedConfig& shared,
                     const Sts& sts)
      : doors_(doors), environment_(environment), shared_(shared), sts_(sts) {}

  /// The role of the profile, assumed with what its source_profile or credential_source gives.
  Result<Answer> AssumeRole(const std::string& profile);

  /// Asks all other sources of a profile, in their order: web identity, static keys, credential_process. `by_environment`: whether
  /// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME go before what the profile says.
  void AskOthers(Search& search, const std::string& profile, bool by_environment);

 private:
  Result<Answer> WebIdentity(const std::string& profile, bool by_environment) const;
  Result<Credentials> BaseOf(const std::string& profile, const Settings& settings);
  Result<Credentials> BaseFromProfile(const std::string& profile, const std::string& source);
  Result<Credentials> BaseFromSource(const std::string& profile, const std::string& source) const;

  const Doors& doors_;
  const Environment& environment_;
  const SharedConfig& shared_;
  const Sts& sts_;
  std::vector<std::string>
      visited_;  ///< profiles whose role is being assumed, each with the next one's help
};

}  // namespace slipway::cloud::aws
