#include "src/store/data_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/digest.hpp"
#include "src/store/life_file.hpp"
#include "src/store/system_error.hpp"

namespace slipway::store {
namespace {

constexpr std::int64_t kApplicationId = 0x536c7077;  // "Slpw", as `file` and sqlite3 show it
constexpr std::int64_t kSchemaVersion = 1;

// `changes` is append-only until compaction. `previous` is the revision of the change before it on
// the same key, a deletion included, and 0 where that is not kept; it grows along the changes of
// one key. So the unique index is the optimistic lock, and its last row of a key is the newest.
// The small columns come first: to read them costs no overflow page. kind: 0 created, 1 updated,
// 2 deleted.
constexpr const char* kSchema = R"(
  CREATE TABLE changes (
    revision INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    created INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    key TEXT NOT NULL,
    value BLOB);
  CREATE UNIQUE INDEX changes_of_key ON changes (key, previous);
  CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  INSERT INTO facts VALUES ('compacted', 0);
)";

/// Begins with the time, so that a later incarnation is greater as text: agents refuse older ones.
/// Where the clock says otherwise it begins with the one that it must be greater than, `after`.
Result<std::string> MintIncarnation(Time now, const std::string& after) {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return SystemError("random numbers", errno);
  }
  std::string text = api::FormatTime(std::chrono::floor<std::chrono::seconds>(now));
  std::erase_if(text, [](char sign) { return sign == '-' || sign == ':'; });
  text += '-' + HexOf(bytes);
  if (text <= after) return after + "-" + text;
  return text;
}

Result<void> CheckUndamaged(Database& database, const std::string& path) {
  SLIPWAY_TRY(finding, database.Text("PRAGMA quick_check(1)"));
  if (finding.value_or("nothing could be read") == "ok") return Ok();
  return Fail(Code::kInternal, path + " is damaged (" + finding.value_or("nothing") +
                                   "): move it away and put the newest backup in its place");
}

/// Whether the file is empty (false), or ours and of a version that we understand (true).
Result<bool> CheckOwnership(Database& database, const std::string& path) {
  SLIPWAY_TRY(application, database.Number("PRAGMA application_id"));
  SLIPWAY_TRY(version, database.Number("PRAGMA user_version"));
  SLIPWAY_TRY(tables, database.Number("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && tables == 0) return false;
  if (application != kApplicationId) {
    return Fail(Code::kInvalid, path +
                                    " is a database of another program: choose another data "
                                    "directory");
  }
  if (version != kSchemaVersion) {
    return Fail(Code::kInvalid, path + " has schema version " + std::to_string(version) +
                                    ", this program knows " + std::to_string(kSchemaVersion) +
                                    ": start the version of slipway that wrote it, or a newer one");
  }
  return true;
}

Result<void> MakeSchema(Database& database, const std::string& path,
                        const std::string& incarnation) {
  const std::string sql = "BEGIN IMMEDIATE;" + std::string(kSchema) +
                          "INSERT INTO facts VALUES ('incarnation', '" + incarnation + "');" +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) + ";" +
                          "PRAGMA user_version = " + std::to_string(kSchemaVersion) + ";COMMIT;";
  SLIPWAY_TRYV(database.Run(sql.c_str()));
  return SyncDirectory(path);
}

/// Compaction may have taken away the newest row, a deletion, but never one beyond `compacted`: so
/// no revision is ever given twice.
Result<Revision> NewestIn(Database& database) {
  SLIPWAY_TRY(compacted, database.Number("SELECT value FROM facts WHERE name = 'compacted'"));
  SLIPWAY_TRY(newest, database.Number("SELECT max(revision) FROM changes"));
  return std::max({newest, compacted, kFirstRevision});
}

/// The incarnation of a file that existed: a new one where `beside` says that an older copy was put
/// in its place.
Result<std::string> TakeUp(Database& database, const std::string& path,
                           const std::optional<Life>& beside, Time now) {
  SLIPWAY_TRY(stored, database.Text("SELECT value FROM facts WHERE name = 'incarnation'"));
  const std::string incarnation = stored.value_or("");
  if (incarnation.empty()) {
    return Fail(Code::kInternal, path +
                                     " is damaged (it has no incarnation): move it away and put "
                                     "the newest backup in its place");
  }
  SLIPWAY_TRY(reached, NewestIn(database));
  if (beside && beside->incarnation.value == incarnation && beside->reached <= reached) {
    return incarnation;
  }
  const std::string greatest =
      beside ? std::max(beside->incarnation.value, incarnation) : incarnation;
  SLIPWAY_TRY(minted, MintIncarnation(now, greatest));
  SLIPWAY_TRYV(database.Run(
      ("UPDATE facts SET value = '" + minted + "' WHERE name = 'incarnation'").c_str()));
  return minted;
}

/// Settings that live in the connection, and the journal mode, which lives in the file.
Result<void> Configure(Database& database, const std::string& path) {
  SLIPWAY_TRY(mode, database.Text("PRAGMA journal_mode = WAL"));
  if (mode.value_or("") != "wal") {
    return Fail(Code::kInternal, path +
                                     ": this file system cannot hold a write-ahead log (journal "
                                     "mode " +
                                     mode.value_or("unknown") +
                                     "): choose a data directory on a local disk");
  }
  return database.Run(
      "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;"
      "PRAGMA journal_size_limit = 67108864");
}

}  // namespace

