#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace re2 {
class RE2;
}

// A compiled schema; only for this folder. Immutable once compiled, hence thread-safe.
namespace slipway::objects {

/// `type` of a schema; kIntOrString is x-kubernetes-int-or-string.
enum class NodeType : std::uint8_t { kObject, kArray, kString, kInteger, kBoolean, kIntOrString };
/// x-kubernetes-list-type: what makes two items the same.
enum class ListType : std::uint8_t { kAtomic, kSet, kMap };

/// One schema and those below it. Absent keywords are nullopt, nullptr or empty. Thread-safe once it is
/// compiled.
struct SchemaNode {
  SchemaNode();
  ~SchemaNode();

  NodeType type = NodeType::kObject;
  std::string title;
  std::string format;
  std::string pattern_text;
  std::unique_ptr<re2::RE2> pattern;
  std::unique_ptr<nlohmann::json> initial;  ///< the default
  std::vector<std::string> enumeration;
  std::optional<std::int64_t> minimum;
  std::optional<std::int64_t> maximum;
  std::optional<std::size_t> min_length;  ///< lengths in characters, not bytes
  std::optional<std::size_t> max_length;
  std::optional<std::size_t> min_items;
  std::optional<std::size_t> max_items;
  std::optional<std::size_t> min_properties;
  std::optional<std::size_t> max_properties;
  bool nullable = false;
  bool preserve = false;  ///< fields that are not known stay
  bool secret = false;    ///< it, or something below it, holds values that no message may show
  bool atomic = false;    ///< x-kubernetes-map-type: an object that has one owner as a whole
  ListType list_type = ListType::kAtomic;
  std::vector<std::string> map_keys;
  std::vector<std::string> required;
  std::map<std::string, std::unique_ptr<SchemaNode>, std::less<>> properties;
  std::unique_ptr<SchemaNode> additional;
  std::unique_ptr<SchemaNode> items;
};

/// Compiles one schema; fails an assertion on what it does not know.
std::unique_ptr<SchemaNode> CompileSchema(const nlohmann::json& source, const std::string& path);

}  // namespace slipway::objects
