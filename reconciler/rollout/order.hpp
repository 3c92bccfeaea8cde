#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reconciler/rollout/server_view.hpp"

namespace slipway::rollout {

/// Who goes first: what is broken costs no capacity, so it comes before what works.
enum class Rank : std::uint8_t {
  kUnhealthy,  ///< known to be out of service
  kUnknown,    ///< nothing runs, or it is only just starting
  kStranded,   ///< in service on a release that was never promoted and is not wanted
  kOld,        ///< in service on another release
  kCurrent,    ///< in service on the wanted release already
};

/// The rank of a server for the release `wanted`, where `stable` is the promoted one (empty: none).
Rank RankOf(const ServerView& view, const PackedRelease& wanted, const PackedRelease& stable);

/// A server that may be taken.
struct Candidate {
  std::uint32_t index = 0;  ///< into the snapshot's servers
  Rank rank = Rank::kOld;
  bool in_service = false;  ///< taking it costs one of the headroom
};

/// Puts the first `count` candidates in order at the front, the same on every machine: by rank, then by a hash of the name
/// (so that neighbours in the alphabet do not go together), then by name. What follows them is in no order. What is out of
/// service comes before what is in service.
void OrderFirst(std::vector<Candidate>& candidates, std::span<const ServerView> servers,
                std::size_t count);

}  // namespace slipway::rollout
