#include "src/cli/fleet_doctor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/json.hpp"
#include "reconciler/runtime/effect.hpp"
#include "src/cli/fleet_provider.hpp"
#include "src/cli/output.hpp"
#include "src/cloud/clouds.hpp"

namespace slipway::cli {
namespace {

/// What the control plane says of its last list. The other conditions say it again.
void ShowReady(const api::Fleet& fleet, std::ostream& out) {
  for (const api::Condition& condition : fleet.status.conditions) {
    if (condition.type == "Ready") {
      out << "The control plane says of fleet " << fleet.metadata.name << ": " << condition.reason
          << "\n  " << condition.message << "\n";
      return;
    }
  }
  out << "The control plane has not looked at fleet " << fleet.metadata.name << " yet.\n";
}

void ShowChecks(const std::vector<cloud::Check>& checks, std::ostream& out) {
  std::vector<std::vector<std::string>> table{{"NEEDS", "WHERE", "RESULT"}};
  for (const cloud::Check& check : checks) {
    table.push_back({check.needs, check.where.empty() ? "<none>" : check.where,
                     check.trouble ? runtime::ReasonOf(*check.trouble) : "ok"});
  }
  out << "\nTried from this machine, with what it has of credentials:\n" << AlignedTable(table);
  for (const cloud::Check& check : checks) {
    if (check.trouble) {
      out << "\n"
          << check.needs << (check.where.empty() ? "" : ", " + check.where) << ":\n  "
          << check.trouble->message << "\n";
    }
  }
}

}  // namespace

ExitCode ExamineFleet(const Session& session, const std::string& name, const GlobalOptions& options,
                      const Streams& streams) {
  const auto resource = FindResource("fleets");
  const auto object = session.Get(session.Path(resource.value(), name));
  const auto fleet = object.has_value() ? api::Decode<api::Fleet>(PrintJson(object.value()))
                                        : Result<api::Fleet>(object.error());
  if (!fleet.has_value()) {
    return Report(fleet.error(), streams);
  }
  ShowReady(fleet.value(), streams.out);
  if (cloud::ProviderName(fleet.value().spec.provider).empty()) {
    streams.out << "\nIt names its servers itself: there is nobody to ask.\n";
    return kSucceeded;
  }
  const auto provider = FleetProvider::Open(fleet.value(), options, streams.err);
  if (!provider.has_value()) {
    return Report(provider.error(), streams);
  }
  const cloud::Examination examination = provider.value()->Examine();
  ShowChecks(examination.checks, streams.out);
  const auto failed = [](const cloud::Check& check) { return check.trouble.has_value(); };
  const auto denied = [](const cloud::Check& check) {
    return check.trouble && check.trouble->code == Code::kForbidden;
  };
  if (std::ranges::any_of(examination.checks, denied) && !examination.policy.empty()) {
    streams.out << "\nThe least that must be allowed, to paste:\n" << examination.policy;
  }
  if (!std::ranges::any_of(examination.checks, failed)) {
    streams.out << "\nAll is well from here. Where the control plane sees it differently, its own "
                   "credentials or its network differ.\n";
    return kSucceeded;
  }
  return kFailed;
}

}  // namespace slipway::cli
