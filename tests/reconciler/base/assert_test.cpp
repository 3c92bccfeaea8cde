#include "reconciler/base/assert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace slipway {
namespace {

using ::testing::HasSubstr;

TEST(GuardedScope, AFailedAssertionInsideItThrowsAndSaysWhereAndWhat) {
  const GuardedScope guard;
  try {
    SLIPWAY_ASSERT(1 == 2, "arithmetic");
    FAIL() << "it went on";
  } catch (const AssertionFailed& thrown) {
    EXPECT_THAT(thrown.what(), HasSubstr("assert_test.cpp:"));
    EXPECT_THAT(thrown.what(), HasSubstr("1 == 2: arithmetic"));
  }
}

TEST(GuardedScope, Nests) {
  const GuardedScope outer;
  { const GuardedScope inner; }
  EXPECT_THROW(SLIPWAY_UNREACHABLE("still guarded"), AssertionFailed);
}

TEST(GuardedScope, EndsAlsoWhereItIsLeftByAnException) {
  try {
    const GuardedScope guard;
    SLIPWAY_UNREACHABLE("left");
  } catch (const AssertionFailed&) {
  }
  EXPECT_DEATH(SLIPWAY_UNREACHABLE("not guarded any more"), "not guarded any more");
}

TEST(GuardedScope, AFailedAssertionOutsideItAborts) {
  EXPECT_EXIT(SLIPWAY_ASSERT(1 == 2, "arithmetic"), ::testing::KilledBySignal(SIGABRT),
              "assert_test.cpp:.*1 == 2: arithmetic");
}

TEST(GuardedScope, GuardsItsOwnThreadOnly) {
  const GuardedScope guard;
  EXPECT_DEATH(std::thread([] { SLIPWAY_UNREACHABLE("another thread"); }).join(), "another thread");
}

}  // namespace
}  // namespace slipway
