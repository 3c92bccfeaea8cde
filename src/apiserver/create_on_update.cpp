#include "src/apiserver/create_on_update.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

std::string MetaField(const objects::Json& tree, const char* field) {
  const objects::Json metadata = tree.value("metadata", objects::Json());
  const objects::Json found = metadata.is_object() ? metadata.value(field, objects::Json()) : "";
  return found.is_string() ? found.get<std::string>() : "";
}

/// The object without what a new one cannot have.
Result<std::string> AsNew(const ObjectPath& path, const std::string& json) {
  SLIPWAY_TRY(tree, objects::ParseJson(json));
  if (!tree.is_object()) {
    return Fail(Code::kBadRequest, "the body must be an object of kind " + path.kind->kind);
  }
  const std::string name = MetaField(tree, "name");
  if (name.empty()) {
    return Fail(Code::kBadRequest, "the name of the object (" + path.name +
                                       " based on URL) was undeterminable: name must be provided");
  }
  if (name != path.name) {
    return Fail(Code::kBadRequest, "the name of the object (" + name +
                                       ") does not match the name on the URL (" + path.name + ")");
  }
  if (const std::string uid = MetaField(tree, "uid"); !uid.empty()) {
    return Fail(Code::kConflict, "Operation cannot be fulfilled on " +
                                     path.kind->QualifiedPlural() + " \"" + name +
                                     "\": StorageError: invalid object, Code: 4, Key: /registry/" +
                                     path.kind->plural + "/" + path.ns + "/" + name +
                                     ", ResourceVersion: 0, AdditionalErrorMsg: Precondition "
                                     "failed: UID in precondition: " +
                                     uid + ", UID in object meta: ");
  }
  tree["metadata"].erase("resourceVersion");
  return PrintJson(tree);
}

}  // namespace

bool MakesWhatIsAbsent(const std::string& verb, const Route& route,
                       const Result<Written>& written) {
  return verb == "update" && route.target == Route::Target::kObject && !written.has_value() &&
         written.error().code == Code::kNotFound &&
         (route.path.kind->kind == "Lease" || route.path.kind->kind == "Event");
}

void CreateByUpdate(Registry& registry, ObjectPath path, const WriteOptions& options,
                    const std::string& json, WriteDone done) {
  auto object = AsNew(path, json);
  if (!object.has_value()) {
    done(std::move(object.error()));
    return;
  }
  path.name.clear();
  registry.Create(std::move(path), std::move(object.value()), options, std::move(done));
}

}  // namespace slipway::apiserver
