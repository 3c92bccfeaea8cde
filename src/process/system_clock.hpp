#pragma once

#include <chrono>

#include "reconciler/base/clock.hpp"

namespace slipway::process {

/// The machine's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  Time Now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }

  MonoTime Mono() const override {
    return {std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start_)};
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace slipway::process
