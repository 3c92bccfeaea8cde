#pragma once

#include <memory>
#include <string>

#include "src/cloud/call_budget.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/openstack/credentials/keystone.hpp"
#include "src/cloud/pool.hpp"
#include "src/cloud/token_source.hpp"
#include "src/cloud/tries.hpp"

namespace slipway::cloud::openstack {

struct OpenstackOptions {
  Environment environment;  ///< where credentials are looked for, as OpenStack's tools do
  TryLimits limits;
  Duration deadline = std::chrono::minutes(5);  ///< of one whole list
  std::uint64_t seed = 0;                       ///< of the waits
};

/// Lists the servers of a project in a region of OpenStack. One for all fleets: those with the same credentials share what is known of
/// the project. Thread-safe.
class OpenstackCloud final : public CloudApi {
 public:
  /// What `doors` leads to outlives it.
  OpenstackCloud(const Doors& doors, OpenstackOptions options, Pause pause);
  ~OpenstackCloud() override;

  /// Every server of the project that the fields fit, those that stopped too. Reasons: those of ApiClient, SecretInvalid,
  /// EndpointInvalid (the catalog has no compute API that can be asked), ListInvalid (an answer that cannot be believed, or lacks the
  /// servers of a cell) and ListUnfinished (the credentials were replaced meanwhile, or see KnownServers).
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override;

  Result<std::vector<runtime::ListedServer>> ListKnowing(const std::vector<std::string>& known,
                                                         const api::Provider& provider,
                                                         const SecretData& secret) override;

  Examination Examine(const api::Provider& provider, const SecretData& secret) override;

 private:
  struct Identity;
  struct Place;
  struct Listing;

  Result<std::shared_ptr<Identity>> IdentityOf(const api::OpenstackProvider& provider,
                                               const SecretData& secret);
  Result<Session> EnterUntilGood(Identity& identity, MonoTime deadline) const;
  Result<std::unique_ptr<Listing>> Begin(const api::OpenstackProvider& provider, Identity& identity,
                                         const Session& session, MonoTime deadline) const;
  Check ExamineRegion(const api::OpenstackProvider& provider, Identity& identity,
                      const Session& session) const;
  Result<std::vector<runtime::ListedServer>> ListAll(const api::OpenstackProvider& provider,
                                                     const std::vector<std::string>& of_fleet,
                                                     Listing& listing) const;

  const Doors doors_;
  const OpenstackOptions options_;
  const Pause pause_;
  Pool<Identity> identities_{kMostIdentities};
};

}  // namespace slipway::cloud::openstack
