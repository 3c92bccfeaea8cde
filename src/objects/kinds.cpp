#include "src/objects/kinds.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/objects/definitions.hpp"

namespace slipway::objects {
namespace {

using Json = nlohmann::json;

/// What field selectors may ask for beyond the name and the namespace, by qualified plural.
const std::map<std::string, std::vector<std::string>>& FieldLabels() {
  static const std::map<std::string, std::vector<std::string>> kLabels = {
      {"events",
       {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source.component", "type"}},
      {"namespaces", {"status.phase"}},
      {"secrets", {"type"}},
      {"rollouts.slipway.dev", {"spec.application", "status.phase"}},
      {"servers.slipway.dev", {"spec.fleet"}},
      {"testruns.slipway.dev", {"spec.rollout", "spec.server", "status.phase"}},
  };
  return kLabels;
}

/// The kind's schema with apiVersion, kind and the whole of metadata in it.
Json CompleteSchema(const Json& definition) {
  Json schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
  Json& properties = schema["properties"];
  const Json text = {{"type", "string"}, {"maxLength", 317}};
  properties["apiVersion"] = text;
  properties["kind"] = text;
  Json metadata = ReadJson(ObjectMetaSchema());
  const auto name = Json::json_pointer("/metadata/properties/name");
  if (properties.contains(name)) {
    metadata["properties"]["name"] = properties[name];
  }
  properties["metadata"] = std::move(metadata);
  return schema;
}

const std::vector<std::string>& AllVerbs() {
  static const std::vector<std::string> kVerbs = {"create", "delete", "deletecollection", "get",
                                                  "list",   "patch",  "update",           "watch"};
  return kVerbs;
}

std::vector<PrinterColumn> ColumnsOf(const Json& version) {
  std::vector<PrinterColumn> columns;
  for (const Json& column : version.value("additionalPrinterColumns", Json::array())) {
    columns.push_back({.name = column["name"],
                       .type = column["type"],
                       .description = column["description"],
                       .json_path = column["jsonPath"],
                       .priority = column.value("priority", 0)});
  }
  return columns;
}

KindInfo InfoOf(std::string_view text, const Json& definition) {
  const Json& spec = definition["spec"];
  const Json& names = spec["names"];
  const Json& version = spec["versions"][0];
  KindInfo info{
      .group = spec["group"],
      .version = version["name"],
      .kind = names["kind"],
      .list_kind = names["listKind"],
      .plural = names["plural"],
      .singular = names["singular"],
      .short_names = names.value("shortNames", std::vector<std::string>()),
      .categories = names.value("categories", std::vector<std::string>()),
      .namespaced = spec["scope"] == "Namespaced",
      .has_status = version.contains("subresources"),
      // Custom resources have one; of the core kinds only those that say so.
      .has_generation = definition.contains("apiVersion") || spec.value("hasGeneration", false),
      .verbs = spec.value("verbs", AllVerbs()),
      .refusal = spec.value("refusal", std::string()),
      .columns = ColumnsOf(version),
      .field_labels = {},
      .schema = Schema(CompleteSchema(definition)),
      .definition = std::string(text),
  };
  const auto labels = FieldLabels().find(info.QualifiedPlural());
  if (labels != FieldLabels().end()) {
    info.field_labels = labels->second;
  }
  return info;
}

std::vector<KindInfo> LoadKinds(bool hidden) {
  std::vector<KindInfo> kinds;
  for (const std::string_view text : KindDefinitions()) {
    const Json definition = ReadJson(text);
    if (definition["spec"].value("hidden", false) == hidden) {
      kinds.push_back(InfoOf(text, definition));
    }
  }
  std::sort(kinds.begin(), kinds.end(), [](const KindInfo& left, const KindInfo& right) {
    return std::tie(left.group, left.plural) < std::tie(right.group, right.plural);
  });
  return kinds;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char character) {
    return static_cast<char>(std::tolower(character));
  });
  return lower;
}

}  // namespace

std::string KindInfo::ApiVersion() const { return group.empty() ? version : group + "/" + version; }

std::string KindInfo::QualifiedPlural() const {
  return group.empty() ? plural : plural + "." + group;
}

bool KindInfo::Offers(std::string_view verb) const {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

bool IsCustom(const KindInfo& kind) { return kind.group == "slipway.dev"; }

const std::vector<KindInfo>& AllKinds() {
  static const std::vector<KindInfo> kKinds = LoadKinds(false);
  return kKinds;
}

const std::vector<KindInfo>& HiddenKinds() {
  static const std::vector<KindInfo> kKinds = LoadKinds(true);
  return kKinds;
}

const KindInfo* FindByPlural(std::string_view group, std::string_view version,
                             std::string_view plural) {
  for (const KindInfo& info : AllKinds()) {
    if (info.group == group && info.version == version && info.plural == plural) {
      return &info;
    }
  }
  return nullptr;
}

const KindInfo* FindByKind(std::string_view api_version, std::string_view kind) {
  for (const KindInfo& info : AllKinds()) {
    if (info.kind == kind && info.ApiVersion() == api_version) {
      return &info;
    }
  }
  return nullptr;
}

const KindInfo* FindByAnyName(std::string_view name) {
  const std::string wanted = LowerCase(name);
  const std::size_t dot = wanted.find('.');
  const std::string word = wanted.substr(0, dot);
  for (const KindInfo& info : AllKinds()) {
    const bool group_fits = dot == std::string::npos || wanted.substr(dot + 1) == info.group;
    const auto& shorts = info.short_names;
    if (group_fits &&
        (word == info.plural || word == info.singular || word == LowerCase(info.kind) ||
         std::find(shorts.begin(), shorts.end(), word) != shorts.end())) {
      return &info;
    }
  }
  return nullptr;
}

}  // namespace slipway::objects
