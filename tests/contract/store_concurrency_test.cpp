#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "reconciler/base/rng.hpp"
#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

using StoreConcurrency = StoreContract;

constexpr int kThreads = 16;
constexpr int kWritesOfAThread = 150;
constexpr std::uint64_t kKeys = 12;
constexpr std::uint64_t kSeed = 20240607;

/// A write that was acknowledged or refused, as its writer saw it.
struct Seen {
  Write write;
  Result<Revision> result;
};

/// A writer that works from what it read last, so that many of its writes lose a race.
std::vector<Seen> WriteAtRandom(Store& store, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Seen> seen;
  for (int i = 0; i < kWritesOfAThread; ++i) {
    Write write;
    write.key = "/a/" + std::to_string(rng.Below(kKeys));
    const auto entry = store.Get(write.key, kLatest).value();
    write.kind = !entry           ? Write::Kind::kCreate
                 : rng.Chance(20) ? Write::Kind::kDelete
                                  : Write::Kind::kUpdate;
    write.expected = entry ? entry->revision : 0;
    if (write.kind != Write::Kind::kDelete) {
      write.value =
          std::make_shared<const std::string>(std::to_string(seed) + ":" + std::to_string(i));
    }
    auto result = Do(store, write);
    seen.push_back({std::move(write), std::move(result)});
  }
  return seen;
}

/// Replays acknowledged writes by their revisions: the one order in which they can have happened.
/// Gives the events that a watcher must have seen.
std::vector<Event> Replay(const std::vector<std::vector<Seen>>& threads) {
  std::map<Revision, const Write*> by_revision;
  for (const auto& thread : threads) {
    for (const Seen& seen : thread) {
      if (!seen.result) continue;
      const bool is_new = by_revision.emplace(seen.result.value(), &seen.write).second;
      EXPECT_TRUE(is_new) << "revision " << seen.result.value() << " was given twice";
    }
  }
  std::map<std::string, Entry> objects;
  std::vector<Event> events;
  for (const auto& [revision, write] : by_revision) {
    const auto found = objects.find(write->key);
    const bool exists = found != objects.end();
    EXPECT_EQ(exists ? found->second.revision : 0, write->expected)
        << "the lock did not hold for " << write->key << " at " << revision;
    const Entry before = exists ? found->second : Entry{};
    const bool is_delete = write->kind == Write::Kind::kDelete;
    const Revision life = exists ? before.create_revision : revision;
    events.push_back({.type = is_delete ? Event::Type::kDelete : Event::Type::kPut,
                      .key = write->key,
                      .value = is_delete ? before.value : write->value,
                      .previous_value = before.value,
                      .create_revision = life,
                      .revision = revision,
                      .previous_revision = before.revision});
    if (is_delete) {
      objects.erase(write->key);
    } else {
      objects[write->key] = {write->key, write->value, life, revision};
    }
  }
  return events;
}

std::vector<Entry> ObjectsAfter(const std::vector<Event>& events, Revision at) {
  std::map<std::string, Entry> objects;
  for (const Event& event : events) {
    if (event.revision > at) break;
    if (event.type == Event::Type::kDelete) {
      objects.erase(event.key);
    } else {
      objects[event.key] = {event.key, event.value, event.create_revision, event.revision};
    }
  }
  std::vector<Entry> entries;
  for (auto& [key, entry] : objects) entries.push_back(std::move(entry));
  return entries;
}

TEST_P(StoreConcurrency, RandomWritersLineariseAndWatchersSeeExactlyThat) {
  std::vector<std::vector<Seen>> seen(kThreads);
  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      seen[static_cast<std::size_t>(i)] =
          WriteAtRandom(store(), kSeed + static_cast<std::uint64_t>(i));
      --running;
    });
  }
  // Watchers that start in the middle, at the revision of a list, as caches do.
  std::vector<std::unique_ptr<Follower>> followers;
  std::vector<Page> lists;
  followers.push_back(std::make_unique<Follower>(store(), "/a/", kFirstRevision));
  while (running > 0) {
    if (lists.size() < 40) {
      lists.push_back(store().List({.prefix = "/a/"}).value());
      followers.push_back(std::make_unique<Follower>(store(), "/a/", lists.back().revision));
    }
    followers[lists.size() / 2]->Until(store().CurrentRevision().value());
  }
  for (auto& thread : threads) thread.join();

  const std::vector<Event> events = Replay(seen);
  const Revision last = store().CurrentRevision().value();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().revision, last);
  for (const Page& list : lists) EXPECT_EQ(list.entries, ObjectsAfter(events, list.revision));
  EXPECT_EQ(store().List({.prefix = "/a/"}).value().entries, ObjectsAfter(events, last));
  for (std::size_t i = 0; i < followers.size(); ++i) {
    followers[i]->Until(last);
    const Revision from = i == 0 ? kFirstRevision : lists[i - 1].revision;
    std::vector<Event> got;
    for (const auto& event : followers[i]->events()) got.push_back(*event);
    std::vector<Event> want;
    for (const Event& event : events) {
      if (event.revision > from) want.push_back(event);
    }
    EXPECT_TRUE(got == want) << "the watch from " << from << " saw " << got.size() << " events of "
                             << want.size() << "; seed " << kSeed;
  }
}

