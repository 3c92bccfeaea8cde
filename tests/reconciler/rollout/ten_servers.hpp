#pragma once

#include "tests/reconciler/rollout/world.hpp"

namespace slipway::rollout::testing {

/// Ten servers on commit 1, and commit 2 pushed; canary of 1, then 30 %, then all.
inline World TenServers() {
  World world(10);
  world.app.spec.strategy.waves = {{.name = "canary", .up_to = api::IntOrPercent::Count(1)},
                                   {.name = "early", .up_to = api::IntOrPercent::Percent(30)}};
  world.Promote(1);
  world.Push(2);
  return world;
}

}  // namespace slipway::rollout::testing
