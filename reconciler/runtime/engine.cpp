#include "reconciler/runtime/engine.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/runtime/core.hpp"
#include "reconciler/runtime/documents.hpp"

namespace slipway::runtime {
namespace {

CacheSchema SchemaFor(const std::vector<std::unique_ptr<Planner>>& planners) {
  CacheSchema schema;
  for (const auto& planner : planners) {
    planner->Register(schema);
  }
  return schema;
}

std::optional<MonoTime> Earlier(std::optional<MonoTime> left, std::optional<MonoTime> right) {
  if (!left.has_value() || !right.has_value()) {
    return left.has_value() ? left : right;
  }
  return std::min(*left, *right);
}

}  // namespace

void Planner::Register(CacheSchema& /*schema*/) const {}

std::string Planner::Group(const Object& object) const { return ToString(object.key); }

// ---- The core: inputs.

Engine::Core::Core(std::vector<std::unique_ptr<Planner>> planners, EngineOptions options)
    : planners_(std::move(planners)),
      options_(options),
      cache_(SchemaFor(planners_)),
      queue_(options.backoff, Rng(options.seed)),
      clock_(options.clock),
      confirm_jitter_(options.seed + 2) {
  for (const auto& planner : planners_) {
    kinds_.insert(planner->kind());
    for (const Kind kind : planner->reads()) {
      kinds_.insert(kind);
    }
  }
}

void Engine::Core::Replaced(Kind kind, const std::vector<Bytes>& objects, std::uint64_t revision) {
  std::vector<Error> problems;
  OnChanges(cache_.Replace(kind, objects, revision, &problems));
  for (const Error& problem : problems) {
    NoteUnreadable(kind, problem);
  }
  Wake(unsynced_);
}

void Engine::Core::NoteUnreadable(Kind kind, const Error& problem) {
  AddNote(Key{.kind = kind, .ns = "", .name = ""}, "an object cannot be read: " + problem.message);
}

void Engine::Core::Take(Kind kind, Result<std::vector<Change>> changes) {
  if (changes.has_value()) {
    OnChanges(changes.value());
  } else {
    NoteUnreadable(kind, changes.error());
  }
}

void Engine::Core::Wake(std::set<Key>& waiting) {
  for (const Key& key : std::exchange(waiting, {})) {
    queue_.Add(key);
  }
}

void Engine::Core::OnChanges(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    OnChange(change);
  }
}

void Engine::Core::OnChange(const Change& change) {
  const Key& key = change.any().key;
  const bool same_object = change.before != nullptr && change.after != nullptr &&
                           change.before->uid == change.after->uid;
  if (change.before != nullptr && !same_object) {
    ForgetKey(key);
  }
  if (change.after != nullptr && PlannerOf(key.kind) != nullptr) {
    counted_from_.emplace(key, clock_.now());
    FindLostStatus(*change.after);
    queue_.Add(key);
  }
  for (const auto& planner : planners_) {
    const std::vector<Kind> reads = planner->reads();
    if (planner->kind() == key.kind ||
        std::find(reads.begin(), reads.end(), key.kind) != reads.end()) {
      Affect(*planner, change);
    }
  }
}

/// A status write that was given up and is done after all: what its plan had counted is in it.
void Engine::Core::FindLostStatus(const Object& object) {
  const auto lost = lost_statuses_.find(object.key);
  if (lost == lost_statuses_.end()) {
    return;
  }
  for (const LostStatus& write : lost->second) {
    if (documents::StatusIs(*object.bytes, write.status)) {
      counted_from_[object.key] = write.planned_at;
    }
  }
  lost_statuses_.erase(lost);  // the version that they would replace is gone
}

void Engine::Core::Affect(const Planner& planner, const Change& change) {
  KeySink keys;
  try {
    const GuardedScope guard;
    planner.AffectedBy(cache_, change, keys);
  } catch (const std::exception& thrown) {
    AddNote(change.any().key, std::string("cannot tell what it affects: ") + thrown.what());
    for (const Object* object : cache_.List(planner.kind())) {
      keys.insert(object->key);
    }
  }
  for (const Key& key : keys) {
    if (cache_.Find(key) != nullptr) {  // what is not there yet is queued when it comes
      queue_.Add(key);
    }
  }
}

std::optional<InFlight> Engine::Core::TakeInFlight(EffectId id) {
  const auto found = in_flight_.find(id);
  if (found == in_flight_.end()) {
    return std::nullopt;
  }
  InFlight record = std::move(found->second);
  in_flight_.erase(found);
  return record;
}

void Engine::Core::ObjectDone(EffectId id, const ObjectResult& result) {
  const std::optional<InFlight> record = TakeInFlight(id);
  if (!record.has_value()) {
    return;
  }
  switch (record->purpose) {
    case Purpose::kWrite:
      OnWriteDone(*record, id, result);
      break;
    case Purpose::kConfirm:
      OnConfirmed(*record, id, result);
      break;
    case Purpose::kOutside:
      SLIPWAY_UNREACHABLE("an outside effect was answered with an object");
  }
}