TEST_P(StoreConcurrency, OfManyWhoCreateOneNameOneSucceeds) {
  for (int round = 0; round < 20; ++round) {
    const std::string key = "/a/" + std::to_string(round);
    std::atomic<int> created = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const auto result = Create(store(), key, "v");
        if (result) ++created;
        if (!result && result.error().code == Code::kAlreadyExists) ++refused;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(created, 1);
    EXPECT_EQ(refused, kThreads - 1);
  }
}

/// Reads, lists and follows while everything is compacted all the time.
TEST_P(StoreConcurrency, CompactionAtAnyTimeGivesWholePicturesOrExpired) {
  constexpr int kRounds = 300;
  std::atomic<bool> stop = false;
  std::thread compactor([&] {
    while (!stop) EXPECT_TRUE(store().Compact(store().CurrentRevision().value()));
  });
  // "/a/2" always follows "/a/1": in any picture both are equal or the first is one ahead.
  std::thread writer([&] {
    Revision one = Create(store(), "/a/1", "0").value();
    Revision two = Create(store(), "/a/2", "0").value();
    for (int i = 1; i < kRounds; ++i) {
      one = Update(store(), "/a/1", std::to_string(i), one).value();
      two = Update(store(), "/a/2", std::to_string(i), two).value();
    }
    stop = true;
  });
  int last_seen = -1;
  while (!stop) {
    const Page page = store().List({.prefix = "/a/"}).value();
    if (page.entries.size() < 2) continue;
    const int one = std::stoi(*page.entries[0].value);
    const int two = std::stoi(*page.entries[1].value);
    EXPECT_TRUE(one == two || one == two + 1) << one << " and " << two;
    EXPECT_GE(one, last_seen);
    last_seen = one;
    const auto at = store().Get("/a/1", page.revision);
    if (at) {
      EXPECT_EQ(*at.value(), page.entries[0]);
    } else {
      EXPECT_EQ(at.error().code, Code::kExpired);
    }
  }
  writer.join();
  compactor.join();
}

/// A client that keeps a copy by list and watch, and starts again when it is told 410.
TEST_P(StoreConcurrency, ACopyByListAndWatchIsRightInTheEndWhateverIsCompacted) {
  constexpr int kRounds = 400;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    Rng rng(kSeed);
    for (int i = 0; i < kRounds; ++i) {
      const std::string key = "/a/" + std::to_string(rng.Below(kKeys));
      const auto entry = store().Get(key, kLatest).value();
      if (!entry) {
        EXPECT_TRUE(Create(store(), key, std::to_string(i)));
      } else if (rng.Chance(30)) {
        EXPECT_TRUE(Delete(store(), key, entry->revision));
      } else {
        EXPECT_TRUE(Update(store(), key, std::to_string(i), entry->revision));
      }
      if (rng.Chance(10)) {
        EXPECT_TRUE(store().Compact(store().CurrentRevision().value()));
      }
    }
    stop = true;
  });
  std::map<std::string, std::string> copy;
  int relists = 0;
  Revision seen = 0;
  while (!stop || seen < store().CurrentRevision().value()) {
    const Page page = store().List({.prefix = "/a/"}).value();
    copy.clear();
    for (const Entry& entry : page.entries) copy[entry.key] = *entry.value;
    auto watch = store().StartWatch("/a/", page.revision, [] {});
    ++relists;
    while (watch && (!stop || seen < store().CurrentRevision().value())) {
      const auto batch = watch.value()->Take(2);
      if (!batch) {
        ASSERT_EQ(batch.error().code, Code::kExpired);
        break;
      }
      for (const auto& event : batch.value().events) {
        const auto known = copy.find(event->key);
        EXPECT_EQ(event->created(), known == copy.end()) << Brief(*event);
        if (event->previous_value && known != copy.end()) {
          EXPECT_EQ(*event->previous_value, known->second);
        }
        if (event->type == Event::Type::kDelete) {
          copy.erase(event->key);
        } else {
          copy[event->key] = *event->value;
        }
      }
      seen = batch.value().revision;
    }
  }
  writer.join();
  std::map<std::string, std::string> want;
  const Page last = store().List({.prefix = "/a/"}).value();
  for (const Entry& entry : last.entries) want[entry.key] = *entry.value;
  EXPECT_EQ(copy, want) << "after " << relists << " lists";
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConcurrency, ::testing::ValuesIn(AllKinds()), NameOf);

}  // namespace
}  // namespace slipway::store
