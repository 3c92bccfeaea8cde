#include "src/objects/go_types.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace slipway::objects {
namespace {

using FieldNames = std::vector<std::pair<const char*, const char*>>;

constexpr std::string_view kMapPrefix = "map[string]";
constexpr std::string_view kListPrefix = "[]";

using StructFields = std::map<std::string, FieldNames, std::less<>>;

/// What every object has.
StructFields MetaStructs() {
  return {
      {"v1.ObjectMeta",
       {{"name", "string"},
        {"generateName", "string"},
        {"namespace", "string"},
        {"selfLink", "string"},
        {"uid", "types.UID"},
        {"resourceVersion", "string"},
        {"generation", "int64"},
        {"creationTimestamp", "v1.Time"},
        {"deletionTimestamp", "v1.Time"},
        {"deletionGracePeriodSeconds", "int64"},
        {"labels", "map[string]string"},
        {"annotations", "map[string]string"},
        {"ownerReferences", "[]v1.OwnerReference"},
        {"finalizers", "[]string"},
        {"managedFields", "[]v1.ManagedFieldsEntry"}}},
      {"v1.OwnerReference",
       {{"apiVersion", "string"},
        {"kind", "string"},
        {"name", "string"},
        {"uid", "types.UID"},
        {"controller", "bool"},
        {"blockOwnerDeletion", "bool"}}},
      {"v1.ManagedFieldsEntry",
       {{"manager", "string"},
        {"operation", "v1.ManagedFieldsOperationType"},
        {"apiVersion", "string"},
        {"time", "v1.Time"},
        {"fieldsType", "string"},
        {"fieldsV1", "v1.FieldsV1"},
        {"subresource", "string"}}},
  };
}

StructFields CoreStructs() {
  return {
      {"v1.ConfigMap",
       {{"immutable", "bool"},
        {"data", "map[string]string"},
        {"binaryData", "map[string][]uint8"}}},
      {"v1.Secret",
       {{"immutable", "bool"},
        {"data", "map[string][]uint8"},
        {"stringData", "map[string]string"},
        {"type", "v1.SecretType"}}},
      {"v1.Namespace", {{"spec", "v1.NamespaceSpec"}, {"status", "v1.NamespaceStatus"}}},
      {"v1.NamespaceSpec", {{"finalizers", "[]v1.FinalizerName"}}},
      {"v1.NamespaceStatus",
       {{"phase", "v1.NamespacePhase"}, {"conditions", "[]v1.NamespaceCondition"}}},
      {"v1.NamespaceCondition",
       {{"type", "v1.NamespaceConditionType"},
        {"status", "v1.ConditionStatus"},
        {"lastTransitionTime", "v1.Time"},
        {"reason", "string"},
        {"message", "string"}}},
      {"v1.Event",
       {{"involvedObject", "v1.ObjectReference"},
        {"reason", "string"},
        {"message", "string"},
        {"source", "v1.EventSource"},
        {"firstTimestamp", "v1.Time"},
        {"lastTimestamp", "v1.Time"},
        {"count", "int32"},
        {"type", "string"},
        {"eventTime", "v1.MicroTime"},
        {"series", "v1.EventSeries"},
        {"action", "string"},
        {"related", "v1.ObjectReference"},
        {"reportingComponent", "string"},
        {"reportingInstance", "string"}}},
      {"v1.EventSeries", {{"count", "int32"}, {"lastObservedTime", "v1.MicroTime"}}},
      {"v1.EventSource", {{"component", "string"}, {"host", "string"}}},
      {"v1.ObjectReference",
       {{"kind", "string"},
        {"namespace", "string"},
        {"name", "string"},
        {"uid", "types.UID"},
        {"apiVersion", "string"},
        {"resourceVersion", "string"},
        {"fieldPath", "string"}}},
      {"v1.Lease", {{"spec", "v1.LeaseSpec"}}},
      {"v1.LeaseSpec",
       {{"holderIdentity", "string"},
        {"leaseDurationSeconds", "int32"},
        {"acquireTime", "v1.MicroTime"},
        {"renewTime", "v1.MicroTime"},
        {"leaseTransitions", "int32"},
        {"strategy", "v1.CoordinatedLeaseStrategy"},
        {"preferredHolder", "string"}}},
  };
}

/// Every struct, with its fields in the order in which Go declares them.
const StructFields& Structs() {
  static const StructFields kStructs = [] {
    StructFields all = MetaStructs();
    all.merge(CoreStructs());
    return all;
  }();
  return kStructs;
}

/// Of what is neither a map nor a list nor a struct. Kubernetes gives names of their own to many texts.
GoShape SimpleShape(std::string_view name) {
  static const std::map<std::string, GoShape, std::less<>> kShapes = {
      {"bool", GoShape::kBool},
      {"int32", GoShape::kInt32},
      {"int64", GoShape::kInt64},
      {"uint8", GoShape::kByte},
      {"[]uint8", GoShape::kBytes},
      {"v1.Time", GoShape::kTime},
      {"v1.MicroTime", GoShape::kMicroTime},
      {"v1.FieldsV1", GoShape::kAnything},
  };
  const auto found = kShapes.find(name);
  return found == kShapes.end() ? GoShape::kText : found->second;
}

class GoTypes {
 public:
  GoTypes() {
    for (const auto& [name, fields] : Structs()) {
      Named(name);
    }
    for (const KindInfo& kind : AllKinds()) {
      const auto found = types_.find("v1." + kind.kind);
      if (!IsCustom(kind) && found != types_.end()) {
        // All kinds begin with these.
        found->second->fields.insert(found->second->fields.begin(),
                                     {{"kind", Named("string")},
                                      {"apiVersion", Named("string")},
                                      {"metadata", Named("v1.ObjectMeta")}});
        kinds_[&kind] = found->second.get();
      }
    }
  }

