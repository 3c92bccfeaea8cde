#include "reconciler/rollout/order.hpp"

#include <algorithm>

#include "reconciler/rollout/intent.hpp"

namespace slipway::rollout {

Rank RankOf(const ServerView& view, const PackedRelease& wanted, const PackedRelease& stable) {
  if (!view.release.running) {
    return Rank::kUnknown;
  }
  const RunningFacts& running = *view.release.running;
  switch (running.health) {
    case api::RunningHealth::kUnhealthy:
    case api::RunningHealth::kStopped:
      return Rank::kUnhealthy;
    case api::RunningHealth::kStarting:
      return Rank::kUnknown;
    case api::RunningHealth::kHealthy:
      break;
  }
  // Healthy, but an attempt failed there or is not over: not in service by our own account.
  if (!Available(view)) {
    return Rank::kUnhealthy;
  }
  if (running.release == wanted) {
    return Rank::kCurrent;
  }
  return stable.empty() || running.release == stable ? Rank::kOld : Rank::kStranded;
}

void OrderFirst(std::vector<Candidate>& candidates, std::span<const ServerView> servers,
                std::size_t count) {
  const auto before = [&](const Candidate& left, const Candidate& right) {
    if (left.in_service != right.in_service) {
      return right.in_service;
    }
    if (left.rank != right.rank) {
      return left.rank < right.rank;
    }
    const ServerView& one = servers[left.index];
    const ServerView& other = servers[right.index];
    return one.name_hash != other.name_hash ? one.name_hash < other.name_hash
                                            : one.server->name < other.server->name;
  };
  const auto middle =
      candidates.begin() + static_cast<std::ptrdiff_t>(std::min(count, candidates.size()));
  std::partial_sort(candidates.begin(), middle, candidates.end(), before);
}

}  // namespace slipway::rollout
