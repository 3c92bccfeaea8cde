#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "reconciler/base/assert.hpp"
#include "src/objects/schema_node.hpp"

namespace slipway::objects {
namespace {

using Json = nlohmann::json;
using Setter = std::function<void(SchemaNode&, const Json&, const std::string&)>;

NodeType TypeOf(const std::string& name, const std::string& path) {
  static const std::map<std::string, NodeType> kTypes = {
      {"object", NodeType::kObject},   {"array", NodeType::kArray},
      {"string", NodeType::kString},   {"integer", NodeType::kInteger},
      {"boolean", NodeType::kBoolean},
  };
  const auto found = kTypes.find(name);
  SLIPWAY_ASSERT(found != kTypes.end(), path + ": no such type: " + name);
  return found->second;
}

ListType ListTypeOf(const std::string& name, const std::string& path) {
  if (name == "set") {
    return ListType::kSet;
  }
  SLIPWAY_ASSERT(name == "map" || name == "atomic", path + ": no such list type: " + name);
  return name == "map" ? ListType::kMap : ListType::kAtomic;
}

void SetPattern(SchemaNode& node, const Json& value, const std::string& path) {
  node.pattern_text = value.get<std::string>();
  re2::RE2::Options options;
  options.set_log_errors(false);
  node.pattern = std::make_unique<re2::RE2>(node.pattern_text, options);
  SLIPWAY_ASSERT(node.pattern->ok(), path + ": " + node.pattern->error());
}

void SetProperties(SchemaNode& node, const Json& value, const std::string& path) {
  for (const auto& [name, schema] : value.items()) {
    node.properties.emplace(name, CompileSchema(schema, path + "." + name));
  }
}

void Ignore(SchemaNode&, const Json&, const std::string&) {}

template <typename T>
Setter Set(T SchemaNode::*member) {
  return [member](SchemaNode& node, const Json& value, const std::string&) {
    node.*member = value.get<T>();
  };
}

template <typename T>
Setter Set(std::optional<T> SchemaNode::*member) {
  return [member](SchemaNode& node, const Json& value, const std::string&) {
    node.*member = value.get<T>();
  };
}

/// What each keyword does. Those that only matter to people do nothing here.
const std::map<std::string, Setter>& Keywords() {
  static const std::map<std::string, Setter> kKeywords = {
      {"description", Ignore},
      {"x-kubernetes-map-type",
       [](SchemaNode& node, const Json& value, const std::string& path) {
         SLIPWAY_ASSERT(value == "atomic" || value == "granular", path + ": no such map type");
         node.atomic = value == "atomic";
       }},
      {"type", [](SchemaNode& node, const Json& value,
                  const std::string& path) { node.type = TypeOf(value.get<std::string>(), path); }},
      {"x-kubernetes-int-or-string",
       [](SchemaNode& node, const Json&, const std::string&) {
         node.type = NodeType::kIntOrString;
       }},
      {"title", Set(&SchemaNode::title)},
      {"format", Set(&SchemaNode::format)},
      {"pattern", SetPattern},
      {"default", [](SchemaNode& node, const Json& value,
                     const std::string&) { node.initial = std::make_unique<Json>(value); }},
      {"enum", Set(&SchemaNode::enumeration)},
      {"minimum", Set(&SchemaNode::minimum)},
      {"maximum", Set(&SchemaNode::maximum)},
      {"minLength", Set(&SchemaNode::min_length)},
      {"maxLength", Set(&SchemaNode::max_length)},
      {"minItems", Set(&SchemaNode::min_items)},
      {"maxItems", Set(&SchemaNode::max_items)},
      {"minProperties", Set(&SchemaNode::min_properties)},
      {"maxProperties", Set(&SchemaNode::max_properties)},
      {"nullable", Set(&SchemaNode::nullable)},
      {"x-kubernetes-preserve-unknown-fields", Set(&SchemaNode::preserve)},
      {"required", Set(&SchemaNode::required)},
      {"properties", SetProperties},
      {"additionalProperties",
       [](SchemaNode& node, const Json& value, const std::string& path) {
         node.additional = CompileSchema(value, path + ".*");
       }},
      {"items", [](SchemaNode& node, const Json& value,
                   const std::string& path) { node.items = CompileSchema(value, path + "[]"); }},
      {"x-kubernetes-list-type",
       [](SchemaNode& node, const Json& value, const std::string& path) {
         node.list_type = ListTypeOf(value.get<std::string>(), path);
       }},
      {"x-kubernetes-list-map-keys", Set(&SchemaNode::map_keys)},
  };
  return kKeywords;
}

bool IsSecret(const SchemaNode& node) {
  const auto below = [](const std::unique_ptr<SchemaNode>& child) {
    return child != nullptr && child->secret;
  };
  return node.format == "byte" || node.format == "password" || below(node.additional) ||
         below(node.items) ||
         std::any_of(node.properties.begin(), node.properties.end(),
                     [&](const auto& property) { return below(property.second); });
}

}  // namespace

SchemaNode::SchemaNode() = default;
SchemaNode::~SchemaNode() = default;

std::unique_ptr<SchemaNode> CompileSchema(const Json& source, const std::string& path) {
  auto node = std::make_unique<SchemaNode>();
  for (const auto& [keyword, value] : source.items()) {
    const auto found = Keywords().find(keyword);
    SLIPWAY_ASSERT(found != Keywords().end(), path + ": no such keyword: " + keyword);
    found->second(*node, value, path);
  }
  SLIPWAY_ASSERT(node->type != NodeType::kArray || node->items != nullptr,
                 path + ": a list without items");
  node->secret = IsSecret(*node);
  return node;
}

}  // namespace slipway::objects
