#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/runtime/cache.hpp"
#include "reconciler/runtime/effect.hpp"
#include "reconciler/runtime/planner.hpp"
#include "reconciler/runtime/queue.hpp"
#include "reconciler/runtime/running_clock.hpp"

namespace slipway::runtime {

struct EngineOptions {
  /// Writes and gets together; those of one plan at most a quarter.
  std::size_t max_writes_in_flight = 128;
  std::size_t max_outside_in_flight = 16;
  std::size_t max_plans_per_tick = 64;  ///< the shell looks after its sockets in between
  BackoffOptions backoff;
  RunningClockOptions clock;
  std::uint64_t seed = 1;  ///< of the jitter
};

/// For metrics. All but the gauges only grow.
struct EngineStats {
  std::uint64_t plans = 0;
  std::uint64_t planner_failures = 0;  ///< plans that threw
  std::uint64_t effects = 0;
  std::uint64_t conflicts = 0;     ///< writes that were refused because the cache was behind
  std::uint64_t write_errors = 0;  ///< writes that failed otherwise, or whose outcome was unknown
  std::size_t quarantined = 0;     ///< gauge
  std::size_t queue_depth = 0;     ///< gauge
  std::size_t delayed = 0;         ///< gauge
  std::size_t in_flight = 0;       ///< gauge
};

/// Something that a person who looks after the control plane should read.
struct Note {
  Key key;
  std::string text;
};

/// The heart: it is told, it answers, it never calls out. The shell tells it what was seen, says
/// what time it is, executes the effects that it takes from it and posts their results. No clock,
/// no I/O; the same inputs give the same effects. One thread.
///
/// A turn of the shell: all inputs that have come, then Tick(), then TakeEffects(); the next one
/// when something comes, or at NextWakeup().
class Engine {
 public:
  Engine(std::vector<std::unique_ptr<Planner>> planners, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The kinds that the shell must list and watch.
  const std::set<Kind>& kinds() const;

  // --- Inputs.

  /// A complete list of a kind as of `revision` (the list's resourceVersion): at the start, and
  /// after each Expired().
  void Replaced(Kind kind, const std::vector<Bytes>& objects, std::uint64_t revision);

  /// The watch lost its place (410): what reads the kind is not planned until the next Replaced().
  void Expired(Kind kind);

  void ObjectChanged(Kind kind, const Bytes& object);

  /// `last` is the last state with the resourceVersion of the deletion.
  void ObjectDeleted(Kind kind, const Bytes& last);

  /// What an effect came to. A result for an effect that is not in flight (doubled, or of an
  /// earlier life) is ignored.
  void EffectDone(EffectId id, const ObjectResult& result);
  void EffectDone(EffectId id, const OutsideResult& result);
  void EffectDone(EffectId id, const EffectResult& result);

  /// What this request asks about has changed: whoever made it last is planned again and told so, until it asks again.
  void Outdated(const OutsideRequest& request);

  /// Lets time pass and plans what can be planned.
  void Tick(Time now, MonoTime mono);

  // --- Outputs.

  /// What is to be executed, in order.
  std::vector<Effect> TakeEffects();
  std::vector<Note> TakeNotes();

  /// When the next Tick() is due even if nothing comes; nullopt: only news can matter.
  std::optional<MonoTime> NextWakeup() const;

  /// Whether nothing is queued, in flight or waiting to be tried again: only news, or time that a
  /// planner asked for, will cause more.
  bool Idle() const;

  EngineStats stats() const;
  const Cache& cache() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace slipway::runtime
