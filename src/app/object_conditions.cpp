#include "src/app/object_conditions.hpp"

#include <nlohmann/json.hpp>

#include "src/objects/json_text.hpp"

namespace slipway::app {
namespace {

using nlohmann::json;

/// Empty where it is no text.
std::string TextAt(const json& tree, const char* field) {
  const auto found = tree.is_object() ? tree.find(field) : tree.end();
  return found != tree.end() && found->is_string() ? found->get<std::string>() : "";
}

json At(const json& tree, const char* field) {
  const auto found = tree.is_object() ? tree.find(field) : tree.end();
  return found != tree.end() ? *found : json();
}

}  // namespace

std::optional<ObjectConditions> ConditionsIn(const std::string& object) {
  const auto parts =
      objects::ReadParts(object, {"/metadata/namespace", "/metadata/name", "/metadata/uid",
                                  "/metadata/resourceVersion", "/status/conditions"});
  if (!parts.has_value()) {
    return std::nullopt;
  }
  const json metadata = At(parts.value(), "metadata");
  ObjectConditions read{.ns = TextAt(metadata, "namespace"),
                        .name = TextAt(metadata, "name"),
                        .uid = TextAt(metadata, "uid"),
                        .version = TextAt(metadata, "resourceVersion"),
                        .by_type = {}};
  const json conditions = At(At(parts.value(), "status"), "conditions");
  if (conditions.is_array()) {
    for (const json& condition : conditions) {
      read.by_type[TextAt(condition, "type")] = {.holds = TextAt(condition, "status") == "True",
                                                 .reason = TextAt(condition, "reason"),
                                                 .message = TextAt(condition, "message")};
    }
  }
  return read;
}

}  // namespace slipway::app
