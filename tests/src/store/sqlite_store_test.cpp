#include "src/store/sqlite_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "src/store/sqlite.hpp"
#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteStore::Options Options() {
    SqliteStore::Options options;
    options.path = path_;
    options.clock = &clock_;
    return options;
  }

  std::unique_ptr<SqliteStore> Open() {
    auto opened = SqliteStore::Open(Options());
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened.value());
  }

  /// What another program does to the file.
  void Meddle(const std::string& sql) {
    auto database = Database::Open(path_, Database::Mode::kCreate);
    ASSERT_TRUE(database) << database.error().message;
    ASSERT_TRUE(database.value().Run(sql.c_str()));
  }

  /// What another program reads in it.
  std::int64_t Number(const std::string& sql) {
    auto database = Database::Open(path_, Database::Mode::kReadOnly);
    if (!database) throw std::runtime_error(database.error().message);
    return database.value().Number(sql.c_str()).value();
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "store.db";
  ManualClock clock_;
};

TEST_F(SqliteStoreTest, ReopensWithTheSameObjectsRevisionsHistoryAndIncarnation) {
  auto store = Open();
  const Incarnation incarnation = store->incarnation();
  EXPECT_THAT(incarnation.value, MatchesRegex("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{32}"));
  const Revision created = Create(*store, "/a/x", "one").value();
  const Revision updated = Update(*store, "/a/x", "two", created).value();
  store.reset();

  store = Open();
  EXPECT_EQ(store->incarnation(), incarnation);
  EXPECT_EQ(store->CurrentRevision().value(), updated);
  EXPECT_EQ(*store->Get("/a/x", created).value()->value, "one");
  Follower follower(*store, "/a/", created);
  follower.Until(updated);
  EXPECT_THAT(Brief(follower.events()), ElementsAre("~/a/x=one>two"));
  EXPECT_GT(Update(*store, "/a/x", "three", updated).value(), updated);
}

TEST_F(SqliteStoreTest, EachNewFileHasAnIncarnationThatIsGreaterThanEarlierOnes) {
  const Incarnation first = Open()->incarnation();
  std::filesystem::remove(path_);
  EXPECT_NE(Open()->incarnation(), first);
  std::filesystem::remove(path_);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_GT(Open()->incarnation(), first);
}

TEST_F(SqliteStoreTest, AnOlderCopyThatIsPutBackHasANewIncarnationFromThenOn) {
  auto store = Open();
  const Incarnation first = store->incarnation();
  const Revision kept = Create(*store, "/a/kept", "v").value();
  store.reset();
  std::filesystem::copy_file(path_, path_ + ".copy");
  store = Open();
  EXPECT_EQ(store->incarnation(), first);
  ASSERT_TRUE(Create(*store, "/a/lost", "v"));
  store.reset();
  std::filesystem::rename(path_ + ".copy", path_);
  store = Open();  // the clock stands still: greater all the same
  EXPECT_EQ(store->CurrentRevision().value(), kept);
  const Incarnation second = store->incarnation();
  EXPECT_GT(second, first);
  store.reset();
  EXPECT_EQ(Open()->incarnation(), second) << "it is the same life now";
}

TEST_F(SqliteStoreTest, ACopyThatWasMadeWhileItRanIsFoundToo) {
  auto store = Open();
  const Incarnation first = store->incarnation();
  ASSERT_TRUE(Create(*store, "/a/kept", "v"));
  Meddle("VACUUM INTO '" + path_ + ".copy'");
  ASSERT_TRUE(Create(*store, "/a/lost", "v"));
  store.reset();
  std::filesystem::rename(path_ + ".copy", path_);
  EXPECT_GT(Open()->incarnation(), first);
}

