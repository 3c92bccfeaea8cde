#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/objects/json_text.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/patch.hpp"
#include "src/objects/strategic_merge.hpp"
#include "tests/fuzz/target.hpp"

namespace slipway::fuzz {
namespace {

using objects::Json;

const objects::KindInfo& KindOf(const Json& object) {
  const Json name = object.value("kind", Json());
  for (const objects::KindInfo& kind : objects::AllKinds()) {
    if (name == kind.kind) {
      return kind;
    }
  }
  return *objects::FindByKind("v1", "ConfigMap");
}

/// What a patch has, anywhere in it.
struct Contents {
  bool lists = false;       ///< which may be merged item by item
  bool directives = false;  ///< such as $patch
};

void Look(const Json& patch, Contents& seen) {
  seen.lists = seen.lists || patch.is_array();
  for (const auto& [name, value] : patch.items()) {
    seen.directives = seen.directives || (patch.is_object() && name.starts_with("$"));
    if (value.is_structured()) {
      Look(value, seen);
    }
  }
}

/// As it would be stored.
Json Pruned(const objects::KindInfo& kind, Json object) {
  std::vector<std::string> unknown;
  kind.schema.Prune(object, unknown);
  return object;
}

std::size_t DepthOf(const Json& tree) {
  std::size_t deepest = 0;
  for (const Json& child : tree) {
    deepest = std::max(deepest, child.is_structured() ? DepthOf(child) : 0);
  }
  return deepest + 1;
}

}  // namespace

// The first line is an object, the second a patch: all of it is applied, or there is an error.
void TryBytes(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const auto object = objects::ParseJson(bytes.substr(0, end));
  const auto patch = objects::ParseJson(bytes.substr(std::min(end + 1, bytes.size())));
  if (!object.has_value() || !object.value().is_object() || !patch.has_value()) {
    return;
  }
  const objects::KindInfo& kind = KindOf(object.value());
  const auto patched = ApplyStrategicMerge(kind, object.value(), patch.value());
  if (!patched.has_value()) {
    const Code code = patched.error().code;
    Demand(code == Code::kBadRequest || code == Code::kUnexplained || code == Code::kUnprocessable,
           "a refusal is one that a client understands");
    return;
  }
  Demand(patched.value().is_object() && DepthOf(patched.value()) <= objects::kMaxDepth,
         "a patched object is one, and no deeper than allowed");
  Demand(!objects::IsCustom(kind), "kinds of ours have no such patches");
  Contents seen;
  Look(patch.value(), seen);
  const Json stored = Pruned(kind, patched.value());
  if (!seen.directives && kind.schema.Validate(stored).empty()) {
    const auto again = ApplyStrategicMerge(kind, stored, patch.value());
    Demand(again.has_value() && Pruned(kind, again.value()) == stored,
           "values that were merged in are there");
  }
  if (!seen.directives && !seen.lists) {
    const auto merged = objects::ApplyMergePatch(object.value(), patch.value());
    Demand(merged.has_value() && merged.value() == patched.value(),
           "without lists and directives it is a merge patch");
  }
}

}  // namespace slipway::fuzz
