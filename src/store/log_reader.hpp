#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "src/store/data_file.hpp"
#include "src/store/sqlite.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// A stretch of the history of one prefix.
struct History {
  std::vector<std::shared_ptr<const Event>> events;  ///< ordered by revision
  Revision complete_to = 0;                          ///< every change up to here is in `events`
};

/// Reads the file through one connection; each call sees one consistent picture. The callers name
/// revisions that are committed. One thread at a time. kExpired: the revision was compacted.
class LogReader {
 public:
  static Result<std::unique_ptr<LogReader>> Open(const DataFile& file);

  Result<std::optional<Entry>> Get(const std::string& key, Revision at);

  /// `at` counts, `request.revision` does not.
  Result<Page> List(const ListRequest& request, Revision at);

  /// The changes of a prefix in (after, upto]: `limit` events at most, and about kLargestBatch
  /// bytes.
  Result<History> Changes(const std::string& prefix, Revision after, Revision upto,
                          std::size_t limit);

 private:
  LogReader(Database database, std::vector<Statement> statements);

  /// Begins a picture in which `at` must not be compacted.
  Result<void> Begin(Revision at);
  Result<std::optional<Entry>> ReadEntry(const std::string& key, Revision revision);
  Result<bool> Exists(Revision revision);
  struct Filling;
  Result<void> Visit(Filling& filling, std::string key, Revision newest);

  class Picture;

  std::unique_ptr<Database> database_;
  Statement begin_, end_, compacted_, newest_, entry_, kind_, keys_, changes_;
};

/// A bounded set of readers, each lent to one thread at a time; the others wait.
class ReaderSet {
 public:
  /// Takes back its reader at its end.
  class Lease {
   public:
    Lease(ReaderSet& set, std::unique_ptr<LogReader> reader)
        : set_(&set), reader_(std::move(reader)) {}
    Lease(Lease&&) = default;
    ~Lease();
    LogReader* operator->() { return reader_.get(); }
    LogReader& operator*() { return *reader_; }

   private:
    ReaderSet* set_;
    std::unique_ptr<LogReader> reader_;
  };

  /// Opens `count` connections (positive).
  static Result<std::unique_ptr<ReaderSet>> Open(const DataFile& file, std::size_t count);

  /// Waits until one is free.
  Lease Borrow();

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<LogReader>> free_;
};

}  // namespace slipway::store
