#include "src/objects/core_rules.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/objects/faults.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/secret_data.hpp"

namespace slipway::objects {
namespace {

constexpr std::size_t kMaxValues = 1'048'576;
constexpr std::size_t kMaxAnnotations = 262'144;
constexpr std::size_t kMaxKey = 253;
constexpr const char* kFrozen = "Forbidden: field is immutable when `immutable` is set";

void TooLong(const Faults& faults, std::size_t limit) {
  faults.TooLong("Too long: may not be more than " + std::to_string(limit) + " bytes");
}

void InvalidValue(const Faults& faults, const Json& value, const std::string& message) {
  faults.Invalid("Invalid value: " + PrintJson(value) + ": " + message);
}

std::string TextAt(const Json& tree, const char* field) {
  const auto found = tree.find(field);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : "";
}

void CheckKey(const std::string& key, const Faults& faults) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  if (key.size() > kMaxKey) {
    InvalidValue(faults, key, "must be no more than " + std::to_string(kMaxKey) + " characters");
  }
  if (key.empty() || key.find_first_not_of(kAllowed) != std::string::npos) {
    InvalidValue(faults, key,
                 "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
                 "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
                 "'[-._a-zA-Z0-9]+')");
  }
  if (key == "." || key == "..") {
    InvalidValue(faults, key, "must not be '" + key + "'");
  } else if (key.starts_with("..")) {
    InvalidValue(faults, key, "must not start with '..'");
  }
}

std::string KeyPath(const char* part, const std::string& key) {
  return std::string(part) + "[" + key + "]";
}

/// Keys of one part; how many bytes its values have.
std::size_t CheckPart(const char* part, const Json& object, bool encoded, const Faults& faults) {
  std::size_t bytes = 0;
  const Json values = object.value(part, Json::object());
  for (const auto& [key, value] : values.items()) {
    CheckKey(key, faults.At(KeyPath(part, key)));
    const auto& text = value.get_ref<const std::string&>();
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    bytes += encoded ? text.size() / 4 * 3 - padding : text.size();
  }
  return bytes;
}

void CheckConfigMap(const Json& object, const Faults& faults) {
  std::size_t bytes = CheckPart("data", object, false, faults);
  bytes += CheckPart("binaryData", object, true, faults);
  const Json data = object.value("data", Json::object());
  const Json binary = object.value("binaryData", Json::object());
  for (const auto& [key, value] : binary.items()) {
    if (data.contains(key)) {
      InvalidValue(faults.At(KeyPath("data", key)), key, "duplicate of key present in binaryData");
    }
  }
  if (bytes > kMaxValues) {
    TooLong(faults.At("[]"), kMaxValues);
  }
}

/// Keys that a type of Secret demands.
void CheckSecretType(const Json& object, const Faults& faults) {
  static const std::map<std::string, std::vector<std::string>> kDemands = {
      {"kubernetes.io/dockercfg", {".dockercfg"}},
      {"kubernetes.io/dockerconfigjson", {".dockerconfigjson"}},
      {"kubernetes.io/ssh-auth", {"ssh-privatekey"}},
      {"kubernetes.io/tls", {"tls.crt", "tls.key"}}};
  const Json data = object.value("data", Json::object());
  const std::string type = TextAt(object, "type");
  const auto demanded = kDemands.find(type);
  if (demanded != kDemands.end()) {
    for (const std::string& key : demanded->second) {
      const bool empty = type == "kubernetes.io/ssh-auth" && TextAt(data, key.c_str()).empty();
      if (!data.contains(key) || empty) {
        faults.At(KeyPath("data", key)).Required("Required value");
      }
    }
  }
  if (type == "kubernetes.io/basic-auth" && !data.contains("username") &&
      !data.contains("password")) {
    faults.At(KeyPath("data", "username")).Required("Required value");
    faults.At(KeyPath("data", "password")).Required("Required value");
  }
  const auto values = SecretDataOf(PrintJson(object));
  for (const char* key : {".dockercfg", ".dockerconfigjson"}) {
    const auto value = values.find(key);
    const bool json_type = demanded != kDemands.end() && demanded->second.front() == key;
    if (json_type && value != values.end() && !ReadJson(value->second).is_object()) {
      faults.At(KeyPath("data", key))
          .Invalid("Invalid value: \"<secret contents redacted>\": must be a JSON object");
    }
  }
}

void CheckSecret(const Json& object, const Faults& faults) {
  if (CheckPart("data", object, true, faults) > kMaxValues) {
    TooLong(faults.At("data"), kMaxValues);
  }
  CheckSecretType(object, faults);
}

void CheckEvent(const Json& object, const Faults& faults) {
  const std::string ns = TextAt(object["metadata"], "namespace");
  const std::string involved = TextAt(object["involvedObject"], "namespace");
  const Faults place = faults.At("involvedObject.namespace");
  const std::string differs = "does not match event.namespace";
  if (TextAt(object, "eventTime").empty()) {
    if (involved.empty() ? ns != "default" : involved != ns) {
      InvalidValue(place, involved, differs);
    }
    return;
  }
  if (involved.empty() && ns != "default" && ns != "kube-system") {
    InvalidValue(place, involved, differs);
  }
  for (const char* field : {"reportingComponent", "reportingInstance", "action", "reason"}) {
    if (TextAt(object, field).empty()) {
      faults.At(field).Required("Required value");
    }
  }
}

void CheckLease(const Json& object, const Faults& faults) {
  const Json spec = object.value("spec", Json::object());
  if (spec.contains("leaseDurationSeconds") && spec["leaseDurationSeconds"] <= 0) {
    InvalidValue(faults.At("spec.leaseDurationSeconds"), spec["leaseDurationSeconds"],
                 "must be greater than 0");
  }
  if (spec.contains("leaseTransitions") && spec["leaseTransitions"] < 0) {
    InvalidValue(faults.At("spec.leaseTransitions"), spec["leaseTransitions"],
                 "must be greater than or equal to 0");
  }
}

void CheckAnnotations(const Json& object, const Faults& faults) {
  std::size_t bytes = 0;
  const Json annotations = object["metadata"].value("annotations", Json::object());
  for (const auto& [key, value] : annotations.items()) {
    bytes += key.size() + value.get_ref<const std::string&>().size();
  }
  if (bytes > kMaxAnnotations) {
    TooLong(faults.At("metadata.annotations"), kMaxAnnotations);
  }
}

/// What is empty differs from nothing, but for the data of a ConfigMap, which always has some.
bool Differs(const KindInfo& kind, const char* field, const Json& before, const Json& after) {
  const bool always = kind.kind == "ConfigMap" && std::string_view(field) == "data";
  const Json nothing = always ? Json::object() : Json();
  return before.value(field, nothing) != after.value(field, nothing);
}

}  // namespace

