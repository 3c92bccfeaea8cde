#pragma once

#include <optional>
#include <string>

#include "src/cloud/azure/credentials/application.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/kept.hpp"
#include "src/cloud/token_source.hpp"

namespace slipway::cloud::azure {

/// Who gives tokens: AZURE_AUTHORITY_HOST, or `usual`, a host. kInvalid where the variable leads to no https:// and not to this machine.
Result<std::string> AuthorityOf(const Environment& environment, const std::string& usual);

/// Finds credentials where Azure's SDKs find them (DefaultAzureCredential) when nobody logs in, and in their order: an application that
/// the environment names with a secret, a certificate, or the token of a workload; the managed identity of the machine. Each search
/// begins anew, so a change of the files is seen when a token ends or is forgotten. Thread-safe, blocking.
class DefaultCredentials final : public TokenSource {
 public:
  /// What `doors` leads to outlives it. `resource`, such as https://management.azure.com, is what the tokens are for.
  DefaultCredentials(const Doors& doors, Environment environment, std::string resource);

  Result<AccessToken> Get() override { return kept_.Get(); }
  void Forget(const AccessToken& refused) override { kept_.Forget(refused); }

 private:
  Result<AccessToken> Find() const;
  Result<std::optional<Application>> Named() const;

  const Doors doors_;
  const Environment environment_;
  const std::string resource_;
  Kept<AccessToken> kept_;
};

/// Tokens of an application that was given to Slipway, such as one in a Secret. Thread-safe, blocking.
class ApplicationCredentials final : public TokenSource {
 public:
  /// `origin` stands behind the application in messages, such as " of Secret keys".
  ApplicationCredentials(const Doors& doors, Application application, const std::string& resource,
                         std::string origin);

  Result<AccessToken> Get() override { return kept_.Get(); }
  void Forget(const AccessToken& refused) override { kept_.Forget(refused); }

 private:
  Result<AccessToken> Fetch() const;

  const Doors doors_;
  const Application application_;
  const std::string scope_;
  const std::string origin_;
  Kept<AccessToken> kept_;
};

}  // namespace slipway::cloud::azure
