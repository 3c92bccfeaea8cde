#include "src/cloud/call_budget.hpp"

#include <algorithm>
#include <utility>

namespace slipway::cloud {
namespace {

constexpr Duration kFirstWait{1'000};
constexpr Duration kLongestWait{20'000};
constexpr Duration kMostAskedFor{120'000};
constexpr Duration kLongestSleep{5'000};
constexpr int kDoublings = 5;  ///< beyond it the longest is reached

}  // namespace

bool CallBudget::Wait(MonoTime deadline) {
  for (;;) {
    Duration left{0};
    {
      const std::lock_guard lock(mutex_);
      const MonoTime now = clock_.Mono();
      left = next_ - now;
      if (left > kLongestSleep || std::max(next_, now) >= deadline) {
        return false;
      }
    }
    if (left <= Duration(0)) {
      return true;
    }
    if (!pause_(left)) {
      return false;
    }
  }
}

void CallBudget::Answered() {
  const std::lock_guard lock(mutex_);
  refusals_ = 0;
  why_.reset();
}

void CallBudget::Remember(Error why) {
  const std::lock_guard lock(mutex_);
  why_ = std::move(why);
}

std::optional<Error> CallBudget::why() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

void CallBudget::Refused(std::optional<Duration> retry_after) {
  const std::lock_guard lock(mutex_);
  const Duration most = std::min(kLongestWait, kFirstWait * (1 << std::min(refusals_, kDoublings)));
  ++refusals_;
  const Duration wait(rng_.Below(static_cast<std::uint64_t>(most.count())) + 1);
  next_ = std::max(next_, clock_.Mono() + std::max(wait, std::min(retry_after.value_or(Duration(0)),
                                                                  kMostAskedFor)));
}

}  // namespace slipway::cloud
