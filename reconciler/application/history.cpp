#include <algorithm>
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
  const api::Rollout* good_before = GoodBefore(desk);
  for (std::size_t index = 0; index < ended.size() - limit && HasRoom(desk.plan); ++index) {
    const api::Rollout* one = ended[index];
    const bool stays = one == Newest(desk) || one == good_before ||
                       desk.named.contains(one->spec.number) ||
                       (desk.status.stable && desk.status.stable->rollout == one->metadata.name);
    if (!stays) {
      desk.plan.actions.push_back(DeleteRollout{one});
    }
  }
}

}  // namespace slipway::application::steps
