#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

// Values as the messages of kube-apiserver show them. Only for this folder. Pure.
namespace slipway::objects {

/// As %q does.
std::string Quoted(const std::string& text);

/// As %v does: `map[a:1 b:[x y]]`.
std::string GoText(const nlohmann::json& value);

/// As %#v does: `map[string]interface {}{"a":1}`.
std::string GoLiteral(const nlohmann::json& value);

/// What Go's JSON decoder calls a value that it cannot use: `array`.
std::string JsonType(const nlohmann::json& value);

/// As %T does: `map[string]interface {}`.
std::string GoType(const nlohmann::json& value);

}  // namespace slipway::objects
