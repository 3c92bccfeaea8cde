#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace slipway::cli {

/// `value` as a YAML document that ends with a newline, as `get -o yaml` prints it: keys in order,
/// strings quoted where a YAML reader would take them for something else.
std::string YamlText(const nlohmann::json& value);

}  // namespace slipway::cli
