#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "reconciler/base/time.hpp"

namespace slipway::host {

/// How new an assignment is. Compared member by member, in this order. An agent journals the newest
/// one that it has accepted and refuses an older one; it accepts an equal one (what is live changes
/// without the Server's generation).
struct Epoch {
  /// Incarnation of the store. Later incarnations are greater as text, so it begins with the time
  /// of its minting in a form that sorts (such as "20260102T030405Z-1f3c…"). Empty: no epoch was
  /// ever accepted.
  std::string incarnation;
  Time created;                 ///< creation time of the Server object
  std::int64_t generation = 0;  ///< metadata.generation of the Server object

  auto operator<=>(const Epoch&) const = default;
};

}  // namespace slipway::host
