#include "src/app/git_effects.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "src/process/process_runner.hpp"
#include "tests/src/gateway/fake_client.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::app {
namespace {

/// Everything happens at once, on the thread of the test.
class GitEffectsTest : public testing::Test {
 protected:
  GitEffectsTest()
      : source_(directory_ / "source"), mirrors_(git::test::Options(directory_), runner_) {}

  runtime::OutsideResult Execute(const runtime::OutsideRequest& request) {
    std::optional<runtime::OutsideResult> answer;
    effects_.Execute("default", request, [&](runtime::OutsideResult result) { answer = result; });
    io_.restart();
    io_.run();
    EXPECT_TRUE(answer.has_value());
    return answer ? *answer : runtime::OutsideResult(Fail(Code::kInternal, "no answer"));
  }

  void Fetch() {
    api::GitRepositorySpec spec;
    spec.url = source_.url();
    spec.ref.branch = "main";
    const auto fetched =
        Execute(runtime::FetchRepository{.repository = "shop", .uid = Uid("u"), .spec = spec});
    ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  }

  runtime::ResolvedRevision Resolve(const Commit& head, const std::string& path,
                                    const Commit& ancestor) {
    const auto found = Execute(runtime::ResolveRevision{
        .repository = "shop", .uid = Uid("u"), .head = head, .path = path, .ancestor = ancestor});
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found.has_value() ? std::get<runtime::ResolvedRevision>(found.value())
                             : runtime::ResolvedRevision{};
  }

  git::test::Directory directory_;
  git::test::Repository source_;
  process::PosixProcessRunner runner_;
  git::MirrorSet mirrors_;
  gateway::FakeClient client_;
  const GitEffects::RunOnPool now_ = [](const std::function<void()>& work) { work(); };
  boost::asio::io_context io_;
  GitEffects effects_{client_, mirrors_, io_, now_, now_};
};

TEST_F(GitEffectsTest, ThePathsNewestCommitMayComeFromAnOlderBranchByAMerge) {
  const Commit base = source_.Write("shop/price", "1");
  source_.Git({"checkout", "-q", "-b", "side"});
  const Commit side = source_.Write("shop/price", "3");
  source_.Git({"checkout", "-q", "main"});
  const Commit promoted = source_.Write("shop/price", "2");
  source_.Git({"merge", "-q", "-X", "theirs", "-m", "take the side's price", "side"});
  const Commit head = source_.Head();
  Fetch();
  const auto revision = Resolve(head, "shop", promoted);
  EXPECT_EQ(revision.commit, side) << "which does not descend from the promoted one";
  EXPECT_TRUE(revision.descends) << "and the head does";
  EXPECT_TRUE(Resolve(head, "shop", base).descends);
}

TEST_F(GitEffectsTest, ARewrittenHistoryDoesNotDescend) {
  const Commit base = source_.Write("shop/price", "1");
  const Commit promoted = source_.Write("shop/price", "2");
  Fetch();
  source_.Git({"reset", "-q", "--hard", base.value});
  const Commit head = source_.Write("shop/price", "3");
  Fetch();
  EXPECT_FALSE(Resolve(head, "shop", promoted).descends);
  EXPECT_FALSE(Resolve(head, "shop", Commit(std::string(40, '1'))).descends) << "not even there";
}

}  // namespace
}  // namespace slipway::app
