#include "src/cloud/foreign_json.hpp"

#include <nlohmann/json.hpp>

namespace slipway::cloud {

const nlohmann::json& At(const nlohmann::json& tree, const char* name) {
  static const nlohmann::json kNull;
  if (!tree.is_object()) {
    return kNull;
  }
  const auto at = tree.find(name);
  return at == tree.end() ? kNull : *at;
}

std::string TextAt(const nlohmann::json& tree, const char* name) {
  const nlohmann::json& found = At(tree, name);
  return found.is_string() ? found.get<std::string>() : std::string();
}

}  // namespace slipway::cloud
