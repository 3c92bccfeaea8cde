#include "src/objects/write_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/core_rules.hpp"
#include "src/objects/decode_rules.hpp"
#include "src/objects/deletion_policy.hpp"
#include "src/objects/field_ownership.hpp"
#include "src/objects/field_path.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/kind_rules.hpp"
#include "src/objects/metadata_rules.hpp"
#include "src/objects/owner_tracking.hpp"
#include "src/objects/schema_node.hpp"

namespace slipway::objects {
namespace {

/// How much of generateName is kept before the 5 random characters.
constexpr std::size_t kMaxNameBase = 58;
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

/// What nobody may change is as it was. What was sent all the same of some of it is left to Judge.
void RestoreMetadata(Json& object, const Json& stored) {
  for (const char* field : {"creationTimestamp", "generation", "resourceVersion", "generateName"}) {
    Restore(object, stored, field);
  }
  if (MetaText(object, "uid").empty()) {
    Restore(object, stored, "uid");
  }
  if (stored["metadata"].contains("deletionTimestamp")) {
    Restore(object, stored, "deletionTimestamp");
  }
  if (object["metadata"].value("deletionGracePeriodSeconds", Json()).is_null()) {
    Restore(object, stored, "deletionGracePeriodSeconds");
  }
}

/// "Application.slipway.dev", or "Secret" for the core group.
std::string QualifiedKind(const KindInfo& kind) {
  return kind.group.empty() ? kind.kind : kind.kind + "." + kind.group;
}

Error Conflict(const KindInfo& kind, const std::string& name, const std::string& why) {
  return Fail(Code::kConflict, "Operation cannot be fulfilled on " + kind.QualifiedPlural() +
                                   " \"" + name + "\": " + why);
}

/// Of a DELETE: Kubernetes names the kind here.
Error FailedPrecondition(const KindInfo& kind, const std::string& name, const std::string& why) {
  return Fail(Code::kConflict, "Operation cannot be fulfilled on " + QualifiedKind(kind) + " \"" +
                                   name + "\": " + why);
}

/// Of an update that wants an object of another uid; `stored` is empty where none is there. Kubernetes
/// shows where its store has the object.
Error OtherLife(const KindInfo& kind, const Json& object, const Json& stored) {
  const std::string name = MetaText(object, "name");
  const std::string ns = MetaText(object, "namespace");
  const std::string uid = MetaText(object, "uid");
  const bool custom = kind.group.ends_with("slipway.dev");
  const std::string key = "/registry/" + (custom ? kind.group + "/" : "") + kind.plural + "/" +
                          (ns.empty() ? "" : ns + "/") + name;
  return Conflict(kind, name,
                  "StorageError: invalid object, Code: 4, Key: " + key +
                      ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
                      "precondition: " +
                      uid + ", UID in object meta: " + MetaText(stored, "uid"));
}

/// Of a PUT that must say what it replaces. Kubernetes names the resource here.
Error NoVersion(const KindInfo& kind, const std::string& name) {
  const Cause cause{.field = "metadata.resourceVersion",
                    .message = "Invalid value: 0x0: must be specified for an update",
                    .reason = "FieldValueInvalid"};
  Error error = Fail(Code::kInvalid, kind.QualifiedPlural() + " \"" + name +
                                         "\" is invalid: " + cause.field + ": " + cause.message);
  error.causes = {cause};
  return error;
}

/// Whether the object was sent as it is, and not made by a patch.
bool IsWhole(const WriteRequest& request) { return !request.patched && !request.applied; }

/// The object has the names that the path says; fills in what it leaves out.
Result<void> MatchPath(const KindInfo& kind, Json& object, const WriteRequest& request) {
  if (!object.is_object()) {
    return Fail(Code::kBadRequest, "the body must be an object of kind " + kind.kind);
  }
  if (IsWhole(request)) {
    SLIPWAY_TRYV(CheckDecodes(kind, object));
  }
  object.emplace("apiVersion", kind.ApiVersion());
  object.emplace("kind", kind.kind);
  if (!object.contains("metadata") || object["metadata"].is_null()) {
    object["metadata"] = Json::object();
  }
  if (!object["metadata"].is_object()) {
    return Fail(Code::kBadRequest, "metadata must be an object");
  }
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
  if (!request.name.empty() && name.empty()) {
    return Fail(Code::kBadRequest, "the name of the object (" + request.name +
                                       " based on URL) was undeterminable: name must be provided");
  }
  if (!request.name.empty() && name != request.name) {
    return Fail(Code::kBadRequest, "the name of the object (" + name +
                                       ") does not match the name on the URL (" + request.name +
                                       ")");
  }
  return Ok();
}

/// `qualified`: what kind of object, as messages name it.
Error InvalidNamed(const std::string& qualified, const std::string& name,
                   std::vector<Cause> causes) {
  std::set<std::string> said;
  std::string all;
  for (const Cause& cause : causes) {
    const std::string line = (cause.field.empty() ? "" : cause.field + ": ") + cause.message;
    if (said.insert(line).second) {
      all += (all.empty() ? "" : ", ") + line;
    }
  }
  Error error = Fail(Code::kInvalid, qualified + " " + Quoted(name) + " is invalid: " +
                                         (said.size() > 1 ? "[" + all + "]" : all));
  error.causes = std::move(causes);
  return error;
}

/// Of what an object says of itself, before anything else is judged.
Result<void> CheckKind(const KindInfo& kind, const Json& object) {
  std::vector<Cause> causes = CheckTypeMeta(kind, object);
  if (causes.empty()) {
    return Ok();
  }
  const std::string said = SaidKind(object);
  Error error = InvalidNamed(said, MetaText(object, "name"), std::move(causes));
  error.about = said;
  return error;
}

bool HasNull(const Json& values) {
  return std::any_of(values.begin(), values.end(),
                     [](const Json& value) { return value.is_null(); });
}

/// Whether an apply left something in the metadata that reading it again drops; or whether bytes are null,
/// which are empty once they are read again.
bool LeavesUnsettled(const KindInfo& kind, const Json& object, const WriteRequest& request) {
  const auto bytes = object.find(kind.kind == "Secret" ? "data" : "binaryData");
  if (HoldsValues(kind) && bytes != object.end() && bytes->is_object() && HasNull(*bytes)) {
    return true;
  }
  const auto metadata = object.find("metadata");
  if (!request.applied || !IsCustom(kind) || metadata == object.end()) {
    return false;
  }
  const auto nothing = [](const Json& value) { return value.empty() || value == ""; };
  for (const char* field :
       {"labels", "annotations", "finalizers", "ownerReferences", "generateName"}) {
    const auto found = metadata->find(field);
    if (found != metadata->end() && (nothing(*found) || HasNull(*found))) {
      return true;
    }
  }
  return false;
}

/// Fields that are not known and fields that come twice, as `field_validation` wants them treated.
Result<std::vector<std::string>> ReportFields(const KindInfo& kind, const WriteRequest& request,
                                              const std::vector<std::string>& unknown,
                                              const std::string& patched) {
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
  if (request.patched) {
    return UnreadablePatch(kind, patched, "strict decoding error: " + all);
  }
  return Fail(Code::kBadRequest, kind.kind + " in version \"" + kind.version +
                                     "\" cannot be handled as a " + kind.kind +
                                     ": strict decoding error: " + all);
}

constexpr std::array<const char*, 3> kValueMaps = {"data", "binaryData", "stringData"};

/// What is null in a map of texts is there, and empty.
template <typename Fields>
void EmptyNulls(Json& holder, const Fields& fields) {
  for (const char* field : fields) {
    const auto found = holder.find(field);
    if (found == holder.end() || !found->is_object()) {
      continue;
    }
    for (Json& value : *found) {
      if (value.is_null()) {
        value = "";
      }
    }
  }
}

/// Kubernetes keeps nothing of what is empty. Where it may not change, it still counts as something.
void DropEmptyParts(const KindInfo& kind, Json& object) {
  DropEmpty(object["metadata"]);
  if (!HoldsValues(kind)) {
    return;
  }
  for (const char* field : kValueMaps) {
    const auto found = object.find(field);
    if (found != object.end() && found->is_object() && found->empty()) {
      object.erase(found);
    }
  }
}

/// What is null is not there. Of an applied custom resource Kubernetes drops none but those of the metadata.
void DropNulls(const KindInfo& kind, Json& object, const WriteRequest& request) {
  if (!request.applied || !IsCustom(kind)) {
    kind.schema.DropNulls(object);
    return;
  }
  Json part;
  part["metadata"] = std::move(object["metadata"]);
  kind.schema.DropNulls(part);
  object["metadata"] = std::move(part["metadata"]);
}

/// Schema order: prune, drop nulls, default. Returns the warnings.
Result<std::vector<std::string>> Shape(const KindInfo& kind, Json& object,
                                       const WriteRequest& request) {
  std::vector<std::string> unknown;
  object["metadata"].erase("selfLink");
  const bool shown = request.patched && request.field_validation == FieldValidation::kStrict;
  const std::string patched = shown ? PrintJson(object) : std::string();
  EmptyNulls(object["metadata"], std::array{"labels", "annotations"});
  if (HoldsValues(kind)) {
    EmptyNulls(object, kValueMaps);
  }
  kind.schema.Prune(object, unknown);
  DropNulls(kind, object, request);
  if (kind.kind == "Secret" && object.value("type", Json()) == "") {
    object.erase("type");
  }
  kind.schema.Default(object);
  return ReportFields(kind, request, unknown, patched);
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
  std::vector<Cause> misfits = kind.schema.Validate(object);
  // What an owner lacks CheckMetadata says.
  std::erase_if(misfits, [](const Cause& cause) {
    return cause.reason == "FieldValueRequired" &&
           cause.field.starts_with("metadata.ownerReferences[");
  });
  append(misfits);
  // Kubernetes does not know the rules of our own kinds: they come once it would find no fault.
  if (misfits.empty() && (causes.empty() || (!IsCustom(kind) && !name.empty()))) {
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

/// A whole object that is sent wants the one of its uid before all else; a uid that a patch changed is
/// left to Judge.
Result<void> CheckPreconditions(const KindInfo& kind, const Json& stored, const Json& object,
                                const WriteRequest& request) {
  const std::string name = MetaText(stored, "name");
  const std::string uid = MetaText(object, "uid");
  if (IsWhole(request) && !uid.empty() && uid != MetaText(stored, "uid")) {
    return OtherLife(kind, object, stored);
  }
  SLIPWAY_TRY(version, VersionOf(object));
  SLIPWAY_TRY(current, VersionOf(stored));
  if (version == 0 && request.needs_resource_version) {
    return NoVersion(kind, name);
  }
  if (version != 0 && version != current) {
    return Conflict(kind, name, kAlreadyModified);
  }
  return Ok();
}

/// The object is the one that is stored, and of its kind.
Result<void> CheckWanted(const KindInfo& kind, const Json& stored, const Json& object,
                         const WriteRequest& request) {
  SLIPWAY_TRYV(CheckPreconditions(kind, stored, object, request));
  return CheckKind(kind, object);
}

/// What a success would have warned of is said of a refusal, too.
Error WithWarnings(Error error, std::vector<std::string> warnings) {
  error.warnings = std::move(warnings);
  return error;
}

bool HasFinalizers(const Json& object) {
  const auto found = object["metadata"].find("finalizers");
  return found != object["metadata"].end() && !found->empty();
}

/// Whether somebody must still do something before the object goes away. A Namespace says so in its spec
/// too.
bool IsHeld(const KindInfo& kind, const Json& object) {
  const auto spec = object.find("spec");
  const bool in_spec = kind.kind == "Namespace" && spec != object.end() &&
                       !spec->value("finalizers", Json::array()).empty();
  return in_spec || HasFinalizers(object);
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

}  // namespace

Result<std::uint64_t> VersionOf(const Json& object) {
  const std::string text = MetaText(object, "resourceVersion");
  std::uint64_t version = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, version);
  if (text.empty() || (error == std::errc() && stop == end)) {
    return version;
  }
  const bool large = error == std::errc::result_out_of_range && stop == end;
  return Fail(Code::kUnexplained, "strconv.ParseUint: parsing " + Quoted(text) + ": " +
                                      (large ? "value out of range" : "invalid syntax"));
}

Error InvalidObject(const KindInfo& kind, const std::string& name, std::vector<Cause> causes) {
  return InvalidNamed(QualifiedKind(kind), name, std::move(causes));
}

Result<WriteEffect> PrepareCreate(const KindInfo& kind, Json& object, const WriteRequest& request,
                                  const Birth& birth) {
  const bool unsettled = LeavesUnsettled(kind, object, request);
  SLIPWAY_TRYV(MatchPath(kind, object, request));
  if (!MetaText(object, "resourceVersion").empty()) {
    return Fail(Code::kBadRequest, "resourceVersion should not be set on objects to be created");
  }
  Json sent = TakeOwners(object);
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
  SLIPWAY_TRYV(CheckKind(kind, object));
  const bool says_who_empties_it = SaysWhoEmptiesIt(object);
  SLIPWAY_TRY(warnings, Shape(kind, object, request));
  CountGeneration(kind, object);
  auto judged = Judge(kind, object, nullptr);
  if (!judged.has_value()) {
    return WithWarnings(std::move(judged.error()), std::move(warnings));
  }
  WarnOfFinalizers(kind, nullptr, object, warnings);
  DropEmptyParts(kind, object);
  if (request.admit) {
    SLIPWAY_TRYV(request.admit(nullptr, object));
  }
  WriteRequest timed = request;
  timed.now = birth.now;
  TrackBirth(kind, says_who_empties_it, object, std::move(sent), timed);
  return WriteEffect{
      .changed = true, .removed = false, .warnings = std::move(warnings), .unsettled = unsettled};
}

Error RefuseUpdateOfNothing(const KindInfo& kind, Json object, const WriteRequest& request) {
  auto matched = MatchPath(kind, object, request);
  if (!matched.has_value()) {
    return std::move(matched.error());
  }
  TakeOwners(object);  // which no schema knows
  auto warnings = Shape(kind, object, request);
  if (!warnings.has_value()) {
    return std::move(warnings.error());
  }
  Error error =
      Fail(Code::kNotFound, kind.QualifiedPlural() + " " + Quoted(request.name) + " not found");
  if (!MetaText(object, "uid").empty()) {
    error = OtherLife(kind, object, Json::object());
  }
  return WithWarnings(std::move(error), std::move(warnings.value()));
}

Result<WriteEffect> PrepareUpdate(const KindInfo& kind, const Json& stored, Json& object,
                                  const WriteRequest& request) {
  const bool unsettled = LeavesUnsettled(kind, object, request);
  SLIPWAY_TRYV(MatchPath(kind, object, request));
  Json sent = TakeOwners(object);
  std::vector<std::string> nulls = NullBytes(kind, object);
  SLIPWAY_TRY(warnings, Shape(kind, object, request));
  auto wanted = CheckWanted(kind, stored, object, request);
  if (!wanted.has_value()) {
    return WithWarnings(std::move(wanted.error()), std::move(warnings));
  }
  RestoreMetadata(object, stored);
  if (kind.has_status) {
    object.erase("status");
    if (stored.contains("status")) {
      object["status"] = stored["status"];
    }
  }
  auto judged = Judge(kind, object, &stored);
  if (!judged.has_value()) {
    return WithWarnings(std::move(judged.error()), std::move(warnings));
  }
  WarnOfFinalizers(kind, &stored, object, warnings);
  const bool removed = object["metadata"].contains("deletionTimestamp") && !IsHeld(kind, object);
  // The last answer of a custom resource that an apply removes shows what the apply left empty.
  if (!(removed && request.applied && IsCustom(kind))) {
    DropEmptyParts(kind, object);
  }
  if (request.admit) {
    SLIPWAY_TRYV(request.admit(&stored, object));
  }
  if (WantsSomethingElse(kind, stored, object)) {
    CountGeneration(kind, object);
  }
  TrackUpdate(kind, stored, object, std::move(sent), request, std::move(nulls));
  return WriteEffect{.changed = object != stored,
                     .removed = removed,
                     .warnings = std::move(warnings),
                     .unsettled = unsettled};
}

Result<WriteEffect> PrepareStatusUpdate(const KindInfo& kind, const Json& stored, Json& object,
                                        const WriteRequest& request) {
  SLIPWAY_ASSERT(kind.has_status, kind.kind + " has no status subresource");
  SLIPWAY_TRYV(MatchPath(kind, object, request));
  Json sent = TakeOwners(object);
  SLIPWAY_TRY(warnings, Shape(kind, object, request));
  auto wanted = CheckWanted(kind, stored, object, request);
  if (!wanted.has_value()) {
    return WithWarnings(std::move(wanted.error()), std::move(warnings));
  }
  Json metadata = object["metadata"];
  Json merged = stored;
  merged["metadata"].erase("managedFields");
  merged.erase("status");
  if (object.contains("status")) {
    merged["status"] = std::move(object["status"]);
  }
  object = std::move(merged);
  std::vector<Cause> causes = kind.schema.Validate(object);
  if (!causes.empty()) {
    return WithWarnings(InvalidObject(kind, MetaText(stored, "name"), std::move(causes)),
                        std::move(warnings));
  }
  TrackStatusOwners(kind, stored, object, std::move(metadata), std::move(sent), request);
  return WriteEffect{
      .changed = object != stored, .removed = false, .warnings = std::move(warnings)};
}

Result<WriteEffect> PrepareDelete(const KindInfo& kind, Json& object, const DeleteRequest& request,
                                  Time now) {
  const std::string name = MetaText(object, "name");
  const std::string uid = MetaText(object, "uid");
  if (request.uid && *request.uid != uid) {
    return FailedPrecondition(kind, name,
                              "the UID in the precondition (" + *request.uid +
                                  ") does not match the UID in record (" + uid +
                                  "). The object might have been deleted and then recreated");
  }
  const std::string version = MetaText(object, "resourceVersion");
  if (request.resource_version && *request.resource_version != version) {
    return FailedPrecondition(kind, name,
                              "the ResourceVersion in the precondition (" +
                                  *request.resource_version +
                                  ") does not match the ResourceVersion in record (" + version +
                                  "). The object might have been modified");
  }
  const Json before = object;
  if (request.propagation) {
    SetDeletionPolicy(kind, object, *request.propagation);
  }
  if (!IsHeld(kind, object)) {
    return WriteEffect{.changed = true, .removed = true};
  }
  if (!object["metadata"].contains("deletionTimestamp")) {
    object["metadata"]["deletionTimestamp"] =
        api::FormatTime(std::chrono::floor<std::chrono::seconds>(now));
    if (kind.kind != "Namespace") {
      object["metadata"]["deletionGracePeriodSeconds"] = 0;
    }
    CountGeneration(kind, object);
  }
  return WriteEffect{.changed = object != before, .removed = false};
}

}  // namespace slipway::objects
