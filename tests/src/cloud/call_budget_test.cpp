#include "src/cloud/call_budget.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace slipway::cloud {
namespace {

/// A clock that only waiting moves.
class BudgetTest : public ::testing::Test, protected Clock {
 protected:
  Time Now() const override { return Time(now_.since_start); }
  MonoTime Mono() const override { return now_; }

  /// How long until a call may be made. Lets that time pass.
  Duration TurnIn() {
    const MonoTime before = now_;
    while (!budget_.Wait(now_ + std::chrono::hours(1))) {
      now_ = now_ + Duration(1);
    }
    return now_ - before;
  }

  MonoTime now_{Duration(1'000'000)};
  std::vector<Duration> waits_;
  bool stopped_ = false;
  CallBudget budget_{*this, 5, [this](Duration length) {
                       waits_.push_back(length);
                       now_ = now_ + length;
                       return !stopped_;
                     }};
};

TEST_F(BudgetTest, NobodyWaitsBeforeARefusal) {
  EXPECT_TRUE(budget_.Wait(now_ + Duration(1)));
  EXPECT_TRUE(waits_.empty());
}

TEST_F(BudgetTest, WaitsGrowUpToTwentySecondsAndAreRandom) {
  Duration longest{0};
  for (int refusal = 0; refusal < 200; ++refusal) {
    budget_.Refused(std::nullopt);
    const Duration wait = TurnIn();
    const Duration bound =
        std::min(Duration(20'000), Duration(1'000) * (1 << std::min(refusal, 10)));
    ASSERT_LE(wait, bound) << refusal;
    longest = std::max(longest, wait);
  }
  EXPECT_GT(longest, Duration(18'000));
  budget_.Answered();
  budget_.Refused(std::nullopt);
  EXPECT_LE(TurnIn(), Duration(1'000)) << "an answer begins anew";
}

TEST_F(BudgetTest, WaitsAtLeastAsLongAsTheApiAsksAndTwoMinutesAtMost) {
  budget_.Refused(Duration(17'000));
  EXPECT_EQ(TurnIn(), Duration(17'000));
  budget_.Refused(std::chrono::hours(2));
  EXPECT_EQ(TurnIn(), std::chrono::minutes(2)) << "whoever says that may be anybody";
}

TEST_F(BudgetTest, NoThreadSleepsLong) {
  budget_.Refused(Duration(5'001));
  EXPECT_FALSE(budget_.Wait(now_ + std::chrono::hours(1)));
  EXPECT_TRUE(waits_.empty());
  now_ = now_ + Duration(1);
  EXPECT_TRUE(budget_.Wait(now_ + std::chrono::hours(1)));
  EXPECT_EQ(waits_, std::vector<Duration>{Duration(5'000)});
}

TEST_F(BudgetTest, AWaitThatIsGivenUpIsNoTurn) {
  budget_.Refused(Duration(4'000));
  stopped_ = true;
  EXPECT_FALSE(budget_.Wait(now_ + std::chrono::hours(1)));
}

TEST_F(BudgetTest, NothingIsBegunAfterTheDeadline) {
  EXPECT_FALSE(budget_.Wait(now_));
  budget_.Refused(Duration(4'000));
  EXPECT_FALSE(budget_.Wait(now_ + Duration(3'000)));
  EXPECT_TRUE(waits_.empty());
}

}  // namespace
}  // namespace slipway::cloud
