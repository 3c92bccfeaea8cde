#include "tests/sim/loop.hpp"

#include <algorithm>
#include <utility>

namespace slipway::sim {

Time Loop::Now() const {
  constexpr Time kBegin = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  return kBegin + now_.since_start + jumped_;
}

void Loop::At(MonoTime when, Event event) {
  heap_.push_back({std::max(when, now_), ++sequence_, std::move(event)});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

bool Loop::Step(MonoTime until) {
  if (heap_.empty() || heap_.front().when > until) {
    now_ = std::max(now_, until);
    return false;
  }
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  const Entry entry = std::move(heap_.back());
  heap_.pop_back();
  now_ = entry.when;
  entry.event();
  return true;
}

void Process::After(Duration delay, Loop::Event event) {
  loop_.After(delay, [weak = std::weak_ptr(self_), event = std::move(event)] {
    if (const auto self = weak.lock()) {
      (*self)->Run(event);
    }
  });
}

void Process::Run(const Loop::Event& event) {
  if (frozen()) {
    waiting_.push_back(event);
    return;
  }
  event();
}

void Process::Freeze(Duration length) {
  if (frozen()) {
    return;
  }
  frozen_until_ = loop_.Mono() + length;
  loop_.At(frozen_until_, [weak = std::weak_ptr(self_)] {
    const auto self = weak.lock();
    if (!self) {
      return;
    }
    for (const Loop::Event& event : std::exchange((*self)->waiting_, {})) {
      if (weak.use_count() > 1) {
        event();
      }
    }
  });
}

}  // namespace slipway::sim
