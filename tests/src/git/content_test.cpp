#include "src/git/content.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "src/git/checkout.hpp"
#include "src/git/problem.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::git::test {
namespace {

namespace fs = std::filesystem;

/// A source, its mirror, the cache of packs, and the snapshots of one server that takes packs in.
class ContentTest : public testing::Test {
 protected:
  ContentTest()
      : source_(directory_ / "source"),
        set_(Options(directory_), runner_),
        cache_(CacheOptions(), set_, runner_) {}

  PackCacheOptions CacheOptions() const {
    PackCacheOptions options;
    options.directory = directory_ / "packs";
    return options;
  }

  void Fetch() {
    FetchRequest request;
    request.url = source_.url();
    auto fetched = set_.Get("shop").value()->Fetch(request);
    ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  }

  std::shared_ptr<const PackFile> Pack(const Commit& have, const Commit& want) {
    auto pack = cache_.Pack("shop", have, want);
    EXPECT_TRUE(pack.has_value()) << pack.error().message;
    return pack.has_value() ? pack.value() : nullptr;
  }

  /// What the agent does: take in the pack, check everything, check it out beside the others. Then git's own opinion.
  void TakeIn(const PackFile& pack, const Commit& want, const std::vector<Commit>& keep) {
    CheckoutRequest request;
    request.repository = Server();
    request.pack = pack.path;
    request.want = want;
    request.keep = keep;
    request.staging = directory_ / ("staging-" + std::to_string(++stagings_));
    auto reply = ApplyPackAndCheckout(request);
    ASSERT_TRUE(reply.has_value()) << reply.error().message;
    Execute({"git", "fsck", "--strict", "--full"}, "", Server());
    Execute({"git", "diff", "--no-index", "--quiet", Tree(want), request.staging});
  }

  /// The files of a commit, as git archive gives them.
  std::string Tree(const Commit& commit) {
    const std::string path = directory_ / ("tree-" + commit.value);
    fs::create_directories(path);
    source_.Git({"--work-tree=" + path, "restore", "--source=" + commit.value, "--worktree", "."});
    return path;
  }

  std::string Server() const { return directory_ / "server"; }

