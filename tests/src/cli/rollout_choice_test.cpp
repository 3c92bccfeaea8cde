#include "src/cli/rollout_choice.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace slipway::cli {
namespace {

using api::RolloutPhase;
using nlohmann::json;

struct Made {
  RolloutPhase phase;
  char release;  ///< one letter names it
  std::int64_t wave = 1;
};

/// Rollouts shop-1, shop-2, … as given; the newest that succeeded is promoted.
History Shop(const std::vector<Made>& made) {
  History history;
  history.application.metadata.name = "shop";
  history.application.metadata.uid = Uid("the-uid");
  for (const Made& each : made) {
    api::Rollout rollout;
    rollout.spec.application = "shop";
    rollout.spec.number = static_cast<std::int64_t>(history.rollouts.size()) + 1;
    rollout.spec.release.commit = Commit(std::string(40, each.release));
    rollout.spec.release.hash = ReleaseHash(std::string(64, each.release));
    rollout.metadata.name = "shop-" + std::to_string(rollout.spec.number);
    rollout.status.phase = each.phase;
    rollout.status.wave = each.wave;
    if (each.phase == RolloutPhase::kSucceeded) {
      history.application.status.stable = api::ReleaseRef{.rollout = rollout.metadata.name,
                                                          .commit = rollout.spec.release.commit,
                                                          .hash = rollout.spec.release.hash};
    }
    history.rollouts.push_back(std::move(rollout));
  }
  return history;
}

json Model() {
  return {{"spec",
           {{"application", "shop"},
            {"number", 2},
            {"release", {{"commit", "c"}, {"tree", "t"}, {"hash", "h"}, {"ref", "main"}}},
            {"template", {{"release", {{"keep", 5}}}}}}}};
}

TEST(NextRollout, CopiesReleaseAndTemplateUnderTheNextNumber) {
  const auto history = Shop({{RolloutPhase::kSucceeded, 'a'}, {RolloutPhase::kHalted, 'b'}});
  const json next = NextRollout(history, Model(), false, "");
  EXPECT_EQ(next["metadata"]["name"], "shop-3");
  EXPECT_EQ(next["metadata"]["ownerReferences"][0]["uid"], "the-uid");
  EXPECT_EQ(next["spec"], json({{"application", "shop"},
                                {"number", 3},
                                {"release", Model()["spec"]["release"]},
                                {"template", Model()["spec"]["template"]}}));
}

TEST(NextRollout, DoesNotUseANumberThatWasForgotten) {
  auto history = Shop({{RolloutPhase::kSucceeded, 'a'}});
  history.application.status.last_number = 9;
  EXPECT_EQ(NextRollout(history, Model(), false, "")["metadata"]["name"], "shop-10");
}

TEST(NextRollout, ByAPersonHasAHoldAReasonAndNoReference) {
  const json next = NextRollout(Shop({{RolloutPhase::kSucceeded, 'a'}}), Model(), true, "why");
  EXPECT_EQ(next["spec"]["hold"], true);
  EXPECT_EQ(next["spec"]["reason"], "why");
  EXPECT_FALSE(next["spec"]["release"].contains("ref"));
}

TEST(NextRollout, RetriedKeepsTheHoldAndItsReason) {
  const auto history = Shop({{RolloutPhase::kSucceeded, 'a'}, {RolloutPhase::kHalted, 'a'}});
  json held = Model();
  held["spec"]["hold"] = true;
  held["spec"]["reason"] = "the moon is for another day";
  const json next = NextRollout(history, held, false, "");
  EXPECT_EQ(next["spec"]["hold"], true);
  EXPECT_EQ(next["spec"]["reason"], "the moon is for another day");
  EXPECT_FALSE(next["spec"]["release"].contains("ref"));
  EXPECT_EQ(NextRollout(history, held, false, "again")["spec"]["reason"], "again");
  // An undo is a new decision: what was said of an earlier one is not its reason.
  EXPECT_FALSE(NextRollout(history, held, true, "")["spec"].contains("reason"));
}

struct UndoCase {
  const char* name;
  std::vector<Made> rollouts;
  std::size_t chosen;
};

class Undo : public ::testing::TestWithParam<UndoCase> {};

TEST_P(Undo, GoesToTheNewestGoodReleaseThatIsNotThere) {
  const auto chosen = ChooseUndo(Shop(GetParam().rollouts), std::nullopt);
  ASSERT_TRUE(chosen.has_value()) << chosen.error().message;
  EXPECT_EQ(chosen.value(), GetParam().chosen);
}

constexpr Made kFirst{RolloutPhase::kSucceeded, 'a'};
constexpr Made kSecond{RolloutPhase::kSucceeded, 'b'};

INSTANTIATE_TEST_SUITE_P(
    Cases, Undo,
    ::testing::Values(
        UndoCase{"Succeeded", {kFirst, kSecond}, 0},
        UndoCase{"Progressing", {kFirst, kSecond, {RolloutPhase::kProgressing, 'c'}}, 1},
        UndoCase{"Paused", {kFirst, kSecond, {RolloutPhase::kPaused, 'c'}}, 1},
        UndoCase{"RollingBack", {kFirst, kSecond, {RolloutPhase::kRollingBack, 'c'}}, 1},
        UndoCase{"Halted", {kFirst, kSecond, {RolloutPhase::kHalted, 'c'}}, 1},
        UndoCase{"RolledBack", {kFirst, kSecond, {RolloutPhase::kRolledBack, 'c'}}, 0},
        UndoCase{"Aborted", {kFirst, kSecond, {RolloutPhase::kAborted, 'c'}}, 0},
        UndoCase{"Superseded", {kFirst, kSecond, {RolloutPhase::kSuperseded, 'c'}}, 0},
        UndoCase{"HaltedAtItsGate", {kFirst, kSecond, {RolloutPhase::kHalted, 'c', 0}}, 0},
        UndoCase{"HaltedBelowANewerOneInItsGate",
                 {kFirst, kSecond, {RolloutPhase::kHalted, 'c'}, {RolloutPhase::kTesting, 'd', 0}},
                 1},
        UndoCase{"HaltedOnThePromotedRelease", {kFirst, kSecond, {RolloutPhase::kHalted, 'b'}}, 0}),
    [](const auto& tested) { return tested.param.name; });

TEST(ChooseUndo, TakesTheNumberThatIsGivenIfItSucceeded) {
  const auto history = Shop({kFirst, {RolloutPhase::kRolledBack, 'c'}, kSecond});
  EXPECT_EQ(ChooseUndo(history, 1).value(), 0U);
  EXPECT_EQ(ChooseUndo(history, 2).error().code, Code::kInvalid);
  EXPECT_EQ(ChooseUndo(history, 7).error().code, Code::kNotFound);
  EXPECT_EQ(ChooseUndo(Shop({kFirst}), std::nullopt).error().code, Code::kNotFound);
  EXPECT_EQ(ChooseUndo(Shop({}), std::nullopt).error().code, Code::kNotFound);
}

TEST(ChooseRetry, TakesTheNewestIfItEndedWithoutSuccess) {
  EXPECT_EQ(ChooseRetry(Shop({kFirst, {RolloutPhase::kRolledBack, 'c'}})).value(), 1U);
  EXPECT_EQ(ChooseRetry(Shop({{RolloutPhase::kHalted, 'c'}, kSecond})).error().code,
            Code::kInvalid);
  EXPECT_EQ(ChooseRetry(Shop({kFirst, {RolloutPhase::kTesting, 'c'}})).error().code,
            Code::kConflict);
  EXPECT_EQ(ChooseRetry(Shop({})).error().code, Code::kNotFound);
}

/// As after `undo`, and `resume` where nothing holds: the wanted release failed in shop-2, and earlier in shop-1.
History Undone(bool hold) {
  auto history = Shop({{RolloutPhase::kHalted, 'c', 0}, {RolloutPhase::kRolledBack, 'c'}, kSecond});
  for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
    const api::Rollout& rollout = history.rollouts[i];
    history.application.status.failed.push_back({.commit = rollout.spec.release.commit,
                                                 .hash = rollout.spec.release.hash,
                                                 .rollout = rollout.metadata.name});
  }
  const auto& release = history.rollouts[1].spec.release;
  history.application.status.target = api::Target{.commit = release.commit, .hash = release.hash};
  history.rollouts.back().spec.hold = hold;
  return history;
}

