#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"

namespace slipway::fleet {

/// What is known of servers that a complete listing leaves out.
struct AbsenceFacts {
  const api::Absence& rules;
  const std::optional<api::FleetAbsence>& stored;  ///< of status: what was counted so far
  Time listing;                                    ///< when it was made
  std::vector<std::string> missing;  ///< names of the fleet's servers that it leaves out, in order
  std::int64_t total = 0;            ///< servers of the fleet, missing ones included
  std::string confirmed;             ///< the listing whose removals a person has confirmed, as text
};

/// What follows for them.
struct AbsenceVerdict {
  std::optional<api::FleetAbsence> absence;  ///< for status; nullopt: nothing is missing
  std::vector<std::string> removable;        ///< may be deleted once `absence` is stored, in order
  std::vector<std::string> held;  ///< missing often enough, and too many: they wait for a person
  std::int64_t limit = 1;         ///< how many may leave at once
};

/// Counts in how many complete listings in a row each server was missing, and decides who may be removed: nobody before
/// `confirmations`, and never more than `maxRemovals` at once or all of them without a person's word. The same listing counts
/// once, however often it is looked at. Total and deterministic; O(servers).
AbsenceVerdict JudgeAbsence(const AbsenceFacts& facts);

}  // namespace slipway::fleet
