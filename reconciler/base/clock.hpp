#pragma once

#include "reconciler/base/time.hpp"

namespace slipway {

/// The one door to time. Implementations: the system's (src/app), the simulator's. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall time; may jump in either direction.
  virtual Time Now() const = 0;

  /// Time since this process started; never goes back.
  virtual MonoTime Mono() const = 0;
};

}  // namespace slipway
