#include "src/objects/field_ownership.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "reconciler/base/json.hpp"
#include "src/objects/cause_words.hpp"
#include "src/objects/decode_rules.hpp"
#include "src/objects/field_owners.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/last_applied.hpp"
#include "src/objects/typed_tree.hpp"

namespace slipway::objects {
namespace {

constexpr const char* kBeforeFirstApply = "before-first-apply";
/// kubectl's name; what client-side apply left behind is taken over from it alone.
constexpr const char* kKubectl = "kubectl";
constexpr const char* kConflictReason = "FieldManagerConflict";

FieldSet SetOf(const char* fields) { return FieldSet::Read(ReadJson(fields)).value(); }

/// What nobody ever owns.
const FieldSet& Unowned() {
  static const FieldSet kUnowned = SetOf(R"({"f:apiVersion":{},"f:kind":{},"f:metadata":{".":{},
    "f:name":{},"f:namespace":{},"f:creationTimestamp":{},"f:selfLink":{},"f:uid":{},
    "f:clusterName":{},"f:generation":{},"f:managedFields":{},"f:resourceVersion":{}}})");
  return kUnowned;
}

/// What a write to one part leaves as it was.
FieldSet WithoutOtherPart(const KindInfo& kind, Part part, const FieldSet& set) {
  static const FieldSet kStatus = SetOf(R"({"f:status":{}})");
  static const FieldSet kSpec = SetOf(R"({"f:spec":{}})");
  if (!kind.has_status) {
    return set;
  }
  return set.RecursiveDifference(part == Part::kStatus ? kSpec : kStatus);
}

const Json* ManagedFieldsOf(const Json* object) {
  if (object == nullptr || !object->contains("metadata") || !(*object)["metadata"].is_object()) {
    return nullptr;
  }
  const auto found = (*object)["metadata"].find("managedFields");
  return found == (*object)["metadata"].end() ? nullptr : &*found;
}

/// Whether an entry of managedFields says nothing at all.
bool SaysNothing(const Json& entry) {
  static const std::array<const char*, 7> kFields = {
      "manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"};
  return entry.is_object() && std::all_of(kFields.begin(), kFields.end(), [&](const char* field) {
           const auto found = entry.find(field);
           return found == entry.end() || found->is_null() || *found == "";
         });
}

/// `[]` and `[{}]` ask to forget all owners. Of a custom resource Kubernetes does not see an empty list.
bool AsksToForget(const KindInfo& kind, const Json& sent) {
  return sent.is_array() &&
         ((sent.empty() && !IsCustom(kind)) || (sent.size() == 1 && SaysNothing(sent[0])));
}

FieldOwners StoredOwners(const Json* stored) {
  const Json* fields = ManagedFieldsOf(stored);
  auto owners = fields == nullptr ? FieldOwners() : FieldOwners::Read(*fields);
  return owners.has_value() ? std::move(owners.value()) : FieldOwners();
}

/// The owners that a write begins with.
FieldOwners OwnersBefore(const KindInfo& kind, const Json* stored, const Json& sent, Part part) {
  if (part == Part::kStatus || sent.is_null()) {
    return StoredOwners(stored);
  }
  if (AsksToForget(kind, sent)) {
    return {};
  }
  auto owners = FieldOwners::Read(sent);
  return owners.has_value() && !owners.value().empty() ? std::move(owners.value())
                                                       : StoredOwners(stored);
}

FieldOwner OwnerOf(const KindInfo& kind, const Author& author, bool applied) {
  return {.manager = author.manager.empty() ? "unknown" : author.manager,
          .applied = applied,
          .api_version = kind.ApiVersion(),
          .subresource = author.part == Part::kStatus ? "status" : ""};
}

/// Core objects always have some parts, be they empty; nobody adds them.
const std::vector<const char*>& StandingParts(const KindInfo& kind) {
  static const std::map<std::string, std::vector<const char*>> kParts = {
      {"Namespace", {"spec", "status"}},
      {"Lease", {"spec"}},
      {"Event", {"involvedObject", "source"}},
  };
  static const std::vector<const char*> kNone;
  const auto found = kParts.find(kind.kind);
  return found == kParts.end() ? kNone : found->second;
}

Json WithStandingParts(const KindInfo& kind, Json tree) {
  for (const char* part : StandingParts(kind)) {
    tree.emplace(part, Json::object());
  }
  return tree;
}

/// What is there before an object is.
Json Nothing(const KindInfo& kind) {
  return {{"apiVersion", kind.ApiVersion()}, {"kind", kind.kind}};
}

Json WithoutOwners(Json object) {
  if (ManagedFieldsOf(&object) != nullptr) {
    object["metadata"].erase("managedFields");
  }
  return object;
}

