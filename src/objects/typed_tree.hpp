#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "src/objects/field_set.hpp"
#include "src/objects/schema_node.hpp"

// Trees by their schema, as server-side apply sees them: which fields there are, what changed, what
// becomes of two. Lists are one value unless they are a set or a map; objects are one value only where
// the schema says so. Below what a schema does not know, objects have fields and lists are one value.
// Only for this folder. All functions are pure.
namespace slipway::objects {

/// What differs between two trees. No path is in two of the sets, save those of items that are in a
/// list twice.
struct Comparison {
  FieldSet removed{};
  FieldSet modified{};
  FieldSet added{};

  bool empty() const { return removed.empty() && modified.empty() && added.empty(); }
};

/// What does not fit, with the words that a Kubernetes server has for it; "" where all fits. With
/// `unique` no item may be in a set or a map twice.
std::string MisfitOf(const SchemaNode& schema, const nlohmann::json& tree, bool unique);

/// Every leaf, every item of a set or a map, and every field that the schema leaves open.
FieldSet FieldsOf(const SchemaNode& schema, const nlohmann::json& tree);

/// What becomes of `before` where `after` takes its place.
Comparison Compare(const SchemaNode& schema, const nlohmann::json& before,
                   const nlohmann::json& after);

/// `live` with what `applied` says. Nothing is removed. Lists that `applied` adds to or reorders get
/// its order. Both must fit the schema.
nlohmann::json Merge(const SchemaNode& schema, const nlohmann::json& live,
                     const nlohmann::json& applied);

/// Without the fields and items of `paths`.
nlohmann::json Without(const SchemaNode& schema, const nlohmann::json& tree, const FieldSet& paths);

/// With each field that the schema names and that has something below it as a member.
FieldSet WithNamedFields(const SchemaNode& schema, const FieldSet& set);

}  // namespace slipway::objects
