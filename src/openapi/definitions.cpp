#include "src/openapi/definitions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/objects/definitions.hpp"
#include "src/openapi/names.hpp"

namespace slipway::openapi {
namespace {

using objects::KindInfo;
using Json = nlohmann::json;

constexpr const char* kKindOfType = "x-kubernetes-group-version-kind";

// In the words that every CustomResourceDefinition has for them, so that `kubectl explain` reads as ever.
constexpr const char* kApiVersionText =
    "APIVersion defines the versioned schema of this representation of an object. Servers should "
    "convert "
    "recognized schemas to the latest internal value, and may reject unrecognized values. More "
    "info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
constexpr const char* kKindText =
    "Kind is a string value representing the REST resource this object represents. Servers may "
    "infer this "
    "from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/"
    "api-conventions.md#types-kinds";
constexpr const char* kMetadataText =
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

Json TypeFields() {
  return {{"apiVersion", {{"type", "string"}, {"description", kApiVersionText}}},
          {"kind", {{"type", "string"}, {"description", kKindText}}}};
}

Json GroupVersionKind(const KindInfo& info, const std::string& kind) {
  return {{"group", info.group}, {"version", info.version}, {"kind", kind}};
}

/// Turns "$ref: Status" below into what the dialect wants, wherever one stands.
void ResolveMeta(Json& schema, Dialect dialect) {
  if (schema.is_object() && schema.contains("$ref")) {
    Json reference = Reference(MetaName(schema["$ref"].get<std::string>()),
                               schema.value("description", ""), dialect);
    if (schema.contains("x-kubernetes-list-type")) {
      reference["x-kubernetes-list-type"] = schema["x-kubernetes-list-type"];
    }
    schema = std::move(reference);
    return;
  }
  for (auto& [key, below] : schema.items()) {
    if (below.is_structured()) {
      ResolveMeta(below, dialect);
    }
  }
}

/// metadata, and the reference to an owner that stands in it.
void AddObjectMeta(Json& definitions, Dialect dialect) {
  Json meta = PublishedPlain(ReadJson(objects::ObjectMetaSchema()), dialect);
  Json& fields = meta["properties"];
  Json owner = fields["ownerReferences"]["items"];
  owner["x-kubernetes-map-type"] = "atomic";
  definitions[MetaName("OwnerReference")] = std::move(owner);
  fields["ownerReferences"]["items"] = Reference(MetaName("OwnerReference"), "", dialect);
  fields["ownerReferences"]["x-kubernetes-patch-merge-key"] = "uid";
  for (const char* name : {"ownerReferences", "finalizers"}) {
    fields[name]["x-kubernetes-patch-strategy"] = "merge";
  }
  fields["managedFields"] = {{"type", "array"},
                             {"description", "Who set which fields. Kept by the API."},
                             {"items", Reference(MetaName("ManagedFieldsEntry"), "", dialect)},
                             {"x-kubernetes-list-type", "atomic"}};
  fields["selfLink"] = {{"type", "string"}, {"description", "Not used any more."}};
  definitions[MetaName("ObjectMeta")] = std::move(meta);
}

/// The definition that a field of a kind of Kubernetes refers to: NamespaceSpec.
std::string FieldType(const KindInfo& info, const std::string& field) {
  const bool object = field == "involvedObject" || field == "related";
  return object ? "ObjectReference" : info.kind + Capitalised(field);
}

/// A kind of Kubernetes: its structs have names there, and clients show them.
void AddBuiltIn(Json& definitions, const KindInfo& info, Json schema, Dialect dialect) {
  for (auto& [name, field] : schema["properties"].items()) {
    if (!field.contains("properties")) {
      continue;
    }
    const std::string type = DefinitionName(info, FieldType(info, name));
    const std::string description = field.value("description", "");
    if (!definitions.contains(type)) {
      field.erase(
          "description");  // `kubectl explain` shows that of the field, and would show it twice
      definitions[type] = std::move(field);
    }
    field = Reference(type, description, dialect);
  }
  definitions[DefinitionName(info, info.kind)] = std::move(schema);
}

void AddKind(Json& definitions, const KindInfo& info, Dialect dialect) {
  const Json definition = ReadJson(info.definition);
  const Json& source = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
  Json schema = IsBuiltIn(info) ? PublishedPlain(source, dialect) : Published(source, dialect);
  schema["properties"].erase("metadata");
  schema[kKindOfType] = Json::array({GroupVersionKind(info, info.kind)});
  if (IsBuiltIn(info)) {
    AddBuiltIn(definitions, info, std::move(schema), dialect);
  } else {
    definitions[DefinitionName(info, info.kind)] = std::move(schema);
  }
  Json& fields = definitions[DefinitionName(info, info.kind)]["properties"];
  fields.update(TypeFields());
  fields["metadata"] = Reference(MetaName("ObjectMeta"), kMetadataText, dialect);
}

Json ListSchema(const KindInfo& info, Dialect dialect) {
  const std::string kind = DefinitionName(info, info.kind);
  Json fields = TypeFields();
  fields["items"] = {{"type", "array"},
                     {"description", "The " + info.plural + "."},
                     {"items", Reference(kind, "", dialect)}};
  fields["metadata"] = Reference(MetaName("ListMeta"), "What every list has.", dialect);
  return {{"type", "object"},
          {"description", info.list_kind + " is a list of " + info.kind},
          {"required", {"items"}},
          {"properties", std::move(fields)},
          {kKindOfType, Json::array({GroupVersionKind(info, info.list_kind)})}};
}

}  // namespace

Json Definitions(std::span<const KindInfo* const> kinds, Dialect dialect) {
  Json definitions = Json::object();
  const Json shared = ReadJson(objects::MetaDefinitions());
  for (const auto& [name, schema] : shared.items()) {
    Json resolved = schema;
    ResolveMeta(resolved, dialect);
    definitions[MetaName(name)] = std::move(resolved);
  }
  AddObjectMeta(definitions, dialect);
  for (const KindInfo* info : kinds) {
    AddKind(definitions, *info, dialect);
    const auto verbs = OfferedVerbs(*info);
    if (std::find(verbs.begin(), verbs.end(), "list") != verbs.end()) {
      definitions[DefinitionName(*info, info->list_kind)] = ListSchema(*info, dialect);
    }
  }
  return definitions;
}

}  // namespace slipway::openapi