Comparison Differences(const KindInfo& kind, Part part, const Json& before, const Json& after) {
  const SchemaNode& schema = kind.schema.root();
  const Comparison all =
      StandingParts(kind).empty()
          ? Compare(schema, before, after)
          : Compare(schema, WithStandingParts(kind, before), WithStandingParts(kind, after));
  return {.removed = WithoutOtherPart(kind, part, all.removed),
          .modified = WithoutOtherPart(kind, part, all.modified),
          .added = WithoutOtherPart(kind, part, all.added)};
}

/// What an owner of another version owns cannot be told any more.
void DropOtherVersions(const KindInfo& kind, FieldOwners& owners) {
  const std::string version = kind.ApiVersion();
  std::erase_if(owners.all(),
                [&](const FieldOwner& owner) { return owner.api_version != version; });
}

/// Everybody but `writer` loses what was written over or removed.
void TakeFromOthers(FieldOwners& owners, const std::string& writer, const Comparison& change) {
  const FieldSet written = change.modified.Union(change.added);
  for (FieldOwner& owner : owners.all()) {
    if (owner.Identity() != writer) {
      owner.fields = owner.fields.Difference(owner.fields.Intersection(written));
      owner.fields = owner.fields.Difference(change.removed);
    }
  }
  owners.DropEmpty();
}

/// The writer's own earlier fields count as another's, so that they are lost where they are gone.
void TrackChange(const KindInfo& kind, FieldOwners& owners, const Comparison& change,
                 const Author& author) {
  DropOtherVersions(kind, owners);
  TakeFromOthers(owners, "", change);
  FieldOwner writer = OwnerOf(kind, author, false);
  writer.fields = change.modified.Union(change.added).Difference(Unowned());
  if (!writer.fields.empty()) {
    if (const FieldOwner* before = owners.Find(writer.Identity())) {
      writer.fields = writer.fields.Union(before->fields);
    }
    writer.time = author.now;
    owners.Put(std::move(writer));
  }
  owners.MergeOldUpdaters();
}

void SetOwners(Json& object, const FieldOwners& owners) {
  if (object["metadata"].is_null()) {
    object["metadata"] = Json::object();  // of a configuration that has none
  }
  if (owners.empty()) {
    object["metadata"].erase("managedFields");
  } else {
    object["metadata"]["managedFields"] = owners.Write();
  }
}

/// A field that somebody else owns.
struct FieldConflict {
  const FieldOwner* owner;
  FieldSet fields;
};

/// A configuration that is none at all.
Result<void> CheckIsMap(const Json& configuration) {
  if (configuration.is_object()) {
    return Ok();
  }
  return Fail(Code::kBadRequest,
              "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
              "unmarshal " +
                  JsonType(configuration) + " into Go value of type map[string]interface {}");
}

std::string ShownOwner(const FieldOwner& owner) {
  std::string text = Quoted(owner.manager);
  if (!owner.subresource.empty()) {
    text += " with subresource " + Quoted(owner.subresource);
  }
  return owner.applied ? text : text + " using " + owner.api_version;
}

Error ConflictError(const std::vector<FieldConflict>& conflicts) {
  Error error = Fail(Code::kConflict, "");
  std::string list;
  std::size_t count = 0;
  for (const FieldConflict& conflict : conflicts) {
    const std::string owner = ShownOwner(*conflict.owner);
    list += (list.empty() ? "" : "\n") + ("conflicts with " + owner + ":");
    conflict.fields.ForEach([&](const std::string& path) {
      if (++count > kMaxCauses) {
        return;
      }
      list += "\n- " + path;
      error.causes.push_back(
          {.field = path, .message = "conflict with " + owner, .reason = kConflictReason});
    });
  }
  error.message = count == 1 ? "Apply failed with 1 conflict: " + error.causes[0].message + ": " +
                                   error.causes[0].field
                             : "Apply failed with " + std::to_string(count) + " conflicts: " + list;
  return error;
}

std::string ObjectName(const Json& configuration) {
  const auto text = [&](const char* field) {
    const auto metadata = configuration.find("metadata");
    const bool has = metadata != configuration.end() && metadata->is_object() &&
                     metadata->contains(field) && (*metadata)[field].is_string();
    return has ? (*metadata)[field].get<std::string>() : std::string();
  };
  return text("namespace") + "/" + text("name");
}

