#include "src/store/writer_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "src/store/bounds.hpp"
#include "src/store/life_file.hpp"

namespace slipway::store {
namespace {

// Revisions to compact in one go: some milliseconds, while writers wait.
constexpr std::size_t kCompactAtOnce = 256;

constexpr Duration kNoteProgressEvery = std::chrono::seconds(10);

constexpr std::chrono::steady_clock::duration kLongestGather = std::chrono::milliseconds(10);

std::size_t SizeOf(const Write& write) {
  return write.key.size() + (write.value ? write.value->size() : 0);
}

}  // namespace

WriterThread::WriterThread(std::unique_ptr<LogWriter> log, Incarnation incarnation, WatchHub& hub,
                           const SqliteStore::Options& options)
    : options_(options),
      hub_(hub),
      log_(std::move(log)),
      window_(options.history),
      incarnation_(std::move(incarnation)),
      noted_(log_->current()),
      compacted_(log_->compacted()),
      thread_([this] { Loop(); }) {
  pthread_setname_np(thread_.native_handle(), "store-writer");
}

WriterThread::~WriterThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::optional<Error> WriterThread::Admit(const Write& write) {
  if (broken_) return broken_;
  if (stopping_) return Fail(Code::kUnavailable, "the store is stopping: try again later");
  if (pending_.size() >= options_.pending_writes ||
      pending_bytes_ + SizeOf(write) > options_.pending_bytes) {
    Error error = Fail(Code::kTooManyRequests, "the store has more writes pending than it takes (" +
                                                   std::to_string(pending_.size()) +
                                                   "): try again in a second");
    error.retry_after = std::chrono::seconds(1);
    return error;
  }
  return std::nullopt;
}

void WriterThread::Commit(Write write, CommitDone done) {
  if (auto shape = CheckShape(write); !shape) return done(shape.error());
  std::unique_lock lock(mutex_);
  if (auto refused = Admit(write)) {
    lock.unlock();
    return done(std::move(*refused));
  }
  pending_bytes_ += SizeOf(write);
  pending_.push_back({std::move(write), std::move(done)});
  const bool wake = pending_.size() >= wake_at_;
  lock.unlock();
  if (wake) wake_.notify_one();
}

Result<void> WriterThread::Compact(Revision upto) {
  std::unique_lock lock(mutex_);
  const std::size_t failures = compaction_failures_;
  compact_to_ = std::max(compact_to_, upto);
  wake_.notify_one();
  compacted_more_.wait(lock,
                       [&] { return compacted_ >= upto || compaction_failures_ != failures; });
  if (compacted_ >= upto) return Ok();
  return compaction_error_;
}

void WriterThread::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, options_.compaction_interval,
                   [this] { return stopping_ || !pending_.empty() || compact_to_ > compacted_; });
    if (stopping_ && pending_.empty()) break;
    Gather(lock);
    auto batch = TakeBatch();
    lock.unlock();
    // Faster than new history comes, or it would grow for as long as there is load.
    const std::size_t compact_at_once = std::max(kCompactAtOnce, 2 * batch.size());
    if (!batch.empty()) CarryOut(std::move(batch));
    CompactSome(compact_at_once);
    if (!noted_at_ || options_.clock->Mono() - *noted_at_ >= kNoteProgressEvery) NoteProgress();
    lock.lock();
  }
  lock.unlock();
  NoteProgress();
}

/// Where it fails the older note stays, which is true as well.
void WriterThread::NoteProgress() {
  const Revision reached = log_->current();
  if (reached == noted_) return;
  if (WriteLife(LifePath(options_.path), {incarnation_, reached})) noted_ = reached;
  noted_at_ = options_.clock->Mono();
}

/// Callers who wait for one write before they ask for the next come back right after they were
/// told. Whoever takes only the first of them pays for two commits where one would do: so wait for
/// as many as there were, while they keep coming, but never longer than the commit that is saved.
/// One caller alone never waits.
void WriterThread::Gather(std::unique_lock<std::mutex>& lock) {
  wake_at_ = std::min(expected_, options_.batch_writes);
  const auto patience = std::min(commit_took_, kLongestGather);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::size_t seen = 0;
  while (!stopping_ && pending_.size() < wake_at_ && pending_.size() > seen &&
         std::chrono::steady_clock::now() < deadline) {
    seen = pending_.size();
    wake_.wait_for(lock, patience / 4, [this] { return stopping_ || pending_.size() >= wake_at_; });
  }
  wake_at_ = 1;
}

