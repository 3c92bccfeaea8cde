#include "src/cloud/gcp/instances.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "reconciler/api/names.hpp"
#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/tag_labels.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::gcp {
namespace {

using nlohmann::json;
using runtime::ListedServer;
using runtime::MachineState;
using Texts = std::map<std::string, std::string>;

constexpr const char* kZones = "zones/";
constexpr std::string_view kManagers = "/instanceGroupManagers/";
constexpr std::size_t kMostIdDigits = 20;  ///< of an unsigned 64-bit number

/// What the expressions of filters take as it stands.
bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
           letter == '_';
  });
}

/// The fleet's own filter, or its labels as one. Both together might be an expression that means something else; labels are looked at
/// here in any case.
std::string FilterOf(const api::GcpProvider& provider) {
  if (!provider.filter.empty()) {
    return provider.filter;
  }
  std::string filter;
  for (const auto& [key, value] : provider.labels) {
    if (IsPlainWord(key) && IsPlainWord(value)) {
      filter += (filter.empty() ? "" : " AND ") + ("(labels." + key) + " = \"" + value + "\")";
    }
  }
  return filter;
}

/// What stands behind the last slash of a URL.
std::string LastPart(const std::string& url) { return url.substr(url.rfind('/') + 1); }

Result<MachineState> StateNamed(const std::string& name) {
  static const std::map<std::string, MachineState> kStates = {
      // One that starts or is moved is there, and its agent is yet to come.
      {"PENDING", MachineState::kRunning},
      {"PROVISIONING", MachineState::kRunning},
      {"STAGING", MachineState::kRunning},
      {"RUNNING", MachineState::kRunning},
      {"REPAIRING", MachineState::kRunning},
      {"PENDING_STOP", MachineState::kStopped},
      {"STOPPING", MachineState::kStopped},
      {"STOPPED", MachineState::kStopped},
      {"DEPROVISIONING", MachineState::kStopped},
      {"SUSPENDING", MachineState::kStopped},
      {"SUSPENDED", MachineState::kStopped},
      {"TERMINATED",
       MachineState::kStopped},  // It can be started again: a deleted one is not listed.
  };
  const auto found = kStates.find(name);
  if (found == kStates.end()) {
    return Fail(Code::kInvalid,
                "has the status \"" + Quoted(name, {}) + "\", which nobody here knows");
  }
  return found->second;
}

/// The first text at `field` of any object in a list.
std::string FirstAt(const json& list, const char* field) {
  if (list.is_array()) {
    for (const json& each : list) {
      if (std::string text = TextAt(each, field); !text.empty()) {
        return text;
      }
    }
  }
  return "";
}

std::string AddressOf(const json& interface, api::AddressChoice choice) {
  switch (choice) {
    case api::AddressChoice::kPrivate:
      return TextAt(interface, "networkIP");
    case api::AddressChoice::kPublic:
      return FirstAt(At(interface, "accessConfigs"), "natIP");
    case api::AddressChoice::kIPv6:
      break;
  }
  const std::string inside = TextAt(interface, "ipv6Address");
  return inside.empty() ? FirstAt(At(interface, "ipv6AccessConfigs"), "externalIpv6") : inside;
}

/// Of the first interface that has one.
std::string FirstAddress(const json& instance, api::AddressChoice choice) {
  for (const json& interface : At(instance, "networkInterfaces")) {
    if (std::string address = AddressOf(interface, choice); !address.empty()) {
      return address;
    }
  }
  return "";
}

/// The managed instance group that made it; empty where none did.
std::string GroupOf(const json& instance) {
  for (const json& item : At(At(instance, "metadata"), "items")) {
    if (TextAt(item, "key") == "created-by") {
      const std::string maker = TextAt(item, "value");
      const auto at = maker.rfind(kManagers);
      return at == std::string::npos ? "" : maker.substr(at + kManagers.size());
    }
  }
  return "";
}

Texts LabelsOf(const json& instance, const Texts& own, const std::string& zone) {
  return WithFacts(LabelsOfTags(own), {.region = zone.substr(0, zone.rfind('-')),
                                       .zone = zone,
                                       .type = LastPart(TextAt(instance, "machineType")),
                                       .image = {},
                                       .group = GroupOf(instance),
                                       .launched = TextAt(instance, "creationTimestamp")});
}

/// The instance's own labels. kInvalid where a part that a fleet may go by is not of the form that it has.
Result<Texts> OwnLabels(const json& instance) {
  const auto is_absent_or = [](const json& part, json::value_t type) {
    return part.is_null() || part.type() == type;
  };
  const json& metadata = At(instance, "metadata");
  const json& labels = At(instance, "labels");
  if (!is_absent_or(labels, json::value_t::object) ||
      !is_absent_or(metadata, json::value_t::object) ||
      !is_absent_or(At(metadata, "items"), json::value_t::array) ||
      !is_absent_or(At(instance, "networkInterfaces"), json::value_t::array)) {
    return Fail(Code::kInvalid, "is not described as instances are");
  }
  Texts own;
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) {
      return Fail(Code::kInvalid, "has a label that is no text");
    }
    own[key] = value.get<std::string>();
  }
  return own;
}

