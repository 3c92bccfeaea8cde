#include "src/objects/write_rules.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/decode_rules.hpp"
#include "src/objects/field_path.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/kind_rules.hpp"
#include "src/objects/metadata_rules.hpp"

namespace slipway::objects {
namespace {

/// How much of generateName is kept before the 5 random characters.
constexpr std::size_t kMaxNameBase = 58;
constexpr const char* kForegroundFinalizer = "foregroundDeletion";
constexpr const char* kOrphanFinalizer = "orphan";
constexpr const char* kAlreadyModified =
    "the object has been modified; please apply your changes to the latest version and try again";

/// A field of metadata as text; "" where it is absent or no text.
std::string MetaText(const Json& object, const char* field) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) {
    return "";
  }
  const auto found = metadata->find(field);
  return found != metadata->end() && found->is_string() ? found->get<std::string>() : "";
}

/// Copies a field of metadata from the stored object, or removes it where that has none.
void Restore(Json& object, const Json& stored, const char* field) {
  const Json& from = stored["metadata"];
  if (from.contains(field)) {
    object["metadata"][field] = from[field];
  } else {
    object["metadata"].erase(field);
  }
}

Error Conflict(const KindInfo& kind, const std::string& name, const std::string& why) {
  return Fail(Code::kConflict, "Operation cannot be fulfilled on " + kind.QualifiedPlural() +
                                   " \"" + name + "\": " + why);
}

Error OneFault(const KindInfo& kind, const std::string& name, std::string field,
               std::string message, const char* reason) {
  return InvalidObject(
      kind, name,
      {Cause{.field = std::move(field), .message = std::move(message), .reason = reason}});
}

/// What names the object and what an update demands is text where it is there at all. Taken for absent,
/// a resourceVersion without its quotes would let the write overwrite anything.
Result<void> CheckMetaTypes(const Json& metadata) {
  for (const char* field : {"name", "generateName", "namespace", "uid", "resourceVersion"}) {
    const auto found = metadata.find(field);
    if (found != metadata.end() && !found->is_null() && !found->is_string()) {
      return Fail(Code::kBadRequest,
                  std::string("metadata.") + field + " must be text: put it into quotes");
    }
  }
  return Ok();
}