DataFile::Lock::~Lock() { close(descriptor_); }

Result<std::unique_ptr<DataFile::Lock>> DataFile::TakeLock(const std::string& path) {
  const std::string name = path + "-lock";
  const int descriptor = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(name, errno);
  auto lock = std::make_unique<Lock>(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError(name, errno);
    std::array<char, 32> holder{};
    const ssize_t size = pread(descriptor, holder.data(), holder.size() - 1, 0);
    return Fail(Code::kConflict,
                path + " is in use by " +
                    (size > 0 ? "process " + std::string(holder.data()) : "another process") +
                    ": stop that one, or choose another data directory");
  }
  const std::string self = std::to_string(getpid());
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
    return SystemError(name, errno);
  }
  return lock;
}

Result<DataFile> DataFile::Open(const std::string& path, Time now) {
  DataFile file;
  file.path_ = path;
  SLIPWAY_TRY(lock, TakeLock(path));
  file.lock_ = std::move(lock);
  // The file holds every Secret: SQLite gives its log and its index the same permissions.
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(path, errno);
  close(descriptor);
  SLIPWAY_TRY(database, Database::Open(path, Database::Mode::kCreate));
  SLIPWAY_TRY(existed, CheckOwnership(database, path));
  if (existed) {
    SLIPWAY_TRYV(CheckUndamaged(database, path));
  }
  SLIPWAY_TRYV(Configure(database, path));
  const std::optional<Life> beside = ReadLife(LifePath(path));
  std::string incarnation;
  if (existed) {
    SLIPWAY_TRY(kept, TakeUp(database, path, beside, now));
    incarnation = std::move(kept);
  } else {
    SLIPWAY_TRY(minted, MintIncarnation(now, beside ? beside->incarnation.value : ""));
    SLIPWAY_TRYV(MakeSchema(database, path, minted));
    incarnation = std::move(minted);
  }
  file.incarnation_ = Incarnation(incarnation);
  if (!beside || beside->incarnation != file.incarnation_) {
    // After what it tells of: a crash in between costs one more incarnation, which nobody has seen.
    SLIPWAY_TRY(reached, NewestIn(database));
    SLIPWAY_TRYV(WriteLife(LifePath(path), {file.incarnation_, reached}));
  }
  file.writer_ = std::make_unique<Database>(std::move(database));
  return file;
}

Result<Revision> DataFile::NewestRevision() const { return NewestIn(*writer_); }

Result<Database> DataFile::OpenReader() const {
  SLIPWAY_TRY(database, Database::Open(path_, Database::Mode::kReadOnly));
  SLIPWAY_TRYV(database.Run("PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY"));
  return std::move(database);
}

}  // namespace slipway::store
