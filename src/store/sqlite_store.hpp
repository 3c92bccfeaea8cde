#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/base/clock.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// A Store in one SQLite file, for one process. One thread writes: it puts what is pending into one
/// transaction, syncs it to the disk, and then says so to everybody. Reads and watches use
/// connections of their own. History is compacted by itself once it is older than the window.
class SqliteStore : public Store {
 public:
  struct Options {
    std::string path;              ///< of the file; its directory must exist
    const Clock* clock = nullptr;  ///< must outlive the store; for the window of history

    /// How long history is kept at least: continue tokens and watches older than this are told 410.
    Duration history = std::chrono::minutes(10);

    /// How often (by real time) the window is looked at.
    std::chrono::milliseconds compaction_interval = std::chrono::seconds(10);

    /// Called once, on a thread of the store, when it can no longer be trusted to write: from then on
    /// it refuses every change, and only a new start, which reads the file again, helps. Must not
    /// block, nor call back into the store. Empty: nobody wants to know.
    std::function<void(const Error&)> on_broken = {};

    std::size_t readers = 4;                       ///< reads at the same moment; others wait
    std::size_t batch_writes = 1024;               ///< most writes in one transaction
    std::size_t batch_bytes = 8 * 1024 * 1024;     ///< about the most bytes in one transaction
    std::size_t pending_writes = 16384;            ///< beyond it: kTooManyRequests
    std::size_t pending_bytes = 64 * 1024 * 1024;  ///< beyond it: kTooManyRequests
    std::size_t recent_events = 4096;              ///< kept in memory for watches
    std::size_t recent_bytes = 8 * 1024 * 1024;    ///< of values, kept in memory for watches
  };

  /// Opens the file, or makes it where there is none. kConflict: another process has it;
  /// kNotFound: no such directory; kForbidden: no right to write; kInternal: damaged; kInvalid: not
  /// ours, or of a newer version. Reads the whole file once, to find damage.
  static Result<std::unique_ptr<SqliteStore>> Open(Options options);

  /// Carries out what is pending, then stops. Watches must be gone before.
  ~SqliteStore() override;

  void Commit(Write write, CommitDone done) override;
  Result<std::optional<Entry>> Get(const std::string& key, Revision at) override;
  Result<Page> List(const ListRequest& request) override;
  Result<std::unique_ptr<Watch>> StartWatch(std::string prefix, Revision after,
                                            std::function<void()> ready) override;
  Result<Revision> CurrentRevision() override;
  Result<void> Compact(Revision upto) override;
  const Incarnation& incarnation() const override;

 private:
  class Machinery;
  explicit SqliteStore(std::unique_ptr<Machinery> machinery);

  std::unique_ptr<Machinery> machinery_;
};

}  // namespace slipway::store
