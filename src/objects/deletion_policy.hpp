#pragma once

#include <nlohmann/json_fwd.hpp>

#include "src/objects/kinds.hpp"
#include "src/objects/write_rules.hpp"

// What becomes of the dependents of an object that is deleted, as its finalizers say. Pure.
namespace slipway::objects {

/// Finalizers of Kubernetes' deletion policies: the object stays until its dependents are gone, or have lost their reference to it.
inline constexpr const char* kForegroundFinalizer = "foregroundDeletion";
inline constexpr const char* kOrphanFinalizer = "orphan";

/// Puts the finalizer of a policy in the place of what was said before. Nothing for kinds whose deletion says nothing of
/// dependents: as in Kubernetes Events, and Namespaces, which go once they are empty; and AccessTokens, which are revoked
/// whatever hangs on them.
void SetDeletionPolicy(const KindInfo& kind, nlohmann::json& object,
                       DeleteRequest::Propagation policy);

}  // namespace slipway::objects
