#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using StoreList = StoreContract;

TEST_P(StoreList, GivesThePrefixInTheOrderOfKeys) {
  for (const char* key : {"/b/2", "/a/9", "/b/1", "/b", "/b0", "/b/1/x", "/c/1"}) {
    ASSERT_TRUE(Create(store(), key, "v"));
  }
  const Page page = store().List({.prefix = "/b/"}).value();
  EXPECT_THAT(Brief(page.entries), ElementsAre("/b/1=v", "/b/1/x=v", "/b/2=v"));
  EXPECT_EQ(page.next, std::nullopt);
  EXPECT_EQ(page.remaining, std::nullopt);
  EXPECT_EQ(page.revision, store().CurrentRevision().value());
  EXPECT_EQ(store().List({.prefix = ""}).value().entries.size(), 7U);
}

TEST_P(StoreList, LeavesOutWhatIsDeletedAndShowsTheNewestValue) {
  const Revision x = Create(store(), "/a/x", "one").value();
  const Revision y = Create(store(), "/a/y", "one").value();
  ASSERT_TRUE(Create(store(), "/a/z", "one"));
  ASSERT_TRUE(Delete(store(), "/a/x", x));
  const Revision updated = Update(store(), "/a/y", "two", y).value();
  const Page page = store().List({.prefix = "/a/"}).value();
  EXPECT_THAT(Brief(page.entries), ElementsAre("/a/y=two", "/a/z=one"));
  EXPECT_EQ(page.entries[0].create_revision, y);
  EXPECT_EQ(page.entries[0].revision, updated);
}

TEST_P(StoreList, PagesStayAtTheRevisionOfTheFirst) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Create(store(), "/a/" + std::to_string(i), "old"));
  const Page first = store().List({.prefix = "/a/", .limit = 2, .count_remaining = true}).value();
  EXPECT_THAT(Brief(first.entries), ElementsAre("/a/0=old", "/a/1=old"));
  EXPECT_EQ(first.remaining, 3);
  ASSERT_EQ(first.next, "/a/2");

  ASSERT_TRUE(Create(store(), "/a/25", "new"));
  ASSERT_TRUE(Delete(store(), "/a/3", store().Get("/a/3", kLatest).value()->revision));
  ASSERT_TRUE(Update(store(), "/a/4", "new", store().Get("/a/4", kLatest).value()->revision));

  const Page second =
      store()
          .List({.prefix = "/a/", .start = *first.next, .limit = 2, .revision = first.revision})
          .value();
  EXPECT_THAT(Brief(second.entries), ElementsAre("/a/2=old", "/a/3=old"));
  EXPECT_EQ(second.revision, first.revision);
  ASSERT_EQ(second.next, "/a/4");
  const Page third =
      store()
          .List({.prefix = "/a/", .start = *second.next, .limit = 2, .revision = first.revision})
          .value();
  EXPECT_THAT(Brief(third.entries), ElementsAre("/a/4=old"));
  EXPECT_EQ(third.next, std::nullopt);
}

TEST_P(StoreList, APageEndsAfterItsBytesAndHoldsAtLeastOneEntry) {
  for (const char* key : {"/a/1", "/a/2", "/a/3"}) {
    ASSERT_TRUE(Create(store(), key, std::string(10, 'v')));
  }
  const auto names = [&](std::size_t bytes, std::size_t limit = 0) {
    std::string all;
    ListRequest request{.prefix = "/a/", .limit = limit, .bytes = bytes};
    for (;;) {
      const Page page = store().List(request).value();
      for (const Entry& entry : page.entries) all += entry.key.back();
      if (!page.next) return all;
      all += '|';
      request.start = *page.next;
      request.revision = page.revision;
    }
  };
  EXPECT_EQ(names(0), "123");
  EXPECT_EQ(names(1), "1|2|3");
  EXPECT_EQ(names(10), "1|2|3");
  EXPECT_EQ(names(11), "12|3");
  EXPECT_EQ(names(30), "123");
  EXPECT_EQ(names(11, 1), "1|2|3") << "the smaller bound counts";
}

TEST_P(StoreList, APageThatEndsTheListHasNoNext) {
  ASSERT_TRUE(Create(store(), "/a/1", "v"));
  ASSERT_TRUE(Create(store(), "/a/2", "v"));
  ASSERT_TRUE(Delete(store(), "/a/3", Create(store(), "/a/3", "v").value()));
  const Page page = store().List({.prefix = "/a/", .limit = 2, .count_remaining = true}).value();
  EXPECT_EQ(page.entries.size(), 2U);
  EXPECT_EQ(page.next, std::nullopt);
  EXPECT_EQ(page.remaining, 0);
}

TEST_P(StoreList, AStartOutsideThePrefixDoesNotLeaveIt) {
  ASSERT_TRUE(Create(store(), "/a/1", "v"));
  ASSERT_TRUE(Create(store(), "/b/1", "v"));
  ASSERT_TRUE(Create(store(), "/c/1", "v"));
  EXPECT_THAT(Brief(store().List({.prefix = "/b/", .start = "/a/"}).value().entries),
              ElementsAre("/b/1=v"));
  EXPECT_THAT(store().List({.prefix = "/b/", .start = "/c/"}).value().entries, IsEmpty());
}

TEST_P(StoreList, ARevisionInTheFutureIsATimeout) {
  const Revision now = Create(store(), "/a/1", "v").value();
  EXPECT_EQ(CodeOf(store().List({.prefix = "/", .revision = now + 1})), Code::kTimeout);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreList, ::testing::ValuesIn(AllKinds()), NameOf);

}  // namespace
}  // namespace slipway::store
