#include "src/cloud/openstack/servers.hpp"

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

namespace slipway::cloud::openstack {
namespace {

using nlohmann::json;
using runtime::MachineState;
using Texts = std::map<std::string, std::string>;

constexpr std::size_t kIdLength = 36;

/// Of a server that failed something: its machine may run on as before, whatever Nova thinks of its power, or never have been made.
MachineState AfterError(const json& server) {
  const auto launched = server.find("OS-SRV-USG:launched_at");
  return launched != server.end() && launched->is_null() ? MachineState::kStopped
                                                         : MachineState::kRunning;
}

/// Source: nova/api/openstack/common.py.
Result<MachineState> StateOf(const json& server) {
  static const std::map<std::string, MachineState> kStates = {
      // One that starts or is moved is there, and its agent is yet to come.
      {"ACTIVE", MachineState::kRunning},        {"BUILD", MachineState::kRunning},
      {"HARD_REBOOT", MachineState::kRunning},   {"MIGRATING", MachineState::kRunning},
      {"PASSWORD", MachineState::kRunning},      {"REBOOT", MachineState::kRunning},
      {"REBUILD", MachineState::kRunning},       {"RESCUE", MachineState::kRunning},
      {"RESIZE", MachineState::kRunning},        {"REVERT_RESIZE", MachineState::kRunning},
      {"VERIFY_RESIZE", MachineState::kRunning}, {"PAUSED", MachineState::kStopped},
      {"SHELVED", MachineState::kStopped},       {"SHELVED_OFFLOADED", MachineState::kStopped},
      {"SHUTOFF", MachineState::kStopped},       {"SUSPENDED", MachineState::kStopped},
      {"DELETED", MachineState::kTerminated},    {"SOFT_DELETED", MachineState::kTerminated},
  };
  const std::string status = TextAt(server, "status");
  if (status == "ERROR") {
    return AfterError(server);
  }
  const auto found = kStates.find(status);
  if (found == kStates.end()) {
    return Fail(Code::kInvalid,
                "has the status \"" + Quoted(status, {}) + "\", which nobody here knows");
  }
  return found->second;
}

bool IsWanted(const json& address, api::AddressChoice choice) {
  const json& version = At(address, "version");
  const std::int64_t number = version.is_number_integer() ? version.get<std::int64_t>() : 0;
  const bool floating = TextAt(address, "OS-EXT-IPS:type") == "floating";
  switch (choice) {
    case api::AddressChoice::kPrivate:
      return number == 4 && !floating;
    case api::AddressChoice::kPublic:
      return floating;
    case api::AddressChoice::kIPv6:
      break;
  }
  return number == 6;
}

std::string AddressOn(const json& network, api::AddressChoice choice) {
  for (const json& address : network) {
    if (IsWanted(address, choice)) {
      return TextAt(address, "addr");
    }
  }
  return "";
}

/// Of the first network that the provider names, or of the first by name.
std::string FirstAddress(const json& networks, const api::OpenstackProvider& provider) {
  std::vector<std::string> order = provider.networks;
  if (order.empty()) {
    for (const auto& [name, addresses] : networks.items()) {
      order.push_back(name);
    }
  }
  for (const std::string& name : order) {
    if (std::string address = AddressOn(At(networks, name.c_str()), provider.address);
        !address.empty()) {
      return address;
    }
  }
  return "";
}

Result<Texts> MetadataOf(const json& server) {
  const auto is_absent_or = [](const json& value, json::value_t type) {
    return value.is_null() || value.type() == type;
  };
  const json& networks = At(server, "addresses");
  if (!is_absent_or(At(server, "metadata"), json::value_t::object) ||
      !is_absent_or(At(server, "tags"), json::value_t::array) ||
      !is_absent_or(networks, json::value_t::object) ||
      !std::ranges::all_of(networks, [](const json& network) { return network.is_array(); })) {
    return Fail(Code::kInvalid, "is not described as servers are");
  }
  Texts metadata;
  for (const auto& [key, value] : At(server, "metadata").items()) {
    if (!value.is_string()) {
      return Fail(Code::kInvalid, "has metadata that is no text");
    }
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

bool Fits(const json& server, const Texts& metadata, const api::OpenstackProvider& provider) {
  const bool has_metadata = std::ranges::all_of(provider.metadata, [&](const auto& wanted) {
    const auto found = metadata.find(wanted.first);
    return found != metadata.end() && found->second == wanted.second;
  });
  const auto is_on = [&](const std::string& network) {
    const json& addresses = At(At(server, "addresses"), network.c_str());
    return addresses.is_array() && !addresses.empty();
  };
  const auto& zones = provider.availability_zones;
  return has_metadata &&
         (zones.empty() ||
          std::ranges::find(zones, TextAt(server, "OS-EXT-AZ:availability_zone")) != zones.end()) &&
         (provider.networks.empty() || std::ranges::any_of(provider.networks, is_on));
}

/// A tag of Nova's has no value. Metadata of the same name says more.
api::LabelSet LabelsOf(const json& server, const Texts& metadata, const std::string& region) {
  MachineLabels labels;
  for (const json& tag : At(server, "tags")) {
    if (tag.is_string()) {
      labels.AddTag(tag.get<std::string>(), "");
    }
  }
  for (const auto& [key, value] : metadata) {
    labels.AddTag(key, value);
  }
  labels.AddFacts({.region = region,
                   .zone = TextAt(server, "OS-EXT-AZ:availability_zone"),
                   .type = TextAt(At(server, "flavor"), "original_name"),
                   .image = TextAt(At(server, "image"), "id"),
                   .group = {},
                   .launched = TextAt(server, "created"),
                   .name = TextAt(server, "name")});
  return labels.Take();
}

/// Adds one to the page, where it fits.
Result<void> ReadServer(const json& server, const api::OpenstackProvider& provider,
                        const std::string& region, ServerPage& page) {
  const std::string id = TextAt(server, "id");
  if (!api::IsUuid(id)) {
    return Fail(Code::kInvalid, "one of its servers has no id");
  }
  page.ids.push_back(id);
  if (!At(server, "name").is_string()) {
    return Fail(Code::kInvalid,
                "server " + id + " is only named, because its cell of Nova does not answer");
  }
  const auto metadata = MetadataOf(server);
  if (!metadata.has_value()) {
    return Fail(Code::kInvalid, "server " + id + " " + metadata.error().message);
  }
  if (!Fits(server, metadata.value(), provider)) {
    return Ok();
  }
  const auto state = StateOf(server);
  if (!state.has_value()) {
    return Fail(Code::kInvalid, "server " + id + " " + state.error().message);
  }
  page.servers.push_back({.name = id,
                          .address = FirstAddress(At(server, "addresses"), provider),
                          .provider_id = "openstack:///" + id,
                          .labels = LabelsOf(server, metadata.value(), region),
                          .state = state.value()});
  return Ok();
}

/// The marker in the link to the next page. Nothing else of it is used: it may name another host, as that of a proxy does not know.
Result<std::string> MarkerOf(const json& links) {
  constexpr std::string_view kMarker = "marker=";
  for (const json& link : links) {
    if (TextAt(link, "rel") != "next") {
      continue;
    }
    const std::string url = TextAt(link, "href");
    const auto query = url.find('?');
    const auto at = query == std::string::npos ? query : url.find(kMarker, query);
    std::string marker = at == std::string::npos ? "" : url.substr(at + kMarker.size(), kIdLength);
    if (!api::IsUuid(marker)) {
      return Fail(Code::kInvalid, "it has a next page, and does not say which");
    }
    return marker;
  }
  return std::string();
}

}  // namespace

std::string ServersPath(const std::string& marker) {
  return "/servers/detail" + (marker.empty() ? "" : "?marker=" + Escape(marker));
}

std::string FirstServerPath() { return "/servers/detail?limit=1"; }

std::string ServerPath(const std::string& id) { return "/servers/" + Escape(id); }

Result<bool> IsOnLists(const std::string& text, const std::string& id, const std::string& project) {
  const json root = ReadJson(text);
  const json& server = At(root, "server");
  if (TextAt(server, "id") != id) {
    return Fail(Code::kInvalid, "what it says of server " + id + " is no server of that id");
  }
  const std::string status = TextAt(server, "status");
  const std::string owner = TextAt(server, "tenant_id");
  return status != "DELETED" && status != "SOFT_DELETED" && (owner.empty() || owner == project);
}

Result<ServerPage> ReadServers(const std::string& text, const api::OpenstackProvider& provider,
                               const std::string& region) {
  const json root = ReadJson(text);
  if (root.is_discarded()) {
    return Fail(Code::kInvalid, "it is no JSON");
  }
  const json& links = At(root, "servers_links");
  if (!At(root, "servers").is_array() || !(links.is_array() || links.is_null())) {
    return Fail(Code::kInvalid, "it is no list of servers");
  }
  ServerPage page;
  SLIPWAY_TRY(next, MarkerOf(links));
  page.next = std::move(next);
  for (const json& server : At(root, "servers")) {
    SLIPWAY_TRYV(ReadServer(server, provider, region, page));
  }
  return page;
}

}  // namespace slipway::cloud::openstack
