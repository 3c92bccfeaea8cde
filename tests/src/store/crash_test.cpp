#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>
#include <sstream>
#include <utility>

#include "reconciler/base/rng.hpp"
#include "src/store/sqlite_store.hpp"
#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

using ::testing::HasSubstr;

/// Another process that has a store open; see child.cpp. Killed at the latest at its end here.
class Child {
 public:
  Child(const std::string& mode, const std::string& path) {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (pipe2(input.data(), O_CLOEXEC) != 0 || pipe2(output.data(), O_CLOEXEC) != 0) {
      throw std::runtime_error("pipe2");
    }
    pid_ = fork();
    if (pid_ == 0) {
      dup2(input[0], STDIN_FILENO);
      dup2(output[1], STDOUT_FILENO);
      execl(STORE_TEST_CHILD, STORE_TEST_CHILD, mode.c_str(), path.c_str(), nullptr);
      _exit(127);
    }
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = output[0];
  }

  ~Child() {
    Kill();
    close(input_);
    close(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  /// The next line that it printed; empty at its end.
  std::string Line() {
    while (true) {
      const auto end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      std::array<char, 65536> chunk{};
      const ssize_t size = read(output_, chunk.data(), chunk.size());
      if (size <= 0) return "";
      buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    }
  }

  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
};

struct Acknowledged {
  std::string key;
  std::string value;  ///< "-": deleted
};

/// Reads acknowledgements into `into`; false: the line is none.
bool Note(const std::string& line, std::map<Revision, Acknowledged>& into) {
  std::istringstream words(line);
  Revision revision = 0;
  Acknowledged acknowledged;
  if (!(words >> revision >> acknowledged.key >> acknowledged.value)) return false;
  EXPECT_TRUE(into.emplace(revision, acknowledged).second) << revision << " was given twice";
  return true;
}

class Crash : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteStore> Open() {
    SqliteStore::Options options;
    options.path = path_;
    options.clock = &clock_;
    auto opened = SqliteStore::Open(options);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened.value());
  }

  /// Everything acknowledged is there, as it was acknowledged, and the history is one chain.
  void ExpectNothingLost(const std::map<Revision, Acknowledged>& acknowledged) {
    auto store = Open();
    ExpectSameLife(*store);
    ASSERT_GE(store->CurrentRevision().value(), acknowledged.rbegin()->first);
    for (const auto& [revision, each] : acknowledged) {
      const auto entry = store->Get(each.key, revision).value();
      if (each.value == "-") {
        EXPECT_FALSE(entry) << each.key << " at " << revision;
      } else {
        ASSERT_TRUE(entry) << each.key << " at " << revision;
        EXPECT_EQ(*entry->value, each.value);
        EXPECT_EQ(entry->revision, revision);
      }
    }
    Follower follower(*store, "/", kFirstRevision);
    follower.Until(store->CurrentRevision().value());
    std::map<std::string, Revision> newest;
    for (const auto& event : follower.events()) {
      EXPECT_EQ(event->previous_revision, newest[event->key]) << Brief(*event);
      newest[event->key] = event->type == Event::Type::kDelete ? 0 : event->revision;
    }
  }

  /// The newest acknowledged state of each key is there, or a later one, and the history that is
  /// kept is one chain. Returns how far it was compacted.
  Revision ExpectNewestKept(const std::map<Revision, Acknowledged>& acknowledged) {
    auto store = Open();
    ExpectSameLife(*store);
    Revision compacted = kFirstRevision;
    while (!store->Get("/", compacted)) ++compacted;
    std::map<std::string, Revision> alive;  // as of the events so far
    std::map<std::string, Revision> changed;
    const Page page = store->List({.prefix = "/", .revision = compacted}).value();
    for (const Entry& entry : page.entries) alive[entry.key] = entry.revision;
    Follower follower(*store, "/", compacted);
    follower.Until(store->CurrentRevision().value());
    for (const auto& event : follower.events()) {
      EXPECT_EQ(event->previous_revision, alive[event->key]) << Brief(*event);
      alive[event->key] = event->type == Event::Type::kDelete ? 0 : event->revision;
      changed[event->key] = event->revision;
    }
    std::map<std::string, std::pair<Revision, std::string>> newest;
    for (const auto& [revision, each] : acknowledged) newest[each.key] = {revision, each.value};
    for (const auto& [key, state] : newest) {
      if (changed[key] > state.first) continue;  // done, and killed before it was told
      const auto entry = store->Get(key, kLatest).value();
      EXPECT_EQ(entry ? *entry->value : "-", state.second) << key << " at " << state.first;
    }
    return compacted;
  }