std::vector<WriterThread::Pending> WriterThread::TakeBatch() {
  std::vector<Pending> batch;
  batch.reserve(std::min(pending_.size(), options_.batch_writes));
  std::size_t bytes = 0;
  while (!pending_.empty() && batch.size() < options_.batch_writes &&
         bytes < options_.batch_bytes) {
    bytes += SizeOf(pending_.front().write);
    batch.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  pending_bytes_ -= bytes;
  return batch;
}

/// One transaction. What is refused costs nothing to the others. After an error nothing of it is
/// kept.
Result<void> WriterThread::ApplyAll(const std::vector<Pending>& batch, Events& events,
                                    Outcomes& outcomes) {
  SLIPWAY_TRYV(log_->Begin());
  for (const Pending& each : batch) {
    SLIPWAY_TRY(applied, log_->Apply(each.write));
    if (applied.refused) {
      outcomes.emplace_back(std::move(*applied.refused));
      continue;
    }
    outcomes.emplace_back(applied.event->revision);
    events.push_back(std::move(applied.event));
  }
  return Ok();
}

Result<void> WriterThread::MakeDurable(const Events& events) {
  if (events.empty()) {
    log_->Rollback();
    return Ok();
  }
  const auto start = std::chrono::steady_clock::now();
  auto committed = log_->Commit();
  commit_took_ = std::chrono::steady_clock::now() - start;
  if (committed) return Ok();
  log_->Rollback();
  const Error cause = committed.error();
  if (cause.code != Code::kUnavailable) {
    // After a failed sync the kernel may have dropped what it could not write: only a new start,
    // which reads the log back, says what is there.
    Break(cause);
  }
  return Fail(Code::kTimeout, "it is unknown whether the change was kept: " + cause.message);
}

Result<void> WriterThread::Transact(const std::vector<Pending>& batch, Events& events,
                                    Outcomes& outcomes) {
  if (auto applied = ApplyAll(batch, events, outcomes); !applied) {
    log_->Rollback();
    return Fail(Code::kUnavailable, applied.error().message);
  }
  return MakeDurable(events);
}

std::optional<Error> WriterThread::WhyBroken() {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void WriterThread::Break(const Error& cause) {
  const Error error =
      Fail(Code::kUnavailable, "the store stopped writing after an error (" + cause.message +
                                   "): look at the disk, then restart");
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(broken_, error)) return;
  }
  if (options_.on_broken) options_.on_broken(error);
}

void WriterThread::CarryOut(std::vector<Pending> batch) {
  Events events;
  Outcomes outcomes;
  events.reserve(batch.size());
  outcomes.reserve(batch.size());
  std::optional<Error> failure = WhyBroken();  // these may have been admitted before
  if (!failure) {
    auto done = Transact(batch, events, outcomes);
    if (!done) failure = done.error();
  }
  {
    // Counted before anybody is told, and so before anybody can come back.
    const std::lock_guard lock(mutex_);
    expected_ = batch.size() + pending_.size();
  }
  // Published before it is acknowledged: whoever was told can read it.
  if (!failure) hub_.Publish(events);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].done(failure ? Result<Revision>(*failure) : std::move(outcomes[i]));
  }
}

void WriterThread::CompactSome(std::size_t at_once) {
  const MonoTime now = options_.clock->Mono();
  window_.Observe(now, log_->current());
  const Revision wanted = window_.Target(now);
  Revision target = 0;
  {
    const std::lock_guard lock(mutex_);
    target = compact_to_ = std::max(compact_to_, wanted);
  }
  if (target <= compacted_) return;
  auto done = log_->CompactSome(target, static_cast<Revision>(at_once));
  {
    const std::lock_guard lock(mutex_);
    compacted_ = log_->compacted();
    if (!done) {
      compact_to_ = 0;
      ++compaction_failures_;
      compaction_error_ = done.error();
    }
  }
  compacted_more_.notify_all();
}

}  // namespace slipway::store
