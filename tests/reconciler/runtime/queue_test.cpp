#include "reconciler/runtime/queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace slipway::runtime {
namespace {

Key K(int number, const std::string& ns = "default") {
  return Key{.kind = Kind::kServer, .ns = ns, .name = "web-" + std::to_string(number)};
}

WorkQueue Queue() { return WorkQueue(BackoffOptions{}, Rng(1)); }

std::vector<Key> TakeAll(WorkQueue& queue) {
  std::vector<Key> taken;
  while (const auto key = queue.Take()) {
    taken.push_back(*key);
    queue.Done(*key);
  }
  return taken;
}

TEST(JitteredBackoff, SpreadsOverATimeThatDoublesUpToItsLimit) {
  const BackoffOptions options{.base = Duration(1'000), .max = Duration(6'000)};
  Rng rng(1);
  for (const auto& [failures, ceiling] :
       {std::pair(1, 1'000), std::pair(2, 2'000), std::pair(3, 4'000), std::pair(4, 6'000),
        std::pair(1'000, 6'000)}) {
    Duration shortest = options.max;
    Duration longest{0};
    for (int i = 0; i < 300; ++i) {
      const Duration wait = JitteredBackoff(options, failures, rng);
      shortest = std::min(shortest, wait);
      longest = std::max(longest, wait);
    }
    EXPECT_GE(shortest, Duration(1)) << failures;
    EXPECT_LT(shortest, Duration(ceiling / 10)) << failures;
    EXPECT_GT(longest, Duration(ceiling - ceiling / 10)) << failures;
    EXPECT_LE(longest, Duration(ceiling)) << failures;
  }
}

TEST(WorkQueue, GivesEachKeyOnceInTheOrderInWhichItCame) {
  WorkQueue queue = Queue();
  queue.Add(K(2));
  queue.Add(K(1));
  queue.Add(K(2));
  EXPECT_EQ(TakeAll(queue), (std::vector<Key>{K(2), K(1)}));
}

TEST(WorkQueue, AKeyThatIsAddedWhileItIsWorkedOnComesAgainAfterwards) {
  WorkQueue queue = Queue();
  queue.Add(K(1));
  ASSERT_EQ(queue.Take(), K(1));
  queue.Add(K(1));
  EXPECT_EQ(queue.Take(), std::nullopt) << "never twice at once";
  queue.Done(K(1));
  EXPECT_EQ(queue.Take(), K(1));
}

TEST(WorkQueue, ACrowdedNamespaceDoesNotHoldUpAnother) {
  WorkQueue queue = Queue();
  for (int number = 0; number < 1000; ++number) {
    queue.Add(K(number, "crowded"));
  }
  queue.Add(K(1, "quiet"));
  queue.Add(Key{.kind = Kind::kApplication, .ns = "crowded", .name = "shop"});
  const std::vector<Key> taken = TakeAll(queue);
  const auto place = [&](const Key& key) {
    return std::find(taken.begin(), taken.end(), key) - taken.begin();
  };
  EXPECT_EQ(taken.size(), 1002U);
  EXPECT_LE(place(K(1, "quiet")), 3);
  EXPECT_LE(place(Key{.kind = Kind::kApplication, .ns = "crowded", .name = "shop"}), 3);
}

TEST(WorkQueue, DelayedKeysComeWhenTheyAreDueAndTheEarlierTimeWins) {
  WorkQueue queue = Queue();
  queue.AddAt(K(1), MonoTime{Duration(50)});
  queue.AddAt(K(1), MonoTime{Duration(20)});
  queue.AddAt(K(1), MonoTime{Duration(90)});
  EXPECT_EQ(queue.next_due(), MonoTime{Duration(20)});
  queue.Advance(MonoTime{Duration(19)});
  EXPECT_TRUE(queue.empty());
  queue.Advance(MonoTime{Duration(20)});
  EXPECT_EQ(TakeAll(queue), std::vector<Key>{K(1)});
  EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST(WorkQueue, FailuresBackOffExponentiallyWithFullJitterUpToABound) {
  WorkQueue queue(BackoffOptions{.base = Duration(100), .max = Duration(1'000)}, Rng(7));
  std::vector<Duration> longest(8, Duration(0));
  for (int number = 0; number < 400; ++number) {
    for (std::size_t failure = 0; failure < longest.size(); ++failure) {
      const Duration delay = queue.AddAfterFailure(K(number), MonoTime{}) - MonoTime{};
      EXPECT_GT(delay, Duration(0));
      EXPECT_LE(delay, std::min(Duration(100 * (1 << failure)), Duration(1'000)));
      longest[failure] = std::max(longest[failure], delay);
    }
  }
  EXPECT_GT(longest[0], Duration(90));
  EXPECT_GT(longest[2], Duration(360));
  EXPECT_GT(longest[7], Duration(900));
}

TEST(WorkQueue, ForgivenessBeginsAnew) {
  WorkQueue queue(BackoffOptions{.base = Duration(100), .max = Duration(100'000)}, Rng(7));
  for (int failure = 0; failure < 8; ++failure) {
    queue.AddAfterFailure(K(1), MonoTime{});
  }
  EXPECT_EQ(queue.failures(K(1)), 8);
  queue.Forgive(K(1));
  EXPECT_LE(queue.AddAfterFailure(K(1), MonoTime{}) - MonoTime{}, Duration(100));
}

TEST(WorkQueue, RemovedKeysAreForgottenAltogether) {
  WorkQueue queue = Queue();
  queue.Add(K(1));
  queue.Add(K(2));
  queue.AddAt(K(1), MonoTime{Duration(5)});
  queue.Remove(K(1));
  queue.Advance(MonoTime{Duration(10)});
  EXPECT_EQ(TakeAll(queue), std::vector<Key>{K(2)});
}

/// What the queue promises, said in the simplest way.
struct Model {
  std::set<Key> wanted;      ///< needs work and was not given out since
  std::set<Key> processing;  ///< given out and not done
  std::map<Key, MonoTime> delayed;
};

void Check(WorkQueue& queue, Model& model, Rng& rng, MonoTime& now) {
  const Key key = K(static_cast<int>(rng.Below(6)), rng.Chance(50) ? "a" : "b");
  switch (rng.Below(6)) {
    case 0:
      queue.Add(key);
      model.wanted.insert(key);
      break;
    case 1: {
      const MonoTime at = now + Duration(rng.Below(20));
      queue.AddAt(key, at);
      const auto [entry, added] = model.delayed.emplace(key, at);
      entry->second = std::min(entry->second, at);
      break;
    }
    case 2: {
      now = now + Duration(rng.Below(10));
      queue.Advance(now);
      for (const auto& [due_key, due] : model.delayed) {
        if (due <= now) {
          model.wanted.insert(due_key);
        }
      }
      std::erase_if(model.delayed, [&](const auto& entry) { return entry.second <= now; });
      break;
    }
    case 3:
    case 4: {
      const auto taken = queue.Take();
      const bool some = std::any_of(model.wanted.begin(), model.wanted.end(), [&](const Key& each) {
        return !model.processing.contains(each);
      });
      ASSERT_EQ(taken.has_value(), some) << "nothing is lost, nothing is made up";
      if (taken.has_value()) {
        ASSERT_TRUE(model.wanted.contains(*taken));
        ASSERT_FALSE(model.processing.contains(*taken)) << "never twice at once";
        model.wanted.erase(*taken);
        model.processing.insert(*taken);
      }
      break;
    }
    case 5:
      if (model.processing.contains(key)) {
        queue.Done(key);
        model.processing.erase(key);
      }
      break;
  }
}

TEST(WorkQueue, DoesWhatItsModelDoes) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    WorkQueue queue(BackoffOptions{}, Rng(seed));
    Model model;
    MonoTime now;
    for (int step = 0; step < 300; ++step) {
      Check(queue, model, rng, now);
      ASSERT_FALSE(::testing::Test::HasFatalFailure());
    }
  }
}

}  // namespace
}  // namespace slipway::runtime
