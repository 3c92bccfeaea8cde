#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// Chances in 100 that one call meets a fault.
struct StoreFaults {
  unsigned conflict = 0;             ///< a write is refused as if somebody had been faster
  unsigned unavailable = 0;          ///< a write or a read fails; nothing was changed
  unsigned unknown_applied = 0;      ///< kTimeout; the write was made
  unsigned unknown_not_applied = 0;  ///< kTimeout; it was not
  unsigned delayed = 0;              ///< acknowledged late, and out of order: see Release
  unsigned compacted = 0;            ///< everything so far is compacted before the call
  unsigned watch_closed = 0;         ///< a Take, and each later one of that watch, says kExpired
};

/// Another store with faults: the same calls and the same seed give the same faults. Any thread,
/// but only one thread gives the same faults again.
class FaultyStore : public Store {
 public:
  /// `inner` must outlive it.
  FaultyStore(Store& inner, Rng rng, StoreFaults faults);

  /// From here on there are other faults, or none: `SetFaults({})`.
  void SetFaults(StoreFaults faults);

  /// Gives one of the delayed acknowledgements, chosen at random. False: there is none.
  bool Release();

  void Commit(Write write, CommitDone done) override;
  Result<std::optional<Entry>> Get(const std::string& key, Revision at) override;
  Result<Page> List(const ListRequest& request) override;
  Result<std::unique_ptr<Watch>> StartWatch(std::string prefix, Revision after,
                                            std::function<void()> ready) override;
  Result<Revision> CurrentRevision() override;
  Result<void> Compact(Revision upto) override;
  const Incarnation& incarnation() const override { return inner_.incarnation(); }

 private:
  class Fragile;
  struct Delayed;

  bool Strikes(unsigned StoreFaults::*fault);
  Result<void> BeforeCall();  ///< may compact; may refuse

  Store& inner_;
  std::mutex mutex_;
  Rng rng_;
  StoreFaults faults_;
  std::shared_ptr<Delayed> delayed_;
};

}  // namespace slipway::store
