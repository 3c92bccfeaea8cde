#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "reconciler/api/application.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/rollout/arithmetic.hpp"
#include "reconciler/rollout/order.hpp"
#include "reconciler/rollout/server_view.hpp"

namespace slipway::rollout {

/// A count with the first few indices, for messages.
struct Tally {
  std::int64_t count = 0;
  std::vector<std::uint32_t> first;

  void Add(std::uint32_t index);
};

/// Names of a tally, such as "web-1, web-2 and 7 more".
std::string NamesOf(const Tally& tally, std::span<const ServerView> servers);

/// Whether servers that are healthy on something else are all that keeps the application up: some server runs the promoted
/// release undisturbed, none of those is healthy, and another release is healthy somewhere. Then nothing healthy is taken back to it.
struct StableHealth {
  std::int64_t running =
      0;  ///< reachable, running the promoted release, and not sick by our own doing
  std::int64_t healthy = 0;        ///< those that are healthy
  std::int64_t other_healthy = 0;  ///< reachable and healthy on another release

  bool IsWorse() const { return other_healthy > 0 && running > 0 && healthy == 0; }
};

/// Adds one server to the tally.
void Count(const ServerView& view, const PackedRelease& stable, StableHealth& health);

/// Counts what is in service for budgets. `live`: whether an intent of which its agent has not spoken yet may be sent to it;
/// one that is inert takes nothing out of service. One that is held counts only while something is brought there again: it may have
/// come into service without us, and what it brings first took nothing out of it.
void Count(const ServerView& view, bool live, Usage& usage);

/// All servers of an application as one rollout sees them. "Ours" bear an intent of this rollout and of one of its waves. Those
/// that join are none of them, whatever they bear: the application's planner brings them what was promoted. Only what goes wrong with
/// those of them that are admitted counts, and what is brought again to the others.
struct Census {
  std::int64_t total = 0;  ///< all that are selected and do not join
  std::int64_t possible =
      0;  ///< those that a last wave is about: not newcomers, joining, cordoned or full ones
  Usage usage;
  StableHealth stable;

  std::int64_t counted =
      0;  ///< ours that fill a wave: all but those that are lost before they succeeded
  std::int64_t done = 0;            ///< ours, where it succeeded, whatever became of it since
  std::int64_t succeeded = 0;       ///< ours, reachable and healthy on the release
  std::int64_t wave_succeeded = 0;  ///< those of the current wave
  std::int64_t wave_failed = 0;
  std::int64_t wave_lost = 0;  ///< those of the current wave that are lost at work
  std::int64_t lost_at_work =
      0;  ///< ours, out of reach before they succeeded or failed; usage has them as unreachable
  Tally failed;                      ///< ours, where it was measured as bad
  Tally pending;                     ///< ours, reachable and at work
  Tally unhealthy;                   ///< ours, where it succeeded and is not healthy now
  Tally lost;                        ///< ours, out of reach
  Tally exhausted;                   ///< ours, interrupted once too often
  std::vector<std::uint32_t> retry;  ///< ours, reachable, to be tried again

  std::vector<Candidate> candidates;  ///< not ours; may be taken, in no order
  Tally waiting;                      ///< not ours; will be candidates when what goes on there ends
  std::int64_t others_down = 0;       ///< not ours; reachable and out of service
  Tally out;                          ///< not ours; out of service or out of reach
  Tally full;                         ///< not ours; no other application fits there

  /// The usage that counts when more servers are to be taken: what we took stays taken when it is lost, so that a release that
  /// cuts servers off uses up the budget instead of the fleet.
  Usage WhileBringing() const {
    return {.down = usage.down + lost_at_work, .unreachable = usage.unreachable - lost_at_work};
  }
};

/// `stable` is the promoted release; nullptr: nothing was ever promoted.
Census TakeCensus(const api::Rollout& rollout, const api::ReleaseRef* stable,
                  std::span<const ServerView> servers);

}  // namespace slipway::rollout
