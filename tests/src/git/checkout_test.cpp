#include "src/git/checkout.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "src/git/problem.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::git::test {
namespace {

namespace fs = std::filesystem;

/// Trees are made with the git program, where needed with objects that it would not make by itself; packs are snapshots.
class CheckoutTest : public testing::Test {
 protected:
  CheckoutTest() : source_(directory_ / "source") {
    request_.repository = directory_ / "server";
    request_.staging = directory_ / "staging";
  }

  std::string Blob(const std::string& text) {
    return source_.Git({"hash-object", "-w", "--stdin"}, text);
  }

  /// A tree object of raw entries, however wrong: (mode, name, id) each.
  struct Entry {
    std::string mode;
    std::string name;
    std::string id;
  };
  std::string RawTree(const std::vector<Entry>& entries) {
    std::string raw;
    for (const Entry& entry : entries) {
      raw += entry.mode + " " + entry.name + '\0';
      for (std::size_t i = 0; i < 40; i += 2)
        raw += static_cast<char>(std::stoi(entry.id.substr(i, 2), nullptr, 16));
    }
    return source_.Git({"hash-object", "-t", "tree", "-w", "--stdin", "--literally"}, raw);
  }

  Commit CommitOf(const std::string& tree) {
    return Commit(source_.Git({"commit-tree", tree, "-m", "made by hand"}));
  }

  void Want(const Commit& commit) {
    const std::string pack = directory_ / "pack";
    WriteText(pack, PackObjects({"-q", "--shallow", "--revs", "--stdout"},
                                "--shallow " + commit.value + "\n" + commit.value + "\n"));
    request_.pack = pack;
    request_.want = commit;
  }

  std::string PackObjects(const std::vector<std::string>& options, const std::string& input) {
    std::vector<std::string> argv = {"git", "pack-objects"};
    argv.insert(argv.end(), options.begin(), options.end());
    return ExecuteRaw(argv, input, source_.path());
  }

  CheckoutReply Apply() {
    auto reply = ApplyPackAndCheckout(request_);
    EXPECT_TRUE(reply.has_value()) << reply.error().message;
    return reply.has_value() ? reply.value() : CheckoutReply{};
  }

  Error ApplyError() {
    auto reply = ApplyPackAndCheckout(request_);
    EXPECT_FALSE(reply.has_value());
    return reply.has_value() ? Error{} : reply.error();
  }

  Error ErrorOfTree(const std::string& tree) {
    Want(CommitOf(tree));
    return ApplyError();
  }

  mode_t Mode(const std::string& name) {
    struct stat status = {};
    EXPECT_EQ(::lstat((request_.staging + "/" + name).c_str(), &status), 0) << name;
    return status.st_mode & 07777;
  }

