#include "src/cloud/tries.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "reconciler/runtime/effect.hpp"
#include "src/cloud/cloud_api.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::cloud {
namespace {

using namespace std::chrono_literals;

Tried Good() { return {.body = "all", .verdict = {}}; }

Tried Bad(bool again, bool renewed = false) {
  return {.body = {},
          .verdict = {.again = again,
                      .renewed = renewed,
                      .error = Trouble(Code::kUnavailable, "Bad", "it is bad")}};
}

class TriesTest : public ::testing::Test {
 protected:
  std::string Run(std::deque<Tried> outcomes) {
    outcomes_ = std::move(outcomes);
    const auto got = TryUntilGood(
        budget_, {.tries = 3, .deadline = 1s}, deadline_,
        [this] {
          ++tried_;
          Tried next = outcomes_.front();
          outcomes_.pop_front();
          return next;
        },
        [this] { ++forgotten_; }, Trouble(Code::kTimeout, "Timeout", "too late"));
    return got.has_value() ? got.value() : got.error().message;
  }

  TestClock clock_;
  CallBudget budget_{clock_, 1, [this](Duration length) {
                       clock_.mono.since_start += length;
                       return true;
                     }};
  std::deque<Tried> outcomes_;
  MonoTime deadline_{Duration(60'000)};
  int tried_ = 0;
  int forgotten_ = 0;
};

TEST_F(TriesTest, WhatMayPassIsTriedAsOftenAsTheLimitSays) {
  EXPECT_EQ(Run({Bad(true), Bad(true), Good()}), "all");
  EXPECT_EQ(Run({Bad(true), Bad(true), Bad(true), Good()}), "it is bad");
  EXPECT_EQ(tried_, 6);
}

TEST_F(TriesTest, WhatStaysIsTriedOnce) {
  EXPECT_EQ(Run({Bad(false), Good()}), "it is bad");
  EXPECT_EQ(tried_, 1);
}

TEST_F(TriesTest, CredentialsAreRenewedOnce) {
  EXPECT_EQ(Run({Bad(true, true), Good()}), "all");
  EXPECT_EQ(Run({Bad(true, true), Bad(true, true), Good()}), "it is bad");
  EXPECT_EQ(forgotten_, 2);
  EXPECT_EQ(tried_, 4);
}

TEST_F(TriesTest, NothingBeginsAfterTheDeadline) {
  deadline_ = MonoTime{};
  EXPECT_EQ(Run({Good()}), "too late");
  EXPECT_EQ(tried_, 0);
}

TEST_F(TriesTest, SilenceMayPassOrNot) {
  const auto judge = [this](Code code) {
    const Verdict verdict = JudgeSilence(budget_, "EC2", Fail(code, "why"), ". Advice");
    return std::string(verdict.again ? "again " : "") + runtime::ReasonOf(verdict.error) + " " +
           verdict.error.message;
  };
  EXPECT_EQ(judge(Code::kTimeout), "again Timeout EC2: why. Advice");
  EXPECT_EQ(judge(Code::kUnavailable), "again ServiceUnavailable EC2: why. Advice");
  EXPECT_EQ(judge(Code::kTooLarge), "ListInvalid EC2: why");
  EXPECT_EQ(judge(Code::kForbidden), "EndpointInvalid EC2: why");
}

TEST_F(TriesTest, OnlySecondsAreReadFromRetryAfter) {
  const auto read = [](const std::string& value) {
    return RetryAfter({.status = 429, .headers = {{"retry-after", value}}, .body = ""});
  };
  EXPECT_EQ(read("30"), Duration(30s));
  EXPECT_EQ(read("0"), Duration(0));
  EXPECT_EQ(read("0000000600"), Duration(600s));
  EXPECT_EQ(read("86400"), Duration(24h));
  EXPECT_EQ(read("86401"), Duration(24h));
  EXPECT_EQ(read(std::string(1'000, '9')), Duration(24h)) << "and no number is too large";
  for (const char* none : {"", "-1", "1e9", "9 9", "Tue, 15 Nov 1994 08:12:31 GMT"}) {
    EXPECT_EQ(read(none), std::nullopt) << none;
  }
  EXPECT_EQ(RetryAfter({}), std::nullopt);
}

}  // namespace
}  // namespace slipway::cloud
