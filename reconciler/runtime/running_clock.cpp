#include "reconciler/runtime/running_clock.hpp"

#include <algorithm>
#include <utility>

namespace slipway::runtime {

RunningClock::RunningClock(RunningClockOptions options) : options_(options) {}

void RunningClock::Advance(MonoTime mono) {
  if (!started_) {
    started_ = true;
    last_ = mono;
    return;
  }
  const Duration passed = std::max(mono - last_, Duration{0});
  const Duration expected =
      next_due_.has_value() ? WakeupFor(*next_due_) - last_ : options_.heartbeat;
  const bool was_late =
      std::exchange(late_, next_due_.has_value() && passed > expected + options_.tolerance);
  if (late_ && !was_late) {
    running_ = running_ + std::max(expected - options_.tolerance, Duration{0});
  } else {
    running_ = running_ + std::min(passed, std::max(expected, options_.tolerance));
  }
  last_ = std::max(last_, mono);
}

MonoTime RunningClock::WakeupFor(MonoTime due) const {
  return last_ + std::clamp(due - running_, Duration{0}, options_.heartbeat);
}

}  // namespace slipway::runtime
