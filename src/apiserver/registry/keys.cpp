#include "src/apiserver/registry/keys.hpp"

#include "reconciler/base/assert.hpp"
#include "reconciler/base/result.hpp"

namespace slipway::apiserver {
namespace {

bool IsPart(const std::string& text) {
  return text.find('/') == std::string::npos && text.find('\0') == std::string::npos;
}

std::string Quoted(const ObjectPath& path) {
  return path.kind->QualifiedPlural() + " \"" + path.name + "\"";
}

}  // namespace

std::string PrefixOf(const ObjectPath& path) {
  SLIPWAY_ASSERT(path.kind != nullptr, "an object path has a kind");
  std::string prefix =
      "/" + (path.kind->group.empty() ? "core" : path.kind->group) + "/" + path.kind->plural + "/";
  if (!path.ns.empty()) {
    prefix += path.ns + "/";
  }
  return prefix;
}

std::string KeyOf(const ObjectPath& path) {
  SLIPWAY_ASSERT(!path.name.empty(), "the path of one object has a name");
  return PrefixOf(path) + path.name;
}

std::string_view NameOfKey(std::string_view key) { return key.substr(key.rfind('/') + 1); }

bool IsPossible(const ObjectPath& path) {
  return path.kind->namespaced != path.ns.empty() && !path.name.empty() && IsPart(path.ns) &&
         IsPart(path.name);
}

Error NotFound(const ObjectPath& path) {
  return Fail(Code::kNotFound, Quoted(path) + " not found");
}

Error AlreadyExists(const ObjectPath& path) {
  return Fail(Code::kAlreadyExists, Quoted(path) + " already exists");
}

Error Modified(const ObjectPath& path) {
  return Fail(Code::kConflict,
              "Operation cannot be fulfilled on " + Quoted(path) +
                  ": the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

}  // namespace slipway::apiserver