  Directory directory_;
  Repository source_;
  CheckoutRequest request_;
};

TEST_F(CheckoutTest, WritesFilesModesFoldersAndLinks) {
  source_.Write("bin/run", "#!/bin/sh\n");
  ::chmod((source_.path() + "/bin/run").c_str(), 0755);
  fs::create_symlink("bin/run", source_.path() + "/start");
  fs::create_symlink("../start", source_.path() + "/bin/again");
  source_.Git({"add", "."});
  Want(source_.Write("data.txt", "text\r\n"));
  ::mode_t before = ::umask(077);
  CheckoutReply reply = Apply();
  ::umask(before);
  EXPECT_EQ(Mode("bin"), 0755u);
  EXPECT_EQ(Mode("bin/run"), 0755u);
  EXPECT_EQ(Mode("data.txt"), 0644u);
  EXPECT_EQ(ReadText(request_.staging + "/data.txt"), "text\r\n");
  EXPECT_EQ(fs::read_symlink(request_.staging + "/start"), "bin/run");
  EXPECT_EQ(ReadText(request_.staging + "/bin/again"), "#!/bin/sh\n");
  EXPECT_EQ(reply.held, std::vector<Commit>{request_.want});
  EXPECT_EQ(reply.files, 5u);
}

TEST_F(CheckoutTest, ASubdirectoryBecomesTheRelease) {
  source_.Write("services/shop/main.py", "shop");
  Want(source_.Write("services/cart/main.py", "cart"));
  request_.path = "services/shop";
  Apply();
  EXPECT_EQ(ReadText(request_.staging + "/main.py"), "shop");
  EXPECT_FALSE(fs::exists(request_.staging + "/services"));
}

TEST_F(CheckoutTest, AMissingOrEmptyPathIsNamed) {
  Want(source_.Write("a", "1"));
  for (const char* path : {"missing", "a", "../server", "/etc"}) {
    request_.path = path;
    EXPECT_EQ(ProblemOf(ApplyError()), Problem::kEmptyTree) << path;
  }
  request_.path = "";
  EXPECT_EQ(ProblemOf(ErrorOfTree(source_.Git({"mktree"}, ""))), Problem::kEmptyTree);
}

TEST_F(CheckoutTest, AttributesFiltersAndHooksDoNothing) {
  source_.Write(".gitattributes", "*.txt text eol=crlf filter=evil ident export-ignore\n");
  source_.Git({"config", "filter.evil.smudge", "touch " + (directory_ / "smudged")});
  Want(source_.Write("a.txt", "$Id$\nline\n"));
  Apply();
  EXPECT_EQ(ReadText(request_.staging + "/a.txt"), "$Id$\nline\n");
  EXPECT_FALSE(fs::exists(directory_ / "smudged"));
}

TEST_F(CheckoutTest, LinksThatCouldLeadOutAreRefused) {
  for (const char* target : {"/etc/passwd", "../outside", "a/../../outside", "..", "a/../b"}) {
    fs::remove_all(request_.staging);
    Error error = ErrorOfTree(source_.Git({"mktree"}, "120000 blob " + Blob(target) + "\tlink\n"));
    EXPECT_EQ(ProblemOf(error), Problem::kUnsafeTree) << target;
    EXPECT_NE(error.message.find("link"), std::string::npos) << error.message;
    EXPECT_FALSE(fs::is_symlink(request_.staging + "/link"));
  }
}

TEST_F(CheckoutTest, ALinkThatIsInsideTheRepositoryButOutsideOfTheReleaseIsRefused) {
  source_.Write("services/shop/a", "1");
  fs::create_symlink("../../secret", source_.path() + "/services/shop/link");
  source_.Git({"add", "."});
  Want(source_.Write("secret", "1"));
  request_.path = "services/shop";
  Error error = ApplyError();
  EXPECT_EQ(ProblemOf(error), Problem::kUnsafeTree) << error.message;
}

TEST_F(CheckoutTest, ALinkAndAFolderOfOneNameDoNotLeadOut) {
  fs::create_directories(directory_ / "outside");
  const std::string inner = source_.Git({"mktree"}, "100644 blob " + Blob("gotcha") + "\tfile\n");
  // The link is made first; what is below the folder of the same name would go through it.
  Error error = ErrorOfTree(RawTree({{"120000", "a", Blob("../outside")}, {"40000", "a", inner}}));
  EXPECT_EQ(ProblemOf(error), Problem::kUnsafeTree);
  error = ErrorOfTree(RawTree({{"120000", "a", Blob("b")}, {"40000", "a", inner}}));
  EXPECT_EQ(ProblemOf(error), Problem::kUnsafeTree);
  EXPECT_FALSE(fs::exists(directory_ / "outside/file"));
}

TEST_F(CheckoutTest, NamesThatLieElsewhereAreRefused) {
  const std::string blob = Blob("gotcha");
  for (const char* name : {"..", ".", "../evil", "a/b", "/etc/evil", ".git", ".GIT", ".Git"}) {
    fs::remove_all(request_.staging);
    Error error = ErrorOfTree(RawTree({{"100644", name, blob}}));
    EXPECT_TRUE(ProblemOf(error) == Problem::kUnsafeTree || ProblemOf(error) == Problem::kBadPack)
        << name << ": " << error.message;
    EXPECT_FALSE(fs::exists(directory_ / "evil")) << name;
  }
  const std::string inner = RawTree({{"100644", "config", blob}});
  fs::remove_all(request_.staging);
  EXPECT_EQ(ProblemOf(ErrorOfTree(RawTree({{"40000", ".git", inner}}))), Problem::kUnsafeTree);
}

TEST_F(CheckoutTest, NamesThatDifferByCaseAreTwoFiles) {
  Want(CommitOf(source_.Git(
      {"mktree"}, "100644 blob " + Blob("1") + "\tName\n100644 blob " + Blob("2") + "\tname\n")));
  Apply();
  EXPECT_EQ(ReadText(request_.staging + "/Name"), "1");
  EXPECT_EQ(ReadText(request_.staging + "/name"), "2");
}

TEST_F(CheckoutTest, SetUserIdAndSubmodulesDoNotHappen) {
  Want(CommitOf(RawTree({{"104755", "tool", Blob("x")}})));
  auto reply = ApplyPackAndCheckout(request_);
  if (reply.has_value()) {
    EXPECT_EQ(Mode("tool") & 07000, 0u);
  } else {
    EXPECT_EQ(ProblemOf(reply.error()), Problem::kUnsafeTree) << reply.error().message;
  }
  fs::remove_all(request_.staging);
  const std::string commit = source_.Write("a", "1").value;
  Error error = ErrorOfTree(source_.Git({"mktree"}, "160000 commit " + commit + "\tmodule\n"));
  EXPECT_EQ(ProblemOf(error), Problem::kUnsafeTree);
  EXPECT_NE(error.message.find("submodule"), std::string::npos);
}

TEST_F(CheckoutTest, CapsOnCountBytesAndDepthHold) {
  source_.Write("a/b/c/d", "12345");
  Want(source_.Write("e", "12345"));
  const CheckoutLimits generous = request_.limits;
  for (int which = 0; which < 3; ++which) {
    fs::remove_all(request_.staging);
    request_.limits = generous;
    if (which == 0) request_.limits.files = 4;
    if (which == 1) request_.limits.bytes = 9;
    if (which == 2) request_.limits.depth = 2;
    EXPECT_EQ(ProblemOf(ApplyError()), Problem::kTooLarge) << which;
  }
  fs::remove_all(request_.staging);
  request_.limits = {.files = 5, .bytes = 10, .depth = 3};
  EXPECT_EQ(Apply().bytes, 10u);
}

TEST_F(CheckoutTest, ATreeThatGrowsExponentiallyIsCutOff) {
  std::string tree = source_.Git({"mktree"}, "100644 blob " + Blob("x") + "\tx\n");
  for (int level = 0; level < 12; ++level) {
    std::string entries;
    for (char name = 'a'; name < 'k'; ++name) entries += "040000 tree " + tree + "\t" + name + "\n";
    tree = source_.Git({"mktree"}, entries);
  }
  request_.limits.files = 1000;
  EXPECT_EQ(ProblemOf(ErrorOfTree(tree)), Problem::kTooLarge);
}

TEST_F(CheckoutTest, StagingMustBeNewOrEmptyAndNoLink) {
  Want(source_.Write("a", "1"));
  fs::create_directories(request_.staging);
  Apply();
  EXPECT_EQ(ProblemOf(ApplyError()), Problem::kUnsafeTree) << "the files of before are there";
  fs::remove_all(request_.staging);
  fs::create_directories(directory_ / "elsewhere");
  fs::create_symlink(directory_ / "elsewhere", request_.staging);
  ApplyError();
  EXPECT_TRUE(fs::is_empty(directory_ / "elsewhere"));
}

TEST_F(CheckoutTest, DamagedAndIncompletePacksAreRefused) {
  Commit first = source_.Write("a", Noise(10'000, 1));
  Want(first);
  const std::string whole = ReadText(request_.pack);
  for (std::size_t keep : {std::size_t{0}, std::size_t{10}, whole.size() / 2, whole.size() - 1}) {
    WriteText(request_.pack, whole.substr(0, keep));
    EXPECT_EQ(ProblemOf(ApplyError()), Problem::kBadPack) << keep;
  }
  std::string flipped = whole;
  flipped[whole.size() / 2] ^= 1;
  WriteText(request_.pack, flipped);
  EXPECT_EQ(ProblemOf(ApplyError()), Problem::kBadPack);
  EXPECT_TRUE(fs::is_empty(request_.repository + "/objects/pack"));
  WriteText(request_.pack, whole);
  Apply();
}

TEST_F(CheckoutTest, AThinPackWithoutItsBaseAsksForASnapshot) {
  std::string text = Noise(50'000, 1);
  Commit before = source_.Write("a", text);
  Commit after = source_.Write("a", text + "more");
  request_.want = after;
  request_.pack = directory_ / "thin";
  WriteText(request_.pack, PackObjects({"-q", "--thin", "--shallow", "--revs", "--stdout"},
                                       "--shallow " + before.value + "\n--shallow " + after.value +
                                           "\n" + after.value + "\n^" + before.value + "\n"));
  Error error = ApplyError();
  EXPECT_EQ(ProblemOf(error), Problem::kBadPack);
  EXPECT_NE(error.message.find("snapshot"), std::string::npos) << error.message;
}

TEST_F(CheckoutTest, ASnapshotThatLacksAFileIsNeverHeld) {
  Commit first = source_.Write("a", Noise(1000, 1));
  Want(first);
  WriteText(
      request_.pack,
      PackObjects({"-q", "--stdout"},
                  first.value + "\n" + source_.Git({"rev-parse", first.value + "^{tree}"}) + "\n"));
  EXPECT_EQ(ProblemOf(ApplyError()), Problem::kBadPack);
  request_.pack.clear();
  request_.want = Commit();
  EXPECT_TRUE(Apply().held.empty());
}

TEST_F(CheckoutTest, APackOfSomethingElseIsNotWhatWasWanted) {
  Commit first = source_.Write("a", "1");
  Commit second = source_.Write("a", "2");
  Want(first);
  request_.want = second;
  EXPECT_EQ(ProblemOf(ApplyError()), Problem::kRefNotFound);
  request_.want = Commit("HEAD");
  EXPECT_EQ(ProblemOf(ApplyError()), Problem::kRefNotFound);
}

TEST_F(CheckoutTest, GoingBackNeedsNoPack) {
  Commit first = source_.Write("a", "1");
  Commit second = source_.Write("a", "2");
  Want(first);
  Apply();
  Want(second);
  request_.keep = {first};
  request_.staging = directory_ / "second";
  EXPECT_EQ(Apply().held.size(), 2u);
  request_.pack.clear();
  request_.want = first;
  request_.keep = {second};
  request_.staging = directory_ / "back";
  EXPECT_EQ(Apply().held.size(), 2u);
  EXPECT_EQ(ReadText(directory_ / "back/a"), "1");
}

TEST_F(CheckoutTest, WhatIsNotKeptIsForgottenAndRewrittenAway) {
  std::vector<Commit> commits;
  request_.max_packs = 4;
  CheckoutReply reply;
  for (int i = 0; i < 12; ++i) {
    commits.push_back(source_.Write("a", Noise(20'000, i)));
    Want(commits.back());
    request_.staging = directory_ / ("staging" + std::to_string(i));
    request_.keep.clear();
    if (i > 0) request_.keep = {commits[i - 1]};
    reply = Apply();
    Execute({"git", "fsck", "--strict", "--full"}, "", request_.repository);
  }
  EXPECT_EQ(reply.held.size(), 2u);
  std::size_t packs = 0;
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(request_.repository + "/objects/pack")) {
    packs += entry.path().extension() == ".pack" ? 1 : 0;
    bytes += entry.file_size();
  }
  EXPECT_LE(packs, 4u);
  EXPECT_LT(bytes, 6 * 25'000u);
  request_.pack.clear();
  request_.want = commits[10];
  request_.keep = {commits[11]};
  request_.staging = directory_ / "kept";
  Apply();
  request_.want = commits[0];
  request_.staging.clear();
  EXPECT_EQ(ProblemOf(ApplyError()), Problem::kRefNotFound);
}

TEST_F(CheckoutTest, WhatAKilledHelperLeftIsClearedAway) {
  Want(source_.Write("a", "1"));
  Apply();
  const std::string leftover = request_.repository + "/objects/pack/pack_git2_Ab12Cd";
  WriteText(leftover, "half a pack");
  WriteText(request_.repository + "/refs/slipway/held/" + request_.want.value + ".lock", "");
  request_.staging = directory_ / "again";
  Apply();
  EXPECT_FALSE(fs::exists(leftover));
}

TEST_F(CheckoutTest, TheHelperSpeaksJson) {
  Want(source_.Write("a", "1"));
  auto reply = DecodeCheckoutReply(
      Execute({GIT_TEST_CHILD, "content-helper"}, EncodeCheckoutRequest(request_)));
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  EXPECT_EQ(reply.value().held, std::vector<Commit>{request_.want});
  EXPECT_EQ(ReadText(request_.staging + "/a"), "1");
  auto refused = DecodeCheckoutReply(
      Execute({GIT_TEST_CHILD, "content-helper"}, EncodeCheckoutRequest(request_)));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(ProblemOf(refused.error()), Problem::kUnsafeTree);
  EXPECT_FALSE(
      DecodeCheckoutReply(Execute({GIT_TEST_CHILD, "content-helper"}, "nonsense")).has_value());
}

}  // namespace
}  // namespace slipway::git::test
