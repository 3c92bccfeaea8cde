#include "src/apiserver/access/owner_admission.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

Json OwnersOf(const Json* object) {
  return object == nullptr ? Json::array()
                           : (*object)["metadata"].value("ownerReferences", Json::array());
}

Attributes About(const std::string& verb, const objects::KindInfo& kind, const std::string& ns,
                 const std::string& name) {
  return {.verb = verb,
          .group = kind.group,
          .version = kind.version,
          .resource = kind.plural,
          .ns = kind.namespaced ? ns : "",
          .name = name};
}

/// Owners that wait for this object from now on.
Json NewlyBlocked(const Json& before, const Json& owners) {
  Json blocked = Json::array();
  for (const Json& owner : owners) {
    const bool known = std::any_of(before.begin(), before.end(), [&](const Json& old) {
      return old["uid"] == owner["uid"] && old.value("blockOwnerDeletion", false);
    });
    if (owner.value("blockOwnerDeletion", false) && !known) {
      blocked.push_back(owner);
    }
  }
  return blocked;
}

/// Why `user` may not make these owners wait; empty: it may.
std::string WhyNotBlock(const User& user, const std::string& ns, const Json& owners) {
  for (const Json& owner : owners) {
    const std::string version = owner["apiVersion"];
    const std::string name = owner["kind"];
    const objects::KindInfo* kind = objects::FindByKind(version, name);
    if (kind == nullptr) {
      return "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for "
             "APIVersion " +
             version + " Kind " + name;
    }
    const Decision decision = Authorize(user, About("update", *kind, ns, owner["name"]));
    if (!decision.allowed) {
      return "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't "
             "set finalizers on: " +
             decision.reason;
    }
  }
  return "";
}

}  // namespace

objects::Admission OwnerAdmission(const User& user, const ObjectPath& path) {
  if (user.role == Role::kAdmin && user.ns.empty()) {
    return {};
  }
  return [user, path](const Json* stored, const Json& wanted) -> Result<void> {
    const Json before = OwnersOf(stored);
    const Json owners = OwnersOf(&wanted);
    if (before == owners) {
      return Ok();
    }
    const std::string name = wanted["metadata"]["name"];
    std::string why;
    if (stored != nullptr) {
      const Decision decision = Authorize(user, About("delete", *path.kind, path.ns, name));
      why = decision.allowed
                ? ""
                : "cannot set an ownerRef on a resource you can't delete: " + decision.reason;
    }
    if (why.empty()) {
      why = WhyNotBlock(user, path.ns, NewlyBlocked(before, owners));
    }
    return why.empty() ? Ok()
                       : Result<void>(Fail(Code::kForbidden, path.kind->QualifiedPlural() + " \"" +
                                                                 name + "\" is forbidden: " + why));
  };
}

}  // namespace slipway::apiserver
