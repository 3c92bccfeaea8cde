#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reconciler/base/result.hpp"
#include "src/apiserver/registry/object.hpp"

// Between objects as bytes and as trees. Thread-safe.
namespace slipway::apiserver {

/// What is stored of a tree: apiVersion, kind and metadata first, the rest by name, and no
/// resourceVersion, so that the one that the store gives can be put in without parsing. A space behind it
/// says that it is unsettled (objects::WriteEffect).
store::Value StoredBytes(nlohmann::json tree, bool unsettled = false);

/// What StoredBytes was told.
bool IsUnsettled(const std::string& bytes);

/// The tree as a GET shows it. kBadRequest where the bytes are damaged.
Result<nlohmann::json> ParseObject(const Object& object);

}  // namespace slipway::apiserver
