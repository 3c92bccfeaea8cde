#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/rollout/server_view.hpp"

namespace slipway::rollout {

/// An integration server.
struct GateServer {
  const ServerFacts* server = nullptr;
  std::int64_t queued = 0;  ///< test runs there that have not ended
};

/// One rollout and what surrounds it, as the cache held it at one moment. Borrowed: valid during the call only.
struct Snapshot {
  const api::Application* application = nullptr;  ///< nullptr: it is gone or going, nothing is done
  const api::Rollout& rollout;
  std::span<const api::Rollout* const> others;     ///< the application's other rollouts, by number
  std::span<const api::TestRun* const> test_runs;  ///< of this rollout, by number
  std::string_view unreadable_run;  ///< a test run of this rollout that cannot be read; "": none
  std::span<const ServerView> servers;       ///< all that the application selects, by name
  std::span<const GateServer> gate_servers;  ///< all that the gate selects, by name
  bool pinned = true;       ///< its commit is kept in the mirror; before that it does not begin
  std::string pin_problem;  ///< why it cannot be kept; empty: it can, or nobody knows yet
  Duration elapsed{0};      ///< running time since the stored status was written or loaded
  bool settled = true;  ///< agents have had a whole grace period to come back since this process
                        ///< started; before that nothing is taken and no clock runs
  Time now;             ///< wall time, for conditions only
};

/// Write this intent to the server: replaces its entry for the application, or adds one.
struct AssignIntent {
  ServerView view;
  api::Intent intent;
};

/// Create this TestRun; its owner is the rollout.
struct CreateTestRun {
  std::string name;
  api::TestRunSpec spec;
};

using Action = std::variant<AssignIntent, CreateTestRun>;

/// What is to be done. If `status` differs from the stored one, the engine writes it and drops `actions`: the next plan, made
/// from the durable status, finds them again. Where nothing but counts and clocks would change while there is something to
/// do, `status` is the stored one, so that a stream of reports cannot hold the actions up.
struct Plan {
  std::vector<Action> actions;  ///< in any order; at most kMaxActions
  api::RolloutStatus status;
  std::optional<Duration> requeue_after;  ///< nullopt: only a change of the objects can matter
};

inline constexpr std::size_t kMaxActions = 256;

/// On every Rollout: its commit is pinned in the mirror under the rollout's name, and unpinned before the rollout goes.
inline constexpr const char* kPinFinalizer = "slipway.dev/pin";

/// Clocks are saved when something else changes, and at least this often.
inline constexpr Duration kSaveClocksAfter{30'000};

/// How often a gate is tried again after it was interrupted.
inline constexpr std::int64_t kMaxGateRuns = 4;

/// After this many rollouts in a row that a newer one displaced, the next one is finished even where the strategy says
/// Supersede: pushes that never end must not keep every promotion away.
inline constexpr int kMaxDisplacedInARow = 3;

/// The next intent for a server; its attempt number was never used there with this rollout.
AssignIntent NextIntent(const ServerView& view, const std::string& application,
                        const api::ReleaseRef& release, std::int64_t wave);

/// Decides the next step of one rollout. Total and deterministic; O(servers).
///
/// Pending, until no newer one waits and the gate is free; Testing, on one integration server; Pending again with gate.passed,
/// until status.active of the application names it; Progressing (or Paused), wave after wave; RollingBack when it failed or
/// was aborted; then ended for ever. Safe against a crash between any two effects: whatever an action relies on (that a wave
/// has begun, that the gate has passed, that the rollout failed) is durable in the status before.
Plan PlanRollout(const Snapshot& snapshot);

}  // namespace slipway::rollout
