#include "src/cloud/exec/inventory.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "reconciler/api/names.hpp"
#include "src/cloud/tag_labels.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/label_syntax.hpp"

namespace slipway::cloud {
namespace {

using nlohmann::json;
using runtime::ListedServer;
using runtime::MachineState;

constexpr const char* kGroupPrefix = "group.slipway.dev/";
constexpr std::size_t kMaxServers = 10'000;  ///< as many as a Fleet may list itself
constexpr std::size_t kMaxGroups = 1'000;
constexpr std::size_t kMaxIdBytes =
    500;  ///< with the scheme before it, what spec.providerID may hold

Error Bad(const std::string& where, const std::string& what) {
  return Fail(Code::kInvalid, where + ": " + what);
}

/// Whether the API would take it as a Server.
Result<void> CheckListed(const ListedServer& server, const std::string& where) {
  if (server.name.empty()) {
    return Bad(where, "needs a name, or an address that makes one");
  }
  if (server.provider_id.size() > kMaxIdBytes) {
    return Bad(where, "its id is longer than " + std::to_string(kMaxIdBytes) + " bytes");
  }
  for (const auto [key, value] : server.labels) {
    if (!objects::IsLabelKey(key) || key.starts_with("slipway.dev/")) {
      return Bad(where, "label \"" + std::string(key) + "\": " + objects::kLabelKeyHint +
                            ", and not of slipway.dev");
    }
    if (!objects::IsLabelValue(value)) {
      return Bad(where, "label " + std::string(key) + ": \"" + std::string(value) +
                            "\" is no value of a label");
    }
  }
  // A static fleet's server has the same name, address and labels as one that is listed elsewhere.
  const json entry = {{"name", server.name}, {"labels", server.labels.ToMap()}};
  json fleet = {{"apiVersion", "slipway.dev/v1alpha1"},
                {"kind", "Fleet"},
                {"metadata", {{"name", "x"}}},
                {"spec", {{"provider", {{"static", {{"servers", json::array({entry})}}}}}}}};
  if (!server.address.empty()) {
    fleet["spec"]["provider"]["static"]["servers"][0]["address"] = server.address;
  }
  static const objects::KindInfo& kind = *objects::FindByKind("slipway.dev/v1alpha1", "Fleet");
  const auto faults = kind.schema.Validate(fleet);
  if (!faults.empty()) {
    static constexpr std::string_view kAbove = "spec.provider.static.servers[0].";
    const std::string& field = faults.front().field;
    return Bad(where + "." + field.substr(std::min(field.size(), kAbove.size())),
               faults.front().message);
  }
  return Ok();
}

/// The text of a field; empty where it is not there.
Result<std::string> TextOf(const json& entry, const char* field, const std::string& where) {
  const auto found = entry.find(field);
  if (found == entry.end()) {
    return std::string();
  }
  if (!found->is_string()) {
    return Bad(where, std::string(field) + " must be a text");
  }
  return found->get<std::string>();
}

Result<MachineState> StateOf(const std::string& text, const std::string& where) {
  if (text.empty() || text == "running") {
    return MachineState::kRunning;
  }
  if (text == "standby") {
    return MachineState::kStandby;
  }
  if (text == "stopped") {
    return MachineState::kStopped;
  }
  if (text == "terminated") {
    return MachineState::kTerminated;
  }
  return Bad(where, "state: \"" + text + "\": must be running, standby, stopped or terminated");
}

// ---- Our own form.

Result<ListedServer> ServerOf(const json& entry, const std::string& where) {
  if (!entry.is_object()) {
    return Bad(where, "must be an object");
  }
  static const std::set<std::string> kFields = {"name", "address", "id", "labels", "state"};
  for (const auto& [field, value] : entry.items()) {
    if (!kFields.contains(field)) {
      return Bad(where, "has no field " + field + "; there are name, address, id, labels, state");
    }
  }
  SLIPWAY_TRY(name, TextOf(entry, "name", where));
  SLIPWAY_TRY(address, TextOf(entry, "address", where));
  SLIPWAY_TRY(id, TextOf(entry, "id", where));
  SLIPWAY_TRY(state_text, TextOf(entry, "state", where));
  SLIPWAY_TRY(state, StateOf(state_text, where));
  ListedServer server{.name = name.empty() ? api::NameFromAddress(address) : name,
                      .address = address,
                      .provider_id = {},
                      .labels = {},
                      .state = state};
  server.provider_id = "exec://" + (id.empty() ? server.name : id);
  const json labels = entry.value("labels", json::object());
  if (!labels.is_object()) {
    return Bad(where, "labels must be an object");
  }
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) {
      return Bad(where, "label " + key + " must be a text");
    }
    texts[key] = value.get<std::string>();
  }
  server.labels = api::LabelSet(texts);
  SLIPWAY_TRYV(CheckListed(server, where));
  return server;
}

Result<std::vector<ListedServer>> ReadOurs(const json& list) {
  std::vector<ListedServer> servers;
  for (const json& entry : list) {
    SLIPWAY_TRY(server, ServerOf(entry, "servers[" + std::to_string(servers.size()) + "]"));
    servers.push_back(std::move(server));
  }
  return servers;
}

// ---- Ansible's.

struct Group {
  std::set<std::string> hosts;
  std::set<std::string> children;
};

