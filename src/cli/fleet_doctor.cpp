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

namespace slipway::cli {
namespace {

/// What the control plane says of its last list; whether that is good. The other conditions say it again.
bool ShowReady(const api::Fleet& fleet, std::ostream& out) {
  for (const api::Condition& condition : fleet.status.conditions) {
    if (condition.type == "Ready") {
      out << "The control plane says of fleet " << fleet.metadata.name << ": " << condition.reason
          << "\n  " << condition.message << "\n";
      return condition.status == api::ConditionStatus::kTrue;
    }
  }
  out << "The control plane has not looked at fleet " << fleet.metadata.name << " yet.\n";
  return false;
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

/// Why nobody but the control plane can ask; empty where others can. What a Fleet names is run and read by the control plane, if its
/// operator allows it: whoever wrote the Fleet must not have it run by the person who examines it.
std::string WhyNotHere(const api::Provider& provider) {
  if (provider.exec) {
    return "Its program runs where the control plane is: `slipway fleet preview -f FILE` tries one "
           "of your own file here.";
  }
  return provider.static_
             ? "Its list is the Fleet's own, or in a file of the control plane's machine."
             : "";
}

Result<api::Fleet> ReadFleet(const Session& session, const std::string& name) {
  SLIPWAY_TRY(resource, FindResource("fleets"));
  SLIPWAY_TRY(object, session.Get(session.Path(resource, name)));
  return api::Decode<api::Fleet>(PrintJson(object));
}

/// Its checks, and what to do about them.
ExitCode Show(const cloud::Examination& examination, const Streams& streams) {
  ShowChecks(examination.checks, streams.out);
  const auto failed = [](const cloud::Check& check) { return check.trouble.has_value(); };
  const auto denied = [](const cloud::Check& check) {
    return check.trouble && check.trouble->code == Code::kForbidden;
  };
  if (std::ranges::any_of(examination.checks, denied) && !examination.policy.empty()) {
    streams.out << "\nThe least that must be allowed, to paste:\n" << examination.policy;
  }
  if (std::ranges::any_of(examination.checks, failed)) {
    return kFailed;
  }
  streams.out << "\nAll is well from here. Where the control plane sees it differently, its own "
                 "credentials or its network differ.\n";
  return kSucceeded;
}

}  // namespace

ExitCode ExamineFleet(const std::string& name, const GlobalOptions& options,
                      const Streams& streams) {
  FleetProvider provider(Trust::kSomebody, {}, streams.err);
  const auto session = Session::Open(options);
  if (!session.has_value()) {
    return Report(session.error(), streams);
  }
  const auto fleet = ReadFleet(session.value(), name);
  if (!fleet.has_value()) {
    return Report(fleet.error(), streams);
  }
  const bool ready = ShowReady(fleet.value(), streams.out);
  if (const std::string why = WhyNotHere(fleet.value().spec.provider); !why.empty()) {
    streams.out << "\n" << why << "\n";
    return ready ? kSucceeded : kFailed;
  }
  const auto secret = provider.ReadSecret(fleet.value(), options);
  if (!secret.has_value()) {
    return Report(secret.error(), streams);
  }
  return Show(provider.Examine(fleet.value().spec.provider), streams);
}

}  // namespace slipway::cli
