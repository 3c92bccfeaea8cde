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
  Duration interval{0};                            ///< from one that is due to the next
  std::vector<std::string> missing;  ///< names of the fleet's servers that it leaves out, in order
  std::vector<std::string> left;  ///< of those that it says are not in the fleet any more, in order
  std::int64_t total = 0;         ///< servers of the fleet, these included
  bool confirmed = false;         ///< a person has confirmed what is stored
};

/// What follows for them.
struct AbsenceVerdict {
  std::optional<api::FleetAbsence> absence;  ///< for status; nullopt: nothing is missing
  std::vector<std::string> removable;        ///< may be deleted once `absence` is stored, in order
  std::vector<std::string> held;  ///< have left, and are too many: they wait for a person; in order
  std::int64_t limit = 1;         ///< how many may leave at once
};

/// Counts in how many complete listings in a row each server was missing, and decides who may be removed: nobody before
/// `confirmations`; nobody while more than `maxRemovals` are missing, however often, so that a listing that shrinks by and by is no
/// way around it; and never all servers, whatever the provider says of them, without a person's word. The same listing counts once,
/// however often it is looked at, and one that comes out of turn, sooner than after the interval, adds nothing: a file may be written
/// several times until its list is whole. Total and deterministic; O(servers).
AbsenceVerdict JudgeAbsence(const AbsenceFacts& facts);

}  // namespace slipway::fleet
