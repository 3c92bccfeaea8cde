#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/field_path.hpp"
#include "src/objects/hints.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/schema.hpp"
#include "src/objects/schema_node.hpp"

namespace slipway::objects {
namespace {

constexpr std::size_t kMaxCauses = 100;
constexpr std::size_t kMaxShownBytes = 64;
/// The largest integer up to which a double holds every one.
constexpr double kExactDouble = 9007199254740992.0;

std::size_t CharacterCount(const std::string& text) {
  std::size_t count = 0;
  for (const char byte : text) {
    count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return count;
}

bool IsInteger(const Json& value) {
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX);
  }
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    return std::trunc(number) == number && std::abs(number) <= kExactDouble;
  }
  return value.is_number_integer();
}

bool IsBase64(const std::string& text) {
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  const std::string_view body = std::string_view(text).substr(0, text.size() - padding);
  return text.size() % 4 == 0 &&
         body.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
             std::string_view::npos;
}

bool FitsFormat(const SchemaNode& node, const std::string& text) {
  if (node.format == "duration") {
    return api::ParseDuration(text).has_value();
  }
  if (node.format == "date-time") {
    return api::ParseTime(text).has_value();
  }
  return node.format != "byte" || IsBase64(text);
}

bool FitsPattern(const SchemaNode& node, const std::string& text) {
  return node.pattern == nullptr || re2::RE2::PartialMatch(text, *node.pattern);
}

/// Whether "must be a duration …" says enough about a text that is too long.
bool HintSaysLength(const SchemaNode& node) {
  return node.type == NodeType::kIntOrString || (node.pattern != nullptr && !node.format.empty()) ||
         node.format == "date-time";
}

/// The value as a person should see it in a message, cut where it is long. What stands where a secret
/// should be below it may be that secret.
std::string Shown(const SchemaNode& node, const Json& value) {
  if (node.secret) {
    return "(hidden)";
  }
  return Shortened(PrintJson(value), kMaxShownBytes);
}

class Validator {
 public:
  std::vector<Cause> Run(const SchemaNode& root, const Json& tree) {
    Check(root, tree);
    return std::move(causes_);
  }

 private:
  void Check(const SchemaNode& node, const Json& value) {
    if (causes_.size() >= kMaxCauses || (value.is_null() && node.nullable)) {
      return;
    }
    if (!HasType(node, value)) {
      Refuse(node, value, "must be " + WhatItMustBe(node), "FieldValueTypeInvalid");
      return;
    }
    if (value.is_string()) {
      CheckString(node, value);
    } else if (value.is_number()) {
      CheckNumber(node, value);
    } else if (value.is_array()) {
      CheckArray(node, value);
    } else if (value.is_object()) {
      CheckObject(node, value);
    }
  }

  static bool HasType(const SchemaNode& node, const Json& value) {
    switch (node.type) {
      case NodeType::kObject:
        return value.is_object();
      case NodeType::kArray:
        return value.is_array();
      case NodeType::kString:
        return value.is_string();
      case NodeType::kInteger:
        return IsInteger(value);
      case NodeType::kBoolean:
        return value.is_boolean();
      case NodeType::kIntOrString:
        return IsInteger(value) || value.is_string();
    }
    return false;
  }

  void CheckString(const SchemaNode& node, const Json& value) {
    const auto& text = value.get_ref<const std::string&>();
    const std::size_t length = CharacterCount(text);
    const bool too_long = node.max_length && length > *node.max_length;
    const auto& allowed = node.enumeration;
    if (too_long && !HintSaysLength(node)) {
      Refuse(node, value,
             "must be at most " + std::to_string(*node.max_length) + " characters long, and has " +
                 std::to_string(length),
             "FieldValueTooLong");
    } else if (node.min_length && length < *node.min_length) {
      Refuse(node, value,
             *node.min_length == 1
                 ? "must not be empty"
                 : "must be at least " + std::to_string(*node.min_length) + " characters long",
             "FieldValueInvalid");
    } else if (!allowed.empty() &&
               std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
      Refuse(node, value, "must be one of " + Joined(allowed), "FieldValueNotSupported");
    } else if (too_long || !FitsFormat(node, text) || !FitsPattern(node, text)) {
      const bool zero = node.title == "IntOrPercent" && text == "0%";
      Refuse(node, value, zero ? "must be above 0" : "must be " + WhatItMustBe(node),
             "FieldValueInvalid");
    }
  }

