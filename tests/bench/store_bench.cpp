// Durable rows a second: callers of the Store beside SQLite alone with the same rows, in turns, and
// the number of fdatasync calls that the same disk does. Each of them keeps one file open and
// writes a part of its rows in each round; the first round warms up and is not counted. One JSON
// object a line. `store_bench [DIRECTORY]`: where the files are made.

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/store/sqlite_store.hpp"
#include "tests/bench/bench.hpp"

namespace slipway::store {
namespace {

using bench::Die;
using bench::Must;
using bench::Print;
using bench::Stopwatch;

constexpr int kRounds = 6;
constexpr std::size_t kRowBytes = 2048;
constexpr std::size_t kDifferentRows = 512;

/// The rows, the same for everybody: keys as the API server makes them, values of 2 KiB.
class Rows {
 public:
  Rows() {
    Rng rng(1);
    for (std::size_t i = 0; i < kDifferentRows; ++i) {
      std::string value(kRowBytes, ' ');
      for (char& byte : value) byte = static_cast<char>('a' + rng.Below(26));
      values_.push_back(std::make_shared<const std::string>(std::move(value)));
    }
  }
  static std::string Key(std::size_t row) {
    return "/slipway.dev/servers/production/server-" + std::to_string(1000000 + row);
  }
  const Value& value(std::size_t row) const { return values_[row % kDifferentRows]; }

 private:
  std::vector<Value> values_;
};

/// Something that can write rows [begin, end) durably. Gives the seconds that it took.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual double Write(std::size_t begin, std::size_t end) = 0;
};

/// SQLite's own interface and nothing else: one thread, the table and the index of the store.
class SqliteAlone : public Subject {
 public:
  SqliteAlone(const std::string& path, const Rows& rows, std::size_t in_transaction)
      : rows_(rows), in_transaction_(in_transaction) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path.c_str(), &database_, flags, nullptr) != SQLITE_OK) {
      Die("cannot open " + path);
    }
    Run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;"
        "CREATE TABLE changes (revision INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
        " created INTEGER NOT NULL, previous INTEGER NOT NULL, key TEXT NOT NULL, value BLOB);"
        "CREATE UNIQUE INDEX changes_of_key ON changes (key, previous)");
    sqlite3_prepare_v2(database_, "INSERT INTO changes VALUES (?1, 0, ?1, 0, ?2, ?3)", -1, &insert_,
                       nullptr);
    sqlite3_prepare_v2(database_, "BEGIN IMMEDIATE", -1, &begin_, nullptr);
    sqlite3_prepare_v2(database_, "COMMIT", -1, &commit_, nullptr);
  }

  ~SqliteAlone() override {
    for (sqlite3_stmt* statement : {insert_, begin_, commit_}) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }

  double Write(std::size_t begin, std::size_t end) override {
    const Stopwatch watch;
    for (std::size_t i = begin; i < end; ++i) {
      if ((i - begin) % in_transaction_ == 0) Step(begin_);
      const std::string key = Rows::Key(i);
      const std::string& value = *rows_.value(i);
      sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(i + 1));
      sqlite3_bind_text64(insert_, 2, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
      sqlite3_bind_blob64(insert_, 3, value.data(), value.size(), SQLITE_STATIC);
      Step(insert_);
      if ((i - begin + 1) % in_transaction_ == 0 || i + 1 == end) Step(commit_);
    }
    return watch.Seconds();
  }

 private:
  void Run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      Die(sqlite3_errmsg(database_));
    }
  }
  void Step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) Die(sqlite3_errmsg(database_));
    sqlite3_reset(statement);
  }

  const Rows& rows_;
  std::size_t in_transaction_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
};

/// The store with callers that each wait for their acknowledgement before their next write. As in
/// the API server, one thread runs all of them: acknowledgements are posted to it.
class StoreWithCallers : public Subject {
 public:
  StoreWithCallers(const std::string& path, const Rows& rows, std::size_t callers)
      : rows_(rows), callers_(callers) {
    SqliteStore::Options options;
    options.path = path;
    options.clock = &clock_;
    store_ = Must(SqliteStore::Open(options));
  }

  double Write(std::size_t begin, std::size_t end) override {
    const Stopwatch watch;
    std::size_t next = begin;
    while (next < begin + callers_) Call(next++);
    for (std::size_t acknowledged = 0; acknowledged < end - begin;) {
      const std::size_t now = WaitForAcknowledgements();
      acknowledged += now;
      for (std::size_t i = 0; i < now && next < end; ++i) Call(next++);
    }
    return watch.Seconds();
  }

