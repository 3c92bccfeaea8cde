#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace slipway::host {

/// How new an assignment is. Compared member by member, in this order. An agent journals the newest
/// one that it has accepted and refuses an older one; it accepts an equal one (what is live changes
/// without the Server's spec).
struct Epoch {
  /// Incarnation of the store. Later incarnations are greater as text, so it begins with the time
  /// of its minting in a form that sorts (such as "20260102T030405Z-1f3c…"). Empty: no epoch was
  /// ever accepted.
  std::string incarnation;
  /// Version of the store in which this spec of the Server was seen. It grows through the deletion
  /// of a Server and its new beginning; no generation does, and no clock does for sure.
  std::int64_t version = 0;

  auto operator<=>(const Epoch&) const = default;
};

}  // namespace slipway::host