bool HoldsValues(const KindInfo& kind) {
  return kind.group.empty() && (kind.kind == "Secret" || kind.kind == "ConfigMap");
}

std::vector<Cause> CheckCoreRules(const KindInfo& kind, const Json& object) {
  using Check = void (*)(const Json&, const Faults&);
  static const std::map<std::string, Check> kChecks = {
      {"configmaps", CheckConfigMap},
      {"events", CheckEvent},
      {"leases.coordination.k8s.io", CheckLease},
      {"secrets", CheckSecret},
  };
  std::vector<Cause> causes;
  CheckAnnotations(object, Faults(causes));
  const auto check = kChecks.find(kind.QualifiedPlural());
  if (check != kChecks.end()) {
    check->second(object, Faults(causes));
  }
  return causes;
}

std::vector<Cause> CheckCoreChange(const KindInfo& kind, const Json& before, const Json& after) {
  std::vector<Cause> causes;
  if (!HoldsValues(kind)) {
    return causes;
  }
  const Faults faults(causes);
  if (kind.kind == "Secret" && TextAt(before, "type") != TextAt(after, "type")) {
    InvalidValue(faults.At("type"), TextAt(after, "type"), "field is immutable");
  }
  if (before.value("immutable", false)) {
    if (!after.value("immutable", false)) {
      faults.At("immutable").Forbidden(kFrozen);
    }
    for (const char* field : {"data", "binaryData"}) {
      if (Differs(kind, field, before, after)) {
        faults.At(field).Forbidden(kFrozen);
      }
    }
  }
  return causes;
}

}  // namespace slipway::objects
