#include "src/garbage/backlog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/garbage/nodes.hpp"

namespace slipway::garbage {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const Place kA = Map("a").place;
const Place kB = Map("b").place;
const Place kC = Map("c").place;
const Error kTrouble = Fail(Code::kUnavailable, "the disk");

MonoTime At(Duration since_start) { return {since_start}; }

TEST(Backlog, GivesALittleAtOnceAndEachOnce) {
  Backlog backlog;
  EXPECT_EQ(backlog.NextDue(), std::nullopt);
  backlog.Add({kC, kA});
  backlog.Add({kB, kA});
  EXPECT_EQ(backlog.NextDue(), At(seconds(0)));
  EXPECT_THAT(backlog.Take(At(seconds(9)), 2), ElementsAre(kA, kB));
  EXPECT_THAT(backlog.Take(At(seconds(9)), 2), ElementsAre(kC));
  EXPECT_THAT(backlog.Take(At(seconds(9)), 2), IsEmpty());
  EXPECT_EQ(backlog.NextDue(), std::nullopt);
}

TEST(Backlog, WhatFailsWaitsTwiceAsLongEachTimeUpToFiveMinutes) {
  Backlog backlog(seconds(2));
  backlog.Add({kA});
  MonoTime now = At(seconds(100));
  for (const int pause : {2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
    EXPECT_THAT(backlog.Take(now, 9), ElementsAre(kA));
    EXPECT_EQ(backlog.NextDue(), std::nullopt) << "it is being tried";
    backlog.Note(kA, &kTrouble, now);
    EXPECT_EQ(backlog.NextDue(), now + seconds(pause));
    EXPECT_THAT(backlog.Take(now + seconds(pause) + Duration(-1), 9), IsEmpty());
    now = now + seconds(pause);
  }
  EXPECT_THAT(backlog.Take(now, 9), ElementsAre(kA));
  backlog.Note(kA, nullptr, now);
  EXPECT_EQ(backlog.NextDue(), std::nullopt);
  backlog.Note(kA, &kTrouble, now);
  EXPECT_EQ(backlog.NextDue(), now + seconds(2)) << "success makes up for failures";
}

TEST(Backlog, WhatChangedIsLookedAtAtOnceAndWhatIsGoneNeverAgain) {
  Backlog backlog;
  const Error conflict = Fail(Code::kConflict, "modified");
  backlog.Note(kA, &conflict, At(minutes(1)));
  EXPECT_THAT(backlog.Take(At(minutes(1)), 9), ElementsAre(kA));
  backlog.Note(kA, &kTrouble, At(minutes(1)));
  const Error gone = Fail(Code::kNotFound, "not found");
  backlog.Note(kA, &gone, At(minutes(1)));
  EXPECT_THAT(backlog.Take(At(minutes(9)), 9), IsEmpty());
}

TEST(Backlog, NewsAreNoReasonToWaitButDoNotMakeUpForFailures) {
  Backlog backlog;
  backlog.Note(kA, &kTrouble, At(seconds(0)));
  backlog.Note(kB, &kTrouble, At(seconds(5)));
  EXPECT_EQ(backlog.NextDue(), At(seconds(1)));
  backlog.Add({kB});
  EXPECT_THAT(backlog.Take(At(seconds(0)), 9), ElementsAre(kB));
  backlog.Note(kB, &kTrouble, At(seconds(0)));
  EXPECT_THAT(backlog.Take(At(seconds(1)), 9), ElementsAre(kA));
  EXPECT_EQ(backlog.NextDue(), At(seconds(2))) << "the second failure of b";
}

TEST(Outcomes, KeepTheWorstOfEachObject) {
  const Error conflict = Fail(Code::kConflict, "modified");
  const Error gone = Fail(Code::kNotFound, "not found");
  const Error other = Fail(Code::kTimeout, "the network");
  Outcomes outcomes;
  for (const Error* error : {static_cast<const Error*>(nullptr), &conflict, &kTrouble, &other,
                             &conflict, &gone, static_cast<const Error*>(nullptr)}) {
    outcomes.Add(kA, error);
  }
  outcomes.Add(kB, &conflict);
  outcomes.Add(kB, nullptr);
  outcomes.Add(kC, &gone);
  EXPECT_EQ(outcomes.all().at(kA)->message, "the disk");
  EXPECT_EQ(outcomes.all().at(kB)->message, "modified");
  EXPECT_EQ(outcomes.all().at(kC), std::nullopt);
}

}  // namespace
}  // namespace slipway::garbage
