#include "src/git/mirror.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>

#include "src/git/mirror_id.hpp"
#include "src/git/problem.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::git::test {
namespace {

namespace fs = std::filesystem;

/// Lets the real one run, and counts; `refused` names a program that cannot be started.
class CountingRunner final : public process::ProcessRunner {
 public:
  Result<process::ProcessOutcome> Run(const process::ProcessRequest& request) override {
    ++runs;
    if (request.argv.front() == "git" && during_git) during_git();
    if (request.argv.front() == refused) return Fail(Code::kNotFound, "cannot start " + refused);
    return real_.Run(request);
  }
  std::atomic<int> runs = 0;
  std::string refused;
  std::function<void()> during_git;

 private:
  process::PosixProcessRunner real_;
};

class MirrorTest : public testing::Test {
 protected:
  MirrorTest() : source_(directory_ / "source"), set_(Options(directory_), runner_) {}

  std::shared_ptr<Mirror> Shop(const std::string& mode = "git-worker") {
    if (mode != "git-worker") {
      other_ = std::make_unique<MirrorSet>(Options(directory_, mode), runner_);
      return other_->Get("shop").value();
    }
    return set_.Get("shop").value();
  }

  Result<Fetched> Fetch(const Ref& ref = {}) {
    FetchRequest request;
    request.url = source_.url();
    request.ref = ref;
    return Shop()->Fetch(request);
  }

  Problem FetchProblem(const Ref& ref) {
    auto fetched = Fetch(ref);
    EXPECT_FALSE(fetched.has_value());
    return fetched.has_value() ? Problem::kInternal : ProblemOf(fetched.error());
  }

