#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/store/bounds.hpp"
#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

using StoreWrite = StoreContract;

TEST_P(StoreWrite, StartsEmptyAtTheFirstRevisionWithAnIncarnation) {
  EXPECT_EQ(store().CurrentRevision().value(), kFirstRevision);
  EXPECT_FALSE(store().incarnation().empty());
  EXPECT_EQ(store().Get("/a", kLatest).value(), std::nullopt);
  const Page page = store().List({.prefix = "/"}).value();
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.revision, kFirstRevision);
}

TEST_P(StoreWrite, CreateIsReadBackWithItsRevision) {
  const Revision revision = Create(store(), "/a/x", "one").value();
  EXPECT_GT(revision, kFirstRevision);
  EXPECT_EQ(store().CurrentRevision().value(), revision);
  const auto entry = store().Get("/a/x", kLatest).value();
  ASSERT_TRUE(entry);
  EXPECT_EQ(*entry,
            (Entry{"/a/x", std::make_shared<const std::string>("one"), revision, revision}));
}

TEST_P(StoreWrite, CreateOfATakenNameIsAlreadyExists) {
  const Revision first = Create(store(), "/a/x", "one").value();
  EXPECT_EQ(CodeOf(Create(store(), "/a/x", "two")), Code::kAlreadyExists);
  EXPECT_EQ(store().CurrentRevision().value(), first);
  EXPECT_EQ(*store().Get("/a/x", kLatest).value()->value, "one");
}

TEST_P(StoreWrite, UpdateKeepsTheCreateRevision) {
  const Revision created = Create(store(), "/a/x", "one").value();
  const Revision updated = Update(store(), "/a/x", "two", created).value();
  EXPECT_GT(updated, created);
  const auto entry = store().Get("/a/x", kLatest).value();
  EXPECT_EQ(*entry, (Entry{"/a/x", std::make_shared<const std::string>("two"), created, updated}));
}

TEST_P(StoreWrite, UpdateOfAnotherRevisionIsAConflict) {
  const Revision created = Create(store(), "/a/x", "one").value();
  const Revision other = Create(store(), "/a/y", "other").value();
  const Revision updated = Update(store(), "/a/x", "two", created).value();
  for (const Revision wrong : {created, other, updated + 1, updated + 1000}) {
    EXPECT_EQ(CodeOf(Update(store(), "/a/x", "three", wrong)), Code::kConflict) << wrong;
    EXPECT_EQ(CodeOf(Delete(store(), "/a/x", wrong)), Code::kConflict) << wrong;
  }
  EXPECT_EQ(*store().Get("/a/x", kLatest).value()->value, "two");
}

TEST_P(StoreWrite, UpdateAndDeleteOfWhatIsNotThereAreNotFound) {
  EXPECT_EQ(CodeOf(Update(store(), "/a/x", "one", 1)), Code::kNotFound);
  EXPECT_EQ(CodeOf(Delete(store(), "/a/x", 1)), Code::kNotFound);
  const Revision created = Create(store(), "/a/x", "one").value();
  const Revision deleted = Delete(store(), "/a/x", created).value();
  for (const Revision expected : {created, deleted}) {
    EXPECT_EQ(CodeOf(Update(store(), "/a/x", "two", expected)), Code::kNotFound);
    EXPECT_EQ(CodeOf(Delete(store(), "/a/x", expected)), Code::kNotFound);
  }
}

TEST_P(StoreWrite, ADeletedNameCanBeCreatedAgainAsANewLife) {
  const Revision first = Create(store(), "/a/x", "one").value();
  const Revision deleted = Delete(store(), "/a/x", first).value();
  EXPECT_EQ(store().Get("/a/x", kLatest).value(), std::nullopt);
  const Revision again = Create(store(), "/a/x", "two").value();
  EXPECT_GT(again, deleted);
  EXPECT_EQ(store().Get("/a/x", kLatest).value()->create_revision, again);
  EXPECT_EQ(CodeOf(Update(store(), "/a/x", "three", first)), Code::kConflict);
  EXPECT_TRUE(Update(store(), "/a/x", "three", again));
  EXPECT_EQ(CodeOf(Create(store(), "/a/x", "four")), Code::kAlreadyExists);
}

TEST_P(StoreWrite, AnOldRevisionOfAKeyCanStillBeRead) {
  const Revision created = Create(store(), "/a/x", "one").value();
  const Revision updated = Update(store(), "/a/x", "two", created).value();
  const Revision deleted = Delete(store(), "/a/x", updated).value();
  const Revision again = Create(store(), "/a/x", "three").value();
  EXPECT_EQ(*store().Get("/a/x", created).value()->value, "one");
  EXPECT_EQ(*store().Get("/a/x", updated).value()->value, "two");
  EXPECT_EQ(store().Get("/a/x", deleted).value(), std::nullopt);
  EXPECT_EQ(*store().Get("/a/x", again).value()->value, "three");
  EXPECT_EQ(CodeOf(store().Get("/a/x", again + 1)), Code::kTimeout);
}

