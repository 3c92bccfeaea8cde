#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace slipway {

/// A length of time, in milliseconds. The core knows no finer one.
using Duration = std::chrono::milliseconds;

/// Wall time (UTC, milliseconds since 1970). Only for what people read, and for windows and
/// schedules: it may jump.
using Time = std::chrono::sys_time<Duration>;

/// A point on the running clock of one process: never jumps, says nothing to another process.
struct MonoTime {
  Duration since_start{0};

  auto operator<=>(const MonoTime&) const = default;
};

inline MonoTime operator+(MonoTime time, Duration length) { return {time.since_start + length}; }
inline Duration operator-(MonoTime later, MonoTime earlier) {
  return later.since_start - earlier.since_start;
}

}  // namespace slipway
