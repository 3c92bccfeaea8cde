#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "src/store/history_window.hpp"
#include "src/store/log_writer.hpp"
#include "src/store/sqlite_store.hpp"
#include "src/store/watch_hub.hpp"

namespace slipway::store {

/// The one thread that writes: group commit, publication, acknowledgement, compaction.
class WriterThread {
 public:
  /// `hub` and `options.clock` must outlive it.
  WriterThread(std::unique_ptr<LogWriter> log, Incarnation incarnation, WatchHub& hub,
               const SqliteStore::Options& options);

  /// Carries out what is pending, writes down how far it came (see Life), then ends the thread.
  ~WriterThread();

  void Commit(Write write, CommitDone done);         ///< as Store::Commit; any thread
  Result<void> Compact(Revision upto);               ///< as Store::Compact; any thread but its own
  Revision compacted() const { return compacted_; }  ///< durably; any thread

 private:
  struct Pending {
    Write write;
    CommitDone done;
  };
  using Events = std::vector<std::shared_ptr<const Event>>;
  using Outcomes = std::vector<Result<Revision>>;

  void Loop();
  std::optional<Error> Admit(const Write& write);  ///< why it is refused at once
  void Gather(std::unique_lock<std::mutex>& lock);
  std::vector<Pending> TakeBatch();
  void CarryOut(std::vector<Pending> batch);
  Result<void> ApplyAll(const std::vector<Pending>& batch, Events& events, Outcomes& outcomes);
  Result<void> MakeDurable(const Events& events);
  Result<void> Transact(const std::vector<Pending>& batch, Events& events, Outcomes& outcomes);
  std::optional<Error> WhyBroken();
  void Break(const Error& cause);
  void CompactSome(std::size_t at_once);
  void NoteProgress();

  const SqliteStore::Options options_;
  WatchHub& hub_;
  std::unique_ptr<LogWriter> log_;  ///< used by the thread alone
  HistoryWindow window_;            ///< used by the thread alone
  const Incarnation incarnation_;
  Revision noted_;                    ///< beside the file; used by the thread alone
  std::optional<MonoTime> noted_at_;  ///< used by the thread alone
  std::size_t expected_ = 0;          ///< writes that callers have at the same time, as seen last
  std::chrono::steady_clock::duration commit_took_{0};  ///< the last one
  std::atomic<Revision> compacted_;

  std::mutex mutex_;
  std::condition_variable wake_;            ///< there is work
  std::condition_variable compacted_more_;  ///< compacted_ grew, or cannot
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t wake_at_ = 1;  ///< how many must be pending before the thread is woken
  Revision compact_to_ = 0;
  std::size_t compaction_failures_ = 0;
  Error compaction_error_;
  std::optional<Error> broken_;  ///< the file can no longer be trusted to be written
  bool stopping_ = false;

  std::thread thread_;  ///< last: it uses everything above
};

}  // namespace slipway::store
