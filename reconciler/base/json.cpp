#include "reconciler/base/json.hpp"

#include <nlohmann/json.hpp>

namespace slipway {

nlohmann::json ReadJson(std::string_view text) {
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string PrintJson(const nlohmann::json& tree) {
  return tree.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace slipway
