#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/steady_timer.hpp>

#include "reconciler/base/clock.hpp"
#include "reconciler/runtime/engine.hpp"
#include "src/app/cloud_effects.hpp"
#include "src/app/condition_metrics.hpp"
#include "src/app/event_recorder.hpp"
#include "src/app/git_effects.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::app {

/// Every planner of the control plane, in the order in which the engine asks them. `first_grace`: after a start, the
/// gateway has judged everybody by then.
std::vector<std::unique_ptr<runtime::Planner>> AllPlanners(Duration first_grace);

/// The shell around the engine: tells it what the API says, lets it think, does what it wants done. Constructed, used and
/// destroyed on the one thread that runs `io`.
class Controllers {
 public:
  struct Options {
    runtime::EngineOptions engine;
    bool planners = true;          ///< false: there are none, and nothing is watched
    Duration first_grace{65'000};  ///< see AllPlanners
  };

  /// All references outlive it; `metrics` must not be asked any more once it is gone.
  Controllers(boost::asio::io_context& io, kube::ObjectClient& client, GitEffects& git,
              CloudEffects& cloud, const Clock& clock, metrics::Metrics& metrics, Options options);
  ~Controllers();

  /// Starts to watch and to plan.
  void Start();

  /// Starts nothing new. What is in flight ends by itself; its results are not looked at any more.
  void Stop();

  /// What this request asks about has changed: whoever asked asks again.
  void Outdated(const runtime::OutsideRequest& request);

  /// The same for other threads, while `io` lasts; nothing once this has been stopped or is gone.
  std::function<void(const runtime::OutsideRequest&)> OutdatedFromElsewhere();

  runtime::EngineStats stats() const { return engine_.stats(); }

 private:
  class Feed;

  void Wake();
  void Turn();
  void Execute(const runtime::Effect& effect);
  void Answer(runtime::EffectId id, const runtime::EffectResult& result);

  boost::asio::io_context& io_;
  kube::ObjectClient& client_;
  GitEffects& git_;
  CloudEffects& cloud_;
  const Clock& clock_;
  runtime::Engine engine_;
  EventRecorder events_;
  ConditionMetrics conditions_;
  boost::asio::steady_timer timer_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  bool turn_queued_ = false;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace slipway::app
