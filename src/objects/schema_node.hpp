#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

// A compiled schema. Heavy: only for the .cpp files of this folder.
namespace slipway::objects {

enum class NodeType : std::uint8_t { kObject, kArray, kString, kInteger, kBoolean, kIntOrString };
enum class ListType : std::uint8_t { kAtomic, kSet, kMap };

struct SchemaNode {
  NodeType type = NodeType::kObject;
  std::string title;
  std::string format;
  std::string pattern_text;
  std::unique_ptr<re2::RE2> pattern;
  std::optional<nlohmann::json> initial;  ///< the default
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
