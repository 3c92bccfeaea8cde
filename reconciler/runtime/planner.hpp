#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "reconciler/base/time.hpp"
#include "reconciler/runtime/cache.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::runtime {

/// An outside request of one slot. At most one is in flight per (key, slot): asking again meanwhile
/// changes nothing.
struct Ask {
  std::string slot;
  OutsideRequest request;

  bool operator==(const Ask&) const = default;
};

/// One thing to do. Neighbouring patches of different objects go out together, and so do
/// neighbouring creates; otherwise each action waits for the one before it. The first failure drops
/// the rest: the next plan finds it again. Asks are sent at once and wait for nothing.
using Action = std::variant<Create, Patch, Delete, Ask>;

/// What is to be done about one object. If `status` differs from the stored one, the engine writes
/// it and drops `actions`: the next plan, made from the durable status, finds them again. A crash
/// between any two effects is safe.
struct Plan {
  std::optional<std::string> status;  ///< JSON of the wanted status; nullopt: it stays as it is
  std::vector<Action> actions;        ///< executed in order

  /// Those of our finalizers (slipway.dev/…) that the object should have; nullopt: they stay as
  /// they are. What is added comes before the status, what is removed after the last action.
  std::optional<std::vector<std::string>> finalizers;

  std::optional<Duration> requeue_after;  ///< of running time; nullopt: only a change can matter

  std::vector<std::string>
      forget{};  ///< slots whose answers mean nothing any more; what is in flight there goes on

  /// The time up to this plan is not to be counted: PlanInput::elapsed begins again here.
  bool stands_still = false;
};

/// What became of one slot. Kept while the object lives, or until it is forgotten, in memory: after a restart a planner asks
/// again.
struct OutsideState {
  OutsideRequest request;  ///< the newest one that was sent
  bool in_flight = false;
  std::optional<OutsideRequest> answered;  ///< the request that `result` answers
  std::optional<OutsideResult>
      result;             ///< of the last one that ended; stays while the next is in flight
  Duration age{0};        ///< running time since `result` came
  bool outdated = false;  ///< what it asks about has changed since it was last sent
  int failures = 0;       ///< results in a row that were errors
};

using OutsideStates = std::map<std::string, OutsideState>;

/// Everything that a plan may depend on. Borrowed: valid during the call only.
struct PlanInput {
  const Object& object;
  const Cache& cache;
  Time now;  ///< wall time: for people, windows and schedules only

  /// Running time since the stored status was loaded, or since the plan that wrote it, or since the last one that stood still.
  Duration elapsed;

  /// Running time since the engine started: nobody is judged lost before a whole grace period of
  /// it.
  Duration up;

  const OutsideStates& outside;
};

/// Where AffectedBy() puts keys. Keys that do not exist are harmless.
using KeySink = std::set<Key>;

/// Decides about the objects of one kind. Used on the engine's thread only. Pure, deterministic and without state: one instance
/// serves all objects. A failed assertion inside throws, and the engine quarantines the key until
/// its object changes.
class Planner {
 public:
  virtual ~Planner() = default;

  /// The kind of object that it decides about.
  virtual Kind kind() const = 0;

  /// Other kinds that it reads. Nothing is planned until all of them, and its own, were listed.
  virtual std::vector<Kind> reads() const = 0;

  /// Adds the projectors and indexes that it needs.
  virtual void Register(CacheSchema& schema) const;

  /// The serial group of an object: while a write of one member is in flight, no member is planned.
  /// Without a group of its own an object is alone.
  virtual std::string Group(const Object& object) const;

  /// The keys of this planner's kind that a change of another kind, or of another object of its
  /// own, may matter to. The changed object itself need not be named.
  virtual void AffectedBy(const Cache& cache, const Change& change, KeySink& keys) const = 0;

  /// Decides; see PlanInput and Plan.
  virtual Plan MakePlan(const PlanInput& input) const = 0;
};

}  // namespace slipway::runtime
