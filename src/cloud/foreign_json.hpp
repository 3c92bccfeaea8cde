#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

// Reading JSON that somebody else wrote: nothing is of the type that it should be until that was looked at. Pure.
namespace slipway::cloud {

/// The text at `name`; empty where `tree` is no object, or has no text there.
std::string TextAt(const nlohmann::json& tree, const char* name);

/// What stands at `name`; null where `tree` is no object, or has nothing there. Lives as long as `tree`.
const nlohmann::json& At(const nlohmann::json& tree, const char* name);

}  // namespace slipway::cloud
