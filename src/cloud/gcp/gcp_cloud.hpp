#pragma once

#include <memory>
#include <string>

#include "src/cloud/api_client.hpp"
#include "src/cloud/call_budget.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/pool.hpp"
#include "src/cloud/token_source.hpp"
#include "src/cloud/tries.hpp"

namespace slipway::cloud::gcp {

struct GcpOptions {
  Environment
      environment;  ///< where credentials and endpoints are looked for, as Google's tools do
  TryLimits limits;
  Duration deadline = std::chrono::minutes(5);  ///< of one whole list
  std::uint64_t seed = 0;                       ///< of the waits
};

/// Lists the instances of Compute Engine. One for all fleets: those with the same credentials share what is known of a project.
/// Thread-safe.
class GcpCloud final : public CloudApi {
 public:
  /// What `doors` leads to outlives it.
  GcpCloud(const Doors& doors, GcpOptions options, Pause pause);
  ~GcpCloud() override;

  /// Every instance of the project that the fields fit, those that stopped too. Reasons: those of ApiClient, SecretInvalid (it has
  /// no usable key.json), EndpointInvalid (the control plane's own token would go to somebody else than Google) and ListInvalid (an answer that cannot be believed, or does not hold all zones).
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override;

  Examination Examine(const api::Provider& provider, const SecretData& secret) override;

 private:
  struct Identity;
  struct Place;

  Result<std::shared_ptr<Identity>> IdentityOf(const api::GcpProvider& provider,
                                               const SecretData& secret);
  std::shared_ptr<Place> PlaceOf(Identity& identity, const std::string& project,
                                 const std::string& endpoint);
  ApiCall CallOf(const api::GcpProvider& provider) const;

  const Doors doors_;
  const GcpOptions options_;
  const Pause pause_;
  Pool<Identity> identities_{kMostIdentities};
};

}  // namespace slipway::cloud::gcp