Result<std::set<std::string>> NamesIn(const json& list, const std::string& where) {
  if (!list.is_array()) {
    return Bad(where, "must be a list of names");
  }
  std::set<std::string> names;
  for (const json& name : list) {
    if (!name.is_string()) {
      return Bad(where, "must be a list of names");
    }
    names.insert(name.get<std::string>());
  }
  return names;
}

Result<Group> GroupOf(const json& value, const std::string& name) {
  Group group;
  if (value.is_array()) {  // the old form
    SLIPWAY_TRY(hosts, NamesIn(value, name));
    group.hosts = std::move(hosts);
    return group;
  }
  if (!value.is_object()) {
    return Bad(name, "must be a group, with hosts and children");
  }
  static const std::set<std::string> kFields = {"hosts", "children", "vars"};
  for (const auto& [field, unused] : value.items()) {
    if (!kFields.contains(field)) {
      return Bad(name, "has no field " + field + "; a group has hosts, children, vars");
    }
  }
  SLIPWAY_TRY(hosts, NamesIn(value.value("hosts", json::array()), name + ".hosts"));
  SLIPWAY_TRY(children, NamesIn(value.value("children", json::array()), name + ".children"));
  group.hosts = std::move(hosts);
  group.children = std::move(children);
  return group;
}

/// The hosts of a group and of everything below it; a group may contain itself.
std::set<std::string> HostsBelow(const std::map<std::string, Group>& groups,
                                 const std::string& name) {
  std::set<std::string> hosts;
  std::set<std::string> visited{name};
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const auto found = groups.find(open.back());
    open.pop_back();
    if (found == groups.end()) {
      continue;
    }
    hosts.insert(found->second.hosts.begin(), found->second.hosts.end());
    for (const std::string& child : found->second.children) {
      if (visited.insert(child).second) {
        open.push_back(child);
      }
    }
  }
  return hosts;
}

/// The address that Ansible would connect to.
Result<std::string> AddressOf(const json& variables, const std::string& host) {
  for (const char* name : {"ansible_host", "ansible_ssh_host"}) {
    SLIPWAY_TRY(address, TextOf(variables, name, "host " + host));
    if (!address.empty()) {
      return address;
    }
  }
  return host;
}

/// Every group of an inventory.
Result<std::map<std::string, Group>> GroupsOf(const json& inventory) {
  std::map<std::string, Group> groups;
  for (const auto& [name, value] : inventory.items()) {
    if (name != "_meta") {
      SLIPWAY_TRY(group, GroupOf(value, name));
      groups[name] = std::move(group);
    }
  }
  if (groups.size() > kMaxGroups) {
    return Fail(Code::kInvalid, "it has more than " + std::to_string(kMaxGroups) + " groups");
  }
  return groups;
}

Result<std::vector<ListedServer>> ReadAnsible(const json& inventory) {
  if (inventory.empty()) {
    return Fail(Code::kInvalid,
                "it is empty; where there are no servers, it must say so: {\"servers\": []}");
  }
  const json meta = inventory.value("_meta", json::object());
  const json variables = meta.is_object() ? meta.value("hostvars", json::object()) : json();
  if (!variables.is_object()) {
    return Fail(Code::kInvalid, "_meta must hold hostvars, by host");
  }
  SLIPWAY_TRY(groups, GroupsOf(inventory));
  std::map<std::string, std::set<std::string>> groups_of;  // by host
  for (const auto& [host, unused] : variables.items()) {
    groups_of[host];
  }
  for (const auto& [name, group] : groups) {
    for (const std::string& host : HostsBelow(groups, name)) {
      groups_of[host].insert(name);
    }
  }
  std::vector<ListedServer> servers;
  for (const auto& [host, names] : groups_of) {
    const json own = variables.value(host, json::object());
    if (!own.is_object()) {
      return Bad("host " + host, "its variables must be an object");
    }
    SLIPWAY_TRY(address, AddressOf(own, host));
    ListedServer server{.name = api::NameFromAddress(host),
                        .address = address,
                        .provider_id = "exec://" + host,
                        .labels = {}};
    std::map<std::string, std::string> labels;
    for (const std::string& name : names) {
      if (name != "all" && name != "ungrouped") {
        labels[kGroupPrefix + LabelText(name)] = "true";
      }
    }
    server.labels = api::LabelSet(labels);
    SLIPWAY_TRYV(CheckListed(server, "host " + host));
    servers.push_back(std::move(server));
  }
  return servers;
}

}  // namespace

Result<std::vector<ListedServer>> ReadInventory(std::string_view text) {
  std::vector<std::string> duplicates;
  SLIPWAY_TRY(inventory, objects::ParseJson(text, duplicates));
  if (!inventory.is_object()) {
    return Fail(Code::kInvalid, "it must be a JSON object");
  }
  if (!duplicates.empty()) {
    return Bad(duplicates.front(), "stands there twice");
  }
  // In an inventory of Ansible's old form a group called servers is a list, too: of names.
  const auto servers = inventory.find("servers");
  const bool ours = servers != inventory.end() && servers->is_array() &&
                    (servers->empty() || !servers->front().is_string());
  if (ours && inventory.size() > 1) {
    return Fail(Code::kInvalid, "it must hold nothing beside servers");
  }
  SLIPWAY_TRY(listed, ours ? ReadOurs(*servers) : ReadAnsible(inventory));
  if (listed.size() > kMaxServers) {
    return Fail(Code::kInvalid,
                "it has more than " + std::to_string(kMaxServers) + " servers: make two fleets");
  }
  return listed;
}

}  // namespace slipway::cloud
