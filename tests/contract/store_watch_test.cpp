#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using StoreWatch = StoreContract;

TEST_P(StoreWatch, TellsEveryChangeInOrderWithWhatWasThereBefore) {
  Follower follower(store(), "/a/", kLatest);
  const Revision r1 = Create(store(), "/a/x", "one").value();
  const Revision r2 = Update(store(), "/a/x", "two", r1).value();
  const Revision r3 = Delete(store(), "/a/x", r2).value();
  const Revision r4 = Create(store(), "/a/x", "three").value();
  follower.Until(r4);
  EXPECT_THAT(Brief(follower.events()),
              ElementsAre("+/a/x=one", "~/a/x=one>two", "-/a/x=two", "+/a/x=three"));
  const auto value = [](const char* text) { return std::make_shared<const std::string>(text); };
  using Type = Event::Type;
  EXPECT_EQ(*follower.events()[0], (Event{Type::kPut, "/a/x", value("one"), nullptr, r1, r1, 0}));
  EXPECT_EQ(*follower.events()[1],
            (Event{Type::kPut, "/a/x", value("two"), value("one"), r1, r2, r1}));
  EXPECT_EQ(*follower.events()[2],
            (Event{Type::kDelete, "/a/x", value("two"), value("two"), r1, r3, r2}));
  EXPECT_EQ(*follower.events()[3], (Event{Type::kPut, "/a/x", value("three"), nullptr, r4, r4, 0}));
}

TEST_P(StoreWatch, FollowsTheListOfAnEmptyStoreWithoutAGap) {
  const Page page = store().List({.prefix = "/a/"}).value();
  const Revision created = Create(store(), "/a/x", "v").value();
  Follower follower(store(), "/a/", page.revision);
  follower.Until(created);
  EXPECT_THAT(Brief(follower.events()), ElementsAre("+/a/x=v"));
}

TEST_P(StoreWatch, ResumesFromAnyRevision) {
  Revision x = Create(store(), "/a/x", "0").value();
  for (int i = 1; i < 10; ++i) x = Update(store(), "/a/x", std::to_string(i), x).value();
  const Revision last = Delete(store(), "/a/x", x).value();
  Follower all(store(), "/a/", kFirstRevision);
  all.Until(last);
  ASSERT_EQ(all.events().size(), 11U);
  for (Revision after = kFirstRevision; after <= last; ++after) {
    Follower follower(store(), "/a/", after);
    follower.Until(last);
    std::vector<std::string> want;
    for (const auto& event : all.events()) {
      if (event->revision > after) want.push_back(Brief(*event));
    }
    EXPECT_EQ(Brief(follower.events()), want) << "after " << after;
  }
}

TEST_P(StoreWatch, SeesItsPrefixOnlyButItsBookmarkGrowsWithOthers) {
  Follower follower(store(), "/a/", kLatest);
  ASSERT_TRUE(Create(store(), "/b/x", "v"));
  ASSERT_TRUE(Create(store(), "/a", "v"));
  ASSERT_TRUE(Create(store(), "/a/x", "v"));
  const Revision last = Create(store(), "/ab/x", "v").value();
  const auto first = follower.Take(1).value();
  EXPECT_THAT(Brief(first.events), ElementsAre("+/a/x=v"));
  const auto second = follower.Take(1).value();
  EXPECT_THAT(second.events, IsEmpty());
  EXPECT_FALSE(second.more);
  EXPECT_EQ(second.revision, last);
}

TEST_P(StoreWatch, RingsOnceForEachTimeThatNothingWasLeft) {
  Bell bell;
  auto watch = store().StartWatch("/a/", kLatest, bell.Ring()).value();
  Revision x = Create(store(), "/a/x", "0").value();
  EXPECT_EQ(bell.rung(), 0) << "nothing was taken yet";
  while (watch->Take(10).value().more) {
  }
  x = Update(store(), "/a/x", "1", x).value();
  bell.Wait();
  x = Update(store(), "/a/x", "2", x).value();
  ASSERT_TRUE(Create(store(), "/b/x", "v"));
  EXPECT_EQ(bell.rung(), 1);
  while (watch->Take(10).value().more) {
  }
  ASSERT_TRUE(Create(store(), "/b/y", "v"));
  EXPECT_EQ(bell.rung(), 1) << "a change below another prefix is no news";
  ASSERT_TRUE(Delete(store(), "/a/x", x));
  bell.Wait();
  EXPECT_EQ(bell.rung(), 2);
  ASSERT_TRUE(Create(store(), "/a/y", "v"));
  ASSERT_TRUE(Create(store(), "/a/z", "v"));
  ASSERT_TRUE(watch->Take(1).value().more);
  ASSERT_TRUE(Create(store(), "/a/zz", "v"));
  EXPECT_EQ(bell.rung(), 2) << "whoever was told that there is more comes back by itself";
}

TEST_P(StoreWatch, BatchesHoldNoMoreThanWasAskedFor) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Create(store(), "/a/" + std::to_string(i), "v"));
  Follower follower(store(), "/a/", kFirstRevision + 1);
  const auto first = follower.Take(4).value();
  EXPECT_EQ(first.events.size(), 4U);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.revision, first.events.back()->revision);
  const auto second = follower.Take(4).value();
  EXPECT_EQ(second.events.size(), 4U);
  EXPECT_TRUE(second.more);
  const auto third = follower.Take(4).value();
  EXPECT_EQ(third.events.size(), 1U);
}

TEST_P(StoreWatch, ARevisionInTheFutureIsATimeout) {
  const Revision now = Create(store(), "/a/1", "v").value();
  EXPECT_EQ(CodeOf(store().StartWatch("/a/", now + 1, [] {})), Code::kTimeout);
}

TEST_P(StoreWatch, MayEndInsideItsOwnBell) {
  std::unique_ptr<Watch> watch;
  std::atomic<int> rung = 0;
  Bell bell;
  const auto ring = bell.Ring();
  watch = store()
              .StartWatch("/a/", kLatest,
                          [&, ring] {
                            ++rung;
                            watch.reset();
                            ring();
                          })
              .value();
  ASSERT_FALSE(watch->Take(1).value().more);
  ASSERT_TRUE(Create(store(), "/a/x", "v"));
  bell.Wait();
  ASSERT_TRUE(Create(store(), "/a/y", "v"));
  EXPECT_EQ(rung, 1);
}

TEST_P(StoreWatch, NeverRingsAfterItsEnd) {
  // The watch ends while another thread makes changes: what the bell touches is gone then.
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) (void)Create(store(), "/a/" + std::to_string(i), "v");
  });
  for (int i = 0; i < 50; ++i) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    auto* flag = alive.get();
    auto watch = store().StartWatch("/a/", kLatest, [flag] { EXPECT_TRUE(*flag); }).value();
    while (watch->Take(100).value().more) {
    }
    watch.reset();
    *alive = false;
  }
  stop = true;
  writer.join();
}

TEST_P(StoreWatch, ManyWatchesShareTheSameBytes) {
  Follower one(store(), "/a/", kLatest);
  Follower two(store(), "/a/", kLatest);
  const Revision revision = Create(store(), "/a/x", "v").value();
  one.Until(revision);
  two.Until(revision);
  ASSERT_EQ(one.events().size(), 1U);
  EXPECT_EQ(one.events()[0].get(), two.events()[0].get());
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreWatch, ::testing::ValuesIn(AllKinds()), NameOf);

}  // namespace
}  // namespace slipway::store
