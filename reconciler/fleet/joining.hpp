#pragma once

#include <optional>
#include <span>
#include <string>

#include "reconciler/fleet/fleet_planner.hpp"

// Servers that their provider holds back until they are let in.
namespace slipway::fleet {

/// Condition of a Fleet: there while servers wait to be let in.
inline constexpr const char* kJoining = "Joining";

/// Reason of a provider that holds nobody back who is asked for: perhaps it lets the server in already.
inline constexpr const char* kNotWaiting = "NotWaiting";

/// Whether a server that joins may be let in: its agent is connected, and every application that means it and has promoted a release
/// runs exactly that one there, in good health. One that has promoted nothing is not waited for: nothing old could serve.
bool MayBeLetIn(const KnownServer& server);

/// What is to be said of those that join.
struct JoiningAccount {
  std::string
      reason;  ///< that of an error, or else ReleaseFailed, ReleaseCannotCome, Waiting or Completing
  std::string message;
};

/// Of servers that join, by name; nullopt where there are none. Pure; O(servers).
std::optional<JoiningAccount> AccountOfJoining(std::span<const KnownServer* const> joining);

}  // namespace slipway::fleet
