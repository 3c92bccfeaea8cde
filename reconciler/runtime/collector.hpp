#pragma once

#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "reconciler/runtime/cache.hpp"
#include "reconciler/runtime/effect.hpp"
#include "reconciler/runtime/queue.hpp"

namespace slipway::runtime {

/// Finalizers of Kubernetes' deletion policies.
inline constexpr const char* kForegroundFinalizer = "foregroundDeletion";
inline constexpr const char* kOrphanFinalizer = "orphan";

/// Collects what no longer has an owner. Owners are told apart by uid. An owner that the cache does
/// not hold is asked for first: the caches of two kinds may be of different moments. Owners of
/// kinds that the engine does not keep count as alive. Foreground: the dependents go first, and the
/// owner keeps its finalizer until none that blocks it is left. Orphan: the dependents lose the
/// reference. One thread.
class Collector {
 public:
  /// Look whether this owner exists.
  struct FindOwner {
    Key key;
    Uid uid;

    bool operator==(const FindOwner&) const = default;
  };
  using Step = std::variant<FindOwner, Delete, Patch>;

  Collector(BackoffOptions backoff, Rng rng);

  /// Notes what a change may make garbage.
  void OnChange(const Cache& cache, const Change& change);

  /// The next object that needs a step, which is then in progress until Done().
  std::optional<std::pair<Key, Step>> Next(const Cache& cache, MonoTime now);

  /// An owner does not exist any more.
  void OwnerIsGone(const Uid& uid);

  void Done(const Key& key, bool succeeded, MonoTime now);

  std::optional<MonoTime> next_due() const { return queue_.next_due(); }
  bool idle() const { return queue_.empty() && queue_.delayed() == 0 && in_progress_ == 0; }

 private:
  std::optional<Step> StepFor(const Cache& cache, const Object& object) const;

  WorkQueue queue_;
  std::size_t in_progress_ = 0;
  std::set<Uid> gone_;  ///< owners that are known not to exist; bounded
  std::deque<Uid> gone_order_;
};

}  // namespace slipway::runtime
