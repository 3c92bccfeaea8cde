#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace slipway::objects {

/// What a plain YAML scalar means to kubectl: the rules of YAML 1.1 as sigs.k8s.io/yaml has them
/// (y, yes and on are true; 010 is 8; 1_000 is 1000; dates stay text). A discarded value where JSON
/// has no such value (.inf, .nan).
nlohmann::json ResolvePlainScalar(const std::string& text);

}  // namespace slipway::objects
