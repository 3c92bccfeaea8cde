#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/garbage/backlog.hpp"
#include "src/garbage/owner_graph.hpp"
#include "src/garbage/verdict.hpp"
#include "tests/sim/client.hpp"
#include "tests/sim/loop.hpp"

namespace slipway::sim {

/// The garbage collector of one life of the control plane: the real graph, verdicts and backlog. It hears late, looks owners up,
/// and writes through a client with faults; one round after the other, each some time after its reason.
class Garbage {
 public:
  /// Asked before each write. False: the control plane dies here, and nothing is written.
  using MayGoOn = std::function<bool(const garbage::Step& step)>;

  /// All references outlive it.
  Garbage(Process& process, SimClient& client, Rng& rng, MayGoOn may_go_on);
  ~Garbage();

 private:
  class Feed;
  struct Round;
  using RoundPtr = std::shared_ptr<Round>;

  void Replace(Kind kind, const std::vector<Bytes>& objects);
  void Learn(Kind kind, const Bytes& object, bool gone);
  void LookLater();
  void Look();
  void LookUp(const RoundPtr& round, const garbage::Place& place);
  void Decide(const RoundPtr& round);
  bool Write(const RoundPtr& round, const garbage::Place& of, const garbage::Step& step);
  void EndOne(const RoundPtr& round);

  Process& process_;
  SimClient& client_;
  Rng& rng_;
  MayGoOn may_go_on_;
  garbage::OwnerGraph graph_;
  garbage::Backlog backlog_;
  std::set<Kind> unknown_;  ///< kinds of which nobody knows what there is: nothing is judged
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::optional<MonoTime> looks_at_;
  bool busy_ = false;
};

}  // namespace slipway::sim