/// As messages name what a configuration says of itself: `/v1, Kind=Secret`.
std::string TypeOf(const Json& configuration) {
  const auto text = [&](const char* field) {
    const auto found = configuration.find(field);
    return found != configuration.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string version = text("apiVersion");
  const std::string before = version.find('/') == std::string::npos ? "/" : "";
  return before + version + ", Kind=" + text("kind");
}

/// The configuration is of the kind, fits its schema, and says nothing of owners. Takes out what no
/// object has any more.
Result<void> CheckConfiguration(const KindInfo& kind, Json& configuration) {
  const std::string type = TypeOf(configuration);
  if (configuration.value("apiVersion", Json()) != kind.ApiVersion() ||
      configuration.value("kind", Json()) != kind.kind) {
    return Fail(Code::kBadRequest, "invalid object type: " + type);
  }
  const Json* managed = ManagedFieldsOf(&configuration);
  if (managed != nullptr && !managed->is_null()) {
    return Fail(Code::kBadRequest, "metadata.managedFields must be nil");
  }
  if (configuration.contains("metadata") && configuration["metadata"].is_object()) {
    configuration["metadata"].erase("managedFields");
    configuration["metadata"].erase("selfLink");
  }
  const std::string misfit = MisfitOf(kind.schema.root(), configuration, true);
  if (!misfit.empty()) {
    return Fail(Code::kUnexplained, "failed to create typed patch object (" +
                                        ObjectName(configuration) + "; " + type + "): " + misfit);
  }
  return Ok();
}

/// What fits the schema and is still none of Kubernetes' own types, such as a date that does not exist.
Result<void> CheckConverts(const KindInfo& kind, const Json& configuration, const Json& result) {
  const std::string misfit = MisfitOfApplied(kind, result);
  if (misfit.empty()) {
    return Ok();
  }
  const std::string type = TypeOf(configuration);
  return Fail(Code::kUnexplained,
              "failed to convert new object (" + ObjectName(configuration) + "; " + type +
                  ") to proper version: unable to convert unstructured object to " + type + ": " +
                  misfit);
}

/// Applies one configuration to one object.
class Application {
 public:
  Application(const KindInfo& kind, const Json& live, const Json& configuration,
              const Author& author)
      : kind_(kind),
        schema_(kind.schema.root()),
        live_(live),
        configuration_(configuration),
        author_(author) {}

  /// What the object becomes; `owners` follow. The fields that others own are in conflicts().
  Json Run(FieldOwners& owners) {
    FieldOwner applier = OwnerOf(kind_, author_, true);
    identity_ = applier.Identity();
    FieldSet last;
    if (const FieldOwner* before = owners.Find(identity_)) {
      last = before->fields;
      applier.time = before->time;
    }
    applier.fields = WithoutOtherPart(kind_, author_.part, FieldsOf(schema_, configuration_));
    owners.Put(std::move(applier));
    Json result = Merge(schema_, live_, configuration_);
    if (!last.empty()) {
      result = Pruned(result, last, owners);
    }
    const Comparison change = Differences(kind_, author_.part, live_, result);
    FindConflicts(owners, change);
    TakeFromOthers(owners, identity_, change);
    Strip(owners);
    if (result != live_) {
      if (FieldOwner* self = owners.Find(identity_)) {
        self->time = author_.now;
      }
    }
    return result;
  }

  const std::vector<std::pair<FieldOwner, FieldSet>>& conflicts() const { return conflicts_; }

 private:
  /// Without what the applier owned the last time, does not name now, and nobody else owns.
  Json Pruned(const Json& merged, const FieldSet& last, FieldOwners& owners) const {
    const FieldSet last_named = WithNamedFields(schema_, last);
    const FieldSet merged_named = WithNamedFields(schema_, FieldsOf(schema_, merged));
    FieldSet owned;
    for (const FieldOwner& owner : owners.all()) {
      owned = owned.Union(owner.fields);
    }
    Json pruned = Without(schema_, merged, last_named);
    FieldSet kept = WithNamedFields(schema_, FieldsOf(schema_, pruned));
    pruned = Without(schema_, merged,
                     merged_named.Difference(kept.Union(WithNamedFields(schema_, owned))));
    kept = WithNamedFields(schema_, FieldsOf(schema_, pruned));
    return Without(schema_, merged, merged_named.Difference(kept).Intersection(last_named));
  }

  void FindConflicts(FieldOwners& owners, const Comparison& change) {
    const FieldSet written = change.modified.Union(change.added);
    for (const FieldOwner& owner : owners.all()) {
      FieldSet fields =
          owner.Identity() == identity_ ? FieldSet() : owner.fields.Intersection(written);
      if (!fields.empty()) {
        conflicts_.emplace_back(owner, std::move(fields));
      }
    }
    std::sort(conflicts_.begin(), conflicts_.end(), [](const auto& left, const auto& right) {
      return left.first.Identity() < right.first.Identity();
    });
  }

  void Strip(FieldOwners& owners) const {
    if (FieldOwner* self = owners.Find(identity_)) {
      self->fields = self->fields.Difference(Unowned());
    }
    owners.DropEmpty();
  }

  const KindInfo& kind_;
  const SchemaNode& schema_;
  const Json& live_;
  const Json& configuration_;
  const Author& author_;
  std::string identity_;
  std::vector<std::pair<FieldOwner, FieldSet>> conflicts_;
};

/// What of the conflicts is left: what client-side apply wrote last, and nobody changed since,
/// belongs to kubectl.
std::vector<FieldConflict> RealConflicts(
    const KindInfo& kind, const Json& live,
    const std::vector<std::pair<FieldOwner, FieldSet>>& conflicts, const Author& author) {
  FieldSet allowed;
  const auto last = author.manager == kKubectl ? LastApplied(kind, live) : std::optional<Json>();
  if (last) {
    const SchemaNode& schema = kind.schema.root();
    const Comparison since = Compare(schema, *last, live);
    allowed = FieldsOf(schema, *last)
                  .Difference(since.modified)
                  .Difference(since.added)
                  .Difference(since.removed);
  }
  std::vector<FieldConflict> real;
  for (const auto& [owner, fields] : conflicts) {
    FieldSet rest = fields.Difference(allowed);
    if (!rest.empty()) {
      real.push_back({&owner, std::move(rest)});
    }
  }
  return real;
}

}  // namespace

