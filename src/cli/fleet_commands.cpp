#include "src/cli/fleet_commands.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>
#include <variant>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/json.hpp"
#include "reconciler/fleet/fleet_planner.hpp"
#include "reconciler/rollout/names.hpp"
#include "src/cli/documents.hpp"
#include "src/cli/fleet_provider.hpp"
#include "src/cli/output.hpp"
#include "src/cloud/filters.hpp"
#include "src/objects/kind_rules.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/metadata_rules.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;
using runtime::MachineState;

/// The one Fleet that the file holds, as the API would take it.
Result<api::Fleet> ReadFleet(const std::string& file, std::istream& in) {
  SLIPWAY_TRY(documents, ReadDocuments({file}, in));
  std::vector<json> fleets;
  for (const Document& document : documents) {
    json object = ReadJson(document.json);
    if (object.is_object() && object.value("kind", json()) == "Fleet") {
      fleets.push_back(std::move(object));
    }
  }
  if (fleets.size() != 1) {
    return Fail(Code::kInvalid, file + " holds " + std::to_string(fleets.size()) +
                                    " objects of kind Fleet: give it one");
  }
  const objects::KindInfo* kind = objects::FindByKind("slipway.dev/v1alpha1", "Fleet");
  kind->schema.Default(fleets.front());
  std::vector<Cause> causes = objects::CheckMetadata(*kind, fleets.front());
  const std::vector<Cause> misfits = kind->schema.Validate(fleets.front());
  causes.insert(causes.end(), misfits.begin(), misfits.end());
  if (causes.empty()) {
    causes = objects::CheckRules(*kind, fleets.front());
  }
  if (!causes.empty()) {
    return Error{.code = Code::kInvalid, .message = file + " is no Fleet", .causes = causes};
  }
  return api::Decode<api::Fleet>(PrintJson(fleets.front()));
}

std::string TextOf(MachineState state) {
  switch (state) {
    case MachineState::kRunning:
      return "running";
    case MachineState::kStandby:
      return "standby";
    case MachineState::kJoining:
      return "joining";
    case MachineState::kStopped:
      return "stopped";
    case MachineState::kTerminated:
      return "terminated";
  }
  return "";
}

std::string TextOf(const api::LabelSet& labels) {
  std::string text;
  for (const auto [key, value] : labels) {
    text.append(text.empty() ? "" : ",").append(key).append("=").append(value);
  }
  return text.empty() ? "<none>" : text;
}

/// One line of the preview.
struct Row {
  std::string name;
  std::string address;
  std::string state;
  std::string in_fleet;  ///< "yes", or why not
  std::string labels;
};

ExitCode Print(const api::Fleet& fleet, std::vector<Row> rows, std::size_t count,
               const Streams& streams) {
  std::ranges::sort(rows, NameLess, &Row::name);
  std::vector<std::vector<std::string>> table{{"NAME", "ADDRESS", "STATE", "IN FLEET", "LABELS"}};
  for (const Row& row : rows) {
    table.push_back({row.name, row.address.empty() ? "<none>" : row.address, row.state,
                     row.in_fleet, row.labels});
  }
  if (!rows.empty()) {
    streams.out << AlignedTable(table);
  }
  const std::size_t others = rows.size() - count;
  streams.out << rollout::NumberOfServers(static_cast<std::int64_t>(count)) << " would be in fleet "
              << fleet.metadata.name
              << (others == 0 ? "." : "; " + std::to_string(others) + " would not.") << "\n";
  return kSucceeded;
}

/// A server that the filters leave out, and the names of those that do.
struct LeftOut {
  runtime::ListedServer server;
  std::string filters;
};

/// Why a listing cannot be believed, by the planner's own code.
std::optional<Error> TroubleOf(const fleet::Observation& observation) {
  const auto* incomplete = std::get_if<fleet::Incomplete>(&observation);
  return incomplete == nullptr ? std::nullopt : std::optional<Error>(incomplete->error);
}

/// A listing as rows, and those that the filters leave out.
ExitCode Show(const api::Fleet& fleet, const std::vector<runtime::ListedServer>& listed,
              const std::vector<LeftOut>& left_out, const Streams& streams) {
  std::vector<Row> rows;
  std::size_t count = 0;
  for (const runtime::ListedServer& server : listed) {
    const bool stopped = server.state == MachineState::kStopped;
    const bool standby = server.state == MachineState::kStandby;
    const bool joining = server.state == MachineState::kJoining;
    const bool in_fleet = server.state == MachineState::kRunning || standby || joining ||
                          (stopped && fleet.spec.stopped == api::StoppedServers::kInclude);
    count += in_fleet ? 1 : 0;
    rows.push_back({.name = server.name,
                    .address = server.address,
                    .state = TextOf(server.state),
                    .in_fleet = standby    ? "yes, and gets no new release"
                                : joining  ? "yes, once it has what was promoted"
                                : in_fleet ? "yes"
                                : stopped  ? "no: spec.stopped is Exclude"
                                           : "no: it does not come back",
                    .labels = TextOf(server.labels)});
  }
  for (const auto& [server, filters] : left_out) {
    rows.push_back({.name = server.name,
                    .address = server.address,
                    .state = TextOf(server.state),
                    .in_fleet = filters.empty() ? "no" : "no: not as " + filters + " says",
                    .labels = TextOf(server.labels)});
  }
  return Print(fleet, std::move(rows), count, streams);
}