  const GoTypeInfo* Named(std::string_view name) {
    auto& type = types_[std::string(name)];
    if (type != nullptr) {
      return type.get();
    }
    type = std::make_unique<GoTypeInfo>(
        GoTypeInfo{.shape = SimpleShape(name), .name = std::string(name)});
    GoTypeInfo* made = type.get();
    if (name.starts_with(kMapPrefix)) {
      made->shape = GoShape::kMap;
      made->item = Named(name.substr(kMapPrefix.size()));
    } else if (name.starts_with(kListPrefix)) {
      made->shape = made->shape == GoShape::kBytes ? GoShape::kBytes : GoShape::kList;
      made->item = Named(name.substr(kListPrefix.size()));
    }
    const auto fields = Structs().find(name);
    if (fields != Structs().end()) {
      made->shape = GoShape::kStruct;
      for (const auto& [field, of] : fields->second) {
        made->fields.push_back({field, Named(of)});
      }
    }
    return made;
  }

  const GoTypeInfo* Of(const KindInfo& kind) const {
    const auto found = kinds_.find(&kind);
    return found == kinds_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::string, std::unique_ptr<GoTypeInfo>, std::less<>> types_;
  std::map<const KindInfo*, const GoTypeInfo*> kinds_;
};

GoTypes& AllTypes() {
  static GoTypes types;
  return types;
}

}  // namespace

std::string_view GoTypeInfo::ShortName() const {
  return std::string_view(name).substr(name.rfind('.') + 1);
}

const GoTypeInfo* GoTypeInfo::Find(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& one) { return one.name == field; });
  return found == fields.end() ? nullptr : found->type;
}

const GoTypeInfo* GoTypeOf(const KindInfo& kind) { return AllTypes().Of(kind); }

const GoTypeInfo& ObjectMetaType() {
  static const GoTypeInfo& kType = *AllTypes().Named("v1.ObjectMeta");
  return kType;
}

}  // namespace slipway::objects
