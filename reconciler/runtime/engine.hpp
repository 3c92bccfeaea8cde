#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/runtime/cache.hpp"
#include "reconciler/runtime/collector.hpp"
#include "reconciler/runtime/effect.hpp"
#include "reconciler/runtime/planner.hpp"
#include "reconciler/runtime/queue.hpp"
#include "reconciler/runtime/running_clock.hpp"

namespace slipway::runtime {

struct EngineOptions {
  std::size_t max_writes_in_flight = 128;  ///< writes and gets together
  std::size_t max_outside_in_flight = 16;
  std::size_t max_plans_per_tick = 64;  ///< so that the shell can look after its sockets in between
  BackoffOptions backoff;
  RunningClockOptions clock;
  bool collect_garbage = true;  ///< false where a Kubernetes cluster does it
  std::uint64_t seed = 1;       ///< of the jitter
};

/// For metrics. All but the gauges only grow.
struct EngineStats {
  std::uint64_t plans = 0;
  std::uint64_t planner_failures = 0;  ///< plans that threw
  std::uint64_t effects = 0;
  std::uint64_t conflicts = 0;  ///< writes refused because the cache was behind
  std::uint64_t write_errors =
      0;  ///< writes that failed for another reason, or whose outcome was unknown
  std::uint64_t collected = 0;  ///< objects deleted because their owners are gone
  std::size_t quarantined = 0;  ///< gauge
  std::size_t queue_depth = 0;  ///< gauge
  std::size_t delayed = 0;      ///< gauge
  std::size_t in_flight = 0;    ///< gauge
};

/// Something that a person who looks after the control plane should read.
struct Note {
  Key key;
  std::string text;
};

/// The heart: it is told, it answers, it never calls out. The shell tells it what was seen, says
/// what time it is, executes the effects that it takes from it and posts their results. One thread;
/// no clock, no I/O; the same inputs give the same effects.
///
/// A turn of the shell: all inputs that have come, then Tick(), then TakeEffects(); again at
/// NextWakeup() or on news.
class Engine {
 public:
  Engine(std::vector<std::unique_ptr<Planner>> planners, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The kinds that the shell must list and watch.
  const std::set<Kind>& kinds() const { return kinds_; }

  // --- Inputs.

  /// A complete list of a kind as of `revision` (the list's resourceVersion): at the start, and
  /// after each Expired().
  void Replaced(Kind kind, const std::vector<Bytes>& objects, std::uint64_t revision);

  /// The watch lost its place (410) or its server: what reads the kind is not planned until the
  /// next Replaced().
  void Expired(Kind kind);

  void ObjectChanged(Kind kind, const Bytes& object);

  /// `last` is the last state with the resourceVersion of the deletion.
  void ObjectDeleted(Kind kind, const Bytes& last);

  /// What an effect came to. A result for an effect that is not in flight (doubled, or of an
  /// earlier life) is ignored.
  void EffectDone(EffectId id, EffectResult result);

  /// Lets time pass and plans what can be planned.
  void Tick(Time now, MonoTime mono);

  // --- Outputs.

  /// What is to be executed, in order.
  std::vector<Effect> TakeEffects();
  std::vector<Note> TakeNotes();

  /// When the next Tick() is due even if nothing comes; nullopt: only news can matter.
  std::optional<MonoTime> NextWakeup() const;

  EngineStats stats() const;
  const Cache& cache() const { return cache_; }

  /// Whether nothing is queued, in flight or waiting for a retry: only news or a planner's own
  /// timer will cause more.
  bool Idle() const;

 private:
  struct InFlight;
  struct Run;
  struct Slot;

  // engine.cpp: what changed, and what may be planned
  void OnChanges(const std::vector<Change>& changes);
  void OnChange(const Change& change);
  void Affect(const Planner& planner, const Change& change);
  const Planner* PlannerOf(Kind kind) const;
  bool Ready(const Planner& planner) const;
  std::string GroupOf(const Object& object) const;
  void Requeue(const std::set<Key>& keys);

  // planning.cpp: one key
  void PlanKey(const Key& key);
  bool MayPlan(const Key& key, const Object& object, const std::string& group);
  std::optional<Plan> CallPlanner(const Object& object);
  void Follow(const Object& object, const std::string& group, Plan plan);
  void Quarantine(const Object& object, const std::string& group, const std::string& why);
  void ForgetKey(const Key& key);

  // running.cpp: the writes of one plan
  void StartRun(const std::string& group, const Key& key, std::vector<Action> actions);
  void StartStatusWrite(const std::string& group, const Object& object, std::string status,
                        bool stalled);
  void Pump(const std::string& group);
  void PumpWaiting();
  EffectId Send(InFlight record, decltype(Effect::work) work);
  void OnWriteDone(const InFlight& record, const ObjectResult& result);
  void OnWriteFailed(const InFlight& record, const Error& error);
  void OnGetDone(const InFlight& record, const ObjectResult& result);
  void Absorb(const InFlight& record, const Bytes& object);
  void Settle(Run& run, const InFlight& record, bool succeeded);
  void FinishRun(const std::string& group);

  // outside.cpp: work that is no write
  void SendAsks(const Object& object, std::vector<Action>& actions);
  void PumpAsks();
  void OnOutsideDone(const InFlight& record, OutsideResult result);
  OutsideStates OutsideOf(const Key& key) const;

  // collecting.cpp: garbage
  void PumpCollector();
  void OnCollected(const InFlight& record, const ObjectResult& result);

  void AddNote(const Key& key, std::string text);

  const std::vector<std::unique_ptr<Planner>> planners_;
  const EngineOptions options_;
  std::set<Kind> kinds_;
  Cache cache_;
  WorkQueue queue_;
  Collector collector_;
  RunningClock clock_;
  Time now_{};

  std::map<Key, MonoTime> counted_from_;  ///< where `elapsed` of a key begins
  std::map<Key, MonoTime> held_until_;    ///< keys that failed and wait, whatever changes
  std::map<Key, std::pair<std::uint64_t, std::string>>
      quarantine_;                                    ///< version that is poisonous, and why
  std::set<Key> unsynced_;                            ///< wait for lists
  std::map<std::string, std::unique_ptr<Run>> runs_;  ///< by group
  std::map<std::string, std::set<Key>> parked_;       ///< wait for a group
  std::deque<std::string> waiting_groups_;            ///< runs that wait for room in flight
  std::map<Key, std::map<std::string, Slot>> slots_;
  std::deque<std::pair<Key, std::string>> waiting_asks_;
  std::map<EffectId, InFlight> in_flight_;
  std::size_t outside_in_flight_ = 0;
  EffectId next_effect_ = 1;
  std::vector<Effect> effects_;
  std::vector<Note> notes_;
  EngineStats stats_;
};

}  // namespace slipway::runtime