  Directory directory_;
  Repository source_;
  process::PosixProcessRunner runner_;
  MirrorSet set_;
  PackCache cache_;
  int stagings_ = 0;
};

TEST_F(ContentTest, ASnapshotHasNoHistory) {
  source_.Write("old", Noise(100'000, 1));
  source_.Git({"rm", "-q", "old"});
  Commit head = source_.Write("a", "1");
  Fetch();
  auto pack = Pack(Commit(), head);
  EXPECT_FALSE(pack->thin);
  EXPECT_LT(pack->bytes, 1000u);
  TakeIn(*pack, head, {});
}

TEST_F(ContentTest, OneChangedLineInALargeFileIsASmallPackInBothDirections) {
  std::string large = Noise(4 << 20, 1);
  Commit before = source_.Write("large", large);
  large.replace(2'000'000, 12, "changed line");
  Commit after = source_.Write("large", large);
  Fetch();
  TakeIn(*Pack(Commit(), before), before, {});
  auto forwards = Pack(before, after);
  EXPECT_TRUE(forwards->thin);
  EXPECT_LT(forwards->bytes, 2048u);
  TakeIn(*forwards, after, {before});

  fs::remove_all(Server());
  TakeIn(*Pack(Commit(), after), after, {});
  auto backwards = Pack(after, before);
  EXPECT_LT(backwards->bytes, 2048u);
  TakeIn(*backwards, before, {after});
}

TEST_F(ContentTest, AnOrdinaryMergeOfABranchForkedBeforeWhatIsHeld) {
  source_.Write("base", Noise(200'000, 1));
  source_.Git({"checkout", "-q", "-b", "side"});
  source_.Write("side", Noise(1000, 2));
  source_.Git({"checkout", "-q", "main"});
  Commit held = source_.Write("main", Noise(1000, 3));
  source_.Git({"merge", "-q", "--no-ff", "-m", "merge", "side"});
  Commit merge = source_.Head();
  Fetch();
  TakeIn(*Pack(Commit(), held), held, {});
  auto pack = Pack(held, merge);
  EXPECT_LT(pack->bytes, 2000u);
  TakeIn(*pack, merge, {held});
  auto back = Pack(merge, held);
  EXPECT_LT(back->bytes, 2000u);
}

TEST_F(ContentTest, GoingBackToAnAncestorBringsItsFilesBack) {
  Commit ancestor = source_.Write("gone/later", Noise(5000, 1));
  source_.Git({"rm", "-q", "-r", "gone"});
  source_.Write("a", "1");
  Commit held = source_.Write("a", "2");
  Fetch();
  TakeIn(*Pack(Commit(), held), held, {});
  TakeIn(*Pack(held, ancestor), ancestor, {held});
}

TEST_F(ContentTest, SidewaysBetweenUnrelatedBranches) {
  Commit main = source_.Write("a", Noise(50'000, 1));
  source_.Git({"checkout", "-q", "--orphan", "unrelated"});
  source_.Git({"rm", "-q", "-r", "-f", "."});
  Commit other = source_.Write("b", Noise(1000, 2));
  source_.Git({"branch", "-f", "both"});
  source_.Git({"merge", "-q", "--allow-unrelated-histories", "-m", "both", main.value});
  source_.Git({"branch", "-f", "main"});
  Fetch();
  TakeIn(*Pack(Commit(), main), main, {});
  TakeIn(*Pack(main, other), other, {main});
}

TEST_F(ContentTest, ManyStepsBackAndForthStayClean) {
  std::vector<Commit> commits;
  for (int i = 0; i < 6; ++i) {
    commits.push_back(source_.Write("file" + std::to_string(i % 3), Noise(3000, i)));
  }
  Fetch();
  Commit held;
  for (int step : {0, 1, 5, 2, 4, 0, 3, 5, 1}) {
    if (held == commits[step]) continue;
    TakeIn(*Pack(held, commits[step]), commits[step], {held});
    held = commits[step];
  }
}

TEST_F(ContentTest, AnUnknownHaveGivesTheSnapshot) {
  Commit head = source_.Write("a", "1");
  Fetch();
  EXPECT_FALSE(Pack(Commit(std::string(40, '1')), head)->thin);
  EXPECT_FALSE(Pack(Commit("not an id; --all"), head)->thin);
}

TEST_F(ContentTest, AnUnknownWantIsNamed) {
  source_.Write("a", "1");
  Fetch();
  for (const std::string& want :
       {std::string(40, '1'), std::string("HEAD"), std::string("--all"), std::string()}) {
    auto pack = cache_.Pack("shop", Commit(), Commit(want));
    ASSERT_FALSE(pack.has_value()) << want;
    EXPECT_EQ(ProblemOf(pack.error()), Problem::kRefNotFound) << want;
  }
  EXPECT_EQ(cache_.builds(), 0u);
}

TEST_F(ContentTest, ManyServersAtOnceShareOneBuild) {
  Commit before = source_.Write("a", Noise(1'000'000, 1));
  Commit after = source_.Write("a", Noise(1'000'000, 2));
  Fetch();
  std::atomic<int> failures = 0;
  std::vector<std::thread> servers;
  for (int i = 0; i < 16; ++i) {
    servers.emplace_back(
        [&] { failures += cache_.Pack("shop", before, after).has_value() ? 0 : 1; });
  }
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(cache_.builds(), 1u);
}

TEST_F(ContentTest, TheCacheIsBoundedAndAPackInUseStays) {
  std::vector<Commit> commits;
  for (int i = 0; i < 4; ++i) commits.push_back(source_.Write("a", Noise(100'000, i)));
  Fetch();
  PackCacheOptions options = CacheOptions();
  options.directory = directory_ / "small";
  options.max_bytes = 250'000;
  PackCache small(options, set_, runner_);
  auto held = small.Pack("shop", Commit(), commits[0]).value();
  for (const Commit& commit : commits)
    ASSERT_TRUE(small.Pack("shop", Commit(), commit).has_value());
  EXPECT_TRUE(fs::exists(held->path)) << "somebody still reads it";
  const std::string path = held->path;
  held.reset();
  EXPECT_FALSE(fs::exists(path));
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(options.directory)) bytes += entry.file_size();
  EXPECT_LE(bytes, options.max_bytes);
  EXPECT_EQ(small.builds(), 4u);
  ASSERT_TRUE(small.Pack("shop", Commit(), commits[3]).has_value());
  EXPECT_EQ(small.builds(), 4u) << "the newest ones are still there";
}

TEST_F(ContentTest, NothingStaysOfARepositoryThatIsGone) {
  Commit head = source_.Write("a", "1");
  Fetch();
  Pack(Commit(), head);
  cache_.Forget("another");
  EXPECT_FALSE(fs::is_empty(directory_ / "packs"));
  cache_.Forget("shop");
  EXPECT_TRUE(fs::is_empty(directory_ / "packs"));
}

TEST_F(ContentTest, AFailedBuildIsNotRememberedAndLeavesNothing) {
  Commit head = source_.Write("a", Noise(1000, 1));
  Fetch();
  const std::string packs = set_.Get("shop").value()->path() + "/objects/pack";
  const std::string blob = source_.Git({"rev-parse", "HEAD:a"});
  // A mirror that lost an object: the commit is there, its file is not.
  Execute({"sh", "-c",
           "for p in *.pack; do mv $p ../../moved; git unpack-objects -q < ../../moved; rm "
           "../../moved; done; rm -f *.idx"},
          "", packs);
  const std::string loose =
      set_.Get("shop").value()->path() + "/objects/" + blob.substr(0, 2) + "/" + blob.substr(2);
  const std::string kept = ReadText(loose);
  fs::remove(loose);
  auto pack = cache_.Pack("shop", Commit(), head);
  ASSERT_FALSE(pack.has_value());
  EXPECT_TRUE(fs::is_empty(directory_ / "packs"));
  WriteText(loose, kept);
  EXPECT_TRUE(cache_.Pack("shop", Commit(), head).has_value());
}

}  // namespace
}  // namespace slipway::git::test
