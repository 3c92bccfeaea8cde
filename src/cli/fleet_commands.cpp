#include "src/cli/fleet_commands.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <variant>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/json.hpp"
#include "reconciler/fleet/fleet_planner.hpp"
#include "reconciler/rollout/names.hpp"
#include "src/cli/documents.hpp"
#include "src/cli/output.hpp"
#include "src/cloud/clouds.hpp"
#include "src/cloud/open_clouds.hpp"
#include "src/objects/kind_rules.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/secret_data.hpp"
#include "src/process/environment.hpp"
#include "src/process/process_runner.hpp"
#include "src/process/system_clock.hpp"

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
  std::vector<Cause> causes = kind->schema.Validate(fleets.front());
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
    case MachineState::kStopped:
      return "stopped";
    case MachineState::kTerminated:
      return "terminated";
  }
  return "";
}

std::string TextOf(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    text += (text.empty() ? "" : ",") + key + "=" + value;
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

/// A listing as rows, and those that the filters leave out. Whether it can be believed is asked of the planner's own code.
ExitCode Show(const api::Fleet& fleet, const std::vector<runtime::ListedServer>& listed,
              const std::vector<runtime::ListedServer>& others,
              const fleet::Observation& observation, const Streams& streams) {
  if (const auto* incomplete = std::get_if<fleet::Incomplete>(&observation)) {
    return Report(incomplete->error, streams);
  }
  std::vector<Row> rows;
  std::size_t count = 0;
  for (const runtime::ListedServer& server : listed) {
    const bool stopped = server.state == MachineState::kStopped;
    const bool standby = server.state == MachineState::kStandby;
    const bool in_fleet = server.state == MachineState::kRunning || standby ||
                          (stopped && fleet.spec.stopped == api::StoppedServers::kInclude);
    count += in_fleet ? 1 : 0;
    rows.push_back({.name = server.name,
                    .address = server.address,
                    .state = TextOf(server.state),
                    .in_fleet = standby    ? "yes, and gets no new release"
                                : in_fleet ? "yes"
                                : stopped  ? "no: spec.stopped is Exclude"
                                           : "no: it does not come back",
                    .labels = TextOf(server.labels)});
  }
  for (const runtime::ListedServer& server : others) {
    rows.push_back({.name = server.name,
                    .address = server.address,
                    .state = TextOf(server.state),
                    .in_fleet = "no: the filters leave it out",
                    .labels = TextOf(server.labels)});
  }
  return Print(fleet, std::move(rows), count, streams);
}

/// What is in the Secret that the fleet's provider names, of the control plane; empty where it names none.
Result<cloud::SecretData> ReadSecret(const api::Fleet& fleet, const GlobalOptions& options) {
  const std::string name = cloud::SecretNameOf(fleet.spec.provider);
  if (name.empty()) {
    return cloud::SecretData();
  }
  SLIPWAY_TRY(session, Session::Open(options));
  SLIPWAY_TRY(resource, FindResource("secrets"));
  const std::string& ns = fleet.metadata.ns;
  const std::string path =
      ns.empty() ? session.Path(resource, name) : session.PathIn(resource, ns, name);
  SLIPWAY_TRY(secret, session.Get(path));
  return objects::SecretDataOf(PrintJson(secret));
}

/// Asks the provider, as the person who types: what they run as themselves needs nobody's leave.
ExitCode PreviewListing(const api::Fleet& fleet, const GlobalOptions& options,
                        const Streams& streams) {
  const api::Provider& provider = fleet.spec.provider;
  process::PosixProcessRunner runner;
  const process::SystemClock clock;
  // Before the session, which would start cpprestsdk's threads, and more of them.
  const auto clouds = cloud::OpenClouds(
      {.allowed_programs = provider.exec ? std::set{provider.exec->run} : std::set<std::string>(),
       .allowed_files =
           provider.static_ ? std::set{provider.static_->file} : std::set<std::string>(),
       .on_complaint = [&streams](const std::string&,
                                  const std::string& text) { streams.err << text; },
       .environment = process::OwnEnvironment(),
       .seed = 0},
      runner, clock);
  const auto secret = ReadSecret(fleet, options);
  if (!secret.has_value()) {
    return Report(secret.error(), streams);
  }
  const auto listed = clouds->List(provider, secret.value());
  if (!listed.has_value()) {
    return Report(listed.error(), streams);
  }
  std::vector<runtime::ListedServer> others;
  if (const api::Provider all = cloud::WithoutFilters(provider); all != provider) {
    auto everything = clouds->List(all, secret.value());
    if (!everything.has_value()) {
      return Report(everything.error(), streams);
    }
    others = std::move(everything.value());
    std::set<std::string> matched;
    for (const runtime::ListedServer& server : listed.value()) {
      matched.insert(server.name);
    }
    std::erase_if(
        others, [&](const runtime::ListedServer& server) { return matched.contains(server.name); });
  }
  const runtime::ServerListing listing{
      .time = {},
      .servers = std::make_shared<const std::vector<runtime::ListedServer>>(listed.value())};
  return Show(fleet, listed.value(), others, fleet::ObserveListing(listing, fleet.spec.stopped),
              streams);
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
    std::vector<runtime::ListedServer> listed;
    if (const auto* complete = std::get_if<fleet::Complete>(&observation)) {
      for (const fleet::ObservedServer& server : complete->servers) {
        listed.push_back({.name = server.name, .address = server.address, .labels = server.labels});
      }
    }
    return Show(fleet.value(), listed, {}, observation, streams);
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