 private:
  void Call(std::size_t row) {
    store_->Commit({.kind = Write::Kind::kCreate, .key = Rows::Key(row), .value = rows_.value(row)},
                   [this](const Result<Revision>& result) {
                     if (!result) Die(result.error().message);
                     const std::lock_guard lock(mutex_);
                     if (posted_++ == 0) wake_.notify_one();
                   });
  }

  std::size_t WaitForAcknowledgements() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return posted_ > 0; });
    return std::exchange(posted_, 0);
  }

  const Rows& rows_;
  std::size_t callers_;
  bench::RunningClock clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::size_t posted_ = 0;
  std::unique_ptr<SqliteStore> store_;  ///< goes first: its threads call back
};

/// What the disk does: writes of one block, each synced. At the end of a file that grows, or, as
/// SQLite does once its log was used before, in the place of older blocks, which costs the file
/// system less.
class Disk : public Subject {
 public:
  Disk(const std::string& path, bool grows)
      : file_(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), grows_(grows) {
    for (std::size_t i = 0; !grows && i < kBlocks; ++i) WriteBlock(i);
    if (fsync(file_) != 0) Die("fsync");
  }
  ~Disk() override { close(file_); }

  double Write(std::size_t begin, std::size_t end) override {
    const Stopwatch watch;
    for (std::size_t i = begin; i < end; ++i) {
      WriteBlock(grows_ ? i : i % kBlocks);
      if (fdatasync(file_) != 0) Die("fdatasync");
    }
    return watch.Seconds();
  }

 private:
  static constexpr std::size_t kBlocks = 1000;

  void WriteBlock(std::size_t number) {
    const auto offset = static_cast<off_t>(number * block_.size());
    if (pwrite(file_, block_.data(), block_.size(), offset) < 0) Die("pwrite");
  }

  int file_;
  bool grows_;
  std::string block_ = std::string(4096, 'x');
};

struct Measurement {
  std::string name;
  const char* unit;
  std::size_t a_round;  ///< rows
  std::unique_ptr<Subject> subject;
  double seconds = 0;

  double Rate() const { return (kRounds - 1) * static_cast<double>(a_round) / seconds; }
};

std::vector<Measurement> Everything(const std::string& directory, const Rows& rows) {
  int files = 0;
  const auto path = [&] { return directory + "/" + std::to_string(files++); };
  const auto alone = [&](std::size_t in_transaction) {
    return std::make_unique<SqliteAlone>(path(), rows, in_transaction);
  };
  const auto store = [&](std::size_t callers) {
    return std::make_unique<StoreWithCallers>(path(), rows, callers);
  };
  std::vector<Measurement> all;
  const auto disk = [&](bool grows) { return std::make_unique<Disk>(path(), grows); };
  all.push_back({"disk: fdatasync of 4 KiB in a file that grows", "calls/s", 600, disk(true)});
  all.push_back({"disk: fdatasync of 4 KiB in place", "calls/s", 600, disk(false)});
  all.push_back({"sqlite alone: 2 KiB rows, 1 a transaction", "rows/s", 600, alone(1)});
  all.push_back({"store: 2 KiB rows, 1 caller", "rows/s", 600, store(1)});
  all.push_back({"store: 2 KiB rows, 16 callers", "rows/s", 3000, store(16)});
  all.push_back({"sqlite alone: 2 KiB rows, 256 a transaction", "rows/s", 8192, alone(256)});
  all.push_back({"store: 2 KiB rows, 256 callers", "rows/s", 8192, store(256)});
  return all;
}

void Report(const std::vector<Measurement>& all) {
  const auto print = [&](std::size_t which, const std::string& peer) {
    Print({all[which].name, all[which].Rate(), all[which].unit, peer});
  };
  const auto share = [&](std::size_t which, std::size_t peer) {
    Print({.name = all[which].name + ", share of SQLite alone",
           .value = all[which].Rate() / all[peer].Rate(),
           .unit = "of 1",
           .goal = bench::Goal{.bound = 0.8, .better = "more"}});
  };
  print(0, "");
  print(1, "");
  print(2, all[1].name);
  print(3, all[2].name);
  print(4, all[2].name);
  print(5, "");
  print(6, all[5].name);
  share(3, 2);
  share(6, 5);
}

void Measure(const std::string& directory) {
  const Rows rows;
  std::vector<Measurement> all = Everything(directory, rows);
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (Measurement& each : all) {
      const std::size_t begin = round * each.a_round;
      const double seconds = each.subject->Write(begin, begin + each.a_round);
      if (round > 0) each.seconds += seconds;
    }
  }
  Report(all);
}

}  // namespace
}  // namespace slipway::store

int main(int argc, char** argv) {
  return slipway::bench::InDirectory(argc, argv, &slipway::store::Measure);
}
