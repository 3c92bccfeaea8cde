#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud {

/// All providers behind one door: each question goes to the one that the Fleet names, and its answers and errors are that one's. A
/// provider that nobody needs to ask is kInvalid.
class Clouds final : public CloudApi {
 public:
  /// By the names that ProviderName gives; all outlive it.
  explicit Clouds(std::map<std::string, std::reference_wrapper<CloudApi>> providers)
      : providers_(std::move(providers)) {}

  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override;
  Result<std::vector<runtime::ListedServer>> ListKnowing(const std::vector<std::string>& known,
                                                         const api::Provider& provider,
                                                         const SecretData& secret) override;
  Examination Examine(const api::Provider& provider, const SecretData& secret) override;
  Result<void> CompleteLaunch(const runtime::CompleteLaunch& launch, const SecretData& secret,
                              MonoTime deadline) override;

 private:
  CloudApi* Asked(const api::Provider& provider) const;

  const std::map<std::string, std::reference_wrapper<CloudApi>> providers_;
};

/// What the provider is called in a Fleet, such as "aws"; empty for one that nobody needs to ask.
std::string ProviderName(const api::Provider& provider);

/// The Secret that the provider names; empty where it names none.
std::string SecretNameOf(const api::Provider& provider);

}  // namespace slipway::cloud
