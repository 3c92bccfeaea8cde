#include <algorithm>
#include <cstdint>
#include <ranges>
#include <set>
#include <vector>

#include "reconciler/application/desk.hpp"
#include "reconciler/rollout/intent.hpp"

namespace slipway::application::steps {
namespace {

/// The last promoted release other than the present one: where `undo` goes.
const api::Rollout* GoodBefore(const Desk& desk) {
  const auto& stable = desk.status.stable;
  const api::Rollout* good = nullptr;
  for (const api::Rollout* one : desk.snapshot.rollouts) {
    const bool other = stable && (one->spec.release.commit != stable->commit ||
                                  one->spec.release.hash != stable->hash);
    good = other && one->status.phase == api::RolloutPhase::kSucceeded ? one : good;
  }
  return good;
}

bool NeverBegan(const api::Rollout& rollout) {
  return rollout.status.phase == api::RolloutPhase::kSuperseded && rollout.status.wave == 0;
}

/// The newest rollouts that were displaced while they were active: how many there are in a row decides whether the next one
/// is finished.
std::set<std::int64_t> NewestDisplaced(const Desk& desk) {
  std::set<std::int64_t> numbers;
  for (const api::Rollout* one : desk.snapshot.rollouts | std::views::reverse) {
    if (numbers.size() < rollout::kMaxDisplacedInARow && !NeverBegan(*one) &&
        one->status.phase == api::RolloutPhase::kSuperseded) {
      numbers.insert(one->spec.number);
    }
  }
  return numbers;
}

}  // namespace

// A failed release stays on record in status.failed when its Rollout goes; that was durable before this plan's actions.
void Prune(Desk& desk) {
  std::vector<const api::Rollout*> ended;
  for (const api::Rollout* one : desk.snapshot.rollouts) {
    if (rollout::HasEnded(one->status.phase)) {
      ended.push_back(one);
    }
  }
  const auto limit =
      static_cast<std::size_t>(std::max<std::int64_t>(0, desk.spec.revision_history_limit));
  if (ended.size() <= limit) {
    return;
  }
  // What never began says least, so it goes first; then the oldest.
  std::ranges::stable_partition(ended, [](const api::Rollout* one) { return NeverBegan(*one); });
  const api::Rollout* good_before = GoodBefore(desk);
  const std::set<std::int64_t> displaced = NewestDisplaced(desk);
  for (std::size_t index = 0; index < ended.size() - limit && HasRoom(desk.plan); ++index) {
    const api::Rollout* one = ended[index];
    const bool stays = one == Newest(desk) || one == good_before ||
                       displaced.contains(one->spec.number) ||
                       desk.named.contains(one->spec.number) ||
                       (desk.status.stable && desk.status.stable->rollout == one->metadata.name);
    if (!stays) {
      desk.plan.actions.push_back(DeleteRollout{one});
    }
  }
}

}  // namespace slipway::application::steps
