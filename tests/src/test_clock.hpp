#pragma once

#include "reconciler/base/clock.hpp"

namespace slipway {

/// Stands still until a test moves it.
class TestClock final : public Clock {
 public:
  explicit TestClock(Time start = {}) : start_(start) {}

  Time Now() const override { return start_ + mono.since_start; }
  MonoTime Mono() const override { return mono; }

  MonoTime mono;

 private:
  const Time start_;
};

}  // namespace slipway
