#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/runtime/engine.hpp"
#include "src/gateway/agents.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/cloud.hpp"
#include "tests/sim/garbage.hpp"
#include "tests/sim/git.hpp"
#include "tests/sim/host.hpp"

namespace slipway::sim {

/// Hears what the controllers want, before it is done.
class PlaneObserver {
 public:
  virtual ~PlaneObserver() = default;
  /// `cache` is what the plan was made from.
  virtual void OnEffect(const runtime::Effect& effect, const runtime::Cache& cache) = 0;
  /// False: the control plane dies here, and the effect is not carried out.
  virtual bool MayGoOn(const runtime::Effect& effect) = 0;
  /// The garbage collector is about to write. False: the control plane dies here, and nothing is written.
  virtual bool MayCollect(const garbage::Step& step) = 0;
  /// The provider is about to be asked to let a server in.
  virtual void OnLetIn(const runtime::CompleteLaunch& launch) = 0;
  /// An outside effect was carried out; its answer is on its way. False: the control plane dies here.
  virtual bool OnOutsideDone(const runtime::Outside& work) = 0;
  /// The engine is about to hear the answer.
  virtual void OnOutsideAnswer(const runtime::Outside& work,
                               const runtime::OutsideResult& result) = 0;
};

/// What one life of the control plane needs. All references outlive it.
struct PlaneSurroundings {
  Loop& loop;
  Rng& rng;
  const Faults& faults;
  FakeApi& api;
  FakeGit& git;
  FakeCloud& cloud;
  PlaneObserver& observer;
  std::function<std::vector<std::unique_ptr<runtime::Planner>>()> planners;
  runtime::EngineOptions engine;
};

/// One life of `slipway server`: a shell around the real engine, one around the real gateway without its sockets,
/// and one around the graph and the verdicts of the garbage collector. It starts when it is made; destroying it is a crash.
class ControlPlane {
 public:
  explicit ControlPlane(PlaneSurroundings surroundings);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  /// A session for an agent; nullptr: come again.
  std::shared_ptr<Link> Connect(Host& host, const protocol::Hello& hello);

  /// The store has changed.
  void Announce();

  void Freeze(Duration length) { process_.Freeze(length); }
  /// Nothing runs any more from here on; destroy it soon.
  void Kill();
  bool alive() const { return process_.alive(); }

  /// nullptr while the gateway still looks who is there.
  const runtime::Engine* engine() const { return engine_.get(); }

 private:
  class Feed;

  // The gateway, as src/gateway/gateway.cpp drives it.
  void GatewayTick();
  void Follow();

  // The controllers, as src/app/controllers.cpp wires them.
  void StartEngine();
  void Wake();
  void Turn();
  void Execute(const runtime::Effect& effect);
  void ExecuteOutside(runtime::EffectId id, const runtime::Outside& work);
  runtime::OutsideResult DoOutside(const runtime::OutsideRequest& request, bool fails);

  PlaneSurroundings world_;
  Process process_;
  SimClient gateway_client_;
  SimClient client_;
  SimClient garbage_client_;
  Garbage garbage_;
  gateway::Agents agents_;
  std::vector<std::shared_ptr<Link>> links_;  ///< in the order in which they came
  std::unique_ptr<runtime::Engine> engine_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  bool turn_queued_ = false;
  std::uint64_t wakeup_ = 0;
};

}  // namespace slipway::sim
