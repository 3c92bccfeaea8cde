#include "src/objects/decode_rules.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/objects/cause_words.hpp"
#include "src/objects/field_path.hpp"
#include "src/objects/go_decode.hpp"
#include "src/objects/go_json_syntax.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/go_types.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

constexpr const char* kNoTypeMeta = "couldn't get version/kind; json parse error: ";
constexpr const char* kTypeMetaStruct =
    R"(struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" })";
constexpr const char* kHidden = "(hidden)";
constexpr std::size_t kMaxShownBody = 1024;

/// What an object says of itself.
struct TypeMeta {
  std::string group{};
  std::string version{};
  std::string kind{};

  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
};

/// No message shows anything of a Secret.
bool HoldsSecrets(const KindInfo& kind) { return kind.group.empty() && kind.kind == "Secret"; }

/// Of a body that says nothing of what it is.
Error Unrecognized(const KindInfo& kind, std::string_view text, const std::string& fault) {
  constexpr std::size_t kShownBytes = 30;
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::string_view begin = text.substr(0, kShownBytes);
  std::string shown = text.empty() ? "<empty>" : "";
  if (HoldsSecrets(kind)) {
    shown = "hidden";
  } else if (begin.starts_with('{')) {
    shown = begin;
  } else {
    for (const char letter : begin) {
      const auto byte = static_cast<unsigned char>(letter);
      shown += {kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  shown += text.size() > kShownBytes && !HoldsSecrets(kind) ? " ..." : "";
  return Fail(Code::kBadRequest, "the object provided is unrecognized (must be of type " +
                                     kind.kind + "): " + fault + " (" + shown + ")");
}

/// Of an object that says what it is, and cannot be read.
Error Misread(const KindInfo& kind, const TypeMeta& meta, const std::string& fault) {
  return Fail(Code::kBadRequest, meta.kind + " in version \"" + meta.version +
                                     "\" cannot be handled as a " + kind.kind + ": " + fault);
}

/// Reads kind and apiVersion; returns what is wrong with them.
std::string ReadTypeMeta(const Json& object, TypeMeta& meta) {
  if (object.is_null()) {
    return "";
  }
  const std::string cannot = std::string(kNoTypeMeta) + "json: cannot unmarshal ";
  if (!object.is_object()) {
    const std::string found = object.is_boolean() ? "bool" : object.type_name();
    return cannot + found + " into Go value of type " + kTypeMetaStruct;
  }
  std::string version;
  for (const auto& [field, into] :
       {std::pair{"apiVersion", &version}, std::pair{"kind", &meta.kind}}) {
    const Json value = object.value(field, Json());
    if (!value.is_null() && !value.is_string()) {
      const std::string found = value.is_boolean() ? "bool" : value.type_name();
      return cannot + found + " into Go struct field ." + field + " of type string";
    }
    *into = value.is_string() ? value.get<std::string>() : "";
  }
  if (std::count(version.begin(), version.end(), '/') > 1) {
    return "unexpected GroupVersion string: " + version;
  }
  const std::size_t slash = version.find('/');
  meta.group = slash == std::string::npos ? "" : version.substr(0, slash);
  meta.version = slash == std::string::npos ? version : version.substr(slash + 1);
  return "";
}

/// What is left out is what the address says.
void Complete(const KindInfo& kind, TypeMeta& meta) {
  if (meta.kind.empty()) {
    meta.kind = kind.kind;
  }
  if (meta.version.empty() && meta.group.empty()) {
    meta.group = kind.group;
  }
  if (meta.version.empty() && meta.group == kind.group) {
    meta.version = kind.version;
  }
}

/// What keeps `object` from being read as the kind that `meta` says, and that from being `kind`.
template <class Tree>
std::string CoreFault(const KindInfo& kind, const TypeMeta& meta, const Tree& object) {
  const bool right = meta.ApiVersion() == kind.ApiVersion() && meta.kind == kind.kind;
  const KindInfo* said = right ? &kind : FindByKind(meta.ApiVersion(), meta.kind);
  if (said == nullptr || IsCustom(*said)) {
    return "no kind \"" + meta.kind + "\" is registered for version \"" + meta.ApiVersion() +
           "\" in scheme \"pkg/runtime/scheme.go:100\"";
  }
  const GoTypeInfo* type = GoTypeOf(*said);
  std::string fault = type == nullptr ? std::string() : DecodeFault(*type, object);
  if (fault.empty() && said != &kind) {
    const std::string package = kind.group.substr(0, kind.group.find('.'));
    return "converting (v1." + said->kind + ") to (" + (package.empty() ? "core" : package) + "." +
           kind.kind + "): unknown conversion";
  }
  return fault;
}

/// Of a kind that is read into no type of its own: the metadata alone.
std::string MetadataFault(const Json& object) {
  const auto metadata = object.find("metadata");
  return metadata == object.end() ? "" : DecodeFault(ObjectMetaType(), *metadata);
}

/// The object is one of the kind, and says so.
void Adopt(const KindInfo& kind, Json& object) {
  if (const GoTypeInfo* type = GoTypeOf(kind)) {
    EncodeBytes(*type, object);
  }
  object["apiVersion"] = kind.ApiVersion();
  object["kind"] = kind.kind;
}

Result<Json> ReadCore(const KindInfo& kind, TypeMeta meta, std::string_view text, Json object) {
  Complete(kind, meta);
  std::string fault = CoreFault(kind, meta, object);
  if (!fault.empty()) {
    // The first fault is the first one of the text.
    const auto ordered = nlohmann::ordered_json::parse(text, nullptr, false);
    return Misread(kind, meta, ordered.is_object() ? CoreFault(kind, meta, ordered) : fault);
  }
  if (object.is_null()) {
    object = Json::object();
  }
  Adopt(kind, object);
  return object;
}

std::string KindMissing(const std::string& shown) {
  return "Object 'Kind' is missing in '" + Shortened(shown, kMaxShownBody) + "'";
}

Result<Json> ReadCustom(const KindInfo& kind, const TypeMeta& meta, std::string_view text,
                        Json object, const WriteRequest& request) {
  if (meta.kind.empty()) {
    const std::string missing = KindMissing(std::string(text));
    // Who ignores unknown fields gets another decoder, which knows what it was asked for.
    return request.field_validation == FieldValidation::kIgnore
               ? Misread(kind, {.version = kind.version, .kind = kind.kind}, missing)
               : Unrecognized(kind, text, missing);
  }
  const std::string fault = MetadataFault(object);
  if (!fault.empty()) {
    return Misread(kind, meta, fault);
  }
  if (meta.ApiVersion() != kind.ApiVersion()) {
    return Fail(Code::kBadRequest, "the API version in the data (" + meta.ApiVersion() +
                                       ") does not match the expected API version (" +
                                       kind.ApiVersion() + ")");
  }
  return object;
}

Result<void> ReadPatchedCore(const KindInfo& kind, TypeMeta meta, const std::string& shown,
                             Json& object) {
  if (meta.group.empty() && meta.version.empty()) {
    object.erase("metadata");
  }
  Complete(kind, meta);
  const std::string fault = CoreFault(kind, meta, object);
  if (!fault.empty()) {
    return UnreadablePatch(kind, shown, fault);
  }
  Adopt(kind, object);
  return Ok();
}

Result<void> ReadPatchedCustom(const KindInfo& kind, const TypeMeta& meta, const std::string& shown,
                               const Json& object) {
  std::string fault = meta.kind.empty() ? KindMissing(shown) : "";
  if (fault.empty() && object.value("apiVersion", Json("")).is_null()) {
    fault = ".apiVersion accessor error: <nil> is of the type <nil>, expected string";
  }
  if (fault.empty()) {
    fault = MetadataFault(object);
  }
  if (!fault.empty()) {
    return UnreadablePatch(kind, shown, fault);
  }
  if (meta.ApiVersion().empty()) {
    const std::string missing =
        "Object 'apiVersion' is missing in 'object has no apiVersion field'";
    Error error = Fail(Code::kInternal, "Internal error occurred: " + missing);
    error.causes = {{.field = "", .message = missing, .reason = ""}};
    return error;
  }
  return Ok();
}

}  // namespace

Result<Json> ReadBody(const KindInfo& kind, std::string_view text, WriteRequest& request) {
  auto parsed = ParseJson(text, request.duplicates);
  if (!parsed.has_value()) {
    const std::string fault = JsonSyntaxFault(text);
    return fault.empty() ? parsed.error() : Unrecognized(kind, text, kNoTypeMeta + fault);
  }
  TypeMeta meta;
  const std::string fault = ReadTypeMeta(parsed.value(), meta);
  if (!fault.empty()) {
    return Unrecognized(kind, text, fault);
  }
  return IsCustom(kind) ? ReadCustom(kind, meta, text, std::move(parsed.value()), request)
                        : ReadCore(kind, meta, text, std::move(parsed.value()));
}

Result<Json> ReadPatch(std::string_view before, std::string_view text,
                       std::vector<std::string>& duplicates) {
  auto parsed = ParseJson(text, duplicates);
  if (parsed.has_value()) {
    return parsed;
  }
  const std::string fault = JsonSyntaxFault(text);
  return fault.empty() ? parsed.error() : Fail(Code::kBadRequest, std::string(before) + fault);
}

Result<void> CheckDecodes(const KindInfo& kind, const Json& object) {
  if (!object.is_object()) {
    return Ok();
  }
  const GoTypeInfo* type = GoTypeOf(kind);
  const std::string fault = type == nullptr ? MetadataFault(object) : DecodeFault(*type, object);
  if (fault.empty()) {
    return Ok();
  }
  return Misread(kind, {.version = kind.version, .kind = kind.kind}, fault);
}

Result<void> ReadPatched(const KindInfo& kind, Json& object) {
  const std::string shown = HoldsSecrets(kind) ? kHidden : PrintJson(object);
  TypeMeta meta;
  const std::string fault = ReadTypeMeta(object, meta);
  if (!fault.empty()) {
    return UnreadablePatch(kind, shown, fault);
  }
  if (object.is_null()) {
    object = Json::object();
  }
  return IsCustom(kind) ? ReadPatchedCustom(kind, meta, shown, object)
                        : ReadPatchedCore(kind, std::move(meta), shown, object);
}

Result<void> ReadMerged(const KindInfo& kind, Json& object, const Json& patch) {
  const GoTypeInfo* type = GoTypeOf(kind);
  const std::string fault = type == nullptr ? std::string() : ConversionFault(*type, object);
  if (!fault.empty()) {
    return UnreadablePatch(kind, HoldsSecrets(kind) ? kHidden : GoText(patch), fault);
  }
  Adopt(kind, object);
  return Ok();
}

std::string MisfitOfApplied(const KindInfo& kind, const Json& object) {
  const GoTypeInfo* type = GoTypeOf(kind);
  return type == nullptr ? std::string() : ConversionFault(*type, object);
}

Error UnreadablePatch(const KindInfo& kind, const std::string& shown, const std::string& fault) {
  const std::string value = HoldsSecrets(kind) ? kHidden : shown;
  const std::string message = "Invalid value: " + QuotedValue(value) + ": " + fault;
  Error error = Fail(Code::kUnprocessable, " \"\" is invalid: patch: " + message);
  error.causes.push_back({.field = "patch", .message = message, .reason = "FieldValueInvalid"});
  return error;
}

std::vector<Cause> CheckTypeMeta(const KindInfo& kind, const Json& object) {
  std::vector<Cause> causes;
  for (const auto& [field, wanted] :
       {std::pair{"kind", kind.kind}, std::pair{"apiVersion", kind.ApiVersion()}}) {
    const Json said = object.value(field, Json());
    if (said != wanted) {
      causes.push_back(InvalidValue(field, said, "must be " + wanted));
    }
  }
  return causes;
}

std::string SaidKind(const Json& object) {
  TypeMeta meta;
  ReadTypeMeta(object, meta);
  return meta.group.empty() ? meta.kind : meta.kind + "." + meta.group;
}

}  // namespace slipway::objects
