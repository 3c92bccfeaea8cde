#pragma once

#include <cstddef>

#include "reconciler/base/rng.hpp"
#include "src/garbage/owner_graph.hpp"
#include "src/garbage/verdict.hpp"
#include "tests/sim/api.hpp"
#include "tests/sim/loop.hpp"

namespace slipway::sim {

/// The garbage collector of one life of the control plane: the real graph and the real verdicts, over the FakeApi. It looks
/// some time after each change.
class Garbage {
 public:
  /// All references outlive it.
  Garbage(Process& process, FakeApi& api, Rng& rng);

  /// Tells it what has happened. The owner calls it after each change of the API.
  void Announce();

 private:
  void Learn(const Key& key, const Bytes& now, const Bytes& last, std::uint64_t version);
  void LookLater();
  void Look();
  void Do(const garbage::Step& step);
  Result<garbage::Standing> LookUp(const garbage::Owner& owner, const std::string& ns) const;

  Process& process_;
  FakeApi& api_;
  Rng& rng_;
  garbage::OwnerGraph graph_;
  garbage::OwnerGraph::Places queue_;
  std::size_t seen_ = 0;  ///< of the API's history
  bool looks_ = false;
};

}  // namespace slipway::sim
