#pragma once

#include <string>

#include "src/cloud/environment.hpp"
#include "src/cloud/gcp/credentials/key_file.hpp"
#include "src/cloud/kept.hpp"
#include "src/cloud/token_source.hpp"

namespace slipway::cloud::gcp {

/// Finds credentials where the tools and libraries of Google find them (Application Default Credentials), and in their order: the file
/// that GOOGLE_APPLICATION_CREDENTIALS names; the one that `gcloud auth application-default login` writes; the metadata server. Each
/// search begins anew, so a change of the files is seen when a token ends or is forgotten. Thread-safe, blocking.
class DefaultCredentials final : public TokenSource {
 public:
  /// What `doors` leads to outlives it.
  DefaultCredentials(const Doors& doors, Environment environment);

  Result<AccessToken> Get() override { return kept_.Get(); }
  void Forget(const AccessToken& refused) override { kept_.Forget(refused); }

 private:
  Result<AccessToken> Find() const;
  Result<AccessToken> FromFile(const std::string& path, const std::string& text) const;

  const Doors doors_;
  const Environment environment_;
  Kept<AccessToken> kept_;
};

/// Tokens of credentials that were given to Slipway, such as those in a Secret. Thread-safe, blocking.
class KeyCredentials final : public TokenSource {
 public:
  /// `origin` stands behind the account in messages, such as " of Secret keys".
  KeyCredentials(const Doors& doors, KeyFile key, std::string origin);

  Result<AccessToken> Get() override { return kept_.Get(); }
  void Forget(const AccessToken& refused) override { kept_.Forget(refused); }

 private:
  Result<AccessToken> Fetch() const;

  const Doors doors_;
  const KeyFile key_;
  const std::string origin_;
  Kept<AccessToken> kept_;
};

}  // namespace slipway::cloud::gcp
