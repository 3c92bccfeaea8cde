#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/aws/query_client.hpp"
#include "src/cloud/call_budget.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/pages.hpp"
#include "src/cloud/pool.hpp"

namespace slipway::cloud::aws {

struct AwsOptions {
  Environment environment;  ///< where credentials and endpoints are looked for, as AWS's tools do
  TryLimits limits;
  Duration deadline = std::chrono::minutes(5);  ///< of one whole list
  std::uint64_t seed = 0;                       ///< of the waits
};

/// Lists the instances of EC2. One for all fleets: those with the same credentials share them, and those that act as the same principal
/// in a region wait together. Thread-safe.
class AwsCloud final : public CloudApi {
 public:
  /// What `doors` leads to outlives it.
  AwsCloud(const Doors& doors, AwsOptions options, Pause pause);
  ~AwsCloud() override;

  /// Every instance of all regions, those that stopped or were terminated too. One that its Auto Scaling group does not have in service
  /// stands by; where the Fleet names a launchHook, one that waits in Pending:Wait joins. Reasons: those of QueryClient, SecretInvalid (it lacks
  /// a key) and ListInvalid (an answer that cannot be believed). One region that does not answer makes the whole of it an error.
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override;

  Examination Examine(const api::Provider& provider, const SecretData& secret) override;

  /// Completes the action of the launchHook with CONTINUE. Reasons: those of QueryClient; NotWaiting: no action is active.
  Result<void> CompleteLaunch(const runtime::CompleteLaunch& launch, const SecretData& secret,
                              MonoTime deadline) override;

 private:
  struct Identity;
  struct Listing;

  Result<std::shared_ptr<Identity>> IdentityOf(const api::AwsProvider& provider,
                                               const SecretData& secret);
  std::shared_ptr<Identity> MakeIdentity(const api::AwsProvider& provider, const Credentials& fixed,
                                         const std::string& sts_region);
  std::shared_ptr<CallState> StateOf(const std::string& principal, const std::string& endpoint,
                                     const std::string& region);
  QueryClient ClientFor(Identity& identity, const QueryTarget& target);
  Check Try(Identity& identity, const std::string& region, const Result<QueryTarget>& target,
            const Query& query);
  Result<void> ReadPages(Listing& listing, const QueryTarget& target,
                         const std::function<Query(const std::string&)>& ask,
                         const std::function<Result<std::string>(std::string)>& read);
  Result<void> ListRegion(const api::AwsProvider& provider, Listing& listing,
                          const std::string& region);
  Result<void> MarkStates(const api::AwsProvider& provider, Listing& listing,
                          const std::string& region,
                          const std::map<std::string, std::string>& groups);

  static constexpr std::size_t kMostStates = 5'000;

  const Doors doors_;
  const AwsOptions options_;
  const Pause pause_;
  Pool<Identity> identities_{kMostIdentities};
  Pool<CallState> states_{kMostStates};
};

}  // namespace slipway::cloud::aws
