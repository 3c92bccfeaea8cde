#include "src/cli/rollout_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace slipway::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Lines = std::vector<std::string>;

/// A server that shop-2 brings in `wave`; `result` absent: it is at its health check.
api::Server Member(const std::string& name, std::int64_t wave, std::optional<api::Outcome> result) {
  api::Server server;
  server.metadata.name = name;
  server.spec.releases.push_back(
      {.application = "shop", .rollout = "shop-2", .wave = wave, .attempt = 1});
  api::ServerRelease release;
  release.application = "shop";
  release.attempt = api::Attempt{.rollout = "shop-2", .number = 1};
  release.attempt->phase = result ? api::AttemptPhase::kEnded : api::AttemptPhase::kVerifying;
  release.attempt->result = result;
  server.status.releases.push_back(release);
  server.status.conditions.push_back({.type = "Reachable", .status = api::ConditionStatus::kTrue});
  return server;
}

/// shop-2, whose canary wave of `first` servers has passed and whose second wave has `second` under way.
RolloutPicture Picture(int first, int second) {
  RolloutPicture picture;
  api::Rollout& rollout = picture.rollout;
  rollout.metadata.name = "shop-2";
  rollout.spec.application = "shop";
  rollout.spec.number = 2;
  rollout.spec.release.commit = Commit(std::string(40, 'c'));
  rollout.status.phase = api::RolloutPhase::kProgressing;
  rollout.status.wave = 2;
  rollout.status.message = "Brings wave 2.";
  rollout.status.waves = {{.name = "canary", .target = first, .verdict = api::WaveVerdict::kPassed},
                          {.name = "all", .target = first + second}};
  for (int i = 0; i < first; ++i) {
    picture.servers.push_back(Member("a" + std::to_string(100 + i), 1, api::Outcome::kSucceeded));
  }
  for (int i = 0; i < second; ++i) {
    picture.servers.push_back(Member("b" + std::to_string(100 + i), 2, std::nullopt));
  }
  picture.age = std::chrono::seconds(65);
  return picture;
}

Lines Draw(const RolloutPicture& picture, int rows) {
  return DrawRollout(picture, {.color = false, .columns = 80, .rows = rows});
}

int Count(const Lines& lines, const std::string& part) {
  return static_cast<int>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(part) != std::string::npos;
  }));
}

TEST(DrawRollout, ShowsGateWavesServersAndWhatItWaitsFor) {
  EXPECT_THAT(Draw(Picture(1, 2), 20),
              ElementsAre("shop-2  Progressing  cccccccc  1m05s",          //
                          "├─ gate   none",                                //
                          "├─ canary ████████████████████ 1/1  ✔ passed",  //
                          "│  └─ ✔ a100  Succeeded",                       //
                          "└─ all    ██████░░░░░░░░░░░░░░ 1/3",            //
                          "   ├─ ● b100  Verifying",                       //
                          "   └─ ● b101  Verifying",                       //
                          "   Brings wave 2."));
}

TEST(DrawRollout, FoldsThePassedWaveFirst) {
  const Lines lines = Draw(Picture(12, 10), 20);
  EXPECT_LE(lines.size(), 20U);
  EXPECT_EQ(Count(lines, "a1"), 0);
  EXPECT_EQ(Count(lines, "12/12  ✔ passed"), 1);
  EXPECT_EQ(Count(lines, "● b1"), 10);
  EXPECT_EQ(lines.back(), "   Brings wave 2.");
}

TEST(DrawRollout, NeverHasMoreLinesThanTheTerminal) {
  for (int rows = 1; rows <= 30; ++rows) {
    for (const auto& [first, second] : {std::pair(0, 0), {1, 1}, {3, 12}, {12, 3}, {400, 900}}) {
      const Lines lines = Draw(Picture(first, second), rows);
      EXPECT_LE(lines.size(), static_cast<std::size_t>(rows)) << first << " and " << second;
      EXPECT_EQ(lines.front().substr(0, 6), "shop-2");
    }
  }
}

TEST(DrawRollout, CountsTheServersThatItDoesNotShow) {
  RolloutPicture picture = Picture(0, 12);
  picture.servers[0] = Member("b100", 2, api::Outcome::kSucceeded);
  const Lines lines = Draw(picture, 10);
  EXPECT_EQ(lines.size(), 10U);
  EXPECT_EQ(Count(lines, "b100"), 0) << "what is done gives way to what is not";
  EXPECT_EQ(Count(lines, "● b1"), 4);
  EXPECT_EQ(Count(lines, "└─ and 8 more"), 1);
}

TEST(DrawRollout, CutsLinesToTheWidth) {
  RolloutPicture picture = Picture(1, 1);
  picture.rollout.status.message = std::string(300, 'x');
  for (const std::string& line :
       DrawRollout(picture, {.color = false, .columns = 40, .rows = 20})) {
    const auto characters = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    EXPECT_LE(characters, 40) << line;
  }
}

TEST(TellChanges, TellsEverythingAtFirstAndThenWhatIsNew) {
  RolloutPicture picture = Picture(1, 1);
  EXPECT_THAT(TellChanges(nullptr, picture),
              ElementsAre("shop-2  Progressing  cccccccc  1m05s",  //
                          "shop-2: gate   none",                   //
                          "shop-2: a100 Succeeded",                //
                          "shop-2: b100 Verifying",                //
                          "shop-2: wave canary passed",            //
                          "shop-2: Progressing, Brings wave 2."));
  RolloutPicture later = picture;
  later.age += std::chrono::seconds(9);
  EXPECT_THAT(TellChanges(&picture, later), IsEmpty());
  later.servers[1] = Member("b100", 2, api::Outcome::kFailed);
  later.servers[1].status.releases[0].attempt->message = "the port is closed";
  later.rollout.status.waves[1].verdict = api::WaveVerdict::kFailed;
  later.rollout.status.phase = api::RolloutPhase::kRollingBack;
  later.rollout.status.message = "";
  EXPECT_THAT(TellChanges(&picture, later),
              ElementsAre("shop-2: b100 Failed: the port is closed",  //
                          "shop-2: wave all failed",                  //
                          "shop-2: RollingBack"));
}

TEST(TellChanges, TellsOfServersThatGoBackAndOfThoseThatAreLost) {
  RolloutPicture picture = Picture(0, 2);
  RolloutPicture later = picture;
  later.servers[0].spec.releases[0].rollout = "shop-1";
  later.servers[0].spec.releases[0].from = "shop-2";
  later.servers[1].status.conditions.clear();
  EXPECT_THAT(TellChanges(&picture, later),
              ElementsAre("shop-2: b100 going back, told", "shop-2: b101 unreachable"));
}

}  // namespace
}  // namespace slipway::cli
