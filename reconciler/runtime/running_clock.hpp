#pragma once

#include <optional>

#include "reconciler/base/time.hpp"

namespace slipway::runtime {

struct RunningClockOptions {
  Duration heartbeat{5'000};  ///< the longest stretch between two ticks that counts as running
  Duration tolerance{1'000};  ///< lateness that counts as running; what is left after a pause
};

/// Elapsed time as counters of bake, deadlines, backoff and grace see it: the process's own clock,
/// without the times when the process was not there to look. A tick that comes too late moves every
/// deadline by the gap and stops short of the next one, so that what came in meanwhile is seen
/// before it fires. Where one late tick follows another the process is not frozen but overloaded,
/// and time goes on.
class RunningClock {
 public:
  explicit RunningClock(RunningClockOptions options);

  /// Says when the next thing is due, on the running clock: the next Advance() should come then, or
  /// a heartbeat from now. nullopt: nothing is, and it may come at any time.
  void Expect(std::optional<MonoTime> next_due) { next_due_ = next_due; }

  /// Lets time pass up to `mono`.
  void Advance(MonoTime mono);

  /// The running clock.
  MonoTime now() const { return running_; }

  /// The process's clock at the last Advance().
  MonoTime mono() const { return last_; }

  /// The moment on the process's clock at which to look again, for something due at `due` on the
  /// running clock.
  MonoTime WakeupFor(MonoTime due) const;

 private:
  RunningClockOptions options_;
  std::optional<MonoTime> next_due_;
  bool started_ = false;
  bool late_ = false;  ///< the last Advance()
  MonoTime last_;
  MonoTime running_;
};

}  // namespace slipway::runtime
