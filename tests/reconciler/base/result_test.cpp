#include "reconciler/base/result.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) {
    return Fail(Code::kInvalid, std::to_string(number) + " is odd");
  }
  return number / 2;
}

Result<int> Quarter(int number) {
  SLIPWAY_TRY(half, Half(number));
  return Half(half);
}

TEST(Result, HoldsAValueOrAnErrorAndHandsTheErrorOn) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).error(), Fail(Code::kInvalid, "3 is odd"));
}

TEST(Result, AskingForWhatIsNotThereThrowsInsideAGuardedScope) {
  const GuardedScope guard;
  EXPECT_THROW((void)Half(3).value(), AssertionFailed);
  EXPECT_THROW((void)Half(4).error(), AssertionFailed);
  EXPECT_THROW(Result<void>(Fail(Code::kInternal, "no")).value(), AssertionFailed);
}

TEST(Result, AskingForWhatIsNotThereAbortsElsewhereAndSaysWhichError) {
  EXPECT_DEATH((void)Half(3).value(), "3 is odd");
  EXPECT_DEATH((void)Half(4).error(), "the error of a value");
}

}  // namespace
}  // namespace slipway
