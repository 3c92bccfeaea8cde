#include "src/store/faulty_store.hpp"

#include <utility>

namespace slipway::store {
namespace {

Error Unknown() {
  return Fail(Code::kTimeout, "injected: nobody knows whether the change was made");
}

}  // namespace

/// Acknowledgements that are held back. Shared, because the inner store may answer late.
struct FaultyStore::Delayed {
  std::mutex mutex;
  std::vector<std::function<void()>> held;
};

class FaultyStore::Fragile : public Watch {
 public:
  Fragile(FaultyStore& store, std::unique_ptr<Watch> inner)
      : store_(store), inner_(std::move(inner)) {}

  Result<Batch> Take(std::size_t limit) override {
    closed_ = closed_ || store_.Strikes(&StoreFaults::watch_closed);
    if (closed_) return Fail(Code::kExpired, "injected: the watch was closed: list again");
    return inner_->Take(limit);
  }

 private:
  FaultyStore& store_;
  std::unique_ptr<Watch> inner_;
  bool closed_ = false;
};

FaultyStore::FaultyStore(Store& inner, Rng rng, StoreFaults faults)
    : inner_(inner), rng_(rng), faults_(faults), delayed_(std::make_shared<Delayed>()) {}

void FaultyStore::SetFaults(StoreFaults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

bool FaultyStore::Strikes(unsigned StoreFaults::*fault) {
  const std::lock_guard lock(mutex_);
  return rng_.Chance(faults_.*fault);
}

bool FaultyStore::Release() {
  std::function<void()> acknowledge;
  {
    const std::scoped_lock lock(mutex_, delayed_->mutex);
    if (delayed_->held.empty()) return false;
    auto& chosen = delayed_->held[rng_.Below(delayed_->held.size())];
    std::swap(chosen, delayed_->held.back());
    acknowledge = std::move(delayed_->held.back());
    delayed_->held.pop_back();
  }
  acknowledge();
  return true;
}

Result<void> FaultyStore::BeforeCall() {
  if (Strikes(&StoreFaults::compacted)) {
    SLIPWAY_TRY(current, inner_.CurrentRevision());
    SLIPWAY_TRYV(inner_.Compact(current));
  }
  if (Strikes(&StoreFaults::unavailable)) {
    return Fail(Code::kUnavailable, "injected: the store is not available");
  }
  return Ok();
}

void FaultyStore::Commit(Write write, CommitDone done) {
  if (auto before = BeforeCall(); !before) return done(before.error());
  if (Strikes(&StoreFaults::conflict)) {
    return done(Fail(Code::kConflict, "injected: " + write.key + " has been modified"));
  }
  if (Strikes(&StoreFaults::unknown_not_applied)) return done(Unknown());
  if (Strikes(&StoreFaults::unknown_applied)) {
    return inner_.Commit(std::move(write),
                         [done = std::move(done)](Result<Revision>) { done(Unknown()); });
  }
  if (Strikes(&StoreFaults::delayed)) {
    auto hold = [delayed = delayed_, done = std::move(done)](Result<Revision> result) {
      const std::lock_guard lock(delayed->mutex);
      delayed->held.push_back([done, result = std::move(result)] { done(result); });
    };
    return inner_.Commit(std::move(write), std::move(hold));
  }
  inner_.Commit(std::move(write), std::move(done));
}

Result<std::optional<Entry>> FaultyStore::Get(const std::string& key, Revision at) {
  SLIPWAY_TRYV(BeforeCall());
  return inner_.Get(key, at);
}

Result<Page> FaultyStore::List(const ListRequest& request) {
  SLIPWAY_TRYV(BeforeCall());
  return inner_.List(request);
}

Result<std::unique_ptr<Watch>> FaultyStore::StartWatch(std::string prefix, Revision after,
                                                       std::function<void()> ready) {
  SLIPWAY_TRYV(BeforeCall());
  SLIPWAY_TRY(inner, inner_.StartWatch(std::move(prefix), after, std::move(ready)));
  return std::unique_ptr<Watch>(std::make_unique<Fragile>(*this, std::move(inner)));
}

Result<Revision> FaultyStore::CurrentRevision() {
  SLIPWAY_TRYV(BeforeCall());
  return inner_.CurrentRevision();
}

Result<void> FaultyStore::Compact(Revision upto) {
  SLIPWAY_TRYV(BeforeCall());
  return inner_.Compact(upto);
}

}  // namespace slipway::store
