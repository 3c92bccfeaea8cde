#include "src/cloud/kept.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/src/test_clock.hpp"

// When new credentials are fetched, and by how many threads.
namespace slipway::cloud {
namespace {

using namespace std::chrono_literals;

struct Credentials {
  std::string key_id;
  std::optional<Time> expires;
};

class KeptTest : public ::testing::Test {
 protected:
  Credentials For(Duration length) {
    ++fetched_;
    return {.key_id = "K" + std::to_string(fetched_.load()), .expires = clock_.Now() + length};
  }

  /// The id of the key, or the message of the error.
  static std::string IdOf(const Result<Credentials>& got) {
    return got.has_value() ? got.value().key_id : got.error().message;
  }

  TestClock clock_;
  std::atomic<int> fetched_{0};
  std::atomic<bool> failing_{false};
  Kept<Credentials> kept_{clock_, [this]() -> Result<Credentials> {
                            if (failing_) {
                              ++fetched_;
                              return Fail(Code::kUnavailable, "no");
                            }
                            return For(1h);
                          }};
};

TEST_F(KeptTest, NewOnesAreFetchedFiveMinutesBeforeTheEnd) {
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  clock_.mono.since_start += 55min - 1ms;
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  clock_.mono.since_start += 1ms;
  EXPECT_EQ(IdOf(kept_.Get()), "K2");
}

TEST_F(KeptTest, OldOnesServeUntilTheirEndWhereNoNewOnesCome) {
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  failing_ = true;
  clock_.mono.since_start += 56min;
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  EXPECT_EQ(fetched_, 2);
  clock_.mono.since_start += 30s - 1ms;
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  EXPECT_EQ(fetched_, 2) << "not with every call";
  clock_.mono.since_start += 1ms;
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  EXPECT_EQ(fetched_, 3);
  clock_.mono.since_start += 4min - 30s - 1ms;
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  clock_.mono.since_start += 1ms;
  EXPECT_EQ(IdOf(kept_.Get()), "no") << "now they have ended";
  failing_ = false;
  EXPECT_EQ(IdOf(kept_.Get()), "K6");
}

TEST_F(KeptTest, AnErrorIsNotKept) {
  failing_ = true;
  EXPECT_EQ(IdOf(kept_.Get()), "no");
  failing_ = false;
  EXPECT_EQ(IdOf(kept_.Get()), "K2");
}

TEST_F(KeptTest, ShortLivedOnesAreNotFetchedWithEveryCall) {
  Kept<Credentials> brief(clock_, [this] { return Result<Credentials>(For(2min)); });
  EXPECT_EQ(IdOf(brief.Get()), "K1");
  EXPECT_EQ(IdOf(brief.Get()), "K1");
  clock_.mono.since_start += 30s;
  EXPECT_EQ(IdOf(brief.Get()), "K2");
}

TEST_F(KeptTest, ForgottenOnesAreFetchedAnew) {
  EXPECT_EQ(IdOf(kept_.Get()), "K1");
  kept_.Forget();
  EXPECT_EQ(IdOf(kept_.Get()), "K2");
  failing_ = true;
  kept_.Forget();
  EXPECT_EQ(IdOf(kept_.Get()), "no") << "what was forgotten does not come back";
}

TEST_F(KeptTest, AnExceptionIsAnErrorAndBlocksNobody) {
  Kept<Credentials> broken(clock_,
                           []() -> Result<Credentials> { throw std::runtime_error("thrown"); });
  EXPECT_EQ(IdOf(broken.Get()), "thrown");
  EXPECT_EQ(IdOf(broken.Get()), "thrown");
}

/// A fetch that ends when a test says so.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return passes_ > 0; });
    --passes_;
  }
  void UntilSomebodyWaits() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
    --waiting_;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    ++passes_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  int passes_ = 0;
};

class ThreadsTest : public KeptTest {
 protected:
  Gate gate_;
  std::atomic<int> inside_{0};
  std::atomic<int> most_inside_{0};
  Kept<Credentials> slow_{clock_, [this]() -> Result<Credentials> {
                            most_inside_ = std::max<int>(most_inside_, ++inside_);
                            gate_.Wait();
                            --inside_;
                            if (failing_) {
                              ++fetched_;
                              return Fail(Code::kUnavailable, "no");
                            }
                            return For(1h);
                          }};
};

TEST_F(ThreadsTest, ManyThatAskAtOnceFetchOnceAndShareWhatComes) {
  for (const bool failing : {false, true}) {
    failing_ = failing;
    slow_.Forget();
    const int before = fetched_;
    std::vector<std::string> got(8);
    std::vector<std::thread> threads;
    std::atomic<int> asking{0};
    for (std::string& mine : got) {
      threads.emplace_back([&] {
        ++asking;
        mine = IdOf(slow_.Get());
      });
    }
    gate_.UntilSomebodyWaits();
    while (asking < 8) {
      std::this_thread::yield();
    }
    // Those that come late to an error ask again; so let all pass who want to.
    for (std::size_t i = 0; i < got.size(); ++i) {
      gate_.Open();
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(most_inside_, 1);
    EXPECT_LE(fetched_ - before, failing ? 8 : 1);
    for (const std::string& mine : got) {
      EXPECT_EQ(mine, failing ? "no" : "K1");
    }
  }
}

TEST_F(ThreadsTest, WhoHasValidOnesDoesNotWait) {
  gate_.Open();
  EXPECT_EQ(IdOf(slow_.Get()), "K1");
  gate_.UntilSomebodyWaits();
  clock_.mono.since_start += 56min;
  std::thread renewing([&] { EXPECT_EQ(IdOf(slow_.Get()), "K2"); });
  gate_.UntilSomebodyWaits();
  EXPECT_EQ(IdOf(slow_.Get()), "K1");
  gate_.Open();
  renewing.join();
  EXPECT_EQ(IdOf(slow_.Get()), "K2");
}

TEST_F(ThreadsTest, WhoAsksAfterForgettingDoesNotGetWhatWasUnderWay) {
  std::string first;
  std::string second;
  std::thread before([&] { first = IdOf(slow_.Get()); });
  gate_.UntilSomebodyWaits();
  slow_.Forget();
  std::thread after([&] { second = IdOf(slow_.Get()); });
  gate_.Open();
  gate_.UntilSomebodyWaits();
  gate_.Open();
  before.join();
  after.join();
  EXPECT_EQ(first, "K1");
  EXPECT_EQ(second, "K2");
  EXPECT_EQ(most_inside_, 1);
}

}  // namespace
}  // namespace slipway::cloud