/// The object is of the kind and has the names that the path says; fills in what it leaves out.
Result<void> MatchPath(const KindInfo& kind, Json& object, const WriteRequest& request) {
  if (!object.is_object()) {
    return Fail(Code::kBadRequest, "the body must be an object of kind " + kind.kind);
  }
  for (const auto& [field, wanted] :
       {std::pair{"apiVersion", kind.ApiVersion()}, std::pair{"kind", kind.kind}}) {
    const auto found = object.find(field);
    if (found != object.end() && *found != wanted) {
      return Fail(Code::kBadRequest, std::string(field) + " is " + PrintJson(*found) +
                                         ", and this address is for " + wanted +
                                         "; send the object to the address of its own kind");
    }
    object[field] = wanted;
  }
  if (!object.contains("metadata") || object["metadata"].is_null()) {
    object["metadata"] = Json::object();
  }
  if (!object["metadata"].is_object()) {
    return Fail(Code::kBadRequest, "metadata must be an object");
  }
  SLIPWAY_TRYV(CheckMetaTypes(object["metadata"]));
  const std::string ns = MetaText(object, "namespace");
  if (!ns.empty() && ns != request.ns) {
    return Fail(
        Code::kBadRequest,
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  if (!request.ns.empty()) {
    object["metadata"]["namespace"] = request.ns;
  }
  const std::string name = MetaText(object, "name");
  if (!request.name.empty() && name != request.name) {
    return Fail(Code::kBadRequest, "the name of the object (" + name +
                                       ") does not match the name on the URL (" + request.name +
                                       ")");
  }
  return Ok();
}

/// Fields that are not known and fields that come twice, as `field_validation` wants them treated.
Result<std::vector<std::string>> ReportFields(const KindInfo& kind, const WriteRequest& request,
                                              const std::vector<std::string>& unknown) {
  std::vector<std::string> messages;
  for (const std::string& path : unknown) {
    messages.push_back("unknown field \"" + path + "\"");
  }
  for (const std::string& path : request.duplicates) {
    messages.push_back("duplicate field \"" + path + "\"");
  }
  messages.resize(std::min(messages.size(), kMaxReportedFields));
  if (request.field_validation == FieldValidation::kIgnore || messages.empty()) {
    return std::vector<std::string>();
  }
  if (request.field_validation == FieldValidation::kWarn) {
    return messages;
  }
  std::string all;
  for (const std::string& message : messages) {
    all += (all.empty() ? "" : ", ") + message;
  }
  return Fail(Code::kBadRequest, kind.kind + " in version \"" + kind.version +
                                     "\" cannot be handled as a " + kind.kind +
                                     ": strict decoding error: " + all);
}

/// A label or annotation that is null is there, and empty.
void EmptyNulls(Json& metadata) {
  for (const char* part : {"labels", "annotations"}) {
    if (!metadata.contains(part) || !metadata[part].is_object()) {
      continue;
    }
    for (Json& value : metadata[part]) {
      if (value.is_null()) {
        value = "";
      }
    }
  }
}

/// Schema order: prune, drop nulls, default. Returns the warnings.
Result<std::vector<std::string>> Shape(const KindInfo& kind, Json& object,
                                       const WriteRequest& request) {
  std::vector<std::string> unknown;
  object["metadata"].erase("managedFields");
  object["metadata"].erase("selfLink");
  EmptyNulls(object["metadata"]);
  kind.schema.Prune(object, unknown);
  kind.schema.DropNulls(object);
  kind.schema.Default(object);
  return ReportFields(kind, request, unknown);
}

Result<void> Judge(const KindInfo& kind, Json& object, const Json* stored) {
  const std::string name = MetaText(object, "name");
  std::vector<Cause> causes;
  const auto append = [&causes](const std::vector<Cause>& more) {
    causes.insert(causes.end(), more.begin(), more.end());
  };
  append(CheckMetadata(kind, object));
  if (stored != nullptr) {
    append(CheckMetadataChange(*stored, object));
  }
  const std::vector<Cause> misfits = kind.schema.Validate(object);
  append(misfits);
  // Kubernetes does not know the rules of our own kinds: they come once it would find no fault.
  if (misfits.empty() && (causes.empty() || (!kind.collected && !name.empty()))) {
    Normalise(kind, object);
    append(CheckRules(kind, object));
    if (stored != nullptr) {
      append(CheckChange(kind, *stored, object));
    }
  }
  if (!causes.empty()) {
    return InvalidObject(kind, name, std::move(causes));
  }
  return Ok();
}

Result<void> CheckPreconditions(const KindInfo& kind, const Json& stored, const Json& object,
                                const WriteRequest& request) {
  const std::string name = MetaText(stored, "name");
  const std::string version = MetaText(object, "resourceVersion");
  const std::string uid = MetaText(object, "uid");
  if (version.empty() && request.needs_resource_version) {
    return OneFault(kind, name, "metadata.resourceVersion", "must be specified for an update",
                    "FieldValueInvalid");
  }
  if (!version.empty() && version != MetaText(stored, "resourceVersion")) {
    return Conflict(kind, name, kAlreadyModified);
  }
  if (!uid.empty() && uid != MetaText(stored, "uid")) {
    return Conflict(kind, name,
                    "Precondition failed: UID in precondition: " + uid +
                        ", UID in object meta: " + MetaText(stored, "uid"));
  }
  return Ok();
}

bool HasFinalizers(const Json& object) {
  const auto found = object["metadata"].find("finalizers");
  return found != object["metadata"].end() && !found->empty();
}

/// Whether anything but metadata and status differs.
bool WantsSomethingElse(const KindInfo& kind, const Json& stored, const Json& object) {
  const auto wanted = [&](const Json& tree) {
    Json copy = tree;
    copy.erase("metadata");
    if (kind.has_status) {
      copy.erase("status");
    }
    return copy;
  };
  return wanted(stored) != wanted(object);
}

void CountGeneration(const KindInfo& kind, Json& object) {
  if (kind.has_generation) {
    object["metadata"]["generation"] = object["metadata"].value("generation", std::int64_t{0}) + 1;
  }
}

void DropEmpty(Json& metadata) {
  for (const char* field : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    if (metadata.contains(field) && metadata[field].empty()) {
      metadata.erase(field);
    }
  }
}

void AddFinalizer(Json& object, const char* name) {
  Json& finalizers = object["metadata"]["finalizers"];
  if (std::find(finalizers.begin(), finalizers.end(), name) == finalizers.end()) {
    finalizers.push_back(name);
  }
}

}  // namespace

Error InvalidObject(const KindInfo& kind, const std::string& name, std::vector<Cause> causes) {
  std::set<std::string> said;
  std::string all;
  for (const Cause& cause : causes) {
    const std::string line = (cause.field.empty() ? "" : cause.field + ": ") + cause.message;
    if (said.insert(line).second) {
      all += (all.empty() ? "" : ", ") + line;
    }
  }
  const std::string qualified = kind.group.empty() ? kind.kind : kind.kind + "." + kind.group;
  Error error = Fail(Code::kInvalid, qualified + " " + Quoted(name) + " is invalid: " +
                                         (said.size() > 1 ? "[" + all + "]" : all));
  error.causes = std::move(causes);
  return error;
}

Result<WriteEffect> PrepareCreate(const KindInfo& kind, Json& object, const WriteRequest& request,
                                  const Birth& birth) {
  SLIPWAY_TRYV(CheckDecodes(kind, object));
  SLIPWAY_TRYV(MatchPath(kind, object, request));
  if (!MetaText(object, "resourceVersion").empty()) {
    return Fail(Code::kBadRequest, "resourceVersion should not be set on objects to be created");
  }
  Json& metadata = object["metadata"];
  const std::string base = MetaText(object, "generateName");
  if (MetaText(object, "name").empty()) {
    metadata.erase("name");
    if (!base.empty()) {
      metadata["name"] = base.substr(0, kMaxNameBase) + birth.name_suffix;
    }
  }
  for (const char* field :
       {"resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"}) {
    metadata.erase(field);
  }
  metadata["uid"] = birth.uid;
  metadata["creationTimestamp"] =
      api::FormatTime(std::chrono::floor<std::chrono::seconds>(birth.now));
  if (kind.has_status) {
    object.erase("status");
  }
  SLIPWAY_TRY(warnings, Shape(kind, object, request));
  CountGeneration(kind, object);
  SLIPWAY_TRYV(Judge(kind, object, nullptr));
  DropEmpty(metadata);
  return WriteEffect{.changed = true, .removed = false, .warnings = std::move(warnings)};
}

Result<WriteEffect> PrepareUpdate(const KindInfo& kind, const Json& stored, Json& object,
                                  const WriteRequest& request) {
  SLIPWAY_TRYV(MatchPath(kind, object, request));
  SLIPWAY_TRYV(CheckPreconditions(kind, stored, object, request));
  for (const char* field : {"uid", "creationTimestamp", "generation", "deletionTimestamp",
                            "deletionGracePeriodSeconds", "resourceVersion", "generateName"}) {
    Restore(object, stored, field);
  }
  if (kind.has_status) {
    object.erase("status");
    if (stored.contains("status")) {
      object["status"] = stored["status"];
    }
  }
  SLIPWAY_TRY(warnings, Shape(kind, object, request));
  SLIPWAY_TRYV(Judge(kind, object, &stored));
  DropEmpty(object["metadata"]);
  if (WantsSomethingElse(kind, stored, object)) {
    CountGeneration(kind, object);
  }
  return WriteEffect{
      .changed = object != stored,
      .removed = object["metadata"].contains("deletionTimestamp") && !HasFinalizers(object),
      .warnings = std::move(warnings)};
}

Result<WriteEffect> PrepareStatusUpdate(const KindInfo& kind, const Json& stored, Json& object,
                                        const WriteRequest& request) {
  SLIPWAY_ASSERT(kind.has_status, kind.kind + " has no status subresource");
  SLIPWAY_TRYV(MatchPath(kind, object, request));
  SLIPWAY_TRYV(CheckPreconditions(kind, stored, object, request));
  Json merged = stored;
  merged.erase("status");
  if (object.contains("status")) {
    merged["status"] = std::move(object["status"]);
  }
  object = std::move(merged);
  SLIPWAY_TRY(warnings, Shape(kind, object, request));
  std::vector<Cause> causes = kind.schema.Validate(object);
  if (!causes.empty()) {
    return InvalidObject(kind, MetaText(stored, "name"), std::move(causes));
  }
  return WriteEffect{
      .changed = object != stored, .removed = false, .warnings = std::move(warnings)};
}

Result<WriteEffect> PrepareDelete(const KindInfo& kind, Json& object, const DeleteRequest& request,
                                  Time now) {
  const std::string name = MetaText(object, "name");
  const std::string uid = MetaText(object, "uid");
  if (request.uid && *request.uid != uid) {
    return Conflict(kind, name,
                    "Precondition failed: UID in precondition: " + *request.uid +
                        ", UID in object meta: " + uid);
  }
  const std::string version = MetaText(object, "resourceVersion");
  if (request.resource_version && *request.resource_version != version) {
    return Conflict(kind, name,
                    "Precondition failed: ResourceVersion in precondition: " +
                        *request.resource_version + ", ResourceVersion in object meta: " + version);
  }
  const Json before = object;
  // Elsewhere nobody would take the finalizer, and the object would stay for ever.
  if (kind.collected && request.propagation == DeleteRequest::Propagation::kForeground) {
    AddFinalizer(object, kForegroundFinalizer);
  } else if (kind.collected && request.propagation == DeleteRequest::Propagation::kOrphan) {
    AddFinalizer(object, kOrphanFinalizer);
  }
  if (!HasFinalizers(object)) {
    return WriteEffect{.changed = true, .removed = true};
  }
  if (!object["metadata"].contains("deletionTimestamp")) {
    object["metadata"]["deletionTimestamp"] =
        api::FormatTime(std::chrono::floor<std::chrono::seconds>(now));
    object["metadata"]["deletionGracePeriodSeconds"] = 0;
    CountGeneration(kind, object);
  }
  return WriteEffect{.changed = object != before, .removed = false};
}

}  // namespace slipway::objects
