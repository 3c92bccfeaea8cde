#pragma once

#include <cstdint>

#include "reconciler/api/application.hpp"

// Percentages and counts of servers. Waves round up, budgets round down: what is brought is never less than was asked for, what
// is risked never more.
namespace slipway::rollout {

/// The budgets of a strategy as counts.
struct Limits {
  std::int64_t total = 0;            ///< servers that the percentages are of
  std::int64_t max_unavailable = 1;  ///< at least 1: with 0 nothing could ever be brought
  std::int64_t unreachable = 0;      ///< a percentage above 0 is at least 1
  std::int64_t failures = 0;         ///< a percentage above 0 is at least 1
};

/// The strategy as counts for `total` servers.
Limits ResolveLimits(const api::Strategy& strategy, std::int64_t total);

/// How many servers run the release at the end of a wave: rounded up, at least 1, at most `total`; 0 where there are none.
std::int64_t WaveTarget(api::IntOrPercent up_to, std::int64_t total);

/// What is out of service.
struct Usage {
  std::int64_t down = 0;         ///< reachable, and taken by us or not healthy
  std::int64_t unreachable = 0;  ///< everything that cannot be reached, taken or not
};

/// How much of max_unavailable is used: all that is down, and what is unreachable beyond its own limit.
std::int64_t InUse(const Limits& limits, const Usage& usage);

/// How many servers that are in service may be taken now; never negative. One that is out of service already costs nothing.
std::int64_t Headroom(const Limits& limits, const Usage& usage);

}  // namespace slipway::rollout
