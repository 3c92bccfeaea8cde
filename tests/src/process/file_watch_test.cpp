#include "src/process/file_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

#include "tests/src/git/world.hpp"

// Real files of a real file system: what is said, and what is not.
namespace slipway::process {
namespace {

namespace fs = std::filesystem;
using git::test::Directory;
using git::test::WriteText;
using ::testing::IsEmpty;

/// A folder, a watch of some files in it, and what the watch said.
class FileWatchTest : public ::testing::Test {
 protected:
  void Watch(const std::vector<std::string>& names,
             FileWatch::Options options = {.settle = Duration(1), .pause = Duration(1)}) {
    std::vector<std::string> paths;
    for (const std::string& name : names) {
      paths.push_back(folder_ / name);
    }
    watch_.emplace(
        paths,
        [this](const std::string& path) {
          const std::lock_guard lock(mutex_);
          ++said_[path];
          news_.notify_all();
        },
        [this](const std::string& why) { troubles_.push_back(why); }, options);
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(news_.wait_for(lock, std::chrono::seconds(20), [&] {
      return said_.size() == names.size();
    })) << "each is said once it is watched";
    said_.clear();
  }

  int Said(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return said_[folder_ / name];
  }

  /// Does something, and waits until the watch has said that `name` changed. What it says of earlier steps comes before.
  template <typename Act>
  ::testing::AssertionResult IsSaid(const std::string& name, const Act& act) {
    const int before = Said(name);
    act();
    std::unique_lock lock(mutex_);
    const bool said = news_.wait_for(lock, std::chrono::seconds(20),
                                     [&] { return said_[folder_ / name] > before; });
    return said ? ::testing::AssertionSuccess()
                : ::testing::AssertionFailure() << "nothing is said";
  }

  void Replace(const std::string& name) {
    WriteText(folder_ / "new", "new");
    fs::rename(folder_ / "new", folder_ / name);
  }

  Directory folder_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::map<std::string, int> said_;
  std::vector<std::string> troubles_;
  std::optional<FileWatch> watch_;  ///< last: it uses the others
};

TEST_F(FileWatchTest, SaysThatAFileIsWrittenReplacedGoneAndBack) {
  WriteText(folder_ / "list", "old");
  Watch({"list"});
  EXPECT_TRUE(IsSaid("list", [&] { WriteText(folder_ / "list", "written"); }));
  EXPECT_TRUE(IsSaid("list", [&] { Replace("list"); }));
  EXPECT_TRUE(IsSaid("list", [&] { Replace("list"); })) << "also the file that took its place";
  EXPECT_TRUE(IsSaid("list", [&] { fs::remove(folder_ / "list"); }));
  EXPECT_TRUE(IsSaid("list", [&] { WriteText(folder_ / "list", "back"); }));
  EXPECT_TRUE(IsSaid("list", [&] { fs::rename(folder_ / "list", folder_ / "away"); }));
  EXPECT_TRUE(IsSaid("list", [&] { fs::create_symlink("away", folder_ / "list"); }));
  EXPECT_TRUE(IsSaid("list", [&] { WriteText(folder_ / "away", "behind the link"); }));
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(FileWatchTest, FollowsWhatKubernetesMounts) {
  const auto fill = [&](const std::string& name) {
    fs::create_directory(folder_ / name);
    WriteText(folder_ / (name + "/list"), name);
  };
  const auto swap = [&](const std::string& name) {
    fs::create_symlink(name, folder_ / "..data_tmp");
    fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  };
  fill("..1");
  fs::create_symlink("..1", folder_ / "..data");
  fs::create_symlink("..data/list", folder_ / "list");
  Watch({"list"});
  fill("..2");
  EXPECT_TRUE(IsSaid("list", [&] { swap("..2"); }));
  fs::remove_all(folder_ / "..1");
  fill("..3");
  EXPECT_TRUE(IsSaid("list", [&] { swap("..3"); }));
  EXPECT_TRUE(IsSaid("list", [&] { WriteText(folder_ / "..3/list", "in place"); }));
}

TEST_F(FileWatchTest, FollowsLinksOfFoldersAlsoUpwards) {
  fs::create_directories(folder_ / "old/deep");
  fs::create_directories(folder_ / "young");
  fs::create_directory_symlink("old/deep/./..", folder_ / "by");
  Watch({"by/list"});
  EXPECT_TRUE(IsSaid("by/list", [&] { WriteText(folder_ / "old/list", "new"); }));
  EXPECT_TRUE(IsSaid("by/list", [&] {
    fs::create_directory_symlink(folder_ / "young", folder_ / "next");
    fs::rename(folder_ / "next", folder_ / "by");
  }));
  EXPECT_TRUE(IsSaid("by/list", [&] { WriteText(folder_ / "young/list", "new"); }));
  const int before = Said("by/list");
  WriteText(folder_ / "old/list", "nobody looks there any more");
  EXPECT_TRUE(IsSaid("by/list", [&] { WriteText(folder_ / "young/list", "newer"); }));
  EXPECT_EQ(Said("by/list"), before + 1);
}

TEST_F(FileWatchTest, WaitsForFoldersThatAreNotThereYet) {
  Watch({"a/b/list"});
  EXPECT_TRUE(IsSaid("a/b/list", [&] { fs::create_directory(folder_ / "a"); }));
  EXPECT_TRUE(IsSaid("a/b/list", [&] { fs::create_directory(folder_ / "a/b"); }));
  EXPECT_TRUE(IsSaid("a/b/list", [&] { WriteText(folder_ / "a/b/list", "here"); }));
  fs::create_directories(folder_ / "other/b");
  WriteText(folder_ / "other/b/list", "another");
  EXPECT_TRUE(IsSaid("a/b/list", [&] { fs::rename(folder_ / "a", folder_ / "old"); }));
  EXPECT_TRUE(IsSaid("a/b/list", [&] { fs::rename(folder_ / "other", folder_ / "a"); }));
  EXPECT_TRUE(IsSaid("a/b/list", [&] { WriteText(folder_ / "a/b/list", "in the new folder"); }));
}

TEST_F(FileWatchTest, SaysNothingOfOtherFiles) {
  WriteText(folder_ / "one", "");
  WriteText(folder_ / "two", "");
  Watch({"one", "two"});
  WriteText(folder_ / "three", "");
  EXPECT_TRUE(IsSaid("two", [&] { WriteText(folder_ / "two", "new"); }));
  EXPECT_EQ(Said("one"), 0);
}

TEST_F(FileWatchTest, ABurstIsSaidOnceAndTheNextAfterAPause) {
  WriteText(folder_ / "list", "");
  Watch({"list"}, {.settle = Duration(100), .pause = Duration(1'000)});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(IsSaid("list", [&] {
    for (int i = 0; i < 50; ++i) {
      Replace("list");
    }
  }));
  EXPECT_TRUE(IsSaid("list", [&] { Replace("list"); }));
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(1'000));
  EXPECT_LE(Said("list"), 1 + took / std::chrono::seconds(1)) << "once a second at most";
}

TEST_F(FileWatchTest, ALinkThatLeadsToItselfEnds) {
  fs::create_symlink("list", folder_ / "list");
  Watch({"list"});
  EXPECT_TRUE(IsSaid("list", [&] { Replace("list"); }));
}

}  // namespace
}  // namespace slipway::process
