#include "src/cloud/aws/credentials/kept_credentials.hpp"

#include <utility>

#include "reconciler/base/guarded.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr Duration kRenewBefore = std::chrono::minutes(5);
constexpr Duration kTryAgain = std::chrono::seconds(30);

}  // namespace

KeptCredentials::KeptCredentials(const Clock& clock, Fetch fetch)
    : clock_(clock), fetch_(std::move(fetch)) {}

bool KeptCredentials::Serves() const {
  return kept_ && (!kept_->expires || clock_.Now() < *kept_->expires);
}

/// Some sources give credentials with less than five minutes left; those too are asked only once in a while.
bool KeptCredentials::NeedsNothing() const {
  return Serves() && (!kept_->expires || clock_.Now() < *kept_->expires - kRenewBefore ||
                      clock_.Mono() - fetched_at_ < kTryAgain);
}

Result<Credentials> KeptCredentials::Get() {
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

Result<Credentials> KeptCredentials::Run(std::unique_lock<std::mutex>& lock) {
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

void KeptCredentials::Forget() {
  const std::lock_guard lock(mutex_);
  kept_.reset();
  ++forgotten_;
}

}  // namespace slipway::cloud::aws