TEST_F(SqliteStoreTest, ACopyOfAnEarlierLifeAndACopyElsewhereAreFoundToo) {
  const Incarnation first = Open()->incarnation();
  std::filesystem::copy_file(path_, path_ + ".copy");
  std::filesystem::remove(path_);
  const Incarnation second = Open()->incarnation();
  EXPECT_GT(second, first);
  std::filesystem::copy_file(path_ + ".copy", path_,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_GT(Open()->incarnation(), second);
  std::filesystem::create_directory(directory_ / "elsewhere");
  std::filesystem::rename(path_ + ".copy", directory_ / "elsewhere/store.db");
  path_ = directory_ / "elsewhere/store.db";
  EXPECT_GT(Open()->incarnation(), first);
}

TEST_F(SqliteStoreTest, WhatWasMeddledWithBesideItCountsAsNothing) {
  const Incarnation first = Open()->incarnation();
  std::ofstream(path_ + "-life") << "'; DROP TABLE changes; -- 1\n";
  EXPECT_GT(Open()->incarnation(), first);
}

TEST_F(SqliteStoreTest, NeverGivesARevisionTwiceEvenWhenTheNewestWasCompactedAway) {
  auto store = Open();
  const Revision created = Create(*store, "/a/x", "one").value();
  const Revision deleted = Delete(*store, "/a/x", created).value();
  ASSERT_TRUE(store->Compact(deleted));
  store.reset();
  store = Open();
  EXPECT_EQ(store->CurrentRevision().value(), deleted);
  EXPECT_EQ(CodeOf(store->StartWatch("/", created, [] {})), Code::kExpired);
  EXPECT_GT(Create(*store, "/a/x", "two").value(), deleted);
}

TEST_F(SqliteStoreTest, OnlyItsOwnerMayReadTheFiles) {
  auto store = Open();
  ASSERT_TRUE(Create(*store, "/a/x", "secret"));
  for (const char* suffix : {"", "-wal", "-shm", "-lock", "-life"}) {
    struct stat status {};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteStoreTest, ASecondOpenerInTheSameProcessIsRefused) {
  auto store = Open();
  const auto second = SqliteStore::Open(Options());
  ASSERT_EQ(CodeOf(second), Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(getpid())));
  store.reset();
  EXPECT_TRUE(SqliteStore::Open(Options()));
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string text(8192, 'x');
  std::ofstream(path_) << text;
  const auto opened = SqliteStore::Open(Options());
  ASSERT_EQ(CodeOf(opened), Code::kInternal);
  EXPECT_THAT(opened.error().message, HasSubstr(path_ + " is damaged"));
  EXPECT_THAT(opened.error().message, HasSubstr("backup"));
  std::ifstream file(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteStoreTest, DamageInTheMiddleIsFoundAtTheStart) {
  auto store = Open();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(Create(*store, "/a/" + std::to_string(i), std::string(2000, 'v')));
  }
  store.reset();
  const auto size = std::filesystem::file_size(path_);
  ASSERT_GT(size, 200'000U);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uintmax_t at = 16384; at + 4096 < size; at += 16384) {
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(64, '\xee');
  }
  file.close();
  const auto opened = SqliteStore::Open(Options());
  ASSERT_EQ(CodeOf(opened), Code::kInternal);
  EXPECT_THAT(opened.error().message, HasSubstr(path_ + " is damaged"));
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefused) {
  Open().reset();
  Meddle("PRAGMA user_version = 99");
  const auto opened = SqliteStore::Open(Options());
  ASSERT_EQ(CodeOf(opened), Code::kInvalid);
  EXPECT_THAT(opened.error().message, HasSubstr("schema version 99"));
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  Meddle("CREATE TABLE theirs (x)");
  const auto opened = SqliteStore::Open(Options());
  ASSERT_EQ(CodeOf(opened), Code::kInvalid);
  EXPECT_THAT(opened.error().message, HasSubstr("another program"));
}

TEST_F(SqliteStoreTest, AFileWithoutItsIncarnationIsDamaged) {
  Open().reset();
  Meddle("DELETE FROM facts WHERE name = 'incarnation'");
  EXPECT_EQ(CodeOf(SqliteStore::Open(Options())), Code::kInternal);
}

TEST_F(SqliteStoreTest, AMissingDirectoryIsNamed) {
  path_ = directory_ / "absent/store.db";
  const auto opened = SqliteStore::Open(Options());
  ASSERT_EQ(CodeOf(opened), Code::kNotFound);
  EXPECT_THAT(opened.error().message, HasSubstr(path_));
  EXPECT_THAT(opened.error().message, HasSubstr("make the directory"));
}

TEST_F(SqliteStoreTest, ADirectoryThatCannotBeWrittenIsNamed) {
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(chmod((directory_ / "").c_str(), 0555), 0);
  // Root may write anywhere, so that it must stop to be root for a moment.
  const uid_t self = geteuid();
  if (self == 0) {
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  const auto opened = SqliteStore::Open(Options());
  ASSERT_EQ(seteuid(self), 0);
  ASSERT_EQ(CodeOf(opened), Code::kForbidden);
  EXPECT_THAT(opened.error().message, HasSubstr(path_));
  ASSERT_EQ(chmod((directory_ / "").c_str(), 0700), 0);
}

Write CreateOf(const std::string& key) {
  return {
      .kind = Write::Kind::kCreate, .key = key, .value = std::make_shared<const std::string>("v")};
}

/// Keeps the writer busy, from the acknowledgement of a write of its own, until it is let go.
class Hold {
 public:
  explicit Hold(Store& store, const std::string& key = "/hold") {
    store.Commit(CreateOf(key),
                 [held = held_, go = go_.get_future().share()](const Result<Revision>&) {
                   held->set_value();
                   go.wait();
                 });
  }
  void Wait() { held_->get_future().wait(); }  ///< until the writer is here
  void LetGo() { go_.set_value(); }

 private:
  std::shared_ptr<std::promise<void>> held_ = std::make_shared<std::promise<void>>();
  std::promise<void> go_;
};

/// Commits without waiting.
std::future<Result<Revision>> Start(Store& store, Write write) {
  auto promise = std::make_shared<std::promise<Result<Revision>>>();
  auto future = promise->get_future();
  store.Commit(std::move(write),
               [promise](Result<Revision> result) { promise->set_value(std::move(result)); });
  return future;
}

TEST_F(SqliteStoreTest, AConflictInABatchCostsTheOthersNothing) {
  auto store = Open();
  const Revision taken = Create(*store, "/a/taken", "v").value();
  Hold hold(*store);
  hold.Wait();
  auto before = Start(*store, CreateOf("/a/before"));
  auto refused = Start(*store, CreateOf("/a/taken"));
  auto stale = Start(*store, {.kind = Write::Kind::kDelete, .key = "/a/taken", .expected = 7});
  auto after = Start(*store, CreateOf("/a/after"));
  hold.LetGo();
  EXPECT_EQ(CodeOf(refused.get()), Code::kAlreadyExists);
  EXPECT_EQ(CodeOf(stale.get()), Code::kConflict);
  const Revision first = before.get().value();
  EXPECT_EQ(after.get().value(), first + 1);
  store.reset();
  store = Open();
  EXPECT_EQ(store->Get("/a/before", kLatest).value()->revision, first);
  EXPECT_EQ(store->Get("/a/taken", kLatest).value()->revision, taken);
  EXPECT_EQ(store->Get("/a/after", kLatest).value()->revision, first + 1);
}

TEST_F(SqliteStoreTest, OverloadIsRefusedAtOnceAndPasses) {
  auto options = Options();
  options.pending_writes = 3;
  options.pending_bytes = 1000;
  auto store = std::move(SqliteStore::Open(options).value());
  Hold hold(*store);
  hold.Wait();
  Write large = CreateOf("/a/large");
  large.value = std::make_shared<const std::string>(1000, 'v');
  EXPECT_EQ(CodeOf(Do(*store, large)), Code::kTooManyRequests);
  std::vector<std::future<Result<Revision>>> admitted;
  for (int i = 0; i < 3; ++i)
    admitted.push_back(Start(*store, CreateOf("/a/" + std::to_string(i))));
  const auto refused = Do(*store, CreateOf("/a/more"));
  ASSERT_EQ(CodeOf(refused), Code::kTooManyRequests);
  EXPECT_TRUE(refused.error().retry_after);
  hold.LetGo();
  for (auto& each : admitted) EXPECT_TRUE(each.get());
  EXPECT_TRUE(Do(*store, CreateOf("/a/more")));
}

TEST_F(SqliteStoreTest, CarriesOutWhatIsPendingBeforeItStops) {
  auto store = Open();
  auto hold = std::make_unique<Hold>(*store);
  hold->Wait();
  std::vector<std::future<Result<Revision>>> pending;
  for (int i = 0; i < 50; ++i)
    pending.push_back(Start(*store, CreateOf("/a/" + std::to_string(i))));
  auto stopped = std::async(std::launch::async, [&] { store.reset(); });
  hold->LetGo();
  stopped.get();
  for (auto& each : pending) EXPECT_TRUE(each.get());
  EXPECT_EQ(Open()->List({.prefix = "/a/"}).value().entries.size(), 50U);
}

TEST_F(SqliteStoreTest, ForgetsHistoryThatIsOlderThanTheWindow) {
  auto options = Options();
  options.history = std::chrono::minutes(10);
  options.compaction_interval = std::chrono::milliseconds(1);
  auto store = std::move(SqliteStore::Open(options).value());
  const Revision first = Create(*store, "/a/x", "0").value();
  Revision last = first;
  // Half the window later both are still kept; each write makes the writer look at the clock.
  for (int i = 1; i <= 20; ++i) {
    clock_.Advance(std::chrono::seconds(15));
    last = Update(*store, "/a/x", std::to_string(i), last).value();
  }
  EXPECT_TRUE(store->Get("/a/x", first));
  clock_.Advance(std::chrono::minutes(8));
  ASSERT_TRUE(Update(*store, "/a/x", "end", last));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (store->Get("/a/x", first)) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it was never compacted";
    std::this_thread::yield();
  }
  EXPECT_EQ(CodeOf(store->Get("/a/x", first)), Code::kExpired);
  EXPECT_TRUE(store->Get("/a/x", last)) << "8 minutes old: inside the window";
}

TEST_F(SqliteStoreTest, CompactsFasterThanItWritesAlsoWhenWritersNeverPause) {
  constexpr int kRounds = 15;
  constexpr int kWrites = 600;  // of a round, which is one transaction
  auto options = Options();
  options.history = std::chrono::minutes(10);
  options.compaction_interval = std::chrono::hours(1);
  auto store = std::move(SqliteStore::Open(options).value());
  std::vector<std::unique_ptr<Hold>> holds;
  std::vector<Revision> ends;
  holds.push_back(std::make_unique<Hold>(*store));
  holds.back()->Wait();
  for (int round = 1; round <= kRounds; ++round) {
    // What comes next is pending before the writer goes on, so that it is never idle.
    for (int i = 0; i < kWrites; ++i) {
      store->Commit(CreateOf("/a/" + std::to_string(round * kWrites + i)), [](const auto&) {});
    }
    holds.push_back(std::make_unique<Hold>(*store, "/hold/" + std::to_string(round)));
    clock_.Advance(std::chrono::minutes(2));
    holds[holds.size() - 2]->LetGo();
    holds.back()->Wait();
    ends.push_back(store->CurrentRevision().value());
  }
  EXPECT_EQ(CodeOf(store->Get("/hold", ends[kRounds - 9])), Code::kExpired)
      << "as of 16 minutes ago, of which 10 are to be kept";
  EXPECT_TRUE(store->Get("/hold", ends[kRounds - 5])) << "as of 8 minutes ago";
  holds.back()->LetGo();
}

TEST_F(SqliteStoreTest, CompactionGivesTheSpaceBackToNewChanges) {
  auto store = Open();
  const std::string value(2000, 'v');
  Revision last = Create(*store, "/a/x", value).value();
  std::uintmax_t size_after_first_round = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 400; ++i) last = Update(*store, "/a/x", value, last).value();
    ASSERT_TRUE(store->Compact(last));
    if (round == 0) size_after_first_round = std::filesystem::file_size(path_);
  }
  store.reset();
  EXPECT_LT(std::filesystem::file_size(path_), 3 * size_after_first_round + 1'000'000);
}

TEST_F(SqliteStoreTest, CompactionLeavesNothingOfWhatIsGone) {
  auto store = Open();
  ASSERT_TRUE(Create(*store, "/a/kept", "v"));
  for (int i = 0; i < 300; ++i) {
    const std::string key = "/a/" + std::to_string(i);
    ASSERT_TRUE(Delete(*store, key, Create(*store, key, "v").value()));
  }
  ASSERT_TRUE(store->Compact(store->CurrentRevision().value()));
  store.reset();
  EXPECT_EQ(Number("SELECT count(*) FROM changes"), 1);
}

}  // namespace
}  // namespace slipway::store
