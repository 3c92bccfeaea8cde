#include "src/store/faulty_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/store/memory_store.hpp"
#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

class FaultyStoreTest : public ::testing::Test {
 protected:
  MemoryStore memory_{Incarnation("memory")};
  FaultyStore store_{memory_, Rng(1), {}};
};

TEST_F(FaultyStoreTest, RefusalsLeaveNothingBehind) {
  const Revision before = memory_.CurrentRevision().value();
  store_.SetFaults({.conflict = 100});
  EXPECT_EQ(CodeOf(Create(store_, "/a", "v")), Code::kConflict);
  store_.SetFaults({.unavailable = 100});
  EXPECT_EQ(CodeOf(Create(store_, "/a", "v")), Code::kUnavailable);
  EXPECT_EQ(CodeOf(store_.Get("/a", kLatest)), Code::kUnavailable);
  EXPECT_EQ(CodeOf(store_.List({.prefix = "/"})), Code::kUnavailable);
  EXPECT_EQ(CodeOf(store_.StartWatch("/", kLatest, [] {})), Code::kUnavailable);
  store_.SetFaults({.unknown_not_applied = 100});
  EXPECT_EQ(CodeOf(Create(store_, "/a", "v")), Code::kTimeout);
  EXPECT_EQ(memory_.CurrentRevision().value(), before);
}

TEST_F(FaultyStoreTest, AnUnknownOutcomeMayHaveBeenApplied) {
  store_.SetFaults({.unknown_applied = 100});
  EXPECT_EQ(CodeOf(Create(store_, "/a", "v")), Code::kTimeout);
  EXPECT_TRUE(memory_.Get("/a", kLatest).value());
}

TEST_F(FaultyStoreTest, DelayedAcknowledgementsComeWhenTheyAreReleased) {
  store_.SetFaults({.delayed = 100});
  std::vector<Revision> acknowledged;
  for (const char* key : {"/a", "/b", "/c", "/d"}) {
    store_.Commit({.kind = Write::Kind::kCreate,
                   .key = key,
                   .value = std::make_shared<const std::string>("v")},
                  [&](Result<Revision> result) { acknowledged.push_back(result.value()); });
  }
  EXPECT_TRUE(acknowledged.empty());
  EXPECT_EQ(memory_.List({.prefix = "/"}).value().entries.size(), 4U);
  while (store_.Release()) {
  }
  EXPECT_THAT(acknowledged, ::testing::UnorderedElementsAre(2, 3, 4, 5));
}

TEST_F(FaultyStoreTest, AClosedWatchStaysClosed) {
  auto watch = store_.StartWatch("/", kLatest, [] {}).value();
  EXPECT_TRUE(watch->Take(1));
  store_.SetFaults({.watch_closed = 100});
  EXPECT_EQ(CodeOf(watch->Take(1)), Code::kExpired);
  store_.SetFaults({});
  EXPECT_EQ(CodeOf(watch->Take(1)), Code::kExpired);
}

TEST_F(FaultyStoreTest, CompactionStrikesBeforeTheCall) {
  const Revision first = Create(store_, "/a", "v").value();
  ASSERT_TRUE(Create(store_, "/b", "v"));
  store_.SetFaults({.compacted = 100});
  EXPECT_EQ(CodeOf(store_.Get("/a", first)), Code::kExpired);
}

TEST_F(FaultyStoreTest, TheSameSeedGivesTheSameFaults) {
  const auto outcomes = [](std::uint64_t seed) {
    MemoryStore memory{Incarnation("memory")};
    FaultyStore store(memory, Rng(seed),
                      {.conflict = 30, .unavailable = 30, .unknown_applied = 30});
    std::string codes;
    for (int i = 0; i < 50; ++i) {
      const auto result = Create(store, "/" + std::to_string(i), "v");
      codes += result ? "ok " : std::string(Reason(result.error().code)) + " ";
    }
    return codes;
  };
  EXPECT_EQ(outcomes(7), outcomes(7));
  EXPECT_NE(outcomes(7), outcomes(8));
}

/// What a client must do to be right whatever happens: read after each doubt.
TEST_F(FaultyStoreTest, AClientThatReadsAfterDoubtCountsEachStepOnce) {
  constexpr int kSteps = 300;
  store_.SetFaults({.conflict = 10,
                    .unavailable = 10,
                    .unknown_applied = 10,
                    .unknown_not_applied = 10,
                    .compacted = 5});
  ASSERT_TRUE(Create(memory_, "/counter", "0"));
  int next = 1;
  while (next <= kSteps) {
    const auto entry = store_.Get("/counter", kLatest);
    if (!entry) continue;
    next = std::stoi(*entry.value()->value) + 1;
    (void)Update(store_, "/counter", std::to_string(next), entry.value()->revision);
  }
  const auto last = memory_.Get("/counter", kLatest).value();
  EXPECT_GE(std::stoi(*last->value), kSteps);
  EXPECT_EQ(last->revision - last->create_revision, std::stoi(*last->value));
}

}  // namespace
}  // namespace slipway::store
