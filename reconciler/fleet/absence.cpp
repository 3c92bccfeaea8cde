#include "reconciler/fleet/absence.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "reconciler/api/scalars.hpp"

namespace slipway::fleet {
namespace {

/// By name: in how many listings it was missing.
using Counts = std::map<std::string, std::int64_t>;

Counts StoredCounts(const AbsenceFacts& facts) {
  Counts counts;
  if (facts.stored) {
    for (const api::MissingServers& group : facts.stored->missing) {
      for (const std::string& name : group.servers) {
        counts[name] = group.listings;
      }
    }
  }
  return counts;
}

std::int64_t Size(const std::vector<std::string>& names) {
  return static_cast<std::int64_t>(names.size());
}

/// Those of `names` that are still missing or have left.
std::vector<std::string> StillGone(const AbsenceFacts& facts,
                                   const std::vector<std::string>& names) {
  std::vector<std::string> still;
  std::ranges::copy_if(names, std::back_inserter(still), [&](const std::string& name) {
    return std::ranges::binary_search(facts.missing, name) ||
           std::ranges::binary_search(facts.left, name);
  });
  return still;
}

/// `names` without `others`; both in order.
std::vector<std::string> Others(const std::vector<std::string>& names,
                                const std::vector<std::string>& others) {
  std::vector<std::string> rest;
  std::ranges::set_difference(names, others, std::back_inserter(rest));
  return rest;
}

/// The names that were missing at least so often, in order.
std::vector<std::string> CountedOften(const Counts& counts, std::int64_t often) {
  std::vector<std::string> names;
  for (const auto& [name, times] : counts) {
    if (times >= often) {
      names.push_back(name);
    }
  }
  return names;
}

/// Whether this listing adds to the counts: it is another than the last that counted, and not long before it was due. One that is
/// older was made by a clock that has been corrected since.
bool IsDue(const AbsenceFacts& facts) {
  if (!facts.stored) {
    return true;
  }
  const Duration since = facts.listing - facts.stored->listing;
  return since < Duration(0) || (since > Duration(0) && since >= facts.interval * 9 / 10);
}

/// The counts after this listing. A server that joined the fleet after the listing was counted waits for the next one.
Counts CountAgain(const AbsenceFacts& facts, const std::vector<std::string>& removing) {
  const Counts before = StoredCounts(facts);
  const bool counted = !IsDue(facts);
  Counts counts;
  for (const std::string& name : facts.missing) {
    const auto found = before.find(name);
    const std::int64_t times = (found == before.end() ? 0 : found->second) + (counted ? 0 : 1);
    if (times > 0 && !std::ranges::binary_search(removing, name)) {
      counts[name] = std::min(times, facts.rules.confirmations);
    }
  }
  return counts;
}

std::vector<api::MissingServers> Grouped(const Counts& counts) {
  std::map<std::int64_t, std::vector<std::string>> by_count;
  for (const auto& [name, times] : counts) {
    by_count[times].push_back(name);
  }
  std::vector<api::MissingServers> groups;
  for (auto& [times, names] : by_count) {
    groups.push_back({.listings = times, .servers = std::move(names)});
  }
  return groups;
}

}  // namespace

AbsenceVerdict JudgeAbsence(const AbsenceFacts& facts) {
  AbsenceVerdict verdict;
  verdict.limit = std::max<std::int64_t>(1, facts.rules.max_removals.ResolveDown(facts.total));
  api::FleetAbsence absence{.listing = facts.listing};
  if (facts.stored) {
    absence.removing = StillGone(facts, facts.stored->removing);
  }
  Counts counts = CountAgain(facts, absence.removing);
  std::vector<std::string> gone = CountedOften(counts, facts.rules.confirmations);
  const std::int64_t leaving =
      Size(gone) + Size(absence.removing) + Size(Others(facts.left, absence.removing));
  const bool nobody_stays = leaving >= facts.total;
  if (nobody_stays) {
    for (const std::string& name : Others(facts.left, absence.removing)) {
      counts[name] = facts.rules.confirmations;
    }
    gone = CountedOften(counts, facts.rules.confirmations);
  }
  absence.missing = Grouped(counts);
  const bool unchanged = facts.stored && facts.stored->missing == absence.missing &&
                         facts.stored->removing == absence.removing;
  if (unchanged) {
    absence.listing = facts.stored->listing;  // So that what a person confirms stays the same.
  }
  const bool few = Size(facts.missing) <= verdict.limit && !nobody_stays;
  if (!gone.empty() && (few || (unchanged && facts.confirmed))) {
    absence.missing.pop_back();
    std::ranges::copy(gone, std::back_inserter(absence.removing));
    std::ranges::sort(absence.removing);
  } else {
    verdict.held = std::move(gone);
  }
  verdict.removable = absence.removing;
  if (!nobody_stays) {
    std::ranges::copy(Others(facts.left, absence.removing), std::back_inserter(verdict.removable));
    std::ranges::sort(verdict.removable);
  }
  if (!absence.missing.empty() || !absence.removing.empty()) {
    verdict.absence = std::move(absence);
  }
  return verdict;
}

}  // namespace slipway::fleet
