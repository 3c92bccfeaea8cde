#pragma once

#include <algorithm>
#include <cstdint>

#include "reconciler/base/time.hpp"

namespace slipway::runtime {

/// How long to wait after something outside was asked before it is asked again: `interval`, or less after failures: 5 s, twice as
/// long after each further one. Never less than a tenth of a second, whatever a person writes. Pure.
inline Duration PollDelay(int failures, Duration interval) {
  constexpr Duration kShortest{100};
  constexpr Duration kFirstRetry{5'000};
  const int doublings = std::clamp(failures - 1, 0, 16);
  const Duration wanted =
      failures == 0 ? interval : std::min(interval, kFirstRetry * (std::int64_t{1} << doublings));
  return std::max(kShortest, wanted);
}

}  // namespace slipway::runtime
