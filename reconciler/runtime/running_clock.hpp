#pragma once

#include <optional>

#include "reconciler/base/time.hpp"

namespace slipway::runtime {

struct RunningClockOptions {
  Duration heartbeat{5'000};  ///< the longest stretch between two ticks that counts as running
  Duration tolerance{1'000};  ///< lateness that counts as running
};

/// Elapsed time as counters of bake, deadlines, backoff and grace see it: the process's own clock,
/// without the times when the process was not there to look. A tick that comes later than it was
/// expected counts up to the expected moment only, so a frozen or overloaded process moves every
/// deadline by the gap instead of missing it.
class RunningClock {
 public:
  explicit RunningClock(RunningClockOptions options);

  /// Lets time pass up to `mono`. `next_due`: on the running clock, when the next thing was
  /// expected.
  void Advance(MonoTime mono, std::optional<MonoTime> next_due);

  /// The running clock.
  MonoTime now() const { return running_; }

  /// The process's clock at the last Advance().
  MonoTime mono() const { return last_; }

  /// The moment on the process's clock at which to look again, for something due at `due` on the
  /// running clock.
  MonoTime WakeupFor(MonoTime due) const;

 private:
  RunningClockOptions options_;
  bool started_ = false;
  MonoTime last_;
  MonoTime running_;
};

}  // namespace slipway::runtime