  /// A crash is no restore.
  void ExpectSameLife(const Store& store) {
    if (incarnation_.empty()) incarnation_ = store.incarnation();
    EXPECT_EQ(store.incarnation(), incarnation_);
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "store.db";
  ManualClock clock_;
  Incarnation incarnation_;
};

TEST_F(Crash, AWriterThatIsKilledLosesNothingAcknowledged) {
  constexpr std::uint64_t kSeed = 4711;
  Rng rng(kSeed);
  std::map<Revision, Acknowledged> acknowledged;
  for (int round = 0; round < 8; ++round) {
    Child child("write", path_);
    const std::uint64_t lines = 1 + rng.Below(300);
    for (std::uint64_t i = 0; i < lines; ++i) {
      ASSERT_TRUE(Note(child.Line(), acknowledged)) << "the child ended by itself";
    }
    child.Kill();
    // What it printed before it died is still in the pipe, and counts.
    while (Note(child.Line(), acknowledged)) {
    }
    ExpectNothingLost(acknowledged);
    if (HasFailure()) FAIL() << "round " << round << ", seed " << kSeed;
  }
}

TEST_F(Crash, AWriterThatIsKilledWhileItCompactsLosesNothingThatIsKept) {
  constexpr std::uint64_t kSeed = 4712;
  Rng rng(kSeed);
  std::map<Revision, Acknowledged> acknowledged;
  Revision compacted = kFirstRevision;
  for (int round = 0; round < 8; ++round) {
    Child child("compact", path_);
    const std::uint64_t lines = 50 + rng.Below(300);
    for (std::uint64_t i = 0; i < lines; ++i) {
      ASSERT_TRUE(Note(child.Line(), acknowledged)) << "the child ended by itself";
    }
    child.Kill();
    while (Note(child.Line(), acknowledged)) {
    }
    const Revision before = std::exchange(compacted, ExpectNewestKept(acknowledged));
    EXPECT_GT(compacted, before) << "it compacted nothing";
    if (HasFailure()) FAIL() << "round " << round << ", seed " << kSeed;
  }
}

TEST_F(Crash, ADiskThatTakesNoMoreEndsWritingButLosesNothing) {
  Child child("fill", path_);
  std::map<Revision, Acknowledged> acknowledged;
  std::string line = child.Line();
  while (Note(line, acknowledged)) line = child.Line();
  EXPECT_THAT(line, HasSubstr("broken: the store stopped writing")) << "once, and at once";
  EXPECT_EQ(child.Line(), "refused Timeout") << "whether the first one was kept is unknown";
  EXPECT_EQ(child.Line(), "refused ServiceUnavailable");
  EXPECT_EQ(child.Line(), "");
  EXPECT_GT(acknowledged.size(), 10U);
  ExpectNothingLost(acknowledged);
}

TEST_F(Crash, ASecondProcessIsRefusedUntilTheFirstIsGone) {
  SqliteStore::Options options;
  options.path = path_;
  options.clock = &clock_;
  Child child("hold", path_);
  ASSERT_EQ(child.Line(), "open");
  const auto refused = SqliteStore::Open(options);
  ASSERT_EQ(CodeOf(refused), Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("process " + std::to_string(child.pid())));
  EXPECT_THAT(refused.error().message, HasSubstr(path_));
  child.Kill();
  EXPECT_TRUE(SqliteStore::Open(options));
}

}  // namespace
}  // namespace slipway::store
