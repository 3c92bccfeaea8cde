#pragma once

#include <string>

#include "reconciler/base/error.hpp"
#include "src/apiserver/registry/registry.hpp"

namespace slipway::apiserver {

/// What went wrong, as a `Status` of Kubernetes. `path`: the object that it is about, or nullptr;
/// `continue_token`: how a list can go on all the same, or empty. Thread-safe.
std::string FailureStatus(const Error& error, const ObjectPath* path,
                          const std::string& continue_token = "");

/// What a DELETE answers that removed an object.
std::string DeletedStatus(const ObjectPath& path, const std::string& uid);

}  // namespace slipway::apiserver
