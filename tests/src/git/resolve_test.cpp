#include <gtest/gtest.h>

#include "reconciler/base/rng.hpp"
#include "src/git/mirror.hpp"
#include "src/git/problem.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::git::test {
namespace {

/// Each test commits, then asks. What git itself says is the judge.
class ResolveTest : public testing::Test {
 protected:
  ResolveTest() : source_(directory_ / "source"), set_(Options(directory_), runner_) {}

  Result<Resolved> Resolve(const std::string& path, const std::string& revision = "HEAD") {
    auto mirror = set_.Get("source").value();
    FetchRequest request;
    request.url = source_.url();
    auto fetched = mirror->Fetch(request);
    EXPECT_TRUE(fetched.has_value()) << fetched.error().message;
    return mirror->Resolve(source_.Head(revision), path);
  }

  Commit GitSays(const std::string& path) const {
    return Commit(source_.Git({"log", "-1", "--format=%H", "--", path}));
  }

  Problem ProblemAt(const std::string& path) {
    auto resolved = Resolve(path);
    EXPECT_FALSE(resolved.has_value()) << path;
    return resolved.has_value() ? Problem::kInternal : ProblemOf(resolved.error());
  }

  Directory directory_;
  Repository source_;
  process::PosixProcessRunner runner_;
  MirrorSet set_;
};

TEST_F(ResolveTest, WithoutAPathItIsTheHead) {
  source_.Write("a", "1");
  Commit head = source_.Write("slipway.yaml", "release: {}\n", "Add the manifest\n\nand a body");
  auto resolved = Resolve("");
  ASSERT_TRUE(resolved.has_value()) << resolved.error().message;
  EXPECT_EQ(resolved.value().commit, head);
  EXPECT_EQ(resolved.value().tree.value, source_.Git({"rev-parse", "HEAD^{tree}"}));
  EXPECT_EQ(resolved.value().author, "Ada Lovelace");
  EXPECT_EQ(resolved.value().subject, "Add the manifest");
  EXPECT_EQ(resolved.value().time, Time(std::chrono::seconds(1700000000)));
  EXPECT_EQ(resolved.value().manifest, "release: {}\n");
}

TEST_F(ResolveTest, APathGivesTheNewestCommitThatTouchesIt) {
  source_.Write("services/shop/main.py", "1");
  Commit shop = source_.Write("services/shop/slipway.yaml", "shop");
  source_.Write("services/cart/main.py", "1");
  source_.Write("README", "1");
  auto resolved = Resolve("services/shop");
  ASSERT_TRUE(resolved.has_value());
  EXPECT_EQ(resolved.value().commit, shop);
  EXPECT_EQ(resolved.value().manifest, "shop");
  EXPECT_EQ(Resolve("services/cart").value().manifest, std::nullopt);
}

TEST_F(ResolveTest, AMergeOfASideBranchIsFollowedToTheCommitThatMadeTheChange) {
  source_.Write("shop/a", "1");
  source_.Git({"checkout", "-q", "-b", "side"});
  Commit change = source_.Write("shop/a", "2");
  source_.Git({"checkout", "-q", "main"});
  source_.Write("other", "1");
  source_.Git({"merge", "-q", "--no-ff", "-m", "merge", "side"});
  EXPECT_EQ(Resolve("shop").value().commit, change) << "it came by the second parent";
  EXPECT_EQ(change, GitSays("shop"));
}

TEST_F(ResolveTest, AMergeThatChangesThePathItselfIsTheNewest) {
  source_.Write("shop/a", "1");
  source_.Git({"checkout", "-q", "-b", "side"});
  source_.Write("shop/b", "2");
  source_.Git({"checkout", "-q", "main"});
  source_.Write("shop/c", "3");
  source_.Git({"merge", "-q", "--no-ff", "-m", "merge", "side"});
  EXPECT_EQ(Resolve("shop").value().commit, source_.Head()) << "it equals none of its parents";
  EXPECT_EQ(source_.Head(), GitSays("shop"));
}

TEST_F(ResolveTest, AgreesWithGitOverATangledHistory) {
  Rng random(7);
  source_.Write("p/0", "0");
  for (int i = 0; i < 50; ++i) {
    const std::string text = std::to_string(i);
    switch (random.Below(4)) {
      case 0:
        source_.Write("p/" + std::to_string(random.Below(3)), text);
        break;
      case 1:
        source_.Write("q/" + text, text);
        break;
      default:
        source_.Git({"checkout", "-q", "-b", "side" + text,
                     "HEAD~" + std::to_string(random.Below(std::min(i / 10 + 1, 3)))});
        source_.Write((random.Chance(50) ? "p/side" : "q/side") + text, text);
        source_.Git({"checkout", "-q", "main"});
        source_.Git({"merge", "-q", "--no-ff", "-m", "merge " + text, "side" + text});
        break;
    }
    ASSERT_EQ(Resolve("p").value().commit, GitSays("p")) << "step " << i;
  }
}

TEST_F(ResolveTest, AnEarlierHeadStillGetsItsOwnAnswer) {
  Commit first = source_.Write("p/a", "1");
  Commit second = source_.Write("p/a", "2");
  EXPECT_EQ(Resolve("p").value().commit, second);
  EXPECT_EQ(Resolve("p", "HEAD~1").value().commit, first);
  EXPECT_EQ(Resolve("p").value().commit, second);
}

TEST_F(ResolveTest, AnEmptyTreeAndAMissingPathAreNamed) {
  source_.Write("shop/a", "1");
  EXPECT_EQ(ProblemAt("cart"), Problem::kEmptyTree);
  EXPECT_EQ(ProblemAt("shop/a"), Problem::kEmptyTree) << "a file is no folder";
  for (const char* path : {"/shop", "shop/", "../shop", "shop/..", "a//b", "."}) {
    EXPECT_EQ(ProblemAt(path), Problem::kEmptyTree) << path;
  }
  source_.Git({"rm", "-q", "-r", "shop"});
  source_.Git({"commit", "-q", "-m", "nothing left"});
  EXPECT_EQ(ProblemAt(""), Problem::kEmptyTree);
  EXPECT_EQ(ProblemAt("shop"), Problem::kEmptyTree);
}

TEST_F(ResolveTest, RevisionExpressionsAreNotUnderstood) {
  Commit head = source_.Write("a", "1");
  ASSERT_TRUE(Resolve("").has_value());
  auto mirror = set_.Get("source").value();
  for (const std::string& text :
       {std::string("HEAD"), std::string("refs/slipway/fetched"), head.value + "^{commit}",
        head.value.substr(0, 10), std::string()}) {
    auto resolved = mirror->Resolve(Commit(text), "");
    ASSERT_FALSE(resolved.has_value()) << text;
    EXPECT_EQ(ProblemOf(resolved.error()), Problem::kRefNotFound);
  }
}

TEST_F(ResolveTest, AManifestMustBeASmallRegularFile) {
  source_.Write("ok/slipway.yaml", std::string(1 << 20, '#'));
  EXPECT_EQ(Resolve("ok").value().manifest->size(), std::size_t{1} << 20);
  source_.Write("large/slipway.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(ProblemAt("large"), Problem::kManifestInvalid);
  source_.Write("folder/slipway.yaml/file", "x");
  EXPECT_EQ(ProblemAt("folder"), Problem::kManifestInvalid);
  source_.Write("link/a", "x");
  Execute({"ln", "-s", "a", source_.path() + "/link/slipway.yaml"});
  source_.Git({"add", "link"});
  source_.Git({"commit", "-q", "-m", "link"});
  EXPECT_EQ(ProblemAt("link"), Problem::kManifestInvalid);
}

TEST_F(ResolveTest, SubjectsAreOneLineOfBoundedUtf8) {
  source_.Write("a", "1");
  const std::string commit =
      "tree " + source_.Git({"rev-parse", "HEAD^{tree}"}) +
      "\nauthor \xfe <a@b> 99999999999999 +0000\ncommitter c <c@d> 1 +0000\n\n" +
      "caf\xc3\xa9 \xff\x1b[31m " + std::string(500, 'x') + "\n";
  const std::string id =
      source_.Git({"hash-object", "-t", "commit", "-w", "--stdin", "--literally"}, commit);
  source_.Git({"update-ref", "refs/heads/main", id});
  auto resolved = Resolve("");
  ASSERT_TRUE(resolved.has_value()) << resolved.error().message;
  EXPECT_LE(resolved.value().subject.size(), 200u);
  EXPECT_TRUE(resolved.value().subject.starts_with("caf\xc3\xa9 ??[31m xxx"))
      << resolved.value().subject;
  EXPECT_EQ(resolved.value().author, "?");
}

}  // namespace
}  // namespace slipway::git::test
