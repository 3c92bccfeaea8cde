#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/objects/kinds.hpp"

// The types of Go into which Kubernetes reads its own kinds: what it says of a value that does not fit names
// them. Only for this folder. Made at the first call; lives as long as the process.
namespace slipway::objects {

enum class GoShape : std::uint8_t {
  kText,
  kBool,
  kInt32,
  kInt64,
  kByte,
  kBytes,      ///< base64 as text
  kTime,       ///< RFC 3339
  kMicroTime,  ///< with six digits behind the second
  kAnything,
  kMap,
  kList,
  kStruct
};

struct GoTypeInfo {
  struct Field {
    std::string name;  ///< as it is in JSON
    const GoTypeInfo* type;
  };

  GoShape shape;
  std::string name;  ///< as Go prints it: `map[string]string`, `v1.ObjectMeta`
  const GoTypeInfo* item = nullptr;
  std::vector<Field> fields{};  ///< in the order of Go

  /// The name without its package.
  std::string_view ShortName() const;
  /// nullptr where a struct has no such field.
  const GoTypeInfo* Find(std::string_view field) const;
};

/// nullptr for a kind that is read into no type of its own: all but Kubernetes'.
const GoTypeInfo* GoTypeOf(const KindInfo& kind);

/// Of the metadata of every object.
const GoTypeInfo& ObjectMetaType();

}  // namespace slipway::objects
