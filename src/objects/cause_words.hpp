#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "reconciler/base/error.hpp"

// Causes in the words of kube-apiserver, which people and programs know. Pure; only for this folder.
namespace slipway::objects {

/// One refusal lists so many causes, at most.
inline constexpr std::size_t kMaxCauses = 100;

/// Whether a number is a float64 for Go: it is none that an int64 holds.
bool IsFloat(const nlohmann::json& value);

/// A text as a message quotes it, cut where it is long: what a client sends has any length.
std::string QuotedValue(const std::string& text);

/// A value of any type as a message shows it, cut where it is long.
std::string ShownValue(const nlohmann::json& value);

/// `Invalid value: VALUE: DETAIL`.
Cause InvalidValue(std::string field, const nlohmann::json& value, std::string_view detail);

}  // namespace slipway::objects
