#include "src/cloud/file/server_list.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "reconciler/api/fleet.hpp"
#include "reconciler/api/names.hpp"
#include "reconciler/base/json.hpp"
#include "src/cloud/text.hpp"
#include "src/objects/kind_rules.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/yaml.hpp"

namespace slipway::cloud {
namespace {

using nlohmann::json;

/// The Fleet whose list it would be: so it is held to the same schema and rules.
json FleetOf(const json& list) {
  return {{"apiVersion", "slipway.dev/v1alpha1"},
          {"kind", "Fleet"},
          {"metadata", {{"name", "x"}}},
          {"spec", {{"provider", {{"static", list}}}}}};
}

/// What the server of a field such as servers[3].labels is called, in brackets: in a long list nobody counts. Empty where it has no
/// name.
std::string WhoseField(const json& servers, std::string_view field) {
  constexpr std::string_view kList = "servers[";
  std::size_t index = 0;
  if (!field.starts_with(kList) ||
      std::from_chars(field.data() + kList.size(), field.data() + field.size(), index).ec !=
          std::errc() ||
      index >= servers.size() || !servers[index].is_object()) {
    return {};
  }
  for (const char* name : {"name", "address"}) {
    const auto found = servers[index].find(name);
    if (found != servers[index].end() && found->is_string()) {
      return " (" + Quoted(found->get_ref<const std::string&>(), {}) + ")";
    }
  }
  return {};
}

/// The first fault of the list; the field is shown as it stands in the file.
Result<void> JudgeList(const json& list) {
  static const objects::KindInfo& kind = *objects::FindByKind("slipway.dev/v1alpha1", "Fleet");
  json fleet = FleetOf(list);
  std::vector<std::string> unknown;
  kind.schema.Prune(fleet, unknown);
  std::vector<Cause> causes;
  if (!unknown.empty()) {
    causes.push_back({.field = unknown.front(), .message = "there is no such field", .reason = ""});
  } else if (causes = kind.schema.Validate(fleet); causes.empty()) {
    causes = objects::CheckRules(kind, fleet);
  }
  if (causes.empty()) {
    return Ok();
  }
  constexpr std::string_view kAbove = "spec.provider.static.";
  std::string field = causes.front().field;
  if (field.starts_with(kAbove)) {
    field.erase(0, kAbove.size());
  }
  return Fail(Code::kInvalid,
              field + WhoseField(list["servers"], field) + ": " + causes.front().message);
}

/// The one document of the text, if it has the form of a list.
Result<json> ReadForm(std::string_view text) {
  auto documents = objects::ParseYaml(text, kMaxServerListBytes);
  if (!documents.has_value()) {
    return Fail(Code::kInvalid, documents.error().message);
  }
  if (documents.value().empty()) {
    return Fail(Code::kInvalid, "it is empty; where there are no servers, it must say servers: []");
  }
  if (documents.value().size() > 1) {
    return Fail(Code::kInvalid,
                "it must hold one document, and holds " + std::to_string(documents.value().size()));
  }
  json list = std::move(documents.value().front());
  const auto servers = list.find("servers");
  if (!list.is_object() || servers == list.end()) {
    return Fail(Code::kInvalid, "it must be a mapping with a list, servers");
  }
  if (!servers->is_array()) {
    return Fail(Code::kInvalid,
                "servers must be a list; where there are none, it must say servers: []");
  }
  if (list.size() > 1) {
    return Fail(Code::kInvalid, "it must hold nothing beside servers");
  }
  return list;
}

}  // namespace

Result<std::vector<runtime::ListedServer>> ReadServerList(std::string_view text) {
  SLIPWAY_TRY(list, ReadForm(text));
  SLIPWAY_TRYV(JudgeList(list));
  SLIPWAY_TRY(provider, api::Decode<api::StaticProvider>(PrintJson(list)));
  std::vector<runtime::ListedServer> servers;
  servers.reserve(provider.servers.size());
  for (api::StaticServer& each : provider.servers) {
    servers.push_back({.name = each.name.empty() ? api::NameFromAddress(each.address) : each.name,
                       .address = std::move(each.address),
                       .provider_id = {},
                       .labels = api::LabelSet(each.labels)});
  }
  return servers;
}

}  // namespace slipway::cloud
