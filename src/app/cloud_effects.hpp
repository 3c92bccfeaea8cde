#pragma once

#include <functional>

#include "reconciler/base/clock.hpp"
#include "reconciler/runtime/effect.hpp"
#include "src/cloud/cloud_api.hpp"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace slipway::app {

/// Does the engine's work with providers, on a pool. Used on the home thread.
class CloudEffects {
 public:
  using Done = std::function<void(runtime::OutsideResult)>;
  using RunOnPool = std::function<void(std::function<void()>)>;

  /// All outlive it, and the pool is drained before it goes; `io` runs on the home thread.
  CloudEffects(cloud::CloudApi& cloud, const Clock& clock, boost::asio::io_context& io,
               RunOnPool list)
      : cloud_(cloud), clock_(clock), io_(io), list_(std::move(list)) {}

  /// `done` runs on the home thread, once; a provider keeps its own deadline. kInternal where the work throws.
  void List(const runtime::ListServers& request, Done done);

 private:
  cloud::CloudApi& cloud_;
  const Clock& clock_;
  boost::asio::io_context& io_;
  RunOnPool list_;
};

}  // namespace slipway::app
