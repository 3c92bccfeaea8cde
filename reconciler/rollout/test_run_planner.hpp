#pragma once

#include <optional>

#include "reconciler/api/rollout.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/rollout/server_view.hpp"

namespace slipway::rollout {

/// One test run as the cache held it at one moment. Borrowed: valid during the call only.
struct TestRunSnapshot {
  const api::TestRun& test_run;
  const api::Rollout* rollout = nullptr;  ///< that owns it; nullptr: gone, or its application is
  const ServerFacts* server = nullptr;    ///< that it runs on; nullptr: gone
  Duration elapsed{0};  ///< running time since the stored status was written or loaded
  bool settled = true;  ///< as in Snapshot
  Time now;
};

/// What is to be written about a test run.
struct TestRunPlan {
  api::TestRunStatus status;
  std::optional<Duration> requeue_after;
};

/// How long a test run outlives the connection to its server: agents go on with it meanwhile.
inline constexpr Duration kGateGrace{60'000};

/// Ends a test run as Interrupted when nobody wants it any more or when its server is gone, or out of reach for kGateGrace. The
/// gateway writes everything else; whoever ends it first wins.
TestRunPlan PlanTestRun(const TestRunSnapshot& snapshot);

}  // namespace slipway::rollout
