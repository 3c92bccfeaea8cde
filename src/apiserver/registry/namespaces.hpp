#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "reconciler/base/result.hpp"
#include "src/objects/kinds.hpp"

// What is special about Namespaces. Thread-safe.
namespace slipway::apiserver {

/// Holds a deleted namespace until everything in it is gone: in spec.finalizers, where Kubernetes has it.
inline constexpr std::string_view kContentsFinalizer = "kubernetes";

inline constexpr std::string_view kDefaultNamespace = "default";

/// The kind Namespace.
const objects::KindInfo* NamespaceKind();

/// Makes a Namespace that is about to be deleted wait for its contents. kForbidden: it is the one
/// that is always there.
Result<void> CloseNamespace(nlohmann::json& tree);

}  // namespace slipway::apiserver
