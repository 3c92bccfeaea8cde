#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::store {

/// A prepared statement; its database must outlive it. One thread at a time.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  /// Parameters count from 1. Bytes are not copied: they must stay until Reset.
  void Bind(int parameter, std::int64_t number);
  void BindText(int parameter, std::string_view text);
  void BindBytes(int parameter, std::string_view bytes);

  /// True: there is a row. False: done. Columns count from 0 and are valid until the next Step.
  Result<bool> Step();
  std::int64_t Number(int column) const;
  std::string_view Bytes(int column) const;

  /// Makes it ready for the next use. Forgets every parameter's bytes.
  void Reset();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// Resets a statement at the end of a scope, whichever way it is left.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.Reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

/// One connection to one SQLite file. One thread at a time. Errors: kUnavailable (full, busy),
/// kForbidden (cannot be written or opened), kInternal (damaged, or a fault of ours); the message
/// names the file.
class Database {
 public:
  enum class Mode : std::uint8_t { kCreate, kReadOnly };
  static Result<Database> Open(const std::string& path, Mode mode);

  Result<Statement> Prepare(const char* sql);

  /// Runs statements that give no rows, or whose rows do not matter.
  Result<void> Run(const char* sql);

  /// The first column of the first row; nullopt: no rows.
  Result<std::optional<std::string>> Text(const char* sql);
  Result<std::int64_t> Number(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace slipway::store
