#include "reconciler/source/git_repository_planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/api/conditions.hpp"

namespace slipway::source {
namespace {

using api::ConditionStatus;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

const Time kNow{seconds(1'767'225'600)};
const Commit kCommit(std::string(40, 'a'));

api::GitRepository Repository() {
  api::GitRepository repository;
  repository.metadata = {.name = "code", .ns = "default", .generation = 3};
  repository.spec.url = "https://git.example/shop.git";
  repository.spec.interval = minutes(1);
  return repository;
}

LastFetch Good(const api::GitRepository& repository) {
  return {.spec = repository.spec,
          .result = Fetched{.commit = kCommit, .author = "Ada", .subject = "add a cart"}};
}

LastFetch Bad(const api::GitRepository& repository, const char* reason, int failures = 1) {
  Error error{.code = Code::kUnavailable, .message = "It went wrong: do this."};
  error.causes.push_back({.reason = reason});
  return {.spec = repository.spec, .result = error, .failures = failures};
}

const api::Condition& Ready(const Plan& plan) {
  return *api::FindCondition(plan.status.conditions, "Ready");
}

Plan PlanWith(const api::GitRepository& repository, const LastFetch* last, bool fetching = false) {
  return PlanGitRepository(
      {.repository = repository, .last = last, .fetching = fetching, .now = kNow});
}

TEST(GitRepositoryPlanner, LooksAtOnceAndThenEveryInterval) {
  const api::GitRepository repository = Repository();
  EXPECT_TRUE(PlanWith(repository, nullptr).fetch);
  EXPECT_FALSE(PlanWith(repository, nullptr, true).fetch);
  LastFetch last = Good(repository);
  last.age = seconds(20);
  const Plan plan = PlanWith(repository, &last);
  EXPECT_FALSE(plan.fetch);
  EXPECT_EQ(plan.requeue_after, seconds(40));
  last.age = minutes(1);
  EXPECT_TRUE(PlanWith(repository, &last).fetch);
}

TEST(GitRepositoryPlanner, Case7TheArtifactIsACommitWhateverIsFollowed) {
  api::GitRepository repository = Repository();
  LastFetch last = Good(repository);
  Plan plan = PlanWith(repository, &last);
  EXPECT_EQ(plan.status.artifact->revision, "main@sha1:" + kCommit.value);
  EXPECT_EQ(plan.status.artifact->commit, kCommit);
  EXPECT_EQ(plan.status.observed_generation, 3);
  EXPECT_EQ(Ready(plan).status, ConditionStatus::kTrue);
  EXPECT_THAT(Ready(plan).message, HasSubstr("add a cart"));
  repository.spec.ref.tag = "v1.2";
  last = Good(repository);
  EXPECT_EQ(PlanWith(repository, &last).status.artifact->revision, "v1.2@sha1:" + kCommit.value);
  repository.spec.ref.commit = kCommit;  // wins over the tag
  last = Good(repository);
  plan = PlanWith(repository, &last);
  EXPECT_EQ(plan.status.artifact->revision, "sha1:" + kCommit.value);
  EXPECT_EQ(RefOf(*plan.status.artifact), RefOf(repository.spec.ref));
}

TEST(GitRepositoryPlanner, NothingIsWrittenWhenNothingIsNew) {
  api::GitRepository repository = Repository();
  const LastFetch last = Good(repository);
  repository.status = PlanWith(repository, &last).status;
  EXPECT_EQ(PlanWith(repository, &last).status, repository.status);
}

TEST(GitRepositoryPlanner, TheLastGoodArtifactStaysWhateverGoesWrong) {
  const struct {
    const char* reason;
    bool stalled;
  } kCases[] = {{"Unreachable", false},  {"Timeout", false},        {"Unauthorized", true},
                {"RefNotFound", true},   {"HostKeyMismatch", true}, {"CertificateInvalid", true},
                {"URLNotAllowed", true}, {"TooLarge", true}};
  for (const auto& test : kCases) {
    api::GitRepository repository = Repository();
    const LastFetch good = Good(repository);
    repository.status = PlanWith(repository, &good).status;
    const LastFetch bad = Bad(repository, test.reason);
    const Plan plan = PlanWith(repository, &bad);
    EXPECT_EQ(plan.status.artifact->commit, kCommit) << test.reason;
    EXPECT_EQ(Ready(plan).status, ConditionStatus::kFalse) << test.reason;
    EXPECT_EQ(Ready(plan).reason, test.reason);
    EXPECT_THAT(Ready(plan).message,
                HasSubstr("do this. The last good commit, aaaaaaaaaaaa, stays."));
    EXPECT_EQ(
        api::FindCondition(plan.status.conditions, "Stalled")->status == ConditionStatus::kTrue,
        test.stalled)
        << test.reason;
  }
}

TEST(GitRepositoryPlanner, AnEmptyTreeChangesNothing) {
  api::GitRepository repository = Repository();
  const LastFetch good = Good(repository);
  repository.status = PlanWith(repository, &good).status;
  LastFetch empty = Good(repository);
  empty.result = Fetched{.commit = Commit(std::string(40, 'b')), .empty = true};
  const Plan plan = PlanWith(repository, &empty);
  EXPECT_EQ(plan.status.artifact->commit, kCommit);
  EXPECT_EQ(Ready(plan).reason, "EmptyTree");
  EXPECT_THAT(Ready(plan).message, HasSubstr("Push a commit that does."));
}

TEST(GitRepositoryPlanner, AfterAFailureItLooksAgainSoonerThanAfterASuccess) {
  const api::GitRepository repository = Repository();
  const std::pair<int, Duration> kCases[] = {{1, seconds(5)},  {2, seconds(10)}, {3, seconds(20)},
                                             {4, seconds(40)}, {5, minutes(1)},  {60, minutes(1)}};
  for (const auto& [failures, delay] : kCases) {
    const LastFetch last = Bad(repository, "Unreachable", failures);
    EXPECT_EQ(PlanWith(repository, &last).requeue_after, delay) << failures;
  }
}

TEST(GitRepositoryPlanner, AnAnswerToAnotherSpecDecidesNothing) {
  api::GitRepository repository = Repository();
  const LastFetch last = Good(repository);
  repository.spec.ref.branch = "release";
  const Plan plan = PlanWith(repository, &last);
  EXPECT_TRUE(plan.fetch);
  EXPECT_FALSE(plan.status.artifact.has_value());
  EXPECT_EQ(Ready(plan).status, ConditionStatus::kUnknown);
}

TEST(GitRepositoryPlanner, SuspendedItDoesNothing) {
  api::GitRepository repository = Repository();
  repository.spec.suspend = true;
  const Plan plan = PlanWith(repository, nullptr);
  EXPECT_FALSE(plan.fetch);
  EXPECT_FALSE(plan.requeue_after.has_value());
  EXPECT_EQ(Ready(plan).reason, "Suspended");
}

}  // namespace
}  // namespace slipway::source
