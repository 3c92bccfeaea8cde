#include <nlohmann/json.hpp>

#include "src/objects/field_path.hpp"
#include "src/objects/schema.hpp"
#include "src/objects/schema_node.hpp"

namespace slipway::objects {
namespace {

using Json = nlohmann::json;

/// The schema of one field of an object; nullptr where the object may not have it.
const SchemaNode* FieldSchema(const SchemaNode& node, const std::string& key) {
  const auto found = node.properties.find(key);
  return found != node.properties.end() ? found->second.get() : node.additional.get();
}

/// `node` is nullptr where there is a value of another type than the schema says: nothing in it is known.
void PruneNode(const SchemaNode* node, Json& tree, FieldPath& path,
               std::vector<std::string>& unknown) {
  if (tree.is_array()) {
    const SchemaNode* items = node == nullptr ? nullptr : node->items.get();
    for (std::size_t index = 0; index < tree.size(); ++index) {
      const FieldPath::Scope scope(path, index);
      PruneNode(items, tree[index], path, unknown);
    }
    return;
  }
  if (!tree.is_object()) {
    return;
  }
  for (auto field = tree.begin(); field != tree.end();) {
    const FieldPath::Scope scope(path, field.key());
    const SchemaNode* schema = node == nullptr ? nullptr : FieldSchema(*node, field.key());
    if (schema == nullptr && node != nullptr && node->preserve) {
      ++field;
      continue;
    }
    if (schema == nullptr) {
      if (unknown.size() < kMaxReportedFields) {
        unknown.push_back(path.Text());
      }
      field = tree.erase(field);
      continue;
    }
    PruneNode(schema, field.value(), path, unknown);
    ++field;
  }
}

void DropNullsNode(const SchemaNode& node, Json& tree) {
  if (tree.is_array() && node.items != nullptr) {
    for (Json& item : tree) {
      DropNullsNode(*node.items, item);
    }
  }
  if (!tree.is_object()) {
    return;
  }
  for (auto field = tree.begin(); field != tree.end();) {
    const SchemaNode* schema = FieldSchema(node, field.key());
    if (schema != nullptr && field->is_null() && !schema->nullable) {
      field = tree.erase(field);
      continue;
    }
    if (schema != nullptr) {
      DropNullsNode(*schema, field.value());
    }
    ++field;
  }
}

void DefaultNode(const SchemaNode& node, Json& tree) {
  if (tree.is_array() && node.items != nullptr) {
    for (Json& item : tree) {
      DefaultNode(*node.items, item);
    }
  }
  if (!tree.is_object()) {
    return;
  }
  for (const auto& [key, schema] : node.properties) {
    const auto found = tree.find(key);
    const bool absent = found == tree.end() || (found->is_null() && !schema->nullable);
    if (schema->initial != nullptr && absent) {
      tree[key] = *schema->initial;
    }
  }
  for (const auto& [key, value] : tree.items()) {
    if (const SchemaNode* below = FieldSchema(node, key)) {
      DefaultNode(*below, value);
    }
  }
}

}  // namespace

Schema::Schema(const Json& source) : root_(CompileSchema(source, "")) {}

void Schema::Prune(Json& tree, std::vector<std::string>& unknown) const {
  FieldPath path;
  PruneNode(root_.get(), tree, path, unknown);
}

void Schema::DropNulls(Json& tree) const { DropNullsNode(*root_, tree); }

void Schema::Default(Json& tree) const { DefaultNode(*root_, tree); }

}  // namespace slipway::objects