TEST(ChooseRetry, TakesTheLastFailureOfTheWantedReleaseAfterASuccess) {
  EXPECT_EQ(ChooseRetry(Undone(false)).value(), 1U);
  // Who pushed something else meanwhile does not want the failed one.
  auto moved_on = Undone(false);
  moved_on.application.status.target->commit = Commit(std::string(40, 'd'));
  EXPECT_EQ(ChooseRetry(moved_on).error().code, Code::kInvalid);
  auto pruned = Undone(false);
  pruned.rollouts.erase(pruned.rollouts.begin() + 1);
  EXPECT_EQ(ChooseRetry(pruned).error().code, Code::kNotFound);
}

TEST(ChooseRetry, DoesNotLiftAHoldInPassing) {
  const auto refused = ChooseRetry(Undone(true)).error();
  EXPECT_EQ(refused.code, Code::kConflict);
  EXPECT_NE(refused.message.find("`slipway rollout resume shop`"), std::string::npos);
}

std::vector<LevelPatch> Patches(const History& history, Level level) {
  const auto chosen = ChooseForLevel(history, level);
  EXPECT_TRUE(chosen.has_value());
  return chosen.value();
}

TEST(ChooseForLevel, ReachesEveryRolloutThatHasNotEnded) {
  auto history = Shop({kFirst,
                       {RolloutPhase::kProgressing, 'b'},
                       {RolloutPhase::kHalted, 'c', 0},
                       {RolloutPhase::kTesting, 'd', 0}});
  EXPECT_EQ(
      Patches(history, Level::kPause),
      (std::vector<LevelPatch>{{3, R"({"spec":{"paused":true}})", "rollouts/shop-4 paused"},
                               {1, R"({"spec":{"paused":true}})", "rollouts/shop-2 paused"}}));
  EXPECT_EQ(
      Patches(history, Level::kAbort),
      (std::vector<LevelPatch>{{3, R"({"spec":{"aborted":true}})", "rollouts/shop-4 aborted"},
                               {1, R"({"spec":{"aborted":true}})", "rollouts/shop-2 aborted"}}));
  history.rollouts[1].spec.paused = true;
  history.rollouts[3].spec.paused = true;
  history.rollouts[3].spec.hold = true;
  EXPECT_EQ(Patches(history, Level::kResume),
            (std::vector<LevelPatch>{{1, R"({"spec":{"paused":false}})", "rollouts/shop-2 resumed"},
                                     {3, R"({"spec":{"hold":false,"paused":false}})",
                                      "rollouts/shop-4 resumed; the hold of shop-4 is lifted"}}));
}

