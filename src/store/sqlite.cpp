#include "src/store/sqlite.hpp"

#include <sqlite3.h>

#include <utility>

namespace slipway::store {
namespace {

constexpr int kBusyMilliseconds = 5000;

Error Describe(sqlite3* database, int code) {
  const char* name = sqlite3_db_filename(database, "main");
  const std::string path = name && *name ? name : "the store's file";
  const std::string message =
      database ? sqlite3_errmsg(database) : std::string(sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Fail(Code::kUnavailable, path + ": the disk is full: free some space");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fail(Code::kUnavailable,
                  path + ": another program keeps it locked: close that program");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Fail(Code::kForbidden, path + ": " + message +
                                        ": give this user the right to read and write it and its "
                                        "directory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Fail(Code::kInternal, path + " is damaged (" + message +
                                       "): move it away and put the newest backup in its place");
    default:
      return Fail(Code::kInternal,
                  path + ": SQLite error " + std::to_string(code) + ": " + message);
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }

void Statement::Bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(handle_.get(), parameter, number);
}

void Statement::BindText(int parameter, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), parameter, text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

void Statement::BindBytes(int parameter, std::string_view bytes) {
  sqlite3_bind_blob64(handle_.get(), parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Describe(sqlite3_db_handle(handle_.get()), code);
}

std::int64_t Statement::Number(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::Bytes(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(size)) : std::string_view();
}

void Statement::Reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<Database> Database::Open(const std::string& path, Mode mode) {
  // NOMUTEX: a connection is used by one thread at a time, which is ours to see to.
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (mode == Mode::kCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database;
  database.handle_.reset(handle);
  if (code != SQLITE_OK) {
    Error error = Describe(handle, code);
    error.message = path + ": " + error.message;
    return error;
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return database;
}

Result<Statement> Database::Prepare(const char* sql) {
  sqlite3_stmt* handle = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return Describe(handle_.get(), code);
  return Statement(handle);
}

Result<void> Database::Run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return Describe(handle_.get(), code);
  return Ok();
}

Result<std::optional<std::string>> Database::Text(const char* sql) {
  SLIPWAY_TRY(statement, Prepare(sql));
  SLIPWAY_TRY(row, statement.Step());
  if (!row) return std::optional<std::string>();
  return std::optional<std::string>(statement.Bytes(0));
}

Result<std::int64_t> Database::Number(const char* sql) {
  SLIPWAY_TRY(statement, Prepare(sql));
  SLIPWAY_TRY(row, statement.Step());
  return row ? statement.Number(0) : std::int64_t{0};
}

}  // namespace slipway::store