/// A name alone is that of a network of the project itself: a shared one may have the same.
bool HasNetwork(const json& instance, const api::GcpProvider& provider) {
  const std::string wanted =
      provider.network.find('/') == std::string::npos
          ? "projects/" + provider.project + "/global/networks/" + provider.network
          : provider.network;
  const json& interfaces = At(instance, "networkInterfaces");
  return std::ranges::any_of(interfaces, [&](const json& interface) {
    return ("/" + TextAt(interface, "network")).ends_with("/" + wanted);
  });
}

bool Fits(const json& instance, const Texts& own, const std::string& zone,
          const api::GcpProvider& provider) {
  const bool labels = std::ranges::all_of(provider.labels, [&](const auto& wanted) {
    const auto found = own.find(wanted.first);
    return found != own.end() && found->second == wanted.second;
  });
  return labels &&
         (provider.zones.empty() ||
          std::ranges::find(provider.zones, zone) != provider.zones.end()) &&
         (provider.network.empty() || HasNetwork(instance, provider)) &&
         (provider.managed_instance_group.empty() ||
          GroupOf(instance) == provider.managed_instance_group);
}

bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= kMostIdDigits &&
         std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

/// Adds one to the page, where it fits.
Result<void> ReadInstance(const json& instance, const std::string& zone,
                          const api::GcpProvider& provider, InstancePage& page) {
  const std::string id = TextAt(instance, "id");
  const std::string name = TextAt(instance, "name");
  // Names come again when an instance is made anew, and are taken twice in two zones; ids never.
  std::string server = api::NameOfMachine(name, id);
  if (!IsId(id) || !IsPlainWord(name)) {
    return Fail(Code::kInvalid, "one of its instances has no id, or no name");
  }
  const std::string which = "instance " + name + " in " + zone + " ";
  const auto own = OwnLabels(instance);
  if (!own.has_value()) {
    return Fail(Code::kInvalid, which + own.error().message);
  }
  if (!Fits(instance, own.value(), zone, provider)) {
    return Ok();
  }
  const auto state = StateNamed(TextAt(instance, "status"));
  if (!state.has_value()) {
    return Fail(Code::kInvalid, which + state.error().message);
  }
  page.servers.push_back({.name = std::move(server),
                          .address = FirstAddress(instance, provider.address),
                          .provider_id = "gce://" + provider.project + "/" + zone + "/" + name,
                          .labels = LabelsOf(instance, own.value(), zone),
                          .state = state.value()});
  return Ok();
}

/// Google's words where a part of the answer is missing.
Result<void> CheckWarning(const json& tree, const std::string& where) {
  const json& warning = At(tree, "warning");
  if (warning.is_null() || TextAt(warning, "code") == "NO_RESULTS_ON_PAGE") {
    return Ok();
  }
  return Fail(Code::kInvalid, where +
                                  " may lack instances: " + Quoted(TextAt(warning, "code"), {}) +
                                  ": " + Quoted(TextAt(warning, "message"), {}));
}

Result<void> CheckWhole(const json& root) {
  if (TextAt(root, "kind") != "compute#instanceAggregatedList" ||
      !(At(root, "items").is_object() || At(root, "items").is_null()) ||
      !(At(root, "nextPageToken").is_string() || At(root, "nextPageToken").is_null())) {
    return Fail(Code::kInvalid, "it is no list of instances");
  }
  const json& unreachables = At(root, "unreachables");
  if (!unreachables.is_null() && !(unreachables.is_array() && unreachables.empty())) {
    const std::string first = unreachables.is_array() && unreachables.front().is_string()
                                  ? Quoted(unreachables.front().get<std::string>(), {})
                                  : std::string("something");
    return Fail(Code::kInvalid, "it lacks what could not be reached: " + first);
  }
  return CheckWarning(root, "it");
}

}  // namespace

std::string AggregatedList(const api::GcpProvider& provider, const std::string& token, int most) {
  std::string path = "/compute/v1/projects/" + Escape(provider.project, ":") +
                     "/aggregated/instances?maxResults=" + std::to_string(most) +
                     "&returnPartialSuccess=false";
  if (const std::string filter = FilterOf(provider); !filter.empty()) {
    path += "&filter=" + Escape(filter);
  }
  if (!token.empty()) {
    path += "&pageToken=" + Escape(token);
  }
  return path;
}

Result<InstancePage> ReadInstances(const std::string& text, const api::GcpProvider& provider) {
  const json root = ReadJson(text);
  if (root.is_discarded()) {
    return Fail(Code::kInvalid, "it is no JSON");
  }
  SLIPWAY_TRYV(CheckWhole(root));
  InstancePage page{.servers = {}, .next = TextAt(root, "nextPageToken")};
  for (const auto& [scope, listed] : At(root, "items").items()) {
    const std::string where = Quoted(scope, {});
    if (!listed.is_object()) {
      return Fail(Code::kInvalid, where + " is not described as zones are");
    }
    SLIPWAY_TRYV(CheckWarning(listed, where));
    const json& instances = At(listed, "instances");
    if (instances.is_null()) {
      continue;
    }
    if (!instances.is_array() || !scope.starts_with(kZones)) {
      return Fail(Code::kInvalid, where + " is no zone with instances");
    }
    for (const json& instance : instances) {
      SLIPWAY_TRYV(ReadInstance(instance, LastPart(scope), provider, page));
    }
  }
  return page;
}

}  // namespace slipway::cloud::gcp
