#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/guarded.hpp"
#include "reconciler/base/result.hpp"

namespace slipway::cloud {

/// Keeps credentials of one form (a struct whose `expires` is an optional Time), and fetches new ones 5 minutes before they end. Where
/// that fails and they have not ended yet, they serve on, and half a minute later it is tried again.
///
/// Thread-safe. At most one thread fetches; the others go on with credentials that have not ended, or wait for what it brings, be
/// it an error.
template <typename Credentials>
class Kept {
 public:
  /// Blocking; gives credentials that have not ended, or an error.
  using Fetch = std::function<Result<Credentials>()>;

  /// `clock` outlives it.
  Kept(const Clock& clock, Fetch fetch) : clock_(clock), fetch_(std::move(fetch)) {}

  /// Errors are those of the fetch.
  Result<Credentials> Get() {
    std::unique_lock lock(mutex_);
    const std::uint64_t forgotten = forgotten_;
    while (!NeedsNothing()) {
      const std::shared_ptr<Round> round = round_;
      if (!round) {
        return Run(lock);
      }
      if (Serves()) {
        break;
      }
      ended_.wait(lock, [&] { return round->result.has_value(); });
      if (round->forgotten >= forgotten) {
        return *round->result;
      }
    }
    return *kept_;
  }

  /// What is kept, and what is being fetched at this moment, is given to nobody who asks from now on.
  void Forget() {
    const std::lock_guard lock(mutex_);
    kept_.reset();
    ++forgotten_;
  }

  /// The same, where these are the ones that are kept: others may have been fetched meanwhile.
  void Forget(const Credentials& refused) {
    const std::lock_guard lock(mutex_);
    if (kept_ == refused) {
      kept_.reset();
      ++forgotten_;
    }
  }

 private:
  static constexpr Duration kRenewBefore = std::chrono::minutes(5);
  static constexpr Duration kTryAgain = std::chrono::seconds(30);

  /// One fetch, and those who wait for it.
  struct Round {
    std::uint64_t forgotten = 0;  ///< how often Forget had been called when it began
    std::optional<Result<Credentials>> result;
  };

  bool Serves() const { return kept_ && (!kept_->expires || clock_.Now() < *kept_->expires); }

  /// Some sources give credentials with less than five minutes left; those too are asked only once in a while.
  bool NeedsNothing() const {
    return Serves() && (!kept_->expires || clock_.Now() < *kept_->expires - kRenewBefore ||
                        clock_.Mono() - fetched_at_ < kTryAgain);
  }

  Result<Credentials> Run(std::unique_lock<std::mutex>& lock) {
    const auto round = std::make_shared<Round>();
    round->forgotten = forgotten_;
    round_ = round;
    lock.unlock();
    Result<Credentials> fetched = Guarded(fetch_);
    lock.lock();
    round_ = nullptr;
    fetched_at_ = clock_.Mono();
    if (!fetched.has_value() && Serves()) {
      fetched = *kept_;
    } else if (fetched.has_value() && forgotten_ == round->forgotten) {
      kept_ = fetched.value();
    }
    round->result = fetched;
    ended_.notify_all();
    return fetched;
  }

  const Clock& clock_;
  const Fetch fetch_;
  std::mutex mutex_;  ///< guards what follows; not held while fetching
  std::condition_variable ended_;
  std::optional<Credentials> kept_;
  MonoTime fetched_at_;  ///< or tried to
  std::shared_ptr<Round> round_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace slipway::cloud
