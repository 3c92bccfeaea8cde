#pragma once

#include <functional>

#include "reconciler/base/clock.hpp"
#include "reconciler/runtime/effect.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/kube/object_client.hpp"
#include "src/metrics/metrics.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::app {

/// Does the engine's work with providers, on a pool, and counts how it ends: slipway_listings_total and
/// slipway_launches_total. Used on the home thread.
class CloudEffects {
 public:
  using Done = std::function<void(runtime::OutsideResult)>;
  using RunOnPool = std::function<void(std::function<void()>)>;

  /// All outlive it, and the pool is drained before it goes; `io` runs on the home thread.
  CloudEffects(kube::ObjectClient& client, cloud::CloudApi& cloud, const Clock& clock,
               metrics::Metrics& metrics, boost::asio::io_context& io, RunOnPool pool)
      : client_(client),
        cloud_(cloud),
        clock_(clock),
        metrics_(metrics),
        io_(io),
        pool_(std::move(pool)) {}

  /// Reads the Secret that the provider names, of namespace `ns`, and asks the provider. `done` runs on the home thread, once; a provider
  /// keeps its own deadline. kInternal where the work throws; reason SecretNotFound.
  void List(const std::string& ns, const runtime::ListServers& request, Done done);

  /// Likewise asks the provider to let a machine in, within 10 s from now or not at all: what was promoted meanwhile is not there. Reason
  /// Timeout where its turn on the pool comes too late.
  void CompleteLaunch(const std::string& ns, const runtime::CompleteLaunch& request, Done done);

 private:
  using Call = std::function<runtime::OutsideResult(const cloud::SecretData& secret)>;

  void CallWithSecret(const std::string& ns, const std::string& name, Call call, Done done);
  void Run(Call call, cloud::SecretData secret, Done done);
  runtime::OutsideResult ListOf(const runtime::ListServers& request,
                                const cloud::SecretData& secret);

  kube::ObjectClient& client_;
  cloud::CloudApi& cloud_;
  const Clock& clock_;
  metrics::Metrics& metrics_;
  boost::asio::io_context& io_;
  RunOnPool pool_;
};

}  // namespace slipway::app