TEST(ChooseForLevel, LiftsTheHoldOfAnEndedRolloutAndChangesNothingElseOfIt) {
  auto history = Shop({kFirst, kSecond});
  history.rollouts[1].spec.hold = true;
  history.rollouts[1].spec.paused = true;
  EXPECT_EQ(
      Patches(history, Level::kResume),
      (std::vector<LevelPatch>{{1, R"({"spec":{"hold":false}})", "the hold of shop-2 is lifted"}}));
}

TEST(ChooseForLevel, SaysWhenThereIsNothingToChange) {
  const auto message = [](const std::vector<Made>& rollouts, Level level) {
    const auto error = ChooseForLevel(Shop(rollouts), level).error();
    EXPECT_EQ(error.code, rollouts.empty() ? Code::kNotFound : Code::kConflict);
    return error.message;
  };
  message({}, Level::kResume);
  EXPECT_EQ(message({kFirst, kSecond}, Level::kResume),
            "nothing of shop is paused or held by a person");
  EXPECT_EQ(message({kFirst, {RolloutPhase::kProgressing, 'b'}}, Level::kResume),
            "nothing of shop is paused or held by a person");
  EXPECT_NE(message({kFirst, {RolloutPhase::kPaused, 'b'}}, Level::kResume)
                .find("shop-2 waits by itself"),
            std::string::npos);
  EXPECT_EQ(message({kFirst, kSecond}, Level::kAbort),
            "shop-2 has ended: Succeeded; to leave its release, `slipway rollout undo shop`");
  // There is no release to leave where it went back or touched nobody.
  EXPECT_EQ(message({kFirst, {RolloutPhase::kAborted, 'b'}}, Level::kPause),
            "shop-2 has ended: Aborted");
  EXPECT_EQ(message({kFirst, {RolloutPhase::kHalted, 'b', 0}}, Level::kPause),
            "shop-2 has ended: Halted");
}

}  // namespace
}  // namespace slipway::cli
