#pragma once

#include <string>
#include <string_view>

#include "reconciler/base/error.hpp"
#include "src/apiserver/registry/registry.hpp"

// Where objects are in the store: /<group>/<plural>/<namespace>/<name>, without the namespace for
// kinds that have none; the core group is called `core`.
namespace slipway::apiserver {

/// The key of one object. `path.name` is not empty.
std::string KeyOf(const ObjectPath& path);

/// What the keys of one kind begin with, in one namespace or in all.
std::string PrefixOf(const ObjectPath& path);

/// The last part of a key.
std::string_view NameOfKey(std::string_view key);

/// Whether namespace and name can be parts of a key at all; if not, no such object exists.
bool IsPossible(const ObjectPath& path);

/// `applications.slipway.dev "shop" not found`.
Error NotFound(const ObjectPath& path);

/// `applications.slipway.dev "shop" already exists`.
Error AlreadyExists(const ObjectPath& path);

/// `Operation cannot be fulfilled on …: the object has been modified; …`.
Error Modified(const ObjectPath& path);

}  // namespace slipway::apiserver
