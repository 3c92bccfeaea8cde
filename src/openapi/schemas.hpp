#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

// What each version of OpenAPI makes of a schema; only for this folder.
namespace slipway::openapi {

/// The version of OpenAPI.
enum class Dialect : std::uint8_t { kV2, kV3 };

/// A structural schema as kube-apiserver publishes it. Version 2 loses what old clients stumble over: the
/// type of what may be null, or is an integer or a string, everything inside what keeps unknown fields,
/// and defaults.
nlohmann::json Published(const nlohmann::json& schema, Dialect dialect);

/// As Published, without what only a custom resource publishes: patterns, lengths, defaults, nulls.
nlohmann::json PublishedPlain(const nlohmann::json& schema, Dialect dialect);

/// The schema of a field that holds a definition; `name` without the place where definitions are.
/// Version 3 has no description beside a reference, so it wraps that.
nlohmann::json Reference(const std::string& name, const std::string& description, Dialect dialect);

}  // namespace slipway::openapi
