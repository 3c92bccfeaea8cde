#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "reconciler/base/time.hpp"
#include "src/store/sqlite.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// What a row of the table `changes` says happened: its column `kind`.
inline constexpr std::int64_t kCreated = 0;
inline constexpr std::int64_t kUpdated = 1;
inline constexpr std::int64_t kDeleted = 2;

/// The file that holds a store, locked against every other process: opened for the one writer,
/// checked, with the schema in it. While it lives nobody else can open the same one.
class DataFile {
 public:
  /// Makes the file where there is none; its directory must exist. kConflict: another process has
  /// it; kForbidden: no right to write; kInternal: damaged; kInvalid: it is not a store of ours, or
  /// a newer version wrote it. Reads the whole file once (quick_check). `now` dates the incarnation
  /// of a new file, and that of an older copy that was put in its place.
  static Result<DataFile> Open(const std::string& path, Time now);

  /// The connection of the one writer.
  Database& writer() { return *writer_; }

  /// The revision of the last change, kFirstRevision before there was any.
  Result<Revision> NewestRevision() const;

  /// A further connection, for reading only.
  Result<Database> OpenReader() const;

  const Incarnation& incarnation() const { return incarnation_; }

 private:
  /// Held as long as it is open; the kernel gives it back when the process dies.
  class Lock {
   public:
    explicit Lock(int descriptor) : descriptor_(descriptor) {}
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    int descriptor_;
  };

  static Result<std::unique_ptr<Lock>> TakeLock(const std::string& path);

  std::string path_;
  std::unique_ptr<Lock> lock_;  ///< released last
  std::unique_ptr<Database> writer_;
  Incarnation incarnation_;
};

}  // namespace slipway::store