void KeepOwners(const KindInfo& kind, const Json* stored, Json& object, const Json& sent,
                const Author& author) {
  const Json* before = ManagedFieldsOf(stored);
  const bool as_stored =
      sent.is_null() || author.part == Part::kStatus || (before != nullptr && sent == *before);
  object["metadata"].erase("managedFields");
  if (before != nullptr) {
    object["metadata"]["managedFields"] = *before;  // so that it is no difference
  }
  if (stored != nullptr && as_stored && before == nullptr) {
    return;
  }
  const Comparison change = stored == nullptr
                                ? Differences(kind, author.part, Nothing(kind), object)
                                : Differences(kind, author.part, *stored, object);
  if (stored != nullptr && as_stored && change.empty()) {
    return;
  }
  FieldOwners owners = OwnersBefore(kind, stored, sent, author.part);
  if (stored != nullptr && owners.empty()) {
    object["metadata"].erase("managedFields");
    return;
  }
  TrackChange(kind, owners, change, author);
  SetOwners(object, owners);
  if (stored != nullptr) {
    KeepTimes(*stored, object);
  }
}

Result<Json> ApplyConfiguration(const KindInfo& kind, const Json* stored, Json configuration,
                                const Author& author, bool force) {
  SLIPWAY_TRYV(CheckIsMap(configuration));
  SLIPWAY_TRYV(CheckConfiguration(kind, configuration));
  const Json live = stored == nullptr ? Nothing(kind) : WithoutOwners(*stored);
  FieldOwners owners = StoredOwners(stored);
  if (owners.empty()) {
    const Author everybody{.manager = kBeforeFirstApply, .now = author.now, .part = author.part};
    TrackChange(kind, owners, Differences(kind, author.part, Nothing(kind), live), everybody);
  }
  DropOtherVersions(kind, owners);
  Application application(kind, live, configuration, author);
  Json result = application.Run(owners);
  if (!force) {
    const auto conflicts = RealConflicts(kind, live, application.conflicts(), author);
    if (!conflicts.empty()) {
      return ConflictError(conflicts);
    }
  }
  SLIPWAY_TRYV(CheckConverts(kind, configuration, result));
  if (author.manager == kKubectl) {
    RenewLastApplied(configuration, result);
  }
  if (owners.all().size() > kMostOwners) {
    return Fail(Code::kTooLarge, "an object has at most " + std::to_string(kMostOwners) +
                                     " managers: apply as one that is there");
  }
  SetOwners(result, owners);
  return result;
}

void KeepTimes(const Json& before, Json& after) {
  const Json* old = ManagedFieldsOf(&before);
  const Json* fields = ManagedFieldsOf(&after);
  if (old == nullptr || fields == nullptr || old->size() != fields->size() || *old == *fields) {
    return;
  }
  const auto timeless = [](const Json& list) {
    Json copy = list;
    for (Json& entry : copy) {
      entry.erase("time");
    }
    return copy;
  };
  if (timeless(*old) == timeless(*fields) && WithoutOwners(before) == WithoutOwners(after)) {
    after["metadata"]["managedFields"] = *old;
  }
}

}  // namespace slipway::objects
