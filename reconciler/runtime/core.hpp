#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/runtime/engine.hpp"

/// Private to this folder: what is inside the engine.
namespace slipway::runtime {

using Work = decltype(Effect::work);

/// Why an effect is in flight.
enum class Purpose : std::uint8_t {
  kWrite,    ///< part of a run
  kConfirm,  ///< the get after a write of a run that failed
  kOutside,
};

/// One effect whose result has not come.
struct InFlight {
  Purpose purpose = Purpose::kWrite;
  std::string group;                ///< of the run
  Key key;                          ///< on whose behalf
  Key target;                       ///< that is written or read
  Uid uid;                          ///< of the target as we knew it; kOutside: of `key`
  std::uint64_t known_version = 0;  ///< of the target in the cache; 0: none
  Work work;                        ///< kConfirm: the write that failed
  Error failure;                    ///< kConfirm: how it failed
  int tries = 0;                    ///< kConfirm: gets that failed
  std::string slot;                 ///< kOutside
};

/// The writes that follow from one plan. While it lives, no key of its group is planned.
struct Run {
  Key key;
  std::deque<Work> rest;  ///< not sent yet
  std::set<EffectId> in_flight;
  std::size_t confirming = 0;  ///< gets that wait to be sent again
  MonoTime planned_at;
  bool waits = false;    ///< it is among those that wait for room
  bool stalled = false;  ///< it writes what the engine itself has to say
  bool failed = false;
  bool behind = false;  ///< it failed only because the cache was behind
  std::optional<Duration> retry_after;
};

/// A status write that may still be on its way although nobody waits for it any more.
struct LostStatus {
  std::string status;
  MonoTime planned_at;
};

/// What is known of one outside slot.
struct Slot {
  Uid uid;  ///< of the object that asked
  OutsideState state;
  MonoTime answered_at;
};

class Engine::Core {
 public:
  Core(std::vector<std::unique_ptr<Planner>> planners, EngineOptions options);

  // engine.cpp: what changed, and what may be planned
  void OnChanges(const std::vector<Change>& changes);
  void Replaced(Kind kind, const std::vector<Bytes>& objects, std::uint64_t revision);
  void Take(Kind kind, Result<std::vector<Change>> changes);
  void ObjectDone(EffectId id, const ObjectResult& result);
  void OutsideDone(EffectId id, const OutsideResult& result);
  void Tick(Time now, MonoTime mono);
  std::optional<MonoTime> NextDue() const;
  bool Idle() const;

  // planning.cpp: one key
  void PlanNext();
  void ForgetKey(const Key& key);

  // running.cpp: the writes of one plan
  void StartRun(const std::string& group, Run run);
  void Pump(const std::string& group);
  void PumpWaiting();
  void OnWriteDone(const InFlight& record, EffectId id, const ObjectResult& result);
  void OnConfirmed(const InFlight& record, EffectId id, const ObjectResult& result);
  void RetryConfirms();

  // outside.cpp: work that is no write
  void Ask(const Object& object, const runtime::Ask& ask);
  void Forget(const Key& key, const std::string& name);
  void PumpAsks();
  void OnOutsideDone(const InFlight& record, const OutsideResult& result);
  void Outdated(const OutsideRequest& request);
  void DateAnswers();
  OutsideStates OutsideOf(const Key& key) const;

  // shared
  EffectId Send(InFlight record, Work work);
  bool HasRoom() const;
  /// Puts the object that a write or get gave into the cache.
  void Absorb(const InFlight& record, const Bytes& object);
  void ForgetObject(const Key& key, const Uid& uid);
  void AddNote(const Key& key, std::string text);

  const std::vector<std::unique_ptr<Planner>> planners_;
  const EngineOptions options_;
  std::set<Kind> kinds_;
  Cache cache_;
  WorkQueue queue_;
  RunningClock clock_;
  Time now_{};

  std::map<Key, MonoTime> counted_from_;                 ///< where `elapsed` of a key begins
  std::map<Key, std::deque<LostStatus>> lost_statuses_;  ///< of the version in the cache
  std::map<Key, MonoTime> held_until_;  ///< keys that failed wait, whatever changes
  /// Which version of an object is poisonous, and why.
  std::map<Key, std::pair<std::uint64_t, std::string>> quarantine_;
  std::set<Key> unsynced_;                       ///< wait for lists
  std::map<std::string, Run> runs_;              ///< by group
  std::map<std::string, std::set<Key>> parked_;  ///< wait for a group
  std::deque<std::string> waiting_groups_;       ///< runs that wait for room in flight
  std::map<std::pair<MonoTime, EffectId>, InFlight> confirm_again_;
  Rng confirm_jitter_;
  std::map<Key, std::map<std::string, Slot>> slots_;
  std::deque<std::pair<Key, std::string>> waiting_asks_;
  std::vector<std::pair<Key, std::string>>
      new_answers_;  ///< since the last Tick: it says when they came
  std::map<EffectId, InFlight> in_flight_;
  std::size_t outside_in_flight_ = 0;
  EffectId next_effect_ = 1;
  std::vector<Effect> effects_;
  std::vector<Note> notes_;
  EngineStats stats_;

 private:
  // engine.cpp
  void NoteUnreadable(Kind kind, const Error& problem);
  void FindLostStatus(const Object& object);
  void OnChange(const Change& change);
  std::optional<InFlight> TakeInFlight(EffectId id);
  void Affect(const Planner& planner, const Change& change);
  void Wake(std::set<Key>& waiting);

  // planning.cpp
  const Planner* PlannerOf(Kind kind) const;
  std::string GroupOf(const Planner& planner, const Object& object) const;
  bool Ready(const Planner& planner) const;
  bool IsHeld(const Key& key);
  void PlanKey(const Key& key);
  bool PlanAndFollow(const Planner& planner, const Object& object, const std::string& group);
  void SayWhyStalled(const Object& object, const std::string& group);
  void Follow(const Object& object, const std::string& group, Plan plan);
  bool AddFinalizers(const Object& object, const std::string& group, const Plan& plan);
  bool WriteStatusIfNew(const Object& object, const std::string& group, const Plan& plan);
  bool Act(const Object& object, const std::string& group, Plan& plan);
  bool RemoveFinalizers(const Object& object, const std::string& group, const Plan& plan);
  void StartWrite(const Object& object, const std::string& group, Work work, bool stalled = false);

  // running.cpp
  void OnWriteFailed(const InFlight& record, EffectId id, const Error& error);
  bool MayJoin(const Run& run) const;
  void Confirm(InFlight record);
  void RememberLostStatus(const InFlight& record);
  void ConfirmLater(InFlight record, EffectId id, const Error& error);
  bool Succeeded(const InFlight& record, const Bytes& object) const;
  bool ChangedNothing(const InFlight& record) const;
  void OnSuccess(const InFlight& record, const Bytes& object);
  void Settle(const InFlight& record, EffectId id);
  void Fail(const InFlight& record, bool behind);
  void FinishRun(const std::string& group);
};

}  // namespace slipway::runtime
