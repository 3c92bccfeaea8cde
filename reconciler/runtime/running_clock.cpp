#include "reconciler/runtime/running_clock.hpp"

#include <algorithm>

namespace slipway::runtime {

RunningClock::RunningClock(RunningClockOptions options) : options_(options) {}

void RunningClock::Advance(MonoTime mono, std::optional<MonoTime> next_due) {
  if (!started_) {
    started_ = true;
    last_ = mono;
    return;
  }
  const Duration passed = std::max(mono - last_, Duration{0});
  Duration expected = options_.heartbeat;
  if (next_due.has_value()) {
    expected = std::min(expected, *next_due - running_);
  }
  running_ = running_ + std::min(passed, std::max(expected, options_.tolerance));
  last_ = std::max(last_, mono);
}

MonoTime RunningClock::WakeupFor(MonoTime due) const {
  return last_ + std::clamp(due - running_, Duration{0}, options_.heartbeat);
}

}  // namespace slipway::runtime
