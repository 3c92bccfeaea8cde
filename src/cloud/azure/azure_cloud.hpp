#pragma once

#include <memory>
#include <string>

#include "src/cloud/call_budget.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/pages.hpp"
#include "src/cloud/pool.hpp"
#include "src/cloud/token_source.hpp"
#include "src/cloud/tries.hpp"

namespace slipway::cloud::azure {

struct AzureOptions {
  Environment environment;  ///< where credentials and endpoints are looked for, as Azure's SDKs do
  TryLimits limits;
  Duration deadline = std::chrono::minutes(5);  ///< of one whole list
  std::uint64_t seed = 0;                       ///< of the waits
};

/// A check that is about a resource group; about a whole subscription where that is empty.
struct GroupCheck {
  std::string group;
  Check check;
};

/// Lists the virtual machines of Azure. One for all fleets: those with the same credentials share what is known of a subscription.
/// Thread-safe.
class AzureCloud final : public CloudApi {
 public:
  /// What `doors` leads to outlives it.
  AzureCloud(const Doors& doors, AzureOptions options, Pause pause);
  ~AzureCloud() override;

  /// Every machine of the subscriptions that the fields fit, those that stopped too. Reasons: those of ApiClient, SecretInvalid (it has
  /// no usable credentials), EndpointInvalid (the control plane's own token would go to somebody else than Microsoft, or be readable on its way) and ListInvalid
  /// (an answer that cannot be believed, or is not whole).
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override;

  Examination Examine(const api::Provider& provider, const SecretData& secret) override;

 private:
  struct Identity;
  struct Place;

  Result<std::shared_ptr<Identity>> IdentityOf(const api::AzureProvider& provider,
                                               const SecretData& secret);
  void ExamineSubscription(const api::AzureProvider& provider, Identity& identity,
                           const std::string& subscription, std::vector<GroupCheck>& checks);
  std::shared_ptr<Place> PlaceOf(Identity& identity, const std::string& endpoint,
                                 const std::string& subscription);

  const Doors doors_;
  const AzureOptions options_;
  const Pause pause_;
  Pool<Identity> identities_{kMostIdentities};
};

}  // namespace slipway::cloud::azure
