#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

using ::testing::ElementsAre;
using StoreCompaction = StoreContract;

TEST_P(StoreCompaction, BelowItEverythingIsExpiredAndFromItOnEverythingAnswers) {
  const Revision r1 = Create(store(), "/a/x", "one").value();
  const Revision r2 = Update(store(), "/a/x", "two", r1).value();
  const Revision r3 = Update(store(), "/a/x", "three", r2).value();
  ASSERT_TRUE(store().Compact(r2));

  EXPECT_EQ(CodeOf(store().Get("/a/x", r1)), Code::kExpired);
  EXPECT_EQ(CodeOf(store().List({.prefix = "/a/", .revision = r1})), Code::kExpired);
  EXPECT_EQ(CodeOf(store().StartWatch("/a/", r1, [] {})), Code::kExpired);

  EXPECT_EQ(*store().Get("/a/x", r2).value()->value, "two");
  EXPECT_EQ(*store().Get("/a/x", r3).value()->value, "three");
  EXPECT_THAT(Brief(store().List({.prefix = "/a/", .revision = r2}).value().entries),
              ElementsAre("/a/x=two"));
  Follower follower(store(), "/a/", r2);
  follower.Until(r3);
  EXPECT_THAT(Brief(follower.events()), ElementsAre("~/a/x=two>three"));
}

TEST_P(StoreCompaction, KeepsWhatIsStillThereHoweverOld) {
  const Revision old = Create(store(), "/a/old", "v").value();
  Revision busy = Create(store(), "/a/busy", "0").value();
  for (int i = 1; i < 600; ++i) busy = Update(store(), "/a/busy", std::to_string(i), busy).value();
  ASSERT_TRUE(store().Compact(busy));
  const Page page = store().List({.prefix = "/a/"}).value();
  EXPECT_THAT(Brief(page.entries), ElementsAre("/a/busy=599", "/a/old=v"));
  EXPECT_EQ(page.entries[1].revision, old);
  EXPECT_TRUE(Update(store(), "/a/old", "w", old));
  EXPECT_EQ(CodeOf(Create(store(), "/a/busy", "v")), Code::kAlreadyExists);
}

TEST_P(StoreCompaction, ForgottenDeletionsLeaveTheNameFree) {
  const Revision created = Create(store(), "/a/x", "one").value();
  const Revision deleted = Delete(store(), "/a/x", created).value();
  ASSERT_TRUE(store().Compact(deleted));
  EXPECT_EQ(CodeOf(Update(store(), "/a/x", "two", created)), Code::kNotFound);
  const Revision again = Create(store(), "/a/x", "two").value();
  EXPECT_GT(again, deleted) << "a revision is never given twice";
  EXPECT_EQ(CodeOf(Create(store(), "/a/x", "three")), Code::kAlreadyExists);
  ASSERT_TRUE(Delete(store(), "/a/x", again));
}

TEST_P(StoreCompaction, ARecreatedNameSurvivesTheCompactionOfItsDeletion) {
  const Revision created = Create(store(), "/a/x", "one").value();
  const Revision deleted = Delete(store(), "/a/x", created).value();
  const Revision again = Create(store(), "/a/x", "two").value();
  ASSERT_TRUE(store().Compact(deleted));
  EXPECT_EQ(*store().Get("/a/x", kLatest).value()->value, "two");
  EXPECT_EQ(CodeOf(Create(store(), "/a/x", "three")), Code::kAlreadyExists);
  Follower follower(store(), "/a/", deleted);
  follower.Until(again);
  EXPECT_THAT(Brief(follower.events()), ElementsAre("+/a/x=two"));
  EXPECT_TRUE(Update(store(), "/a/x", "three", again));
}

TEST_P(StoreCompaction, DeletionsAfterItStillCarryTheLastValue) {
  const Revision created = Create(store(), "/a/x", "one").value();
  const Revision other = Create(store(), "/a/y", "one").value();
  ASSERT_TRUE(store().Compact(other));
  const Revision deleted = Delete(store(), "/a/x", created).value();
  Follower follower(store(), "/a/", other);
  follower.Until(deleted);
  EXPECT_THAT(Brief(follower.events()), ElementsAre("-/a/x=one"));
}

TEST_P(StoreCompaction, AWatchThatItOvertookIsCompleteOrTold) {
  Follower follower(store(), "/a/", kLatest);
  Revision x = Create(store(), "/a/x", "0").value();
  for (int i = 1; i < 20; ++i) x = Update(store(), "/a/x", std::to_string(i), x).value();
  ASSERT_TRUE(store().Compact(x));
  const auto batch = follower.Take(100);
  if (batch) {
    EXPECT_EQ(batch.value().events.size(), 20U);
  } else {
    EXPECT_EQ(batch.error().code, Code::kExpired);
    EXPECT_EQ(CodeOf(follower.Take(100)), Code::kExpired) << "it stays told";
  }
}

TEST_P(StoreCompaction, TwiceIsOnceAndTheFutureIsATimeout) {
  const Revision r1 = Create(store(), "/a/x", "one").value();
  const Revision r2 = Update(store(), "/a/x", "two", r1).value();
  ASSERT_TRUE(store().Compact(r2));
  EXPECT_TRUE(store().Compact(r2));
  EXPECT_TRUE(store().Compact(r1));
  EXPECT_TRUE(store().Compact(0));
  EXPECT_EQ(CodeOf(store().Compact(r2 + 1)), Code::kTimeout);
  EXPECT_EQ(*store().Get("/a/x", r2).value()->value, "two");
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreCompaction, ::testing::ValuesIn(AllKinds()), NameOf);

}  // namespace
}  // namespace slipway::store
