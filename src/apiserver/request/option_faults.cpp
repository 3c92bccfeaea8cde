#include "src/apiserver/request/option_faults.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::apiserver {
namespace {

constexpr const char* kMetaGroup = "meta.k8s.io";

using Kinds = std::map<std::string, objects::KindInfo, std::less<>>;

Kinds MakeOptionKinds() {
  const objects::Schema anything(nlohmann::json{{"type", "object"}});
  Kinds kinds;
  for (const char* name :
       {"ListOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "DeleteOptions"}) {
    objects::KindInfo kind{.group = kMetaGroup,
                           .version = "v1",
                           .kind = name,
                           .list_kind = "",
                           .plural = name,
                           .singular = "",
                           .short_names = {},
                           .categories = {},
                           .columns = {},
                           .field_labels = {},
                           .schema = anything,
                           .definition = ""};
    kinds.emplace(name, std::move(kind));
  }
  return kinds;
}

}  // namespace

void OptionFaults::Forbid(const std::string& field, const std::string& why) {
  causes_.push_back(
      {.field = field, .message = "Forbidden: " + why, .reason = "FieldValueForbidden"});
}

void OptionFaults::Invalid(const std::string& field, const std::string& value,
                           const std::string& why) {
  causes_.push_back({.field = field,
                     .message = "Invalid value: " + value + ": " + why,
                     .reason = "FieldValueInvalid"});
}

void OptionFaults::NotSupported(const std::string& field, const std::string& value,
                                std::initializer_list<std::string_view> supported) {
  std::string message = "Unsupported value: " + value + ": supported values: ";
  bool first = true;
  for (const std::string_view each : supported) {
    message += (std::exchange(first, false) ? "" : ", ") + QuotedText(each);
  }
  causes_.push_back(
      {.field = field, .message = std::move(message), .reason = "FieldValueNotSupported"});
}

Result<void> OptionFaults::Verdict() const {
  if (causes_.empty()) {
    return Ok();
  }
  std::string all;
  for (const Cause& cause : causes_) {
    all += (all.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  }
  Error error = Fail(Code::kInvalid, options_ + "." + kMetaGroup + " \"\" is invalid: " +
                                         (causes_.size() > 1 ? "[" + all + "]" : all));
  error.causes = causes_;
  return error;
}

const ObjectPath& OptionsPath(std::string_view options) {
  static const Kinds kinds = MakeOptionKinds();
  static const std::map<std::string, ObjectPath, std::less<>> paths = [] {
    std::map<std::string, ObjectPath, std::less<>> made;
    for (const auto& [name, kind] : kinds) {
      made.emplace(name, ObjectPath{.kind = &kind, .ns = "", .name = ""});
    }
    return made;
  }();
  const auto found = paths.find(options);
  SLIPWAY_ASSERT(found != paths.end(), "options of a kind that there is not");
  return found->second;
}

std::string QuotedText(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      quoted += '\\';
    }
    quoted += letter;
  }
  return quoted + "\"";
}

}  // namespace slipway::apiserver
