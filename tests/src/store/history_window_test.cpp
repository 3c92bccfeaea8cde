#include "src/store/history_window.hpp"

#include <gtest/gtest.h>

namespace slipway::store {
namespace {

MonoTime At(int minutes) { return {std::chrono::minutes(minutes)}; }

TEST(HistoryWindow, KeepsAWholeWindowAfterTheStart) {
  HistoryWindow window(std::chrono::minutes(10));
  window.Observe(At(0), 100);
  EXPECT_EQ(window.Target(At(0)), 0);
  EXPECT_EQ(window.Target(At(9)), 0);
  EXPECT_EQ(window.Target(At(10)), 100);
}

TEST(HistoryWindow, FollowsTheRevisionOfTenMinutesAgo) {
  HistoryWindow window(std::chrono::minutes(10));
  for (int minute = 0; minute <= 60; ++minute) {
    window.Observe(At(minute), 1000 + minute);
    const Revision target = window.Target(At(minute));
    if (minute < 10) continue;
    EXPECT_LE(target, 1000 + minute - 10) << "never less than the window";
    EXPECT_GE(target, 1000 + minute - 12) << "an eighth and one look more at most";
  }
}

TEST(HistoryWindow, TakesItAllWhenNothingChangesAnyMore) {
  HistoryWindow window(std::chrono::minutes(10));
  window.Observe(At(0), 1);
  window.Observe(At(0), 7);
  window.Observe(At(2), 7);
  for (int minute = 3; minute < 14; ++minute) window.Observe(At(minute), 7);
  EXPECT_EQ(window.Target(At(14)), 7);
}

}  // namespace
}  // namespace slipway::store
