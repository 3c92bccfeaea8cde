#pragma once

#include "src/apiserver/access/authorizer.hpp"
#include "src/objects/write_rules.hpp"

namespace slipway::apiserver {

/// Who may write metadata.ownerReferences, for the object at `path`: Kubernetes' OwnerReferencesPermissionEnforcement. What has no owner
/// that lives is collected; so only who may delete an object may say whose it is, once it is there. And an owner can be made to wait for
/// its dependents only by who may change it. Empty: `user` may do all of this. Of objects that a write makes or changes; kForbidden.
objects::Admission OwnerAdmission(const User& user, const ObjectPath& path);

}  // namespace slipway::apiserver
