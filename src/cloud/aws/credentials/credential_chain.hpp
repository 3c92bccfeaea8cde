#pragma once

#include <string>

#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/aws/credentials/credentials.hpp"
#include "src/cloud/aws/credentials/shared_config.hpp"
#include "src/cloud/aws/credentials/sts.hpp"
#include "src/cloud/kept.hpp"

namespace slipway::cloud::aws {

/// Finds credentials where the tools and SDKs of AWS find them, in the order of botocore: keys in the environment; the role of a
/// profile; a web identity; keys in the credentials file; credential_process; keys in the config file; the container; the instance.
/// Each search begins anew, so a change of the files is seen when the credentials end or are forgotten.
///
/// Thread-safe, blocking. Errors: kUnauthorized without a reason where no source is set up; else that of the source which is set up and does not work.
/// They name the sources that were tried, in order, why each gave none, and what to do.
class CredentialChain final : public CredentialSource {
 public:
  struct Options {
    Environment environment;
    std::string region;  ///< of STS; empty: what the environment or the profile says
    std::string
        profile;  ///< chosen for Slipway itself: then keys and web identity in the environment do not count. Or empty.
    StsCalls sts;  ///< for roles that the environment or a profile names
  };

  /// What `doors` leads to outlives it.
  CredentialChain(const Doors& doors, Options options);

  Result<Credentials> Get() override { return kept_.Get(); }
  void Forget() override { kept_.Forget(); }

 private:
  Result<Credentials> Find() const;
  void AskProfile(Search& search, const SharedConfig& shared) const;

  const Doors doors_;
  const Options options_;
  Kept<Credentials> kept_;
};

/// A role that is assumed with what another source gives, such as the role that a Fleet names. Thread-safe, blocking.
class AssumedRole final : public CredentialSource {
 public:
  /// `base`, and what is behind `sts`, outlive it.
  AssumedRole(CredentialSource& base, Role role, Sts sts, const Clock& clock);

  /// Errors are those of Sts.
  Result<Credentials> Get() override { return kept_.Get(); }
  void Forget() override { kept_.Forget(); }

 private:
  Result<Credentials> Assume();

  CredentialSource& base_;
  const Role role_;
  const Sts sts_;
  const Clock& clock_;
  Kept<Credentials> kept_;
};

}  // namespace slipway::cloud::aws