void Engine::Core::OutsideDone(EffectId id, const OutsideResult& result) {
  const std::optional<InFlight> record = TakeInFlight(id);
  if (record.has_value()) {
    SLIPWAY_ASSERT(record->purpose == Purpose::kOutside, "work for the API has another answer");
    --outside_in_flight_;
    OnOutsideDone(*record, result);
  }
}

void Engine::Core::Tick(Time now, MonoTime mono) {
  now_ = now;
  clock_.Advance(mono);
  DateAnswers();
  queue_.Advance(clock_.now());
  RetryConfirms();
  PumpWaiting();
  for (std::size_t plans = 0; plans < options_.max_plans_per_tick && !queue_.empty(); ++plans) {
    PlanNext();
  }
  PumpAsks();
  clock_.Expect(NextDue());
}

/// On the running clock: when there is something to do even if no news come.
std::optional<MonoTime> Engine::Core::NextDue() const {
  if (!queue_.empty()) {
    return clock_.now();
  }
  std::optional<MonoTime> due = queue_.next_due();
  if (!confirm_again_.empty() && HasRoom()) {
    due = Earlier(due, confirm_again_.begin()->first.first);
  }
  return due;
}

bool Engine::Core::Idle() const {
  return queue_.empty() && runs_.empty() && in_flight_.empty() && waiting_asks_.empty() &&
         held_until_.empty() && unsynced_.empty();
}

EffectId Engine::Core::Send(InFlight record, Work work) {
  const EffectId id = next_effect_++;
  ++stats_.effects;
  effects_.push_back(Effect{.id = id, .work = std::move(work)});
  in_flight_.emplace(id, std::move(record));
  return id;
}

bool Engine::Core::HasRoom() const {
  return in_flight_.size() - outside_in_flight_ < options_.max_writes_in_flight;
}

void Engine::Core::Absorb(const InFlight& record, const Bytes& object) {
  if (std::holds_alternative<Delete>(record.work)) {
    const Result<Header> header = ReadHeader(record.target.kind, *object);
    if (header.has_value() && header.value().metadata.finalizers.empty()) {
      ForgetObject(record.target, record.uid);
      return;
    }
  }
  Take(record.target.kind, cache_.Apply(record.target.kind, object));
  const Object* known = cache_.Find(record.target);
  if (known != nullptr && known->deleting && known->finalizers.empty()) {
    ForgetObject(record.target, Uid(known->uid));  // it went with its last finalizer
  }
}

void Engine::Core::ForgetObject(const Key& key, const Uid& uid) {
  OnChanges(cache_.Forget(key, uid));
}

void Engine::Core::AddNote(const Key& key, std::string text) {
  constexpr std::size_t kMostNotes = 1024;
  if (notes_.size() < kMostNotes) {
    notes_.push_back(Note{.key = key, .text = std::move(text)});
  }
}

// ---- The engine: what the shell sees.

Engine::Engine(std::vector<std::unique_ptr<Planner>> planners, EngineOptions options)
    : core_(std::make_unique<Core>(std::move(planners), options)) {}

Engine::~Engine() = default;

const std::set<Kind>& Engine::kinds() const { return core_->kinds_; }

void Engine::Replaced(Kind kind, const std::vector<Bytes>& objects, std::uint64_t revision) {
  core_->Replaced(kind, objects, revision);
}

void Engine::Expired(Kind kind) { core_->cache_.Expire(kind); }

void Engine::ObjectChanged(Kind kind, const Bytes& object) {
  core_->Take(kind, core_->cache_.Apply(kind, object));
}

void Engine::ObjectDeleted(Kind kind, const Bytes& last) {
  core_->Take(kind, core_->cache_.ApplyDeletion(kind, last));
}

void Engine::EffectDone(EffectId id, const ObjectResult& result) { core_->ObjectDone(id, result); }

void Engine::EffectDone(EffectId id, const OutsideResult& result) {
  core_->OutsideDone(id, result);
}

void Engine::EffectDone(EffectId id, const EffectResult& result) {
  std::visit([&](const auto& each) { EffectDone(id, each); }, result);
}

void Engine::Outdated(const OutsideRequest& request) { core_->Outdated(request); }

void Engine::Tick(Time now, MonoTime mono) { core_->Tick(now, mono); }

std::vector<Effect> Engine::TakeEffects() { return std::exchange(core_->effects_, {}); }

std::vector<Note> Engine::TakeNotes() { return std::exchange(core_->notes_, {}); }

std::optional<MonoTime> Engine::NextWakeup() const {
  const std::optional<MonoTime> due = core_->NextDue();
  if (!due.has_value()) {
    return std::nullopt;
  }
  return core_->clock_.WakeupFor(*due);
}

bool Engine::Idle() const { return core_->Idle(); }

EngineStats Engine::stats() const {
  EngineStats stats = core_->stats_;
  stats.quarantined = core_->quarantine_.size();
  stats.queue_depth = core_->queue_.depth();
  stats.delayed = core_->queue_.delayed();
  stats.in_flight = core_->in_flight_.size();
  return stats;
}

const Cache& Engine::cache() const { return core_->cache_; }

}  // namespace slipway::runtime
