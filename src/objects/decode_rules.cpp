#include "src/objects/decode_rules.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

/// A type of Go, and that of what is in it where it is a map or a list.
struct GoField {
  Json::value_t wanted;
  std::string type;
  std::string item{};  ///< empty where it is neither
};

using GoFields = std::map<std::string, GoField>;

GoField TextField(std::string type = "string") { return {Json::value_t::string, std::move(type)}; }
GoField BoolField() { return {Json::value_t::boolean, "bool"}; }
GoField NumberField() { return {Json::value_t::number_integer, "int64"}; }
GoField TextsByKey() { return {Json::value_t::object, "map[string]string", "string"}; }
GoField BytesByKey() { return {Json::value_t::object, "map[string][]uint8", "[]uint8"}; }

const GoFields& MetadataFields() {
  static const GoFields kFields = {
      {"annotations", TextsByKey()},
      {"creationTimestamp", TextField()},
      {"deletionGracePeriodSeconds", NumberField()},
      {"deletionTimestamp", TextField()},
      {"finalizers", {Json::value_t::array, "[]string", "string"}},
      {"generateName", TextField()},
      {"generation", NumberField()},
      {"labels", TextsByKey()},
      {"name", TextField()},
      {"namespace", TextField()},
      {"ownerReferences", {Json::value_t::array, "[]v1.OwnerReference"}},
      {"resourceVersion", TextField()},
      {"uid", TextField("types.UID")},
  };
  return kFields;
}

const GoFields& OwnerFields() {
  static const GoFields kFields = {
      {"apiVersion", TextField()}, {"blockOwnerDeletion", BoolField()},
      {"controller", BoolField()}, {"kind", TextField()},
      {"name", TextField()},       {"uid", TextField("types.UID")},
  };
  return kFields;
}

/// The fields of a kind of the core; none of a kind that is decoded in no type of its own.
const GoFields& ValueFields(const KindInfo& kind) {
  static const std::map<std::string, GoFields> kKinds = {
      {"configmaps",
       {{"binaryData", BytesByKey()}, {"data", TextsByKey()}, {"immutable", BoolField()}}},
      {"secrets",
       {{"data", BytesByKey()},
        {"immutable", BoolField()},
        {"stringData", TextsByKey()},
        {"type", TextField("v1.SecretType")}}},
  };
  static const GoFields kNone;
  const auto found = kKinds.find(kind.QualifiedPlural());
  return found != kKinds.end() ? found->second : kNone;
}

const char* NameOf(const Json& value) { return value.is_boolean() ? "bool" : value.type_name(); }

bool Fits(const Json& value, Json::value_t wanted) {
  return value.is_null() || value.type() == wanted ||
         (value.is_number_integer() && wanted == Json::value_t::number_integer);
}

/// Where a field is, as Go names it: `ObjectMeta.metadata.labels`.
std::string Misfit(const Json& value, const std::string& where, const std::string& type) {
  return std::string("json: cannot unmarshal ") + NameOf(value) + " into Go struct field " + where +
         " of type " + type;
}

/// What is wrong with the first field that is of another type; empty where none is.
std::string FirstMisfit(const Json& tree, const GoFields& fields, const std::string& where) {
  for (const auto& [name, field] : fields) {
    const auto found = tree.find(name);
    if (found == tree.end()) {
      continue;
    }
    if (!Fits(*found, field.wanted)) {
      return Misfit(*found, where + name, field.type);
    }
    for (const Json& item : field.item.empty() ? Json::array() : *found) {
      // Go reads a list of numbers into bytes, too.
      const bool bytes = field.item == "[]uint8" && item.is_array();
      if (!bytes && !Fits(item, Json::value_t::string)) {
        return Misfit(item, where + name, field.item);
      }
    }
  }
  return "";
}

std::string MetadataMisfit(const Json& metadata, const std::string& path) {
  std::string fault = FirstMisfit(metadata, MetadataFields(), "ObjectMeta." + path);
  if (!fault.empty() || !metadata.contains("ownerReferences")) {
    return fault;
  }
  for (const Json& owner : metadata["ownerReferences"]) {
    if (!Fits(owner, Json::value_t::object)) {
      return Misfit(owner, "ObjectMeta." + path + "ownerReferences", "v1.OwnerReference");
    }
    fault = FirstMisfit(owner, OwnerFields(), "OwnerReference." + path + "ownerReferences.");
    if (!fault.empty()) {
      return fault;
    }
  }
  return "";
}

std::string FaultOf(const KindInfo& kind, const Json& object) {
  std::string fault = FirstMisfit(object, ValueFields(kind), kind.kind + ".");
  const auto metadata = object.find("metadata");
  if (!fault.empty() || metadata == object.end()) {
    return fault;
  }
  if (!Fits(*metadata, Json::value_t::object)) {
    const std::string found = std::string("json: cannot unmarshal ") + NameOf(*metadata);
    return kind.collected ? found + " into Go value of type v1.ObjectMeta"
                          : Misfit(*metadata, kind.kind + ".metadata", "v1.ObjectMeta");
  }
  // Of a custom resource Kubernetes decodes the metadata alone.
  return MetadataMisfit(*metadata, kind.collected ? "" : "metadata.");
}

/// The beginning of a body, for people to know it again.
std::string BeginningOf(std::string_view text) {
  constexpr std::size_t kMost = 30;
  std::string shown(text.substr(0, kMost));
  return text.size() > kMost ? shown + " ..." : shown;
}

}  // namespace

Result<void> CheckDecodes(const KindInfo& kind, const Json& object) {
  const std::string fault = object.is_object() ? FaultOf(kind, object) : "";
  if (fault.empty()) {
    return Ok();
  }
  return Fail(Code::kBadRequest, kind.kind + " in version \"" + kind.version +
                                     "\" cannot be handled as a " + kind.kind + ": " + fault);
}

Result<void> CheckSaysKind(const KindInfo& kind, const Json& sent, std::string_view text) {
  if (!IsCustom(kind) || !sent.is_object()) {
    return Ok();
  }
  const Json said = sent.value("kind", Json());
  if (!said.is_null() && said != "") {
    return Ok();
  }
  return Fail(Code::kBadRequest, "the object provided is unrecognized (must be of type " +
                                     kind.kind + "): Object 'Kind' is missing in '" +
                                     std::string(text) + "' (" + BeginningOf(text) + ")");
}

}  // namespace slipway::objects