  void CheckNumber(const SchemaNode& node, const Json& value) {
    const auto number = value.get<std::int64_t>();
    if (node.minimum && number < *node.minimum) {
      Refuse(node, value, "must be at least " + std::to_string(*node.minimum), "FieldValueInvalid");
    }
    if (node.maximum && number > *node.maximum) {
      Refuse(node, value, "must be at most " + std::to_string(*node.maximum), "FieldValueInvalid");
    }
  }

  void CheckArray(const SchemaNode& node, const Json& value) {
    if (node.max_items && value.size() > *node.max_items) {
      return Refuse("must have at most " + std::to_string(*node.max_items) + " items, and has " +
                        std::to_string(value.size()),
                    "FieldValueTooMany");
    }
    if (node.min_items && value.size() < *node.min_items) {
      Refuse("must have at least " + std::to_string(*node.min_items) +
                 (*node.min_items == 1 ? " item" : " items"),
             "FieldValueInvalid");
    }
    for (std::size_t index = 0; index < value.size(); ++index) {
      const FieldPath::Scope scope(path_, index);
      Check(*node.items, value[index]);
    }
    CheckDuplicates(node, value);
  }

  void CheckDuplicates(const SchemaNode& node, const Json& value) {
    if (node.list_type == ListType::kAtomic) {
      return;
    }
    std::set<std::string> seen;
    for (std::size_t index = 0; index < value.size(); ++index) {
      const Json key = node.list_type == ListType::kSet ? value[index] : KeyOf(node, value[index]);
      if (!seen.insert(PrintJson(key)).second) {
        const FieldPath::Scope scope(path_, index);
        Refuse(node.list_type == ListType::kSet
                   ? PrintJson(key) + ": is in the list twice"
                   : "another item has the same " + Joined(node.map_keys) + " " + KeyText(key),
               "FieldValueDuplicate");
      }
    }
  }

  static Json KeyOf(const SchemaNode& node, const Json& item) {
    Json key = Json::array();
    for (const std::string& name : node.map_keys) {
      key.push_back(item.is_object() && item.contains(name) ? item[name] : Json());
    }
    return key;
  }

  static std::string KeyText(const Json& key) { return PrintJson(key.size() == 1 ? key[0] : key); }

  void CheckObject(const SchemaNode& node, const Json& value) {
    for (const std::string& name : node.required) {
      if (!value.contains(name)) {
        const FieldPath::Scope scope(path_, name);
        Refuse("is required", "FieldValueRequired");
      }
    }
    if (node.max_properties && value.size() > *node.max_properties) {
      return Refuse("must have at most " + std::to_string(*node.max_properties) +
                        (*node.max_properties == 1 ? " field" : " fields"),
                    "FieldValueTooMany");
    }
    if (node.min_properties && value.size() < *node.min_properties) {
      Refuse("must have at least " + FieldChoice(node, *node.min_properties), "FieldValueRequired");
    }
    for (const auto& [key, field] : value.items()) {
      const FieldPath::Scope scope(path_, key);
      const auto known = node.properties.find(key);
      const SchemaNode* schema =
          known != node.properties.end() ? known->second.get() : node.additional.get();
      if (schema != nullptr) {
        Check(*schema, field);
      }
    }
  }

  static std::string FieldChoice(const SchemaNode& node, std::size_t count) {
    std::vector<std::string> names;
    for (const auto& property : node.properties) {
      names.push_back(property.first);
    }
    return std::to_string(count) + " of " + Joined(names);
  }

  static std::string Joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
      text += (text.empty() ? "" : ", ") + word;
    }
    return text;
  }

  void Refuse(const SchemaNode& node, const Json& value, const std::string& message,
              const char* reason) {
    Refuse(Shown(node, value) + ": " + message, reason);
  }

  void Refuse(std::string message, const char* reason) {
    if (causes_.size() < kMaxCauses) {
      causes_.push_back(
          Cause{.field = path_.Text(), .message = std::move(message), .reason = reason});
    }
  }

  FieldPath path_;
  std::vector<Cause> causes_;
};

}  // namespace

std::vector<Cause> Schema::Validate(const Json& tree) const {
  return Validator().Run(*root_, tree);
}

}  // namespace slipway::objects