using Listing = std::vector<runtime::ListedServer>;

void Erase(Listing& listing, const Listing& out) {
  std::set<std::string> names;
  for (const runtime::ListedServer& server : out) {
    names.insert(server.name);
  }
  std::erase_if(listing,
                [&](const runtime::ListedServer& server) { return names.contains(server.name); });
}

/// The servers that the filters leave out, and which of them.
Result<std::vector<LeftOut>> FindLeftOut(FleetProvider& provider, const api::Provider& asked,
                                         const Listing& listed) {
  const std::vector<cloud::Filter> filters = cloud::FiltersOf(asked);
  if (filters.empty()) {
    return std::vector<LeftOut>();
  }
  SLIPWAY_TRY(others, provider.List(cloud::WithoutFilters(asked)));
  Erase(others, listed);
  std::map<std::string, std::string> why;
  for (const cloud::Filter& filter : filters) {
    if (others.empty()) {
      break;
    }
    SLIPWAY_TRY(fits,
                filters.size() == 1 ? Result<Listing>(listed) : provider.List(filter.provider));
    Listing outside = others;
    Erase(outside, fits);
    for (const runtime::ListedServer& server : outside) {
      std::string& names = why[server.name];
      names += (names.empty() ? "" : ", ") + filter.name;
    }
  }
  std::vector<LeftOut> left_out;
  for (runtime::ListedServer& server : others) {
    std::string names = why[server.name];
    left_out.push_back({.server = std::move(server), .filters = std::move(names)});
  }
  return left_out;
}

ExitCode PreviewListing(const api::Fleet& fleet, const GlobalOptions& options,
                        const Streams& streams) {
  // What they run as themselves, of their own file, needs nobody's leave.
  FleetProvider provider(Trust::kOwnFile, fleet.spec.provider, streams.err);
  if (const auto secret = provider.ReadSecret(fleet, options); !secret.has_value()) {
    return Report(secret.error(), streams);
  }
  auto listed = provider.List(fleet.spec.provider);
  if (!listed.has_value()) {
    return Report(listed.error(), streams);
  }
  auto left_out = FindLeftOut(provider, fleet.spec.provider, listed.value());
  if (!left_out.has_value()) {
    // Whoever may read a part only has its servers all the same.
    streams.err << "What the filters leave out cannot be shown: " << left_out.error().message
                << "\n";
    left_out = std::vector<LeftOut>();
  }
  if (const auto fault = fleet::FaultOf(listed.value(), fleet.spec.stopped)) {
    return Report(*fault, streams);
  }
  return Show(fleet, listed.value(), left_out.value(), streams);
}

/// The servers that wait for a person's word.
std::vector<std::string> Held(const api::Fleet& fleet) {
  const auto& absence = fleet.status.absence;
  const bool often = absence && !absence->missing.empty() &&
                     absence->missing.back().listings >= fleet.spec.absence.confirmations;
  return often ? absence->missing.back().servers : std::vector<std::string>();
}

}  // namespace

ExitCode PreviewFleet(const std::string& file, const GlobalOptions& options,
                      const Streams& streams) {
  const auto fleet = ReadFleet(file, streams.in);
  if (!fleet.has_value()) {
    return Report(fleet.error(), streams);
  }
  const api::Provider& provider = fleet.value().spec.provider;
  if (fleet::StandsInFleet(provider)) {
    const fleet::Observation observation = fleet::ObserveStatic(*provider.static_);
    if (const auto trouble = TroubleOf(observation)) {
      return Report(*trouble, streams);
    }
    std::vector<runtime::ListedServer> listed;
    if (const auto* complete = std::get_if<fleet::Complete>(&observation)) {
      for (const fleet::ObservedServer& server : complete->servers) {
        listed.push_back({.name = server.name, .address = server.address, .labels = server.labels});
      }
    }
    return Show(fleet.value(), listed, {}, streams);
  }
  return PreviewListing(fleet.value(), options, streams);
}

ExitCode ConfirmRemoval(const Session& session, const std::string& name, const Streams& streams) {
  const auto resource = FindResource("fleets");
  const std::string path = session.Path(resource.value(), name);
  const auto object = session.Get(path);
  const auto fleet = object.has_value() ? api::Decode<api::Fleet>(PrintJson(object.value()))
                                        : Result<api::Fleet>(object.error());
  if (!fleet.has_value()) {
    return Report(fleet.error(), streams);
  }
  const std::vector<std::string> held = Held(fleet.value());
  if (held.empty()) {
    return Report(Fail(Code::kConflict, "no servers of fleet " + name +
                                            " wait to be confirmed as gone; `slipway describe "
                                            "fleet " +
                                            name + "` says how it is"),
                  streams);
  }
  // Under the version that was shown: what changed since is to be looked at again.
  const json patch = {
      {"metadata",
       {{"resourceVersion", fleet.value().metadata.resource_version},
        {"annotations", {{fleet::kConfirmedRemoval, fleet::ConfirmationOf(fleet.value())}}}}}};
  const auto patched = session.MergePatch(path, patch);
  if (!patched.has_value()) {
    return Report(patched.error(), streams);
  }
  for (const std::string& server : held) {
    streams.out << "servers/" << server << " confirmed as gone\n";
  }
  return kSucceeded;
}

}  // namespace slipway::cli
