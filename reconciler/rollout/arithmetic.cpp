#include "reconciler/rollout/arithmetic.hpp"

#include <algorithm>

namespace slipway::rollout {
namespace {

/// Rounded down; what is more than nothing is at least 1.
std::int64_t ResolveBudget(api::IntOrPercent budget, std::int64_t total) {
  if (budget.value() == 0) {
    return 0;
  }
  return std::max<std::int64_t>(1, budget.ResolveDown(total));
}

}  // namespace

Limits ResolveLimits(const api::Strategy& strategy, std::int64_t total) {
  return {
      .total = total,
      .max_unavailable = std::max<std::int64_t>(1, ResolveBudget(strategy.max_unavailable, total)),
      .unreachable = ResolveBudget(strategy.unreachable.max, total),
      .failures = ResolveBudget(strategy.failure_budget, total)};
}

std::int64_t WaveTarget(api::IntOrPercent up_to, std::int64_t total) {
  return std::min(total, std::max<std::int64_t>(1, up_to.ResolveUp(total)));
}

std::int64_t InUse(const Limits& limits, const Usage& usage) {
  return usage.down + std::max<std::int64_t>(0, usage.unreachable - limits.unreachable);
}

std::int64_t Headroom(const Limits& limits, const Usage& usage) {
  return std::max<std::int64_t>(0, limits.max_unavailable - InUse(limits, usage));
}

}  // namespace slipway::rollout
