#include "reconciler/rollout/intent.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace slipway::rollout {
namespace {

using api::AttemptPhase;
using api::Outcome;
using api::RolloutPhase;
using api::RunningHealth;

const Commit kCommit(std::string(40, 'a'));
const ReleaseHash kHash(std::string(64, 'b'));

api::Intent IntentOf(std::int64_t wave) {
  return {.application = "shop",
          .rollout = "shop-2",
          .wave = wave,
          .attempt = 3,
          .commit = kCommit,
          .hash = kHash};
}

TEST(Live, OnlyWavesOfAnActiveRolloutThatHaveBegun) {
  api::Application application;
  api::Rollout rollout;
  rollout.metadata.name = "shop-2";
  const struct {
    RolloutPhase phase;
    std::int64_t wave;
    bool live;
  } kCases[] = {
      {RolloutPhase::kPending, 1, false},     {RolloutPhase::kTesting, 1, false},
      {RolloutPhase::kProgressing, 1, true},  {RolloutPhase::kProgressing, 2, true},
      {RolloutPhase::kProgressing, 3, false}, {RolloutPhase::kProgressing, 0, false},
      {RolloutPhase::kPaused, 2, true},       {RolloutPhase::kRollingBack, 1, false},
      {RolloutPhase::kSucceeded, 1, false},   {RolloutPhase::kRolledBack, 1, false},
      {RolloutPhase::kHalted, 1, false},      {RolloutPhase::kSuperseded, 1, false},
      {RolloutPhase::kAborted, 1, false},
  };
  for (const auto& test : kCases) {
    rollout.status.phase = test.phase;
    rollout.status.wave = 2;
    EXPECT_EQ(Live(IntentOf(test.wave), application, &rollout), test.live)
        << api::ToString(test.phase) << " wave " << test.wave;
  }
  EXPECT_FALSE(Live(IntentOf(1), application, nullptr));
  rollout.status.phase = RolloutPhase::kProgressing;
  rollout.metadata.deletion_timestamp = Time{};
  EXPECT_FALSE(Live(IntentOf(1), application, &rollout));
}

TEST(Live, ThePromotedReleaseIsLiveInAnyWave) {
  api::Application application;
  application.status.stable =
      api::ReleaseRef{.rollout = "shop-2", .commit = kCommit, .hash = kHash};
  EXPECT_TRUE(Live(IntentOf(0), application, nullptr));
  EXPECT_TRUE(Live(IntentOf(7), application, nullptr));
  application.status.stable->rollout = "shop-3";
  EXPECT_FALSE(Live(IntentOf(0), application, nullptr));
}

/// What a server reports about the intent above.
struct Reported {
  const char* what;
  std::optional<RunningHealth> health;  ///< of what runs; nullopt: nothing does
  bool matches;
  std::optional<std::int64_t> attempt;  ///< nullopt: none is reported
  AttemptPhase phase;
  std::optional<Outcome> result;
  bool taken;
  bool success;
  bool available;
};

constexpr auto kHealthy = RunningHealth::kHealthy;
constexpr auto kUnhealthy = RunningHealth::kUnhealthy;
constexpr auto kEnded = AttemptPhase::kEnded;

const Reported kReports[] = {
    {"nothing is known", {}, false, {}, kEnded, {}, true, false, false},
    {"written, not heard of", kHealthy, false, {}, kEnded, {}, true, false, false},
    {"an older attempt ended", kHealthy, false, 2, kEnded, Outcome::kSucceeded, true, false, false},
    {"runs already, not heard of", kHealthy, true, 2, kEnded, Outcome::kSucceeded, true, false,
     false},
    {"preparing", kHealthy, false, 3, AttemptPhase::kPreparing, {}, true, false, false},
    {"verifying", kHealthy, true, 3, AttemptPhase::kVerifying, {}, true, false, false},
    {"succeeded", kHealthy, true, 3, kEnded, Outcome::kSucceeded, false, true, true},
    {"succeeded, ill since", kUnhealthy, true, 3, kEnded, Outcome::kSucceeded, false, false, false},
    {"failed before the switch", kHealthy, false, 3, kEnded, Outcome::kFailed, true, false, false},
    {"failed after the switch", kUnhealthy, true, 3, kEnded, Outcome::kFailed, false, false, false},
    {"succeeded, replaced since", kHealthy, false, 3, kEnded, Outcome::kSucceeded, true, false,
     false},
};

api::Server ServerThatReports(const Reported& test) {
  api::Server server;
  server.spec.releases = {IntentOf(1)};
  server.status.conditions = {{.type = "Reachable", .status = api::ConditionStatus::kTrue}};
  api::ServerRelease release{.application = "shop"};
  if (test.health) {
    release.running = api::Running{.commit = test.matches ? kCommit : Commit(std::string(40, 'c')),
                                   .hash = kHash,
                                   .health = *test.health};
  }
  if (test.attempt) {
    release.attempt = api::Attempt{
        .rollout = "shop-2", .number = *test.attempt, .phase = test.phase, .result = test.result};
  }
  server.status.releases = {release};
  return server;
}

TEST(Report, TakenSuccessAndAvailable) {
  for (const Reported& test : kReports) {
    api::Server server = ServerThatReports(test);
    const api::ServerRelease& release = server.status.releases[0];
    EXPECT_EQ(Taken(&server.spec.releases[0], &release), test.taken) << test.what;
    EXPECT_EQ(Success(&server.spec.releases[0], &release), test.success) << test.what;
    EXPECT_EQ(Available(server, "shop"), test.available) << test.what;
    server.status.conditions[0].status = api::ConditionStatus::kUnknown;
    EXPECT_FALSE(Available(server, "shop")) << test.what;
  }
}

TEST(Report, ACommitWithAnotherConfigurationIsAnotherRelease) {
  EXPECT_EQ(PackedRelease(kCommit, kHash), PackedRelease(kCommit, kHash));
  EXPECT_FALSE(PackedRelease(kCommit, kHash) == PackedRelease(kCommit, ReleaseHash("other")));
  EXPECT_FALSE(PackedRelease() == PackedRelease());
  EXPECT_TRUE(PackedRelease(kCommit, ReleaseHash()).empty());
}

TEST(ServerFacts, OneEntryForEachApplicationOfSpecAndStatus) {
  api::Server server;
  server.metadata.name = "web-1";
  server.spec.releases = {{.application = "shop", .rollout = "shop-2"},
                          {.application = "api", .rollout = "api-9"}};
  server.status.releases = {{.application = "gone"}, {.application = "shop"}};
  const ServerFacts facts = MakeServerFacts(server);
  ASSERT_EQ(facts.releases.size(), 3u);
  EXPECT_EQ(facts.releases[0].application, "api");
  EXPECT_EQ(facts.releases[0].position, 1);
  EXPECT_EQ(facts.releases[1].application, "gone");
  EXPECT_EQ(facts.releases[1].position, -1);
  EXPECT_EQ(facts.releases[2].facts.intent->rollout, 2);
  EXPECT_EQ(StableHash("web-1"), 0x666fc22e095c221fULL);
}

}  // namespace
}  // namespace slipway::rollout