  Directory directory_;
  Repository source_;
  CountingRunner runner_;
  MirrorSet set_;
  std::unique_ptr<MirrorSet> other_;
};

TEST_F(MirrorTest, FollowsABranch) {
  Commit first = source_.Write("a", "1");
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(fetched.value().commit, first);
  EXPECT_EQ(fetched.value().received_objects, 3u);
  Commit second = source_.Write("a", "2");
  fetched = Fetch();
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(fetched.value().commit, second);
  EXPECT_EQ(fetched.value().received_objects, 3u) << "only what is new";
  EXPECT_TRUE(Shop()->Has(first));
}

TEST_F(MirrorTest, APollWithoutNewsTransfersNothing) {
  Commit head = source_.Write("a", "1");
  ASSERT_TRUE(Fetch().has_value());
  const std::string before = Execute({"git", "count-objects", "-v"}, "", Shop()->path());
  source_.Git({"branch", "other"});
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(fetched.value().commit, head);
  EXPECT_EQ(fetched.value().received_objects, 0u);
  EXPECT_EQ(Execute({"git", "count-objects", "-v"}, "", Shop()->path()), before);
}

TEST_F(MirrorTest, ABranchThatMovedBackIsFoundWithoutTransfer) {
  Commit first = source_.Write("a", "1");
  source_.Write("a", "2");
  ASSERT_TRUE(Fetch().has_value());
  source_.Git({"reset", "-q", "--hard", first.value});
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(fetched.value().commit, first);
  EXPECT_EQ(fetched.value().received_objects, 0u);
}

TEST_F(MirrorTest, AForcePushIsSeenByDescent) {
  Commit base = source_.Write("a", "1");
  Commit promoted = source_.Write("a", "2");
  ASSERT_TRUE(Fetch().has_value());
  ASSERT_TRUE(Shop()->PinCommit("promoted", promoted).has_value());
  source_.Git({"reset", "-q", "--hard", base.value});
  Commit rewritten = source_.Write("a", "3");
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(fetched.value().commit, rewritten);
  auto mirror = Shop();
  EXPECT_FALSE(mirror->IsDescendant(promoted, rewritten).value());
  EXPECT_TRUE(mirror->IsDescendant(base, rewritten).value());
  EXPECT_TRUE(mirror->IsDescendant(base, promoted).value());
  EXPECT_TRUE(mirror->IsDescendant(promoted, promoted).value());
  EXPECT_FALSE(mirror->IsDescendant(promoted, base).value());
  auto unknown = mirror->IsDescendant(Commit(std::string(40, '1')), base);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(ProblemOf(unknown.error()), Problem::kRefNotFound);
}

TEST_F(MirrorTest, TagsArePeeled) {
  Commit first = source_.Write("a", "1");
  source_.Git({"tag", "light"});
  source_.Git({"tag", "-a", "-m", "release", "v1"});
  source_.Write("a", "2");
  EXPECT_EQ(Fetch({RefKind::kTag, "light"}).value().commit, first);
  EXPECT_EQ(Fetch({RefKind::kTag, "v1"}).value().commit, first);
  EXPECT_EQ(Fetch({RefKind::kTag, "v1"}).value().received_objects, 0u);
}

TEST_F(MirrorTest, ATagOfAFileIsNoCommit) {
  source_.Write("a", "1");
  source_.Git({"tag", "blob", "HEAD:a"});
  EXPECT_EQ(FetchProblem({RefKind::kTag, "blob"}), Problem::kRefNotFound);
}

TEST_F(MirrorTest, ACommitIsFoundOnAnyBranchAndThenAsksNobody) {
  source_.Write("a", "1");
  source_.Git({"checkout", "-q", "-b", "side"});
  Commit wanted = source_.Write("b", "1");
  source_.Write("b", "2");
  source_.Git({"checkout", "-q", "main"});
  EXPECT_EQ(Fetch({RefKind::kCommit, wanted.value}).value().commit, wanted);
  fs::remove_all(source_.path());
  EXPECT_EQ(Fetch({RefKind::kCommit, wanted.value}).value().commit, wanted);
}

TEST_F(MirrorTest, WhatIsNotThereIsNamed) {
  source_.Write("a", "1");
  EXPECT_EQ(FetchProblem({RefKind::kBranch, "missing"}), Problem::kRefNotFound);
  EXPECT_EQ(FetchProblem({RefKind::kTag, "main"}), Problem::kRefNotFound);
  EXPECT_EQ(FetchProblem({RefKind::kCommit, std::string(40, '1')}), Problem::kRefNotFound);
  EXPECT_EQ(FetchProblem({RefKind::kBranch, "main~1"}), Problem::kRefNotFound);
  EXPECT_EQ(FetchProblem({RefKind::kBranch, "ma*"}), Problem::kRefNotFound);
  fs::remove_all(source_.path());
  EXPECT_EQ(FetchProblem({}), Problem::kRepositoryNotFound);
}

TEST_F(MirrorTest, AnEmptyRepositoryHasNoBranch) {
  EXPECT_EQ(FetchProblem({}), Problem::kRefNotFound);
}

TEST_F(MirrorTest, AFailedPollLeavesTheMirrorAsItWas) {
  Commit head = source_.Write("a", "1");
  ASSERT_TRUE(Fetch().has_value());
  source_.Git({"checkout", "-q", "-b", "other"});
  source_.Git({"branch", "-D", "main"});
  EXPECT_EQ(FetchProblem({}), Problem::kRefNotFound);
  EXPECT_TRUE(Shop()->Has(head));
  EXPECT_TRUE(Shop()->Resolve(head, "").has_value());
}

TEST_F(MirrorTest, FileUrlsNeedTheFlagOfTheServer) {
  source_.Write("a", "1");
  MirrorOptions options = Options(directory_);
  options.allow_file = false;
  MirrorSet strict(options, runner_);
  FetchRequest request;
  request.url = source_.url();
  request.allow_file = true;  // Not for the caller to say.
  auto fetched = strict.Get("shop").value()->Fetch(request);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(ProblemOf(fetched.error()), Problem::kUrlNotAllowed);
  EXPECT_EQ(runner_.runs, 0) << "nothing is started for it";
}

TEST_F(MirrorTest, AWorkerThatCrashesCostsOnePoll) {
  Commit head = source_.Write("a", "1");
  FetchRequest request;
  request.url = source_.url();
  auto fetched = Shop("crash")->Fetch(request);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(ProblemOf(fetched.error()), Problem::kInternal);
  EXPECT_NE(fetched.error().message.find("signal 6"), std::string::npos) << fetched.error().message;
  EXPECT_FALSE(Shop("gibberish")->Fetch(request).has_value());
  EXPECT_FALSE(Shop("exits with 64")->Fetch(request).has_value());
  EXPECT_EQ(Fetch().value().commit, head);
}

TEST_F(MirrorTest, AWorkerThatHangsIsKilledAtTheDeadline) {
  source_.Write("a", "1");
  FetchRequest request;
  request.url = source_.url();
  request.deadline = Duration(200);
  auto fetched = Shop("hang")->Fetch(request);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(ProblemOf(fetched.error()), Problem::kTimeout);
}

TEST_F(MirrorTest, AWorkerThatCannotStartIsAnError) {
  MirrorOptions options = Options(directory_);
  options.worker_argv = {directory_ / "no-such-program", "git-worker"};
  MirrorSet broken(options, runner_);
  FetchRequest request;
  request.url = source_.url();
  auto fetched = broken.Get("shop").value()->Fetch(request);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(ProblemOf(fetched.error()), Problem::kInternal);
}

TEST_F(MirrorTest, WhatAKilledWorkerLeftIsClearedAway) {
  source_.Write("a", "1");
  ASSERT_TRUE(Fetch().has_value());
  const std::string leftover = Shop()->path() + "/objects/pack/pack_git2_Ab12Cd";
  WriteText(leftover, "half a pack");
  WriteText(Shop()->path() + "/refs/slipway/fetched.lock", "");
  source_.Write("a", "2");
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_FALSE(fs::exists(leftover));
}

TEST_F(MirrorTest, LimitsOnObjectsHold) {
  for (int i = 0; i < 5; ++i) source_.Write("file" + std::to_string(i), Noise(1000, i));
  MirrorOptions options = Options(directory_);
  options.limits.objects = 10;
  MirrorSet limited(options, runner_);
  FetchRequest request;
  request.url = source_.url();
  auto fetched = limited.Get("shop").value()->Fetch(request);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(ProblemOf(fetched.error()), Problem::kTooLarge);
}

TEST_F(MirrorTest, ManyPacksBecomeFewAndNothingIsLost) {
  std::vector<Commit> commits;
  for (int i = 0; i < 40; ++i) {
    commits.push_back(source_.Write("a", std::to_string(i)));
    ASSERT_TRUE(Fetch().has_value());
  }
  std::size_t packs = 0;
  for (const auto& entry : fs::directory_iterator(Shop()->path() + "/objects/pack")) {
    packs += entry.path().extension() == ".pack" ? 1 : 0;
  }
  EXPECT_LE(packs, 33u);
  for (const Commit& commit : commits) EXPECT_TRUE(Shop()->Resolve(commit, "").has_value());
  Execute({"git", "fsck", "--strict"}, "", Shop()->path());
}

TEST_F(MirrorTest, PinsAreReferencesThatLast) {
  Commit first = source_.Write("a", "1");
  Commit second = source_.Write("a", "2");
  ASSERT_TRUE(Fetch().has_value());
  auto mirror = Shop();
  ASSERT_TRUE(mirror->PinCommit("shop-2", second).has_value());
  ASSERT_TRUE(mirror->PinCommit("shop-1", first).has_value());
  ASSERT_TRUE(mirror->PinCommit("shop-1", first).has_value());
  EXPECT_EQ(Execute({"git", "rev-parse", "refs/slipway/keep/shop-1"}, "", mirror->path()),
            first.value);
  MirrorSet restarted(Options(directory_), runner_);
  EXPECT_EQ(restarted.Get("shop").value()->ListPins().value(),
            (std::vector<Pin>{{"shop-1", first}, {"shop-2", second}}));
  ASSERT_TRUE(mirror->Unpin("shop-1").has_value());
  ASSERT_TRUE(mirror->Unpin("shop-1").has_value()) << "twice is no error";
  EXPECT_EQ(mirror->ListPins().value(), (std::vector<Pin>{{"shop-2", second}}));
}

TEST_F(MirrorTest, APinBreaksTheLockOfAKilledWriter) {
  Commit head = source_.Write("a", "1");
  ASSERT_TRUE(Fetch().has_value());
  WriteText(Shop()->path() + "/refs/slipway/keep/shop-1.lock", "");
  EXPECT_TRUE(Shop()->PinCommit("shop-1", head).has_value());
  EXPECT_EQ(Shop()->ListPins().value().size(), 1u);
}

TEST_F(MirrorTest, PinsOfUnknownCommitsAndStrangeNamesAreRefused) {
  Commit head = source_.Write("a", "1");
  ASSERT_TRUE(Fetch().has_value());
  EXPECT_FALSE(Shop()->PinCommit("shop-1", Commit(std::string(40, '1'))).has_value());
  EXPECT_FALSE(Shop()->PinCommit("shop-1", Commit("HEAD")).has_value());
  for (const char* id :
       {"", "../../heads/main", "a/b", ".hidden", "a..b", "a.lock", "a b", "a~", "-a"}) {
    EXPECT_FALSE(Shop()->PinCommit(id, head).has_value()) << id;
    EXPECT_FALSE(Shop()->Unpin(id).has_value()) << id;
  }
  EXPECT_TRUE(Shop()->ListPins().value().empty());
}

TEST_F(MirrorTest, MirrorsAreListedRemovedAndPrivate) {
  ASSERT_TRUE(set_.Get("b").has_value());
  ASSERT_TRUE(set_.Get("a.uid-1").has_value());
  EXPECT_EQ(set_.List().value(), (std::vector<std::string>{"a.uid-1", "b"}));
  EXPECT_EQ(fs::status(set_.Get("b").value()->path()).permissions(), fs::perms::owner_all);
  ASSERT_TRUE(set_.Remove("b").has_value());
  EXPECT_EQ(set_.List().value(), (std::vector<std::string>{"a.uid-1"}));
  EXPECT_TRUE(set_.Remove("b").has_value());
  EXPECT_TRUE(set_.Remove("c").has_value()) << "there is none";
  const std::string id =
      MirrorIdOf(std::string(63, 'n'), std::string(253, 'r'), Uid(std::string(36, 'u')));
  EXPECT_TRUE(set_.Get(id).has_value()) << "the longest names that there are";
  EXPECT_FALSE(set_.Get("../escape").has_value());
  EXPECT_FALSE(set_.Get("").has_value());
}

TEST_F(MirrorTest, NothingMakesARemovedMirrorAgain) {
  Commit head = source_.Write("a", "1");
  ASSERT_TRUE(Fetch().has_value());
  auto held = Shop();
  ASSERT_TRUE(set_.Remove("shop").has_value());
  FetchRequest request;
  request.url = source_.url();
  EXPECT_FALSE(held->Fetch(request).has_value());
  EXPECT_FALSE(held->Has(head));
  EXPECT_FALSE(held->PinCommit("shop-1", head).has_value());
  EXPECT_FALSE(set_.Get("shop").has_value());
  EXPECT_FALSE(fs::exists(held->path()));
}

TEST_F(MirrorTest, RemovalWaitsForThePollUnderWay) {
  source_.Write("a", "1");
  auto hanging = Shop("hang");
  FetchRequest request;
  request.url = source_.url();
  request.deadline = Duration(500);
  const int before = runner_.runs;
  std::atomic<bool> ended = false;
  std::thread poll([&] {
    EXPECT_FALSE(hanging->Fetch(request).has_value());
    ended = true;
  });
  while (runner_.runs == before && !ended) std::this_thread::yield();
  EXPECT_TRUE(other_->Remove("shop").has_value());
  EXPECT_FALSE(fs::exists(hanging->path()));
  poll.join();
  EXPECT_FALSE(fs::exists(hanging->path()));
}

TEST_F(MirrorTest, AGoodPollIsGoodAlsoWhereGitCannotRepack) {
  Commit head;
  for (int i = 0; i < 34; ++i) {
    head = source_.Write("a", std::to_string(i));
    runner_.refused = "git";
    auto fetched = Fetch();
    runner_.refused = "";
    ASSERT_TRUE(fetched.has_value()) << i << ": " << fetched.error().message;
    EXPECT_EQ(fetched.value().commit, head);
  }
}

TEST_F(MirrorTest, ReadersDoNotWaitForARepack) {
  Commit head;
  int repacks = 0;
  runner_.during_git = [&] {
    ++repacks;
    auto read =
        std::async(std::launch::async, [&] { return Shop()->Resolve(head, "").has_value(); });
    ASSERT_EQ(read.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_TRUE(read.get());
  };
  for (int i = 0; i < 33; ++i) {
    head = source_.Write("a", std::to_string(i));
    ASSERT_TRUE(Fetch().has_value());
  }
  EXPECT_EQ(repacks, 1);
}

TEST_F(MirrorTest, ReadersAndPinsGoOnWhileFetchesRepack) {
  Commit head = source_.Write("dir/a", "0");
  ASSERT_TRUE(Fetch().has_value());
  std::atomic<bool> stop = false;
  std::atomic<int> failures = 0;
  std::thread reader([&] {
    for (int i = 0; !stop; ++i) {
      failures += Shop()->Resolve(head, "dir").has_value() ? 0 : 1;
      failures += Shop()->PinCommit("pin-" + std::to_string(i % 7), head).has_value() ? 0 : 1;
      failures += Shop()->ListPins().has_value() ? 0 : 1;
    }
  });
  for (int i = 0; i < 40; ++i) {
    source_.Write("dir/a", std::to_string(i + 1));
    EXPECT_TRUE(Fetch().has_value());
  }
  stop = true;
  reader.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace slipway::git::test
