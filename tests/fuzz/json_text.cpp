#include "src/objects/json_text.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/json.hpp"
#include "tests/fuzz/target.hpp"

namespace slipway::fuzz {
namespace {

using objects::Json;

constexpr std::array<std::string_view, 3> kParts = {"/metadata/labels", "/metadata/name", "/data"};

/// The same in value, type and order; a number is of the type that the library's own parser gives it.
bool IsSame(const Json& left, const Json& right) {
  if (left.is_structured()) {
    return left.type() == right.type() && left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(), IsSame) &&
           PrintJson(left) == PrintJson(right);
  }
  const bool zero = left.is_number_integer() && left == 0 && right == 0;  // "-0"
  return (zero || left.type() == right.type()) && left == right;
}

}  // namespace

// A text is what the parser of the trees says that it is, be it read fast or not, whole or in parts.
void TryBytes(std::string_view bytes) {
  std::vector<std::string> duplicates;
  const auto tree = objects::ParseJson(bytes, duplicates);
  const Json peer = ReadJson(bytes);
  if (!tree.has_value()) {
    Demand(peer.is_discarded() || tree.error().message.find("nested deeper") != std::string::npos,
           "what is JSON, and not too deep, is read");
    return;
  }
  Demand(!peer.is_discarded(), "what is no JSON is refused");
  Demand(IsSame(tree.value(), peer), "it is read as it is");
  const auto parts = objects::ReadParts(bytes, {kParts[0], kParts[1], kParts[2]});
  Demand(parts.has_value(), "what can be read can be read in parts");
  for (const std::string_view part : kParts) {
    const Json::json_pointer place{std::string(part)};
    // Of a field that is there twice, parts may be of the one or of the other.
    Demand(!duplicates.empty() || peer.contains(place) == parts.value().contains(place),
           "a part is there where it is in the whole");
    Demand(!duplicates.empty() || !peer.contains(place) || parts.value()[place] == peer[place],
           "a part is what it is in the whole");
  }
}

}  // namespace slipway::fuzz
