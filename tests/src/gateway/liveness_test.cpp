#include "src/gateway/liveness.hpp"

#include <gtest/gtest.h>

#include "src/agent/protocol.hpp"

namespace slipway::gateway {
namespace {

using namespace std::chrono_literals;
using Verdicts = std::vector<Verdict>;

class LivenessTest : public ::testing::Test {
 protected:
  /// Looks every second until `seconds` after the start; the verdicts of the last look that had any.
  Verdicts RunUntil(int seconds) {
    Verdicts last;
    while (second_ < seconds) {
      ++second_;
      const auto verdicts = liveness_.Look(Now());
      last = verdicts.empty() ? last : verdicts;
    }
    return last;
  }
  MonoTime Now() const { return MonoTime{std::chrono::seconds(second_)}; }

  Liveness liveness_{{.grace = 15s, .first_grace = 65s, .conflict = 60s, .gap = 5s}, MonoTime{}};
  int second_ = 0;
};

TEST_F(LivenessTest, NobodyIsLostWhileAgentsMayStillPause) {
  liveness_.Add("default/a");
  EXPECT_EQ(RunUntil(64), Verdicts{});
  EXPECT_EQ(RunUntil(65), (Verdicts{{"default/a", Reach::kLost}}));
}

TEST_F(LivenessTest, AgentsMayPauseForLessThanTheFirstGracePeriod) {
  EXPECT_GT(FirstGrace(15s), protocol::kLongestPause);
  EXPECT_EQ(FirstGrace(120s), Duration(120s));
}

TEST_F(LivenessTest, WhoCameBackSinceTheStartIsJudgedAsUsual) {
  liveness_.Add("default/a");
  liveness_.Opened("default/a", Now());
  RunUntil(1);
  liveness_.Closed("default/a", Now());
  EXPECT_EQ(RunUntil(15), Verdicts{});
  EXPECT_EQ(RunUntil(16), (Verdicts{{"default/a", Reach::kLost}}));
}

TEST_F(LivenessTest, AServerIsReachableWhileItsSessionIsOpen) {
  liveness_.Add("default/a");
  liveness_.Opened("default/a", Now());
  EXPECT_EQ(RunUntil(1), (Verdicts{{"default/a", Reach::kConnected}}));
  EXPECT_EQ(RunUntil(100), Verdicts{});
  liveness_.Closed("default/a", Now());
  EXPECT_EQ(RunUntil(114), Verdicts{});
  EXPECT_EQ(RunUntil(115), (Verdicts{{"default/a", Reach::kLost}}));
}

TEST_F(LivenessTest, AReconnectWithinTheGracePeriodIsNoNews) {
  liveness_.Add("default/a");
  liveness_.Opened("default/a", Now());
  RunUntil(1);
  liveness_.Closed("default/a", Now());
  RunUntil(10);
  liveness_.Opened("default/a", Now());
  EXPECT_EQ(RunUntil(60), Verdicts{});
}

TEST_F(LivenessTest, AJudgeWhoWasAwayStartsAfresh) {
  liveness_.Add("default/a");
  liveness_.Opened("default/a", Now());
  RunUntil(1);
  liveness_.Closed("default/a", Now());
  second_ = 60;
  EXPECT_EQ(liveness_.Look(Now()), Verdicts{});
  EXPECT_EQ(RunUntil(124), Verdicts{});
  EXPECT_EQ(RunUntil(125), (Verdicts{{"default/a", Reach::kLost}}));
}

TEST_F(LivenessTest, AConflictIsTakenBackWhenOneAgentIsLeft) {
  liveness_.Add("default/a");
  liveness_.Opened("default/a", Now());
  RunUntil(1);
  liveness_.Conflicted("default/a", Now());
  liveness_.Closed("default/a", Now());
  EXPECT_EQ(RunUntil(2), (Verdicts{{"default/a", Reach::kConflict}}));
  liveness_.Opened("default/a", Now());
  EXPECT_EQ(RunUntil(60), Verdicts{});
  EXPECT_EQ(RunUntil(61), (Verdicts{{"default/a", Reach::kConnected}}));
}

TEST_F(LivenessTest, AServerThatIsGoneIsNotJudged) {
  liveness_.Add("default/a");
  liveness_.Remove("default/a");
  EXPECT_EQ(RunUntil(60), Verdicts{});
  EXPECT_EQ(liveness_.Of("default/a"), Reach::kUnconfirmed);
}

}  // namespace
}  // namespace slipway::gateway
