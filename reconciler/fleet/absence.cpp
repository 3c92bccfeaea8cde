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

/// Those of `names` that are still missing.
std::vector<std::string> StillMissing(const AbsenceFacts& facts,
                                      const std::vector<std::string>& names) {
  std::vector<std::string> still;
  std::ranges::set_intersection(names, facts.missing, std::back_inserter(still));
  return still;
}

/// The counts after this listing. A server that joined the fleet after the listing was counted waits for the next one.
Counts CountAgain(const AbsenceFacts& facts, const std::vector<std::string>& removing) {
  const Counts before = StoredCounts(facts);
  const bool counted = facts.stored && facts.stored->listing == facts.listing;
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
    absence.removing = StillMissing(facts, facts.stored->removing);
  }
  absence.missing = Grouped(CountAgain(facts, absence.removing));
  if (absence.missing.empty() && absence.removing.empty()) {
    return verdict;
  }
  const bool unchanged = facts.stored && facts.stored->missing == absence.missing &&
                         facts.stored->removing == absence.removing;
  if (unchanged) {
    absence.listing = facts.stored->listing;  // So that what a person confirms stays the same.
  }
  const bool enough =
      !absence.missing.empty() && absence.missing.back().listings >= facts.rules.confirmations;
  if (enough) {
    std::vector<std::string> names = absence.missing.back().servers;
    const auto leaving = static_cast<std::int64_t>(names.size() + absence.removing.size());
    const bool few = leaving <= verdict.limit && leaving < facts.total;
    if (few || (unchanged && facts.confirmed == api::FormatTime(absence.listing))) {
      std::ranges::copy(names, std::back_inserter(absence.removing));
      std::ranges::sort(absence.removing);
      absence.missing.pop_back();
    } else {
      verdict.held = std::move(names);
    }
  }
  verdict.removable = absence.removing;
  verdict.absence = std::move(absence);
  return verdict;
}

}  // namespace slipway::fleet
