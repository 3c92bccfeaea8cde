#include <algorithm>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/runtime/core.hpp"
#include "reconciler/runtime/documents.hpp"

namespace slipway::runtime {
namespace {

constexpr std::size_t kPartOfARun = 4;
constexpr std::size_t kMostLostStatuses = 8;  ///< of one key: the older ones are the likelier lost

/// Whether writes of this type to different objects go out together.
bool GoTogether(const Work& work) {
  return std::holds_alternative<Patch>(work) || std::holds_alternative<Create>(work);
}

Key TargetOf(const Work& work) {
  return std::visit([](const auto& effect) { return effect.key; }, work);
}

/// Whether the answer says for certain that nothing was written, and looking at the object would
/// say no more. A test that fails inside a patch is kInvalid: there it would.
bool RefusedOutright(Code code) {
  return code == Code::kTooManyRequests ||
         (DispositionOf(code) == Disposition::kTerminal && code != Code::kInvalid);
}

bool OutcomeUnknown(Code code) {
  return DispositionOf(code) == Disposition::kRetry && code != Code::kTooManyRequests;
}

}  // namespace

void Engine::Core::StartRun(const std::string& group, Run run) {
  run.planned_at = clock_.now();
  const bool added = runs_.emplace(group, std::move(run)).second;
  SLIPWAY_ASSERT(added, "two runs of " + group);
  Pump(group);
}

/// Whether the next write of a run may go out while the others are in flight.
bool Engine::Core::MayJoin(const Run& run) const {
  const Work& next = run.rest.front();
  const Key target = TargetOf(next);
  return std::all_of(run.in_flight.begin(), run.in_flight.end(), [&](EffectId id) {
    const InFlight& record = in_flight_.at(id);
    return GoTogether(next) && record.purpose == Purpose::kWrite &&
           record.work.index() == next.index() && record.target != target;
  });
}

/// Sends what may go out now. No run takes more than its part of the room, and none comes before
/// those that wait already.
void Engine::Core::Pump(const std::string& group) {
  const std::size_t most = std::max<std::size_t>(1, options_.max_writes_in_flight / kPartOfARun);
  Run& run = runs_.at(group);
  while (!run.rest.empty() && run.confirming == 0) {
    if (run.in_flight.size() >= most || !MayJoin(run)) {
      return;
    }
    if (!HasRoom() || !waiting_groups_.empty()) {
      if (!std::exchange(run.waits, true)) {
        waiting_groups_.push_back(group);
      }
      return;
    }
    const Key target = TargetOf(run.rest.front());
    const Object* known = cache_.Find(target);
    InFlight record{.purpose = Purpose::kWrite,
                    .group = group,
                    .key = run.key,
                    .target = target,
                    .uid = known == nullptr ? Uid() : known->uid,
                    .known_version = known == nullptr ? 0 : known->version,
                    .work = run.rest.front()};
    if (const auto* removal = std::get_if<Delete>(&record.work)) {
      record.uid = removal->uid;
    }
    run.in_flight.insert(Send(std::move(record), std::move(run.rest.front())));
    run.rest.pop_front();
  }
  if (run.rest.empty() && run.in_flight.empty() && run.confirming == 0) {
    FinishRun(group);
  }
}

void Engine::Core::PumpWaiting() {
  for (const std::string& group : std::exchange(waiting_groups_, {})) {
    const auto run = runs_.find(group);
    if (run != runs_.end()) {
      run->second.waits = false;
      Pump(group);
    }
  }
}

void Engine::Core::OnWriteDone(const InFlight& record, EffectId id, const ObjectResult& result) {
  if (!result.has_value()) {
    OnWriteFailed(record, id, result.error());
    return;
  }
  Absorb(record, result.value());
  if (ChangedNothing(record)) {
    ++stats_.write_errors;
    AddNote(record.target, "a write changed nothing, though the plan expected it to");
    Fail(record, false);
  } else {
    OnSuccess(record, result.value());
  }
  Settle(record, id);
}

/// A planner that wants what the API does not keep would go on for ever, as fast as the API
/// answers.
bool Engine::Core::ChangedNothing(const InFlight& record) const {
  if (!std::holds_alternative<Patch>(record.work) &&
      !std::holds_alternative<WriteStatus>(record.work)) {
    return false;
  }
  const Object* known = cache_.Find(record.target);
  return known != nullptr && known->version <= record.known_version;
}

void Engine::Core::OnSuccess(const InFlight& record, const Bytes& object) {
  if (!std::holds_alternative<WriteStatus>(record.work)) {
    return;
  }
  Run& run = runs_.at(record.group);
  if (!run.stalled) {
    counted_from_[record.key] = run.planned_at;
    return;
  }
  const auto poison = quarantine_.find(record.key);
  const Result<Header> header = ReadHeader(record.target.kind, *object);
  // What a get found may be somebody's change on top of them, and that is what is waited for.
  if (record.purpose == Purpose::kWrite && poison != quarantine_.end() &&
      poison->second.first == record.known_version && header.has_value()) {
    poison->second.first = header.value().version;  // our own words are no change
  }
}

void Engine::Core::OnWriteFailed(const InFlight& record, EffectId id, const Error& error) {
  Run& run = runs_.at(record.group);
  if (RefusedOutright(error.code)) {
    ++stats_.write_errors;
    run.retry_after = error.retry_after;
    AddNote(record.target, "a write was refused: " + error.message);
    Fail(record, false);
    Settle(record, id);
    return;
  }
  if (error.code != Code::kAlreadyExists) {
    run.rest.clear();
  }
  run.in_flight.erase(id);
  InFlight confirm = record;
  confirm.purpose = Purpose::kConfirm;
  confirm.failure = error;
  Confirm(std::move(confirm));
}

void Engine::Core::Confirm(InFlight record) {
  Run& run = runs_.at(record.group);
  const Key target = record.target;
  run.in_flight.insert(Send(std::move(record), Get{.key = target}));
}

void Engine::Core::OnConfirmed(const InFlight& record, EffectId id, const ObjectResult& result) {
  const bool not_found = !result.has_value() && result.error().code == Code::kNotFound;
  if (result.has_value()) {
    Take(record.target.kind, cache_.Apply(record.target.kind, result.value()));
  } else if (not_found) {
    ForgetObject(record.target, record.uid);
  }
  const Object* known = cache_.Find(record.target);
  const bool has_news = known != nullptr && known->version > record.known_version;
  if (!result.has_value() && !not_found && !has_news) {
    ConfirmLater(record, id, result.error());
    return;
  }
  const bool gone = not_found && std::holds_alternative<Delete>(record.work);
  if (gone || (known != nullptr && Succeeded(record, known->bytes))) {
    if (known != nullptr) {
      OnSuccess(record, known->bytes);
    }
  } else {
    RememberLostStatus(record);
    const bool refused =
        !OutcomeUnknown(record.failure.code) && record.failure.code != Code::kAlreadyExists;
    Fail(record, refused && (has_news || not_found));
  }
  Settle(record, id);
}

/// It was not done when the get was answered; it may be yet.
void Engine::Core::RememberLostStatus(const InFlight& record) {
  const auto* write = std::get_if<WriteStatus>(&record.work);
  const Run& run = runs_.at(record.group);
  const Object* known = cache_.Find(record.target);
  if (write == nullptr || run.stalled || !OutcomeUnknown(record.failure.code) || known == nullptr ||
      known->version != write->version) {
    return;
  }
  std::deque<LostStatus>& lost = lost_statuses_[record.target];
  lost.push_back({.status = write->status, .planned_at = run.planned_at});
  if (lost.size() > kMostLostStatuses) {
    lost.pop_front();
  }
}

/// Nobody can say what became of a write: somebody should know, and the key waits.
void Engine::Core::ConfirmLater(InFlight record, EffectId id, const Error& error) {
  Run& run = runs_.at(record.group);
  run.in_flight.erase(id);
  ++run.confirming;
  if (++record.tries == 1) {
    ++stats_.write_errors;
    AddNote(record.target, "nobody knows whether a write was done (" + record.failure.message +
                               "), and it cannot be looked up: " + error.message);
  }
  const MonoTime again =
      clock_.now() + JitteredBackoff(options_.backoff, record.tries, confirm_jitter_);
  confirm_again_.emplace(std::pair(again, id), std::move(record));
}

/// Whether the object shows that the write was done after all.
bool Engine::Core::Succeeded(const InFlight& record, const Bytes& object) const {
  if (const auto* create = std::get_if<Create>(&record.work)) {
    return documents::IsWhatWasCreated(*object, create->json);
  }
  if (const auto* status = std::get_if<WriteStatus>(&record.work)) {
    return documents::StatusIs(*object, status->status);
  }
  return false;
}

void Engine::Core::RetryConfirms() {
  while (!confirm_again_.empty() && confirm_again_.begin()->first.first <= clock_.now() &&
         HasRoom()) {
    InFlight record = std::move(confirm_again_.begin()->second);
    confirm_again_.erase(confirm_again_.begin());
    --runs_.at(record.group).confirming;
    Confirm(std::move(record));
  }
}

void Engine::Core::Fail(const InFlight& record, bool behind) {
  Run& run = runs_.at(record.group);
  run.behind = behind && (run.behind || !run.failed);
  run.failed = true;
  run.rest.clear();
  if (record.purpose != Purpose::kConfirm) {
    return;
  }
  if (behind) {
    ++stats_.conflicts;
  } else if (record.tries == 0) {
    ++stats_.write_errors;
    AddNote(record.target, "a write failed: " + record.failure.message);
  }
}

void Engine::Core::Settle(const InFlight& record, EffectId id) {
  runs_.at(record.group).in_flight.erase(id);
  Pump(record.group);
}

void Engine::Core::FinishRun(const std::string& group) {
  const Run run = std::move(runs_.at(group));
  runs_.erase(group);
  std::set<Key> waiting;
  const auto parked = parked_.find(group);
  if (parked != parked_.end()) {
    waiting = std::move(parked->second);
    parked_.erase(parked);
  }
  if (cache_.Find(run.key) != nullptr) {
    if (run.failed) {
      MonoTime again = queue_.AddAfterFailure(run.key, clock_.now());
      if (run.retry_after.has_value()) {
        again = std::max(again, clock_.now() + *run.retry_after);
      }
      const bool at_once = run.behind && queue_.failures(run.key) == 1;
      queue_.CancelDelay(run.key);
      if (!at_once) {
        held_until_[run.key] = again;
        queue_.AddAt(run.key, again);
      }
    } else {
      queue_.Forgive(run.key);
    }
    waiting.insert(run.key);
  }
  Wake(waiting);
}

}  // namespace slipway::runtime