TEST_P(StoreWrite, AnyBytesComeBackAsTheyWere) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const std::string large(3 * 1024 * 1024, 'x');
  ASSERT_TRUE(Create(store(), "/a/bytes", bytes));
  ASSERT_TRUE(Create(store(), "/a/empty", ""));
  ASSERT_TRUE(Create(store(), "/a/large", large));
  EXPECT_EQ(*store().Get("/a/bytes", kLatest).value()->value, bytes);
  EXPECT_EQ(*store().Get("/a/empty", kLatest).value()->value, "");
  EXPECT_EQ(*store().Get("/a/large", kLatest).value()->value, large);
}

TEST_P(StoreWrite, MalformedWritesAreRefused) {
  const auto value = std::make_shared<const std::string>("one");
  using Kind = Write::Kind;
  for (const Write& write : {
           Write{.kind = Kind::kCreate, .key = "", .value = value},
           Write{.kind = Kind::kCreate, .key = std::string(kLongestKey + 1, 'k'), .value = value},
           Write{.kind = Kind::kCreate, .key = std::string("/a\0b", 4), .value = value},
           Write{.kind = Kind::kCreate, .key = "/a", .value = nullptr},
           Write{.kind = Kind::kCreate, .key = "/a", .value = value, .expected = 1},
           Write{.kind = Kind::kUpdate, .key = "/a", .value = value, .expected = 0},
           Write{.kind = Kind::kUpdate, .key = "/a", .value = value, .expected = -1},
           Write{.kind = Kind::kDelete, .key = "/a", .value = value, .expected = 1},
       }) {
    EXPECT_EQ(CodeOf(Do(store(), write)), Code::kBadRequest);
  }
  EXPECT_EQ(CodeOf(Create(store(), "/a", std::string(kLargestValue + 1, 'v'))), Code::kTooLarge);
  EXPECT_EQ(store().CurrentRevision().value(), kFirstRevision);
}

TEST_P(StoreWrite, WritesOfOneThreadAreMadeInTheirOrder) {
  constexpr int kWrites = 200;
  Bell bell;
  std::vector<Revision> revisions;
  std::mutex mutex;
  const auto ring = bell.Ring();
  for (int i = 0; i < kWrites; ++i) {
    store().Commit({.kind = Write::Kind::kCreate,
                    .key = "/a/" + std::to_string(i),
                    .value = std::make_shared<const std::string>("v")},
                   [&, ring](Result<Revision> result) {
                     {
                       const std::lock_guard lock(mutex);
                       revisions.push_back(result ? result.value() : 0);
                     }
                     ring();
                   });
  }
  while (bell.rung() < kWrites) bell.Wait();
  for (int i = 0; i < kWrites; ++i) {
    EXPECT_EQ(revisions[static_cast<std::size_t>(i)],
              store().Get("/a/" + std::to_string(i), kLatest).value()->revision);
  }
  EXPECT_TRUE(std::is_sorted(revisions.begin(), revisions.end()));
}

TEST_P(StoreWrite, WritesBuiltOnOneAnotherSucceedWithoutWaiting) {
  // The revisions are known in advance, so that update and delete share the create's transaction.
  std::vector<Result<Revision>> results;
  std::mutex mutex;
  Bell bell;
  const auto ring = bell.Ring();
  const auto value = std::make_shared<const std::string>("v");
  const auto done = [&, ring](Result<Revision> result) {
    {
      const std::lock_guard lock(mutex);
      results.push_back(std::move(result));
    }
    ring();
  };
  store().Commit({.kind = Write::Kind::kCreate, .key = "/a", .value = value}, done);
  store().Commit({.kind = Write::Kind::kCreate, .key = "/a", .value = value}, done);
  store().Commit({.kind = Write::Kind::kUpdate, .key = "/a", .value = value, .expected = 2}, done);
  store().Commit({.kind = Write::Kind::kDelete, .key = "/a", .expected = 3}, done);
  store().Commit({.kind = Write::Kind::kUpdate, .key = "/a", .value = value, .expected = 2}, done);
  store().Commit({.kind = Write::Kind::kCreate, .key = "/a", .value = value}, done);
  while (bell.rung() < 6) bell.Wait();
  EXPECT_EQ(results[0].value(), 2);
  EXPECT_EQ(CodeOf(results[1]), Code::kAlreadyExists);
  EXPECT_EQ(results[2].value(), 3);
  EXPECT_EQ(results[3].value(), 4);
  EXPECT_EQ(CodeOf(results[4]), Code::kNotFound);
  EXPECT_EQ(results[5].value(), 5);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreWrite, ::testing::ValuesIn(AllKinds()), NameOf);

}  // namespace
}  // namespace slipway::store
