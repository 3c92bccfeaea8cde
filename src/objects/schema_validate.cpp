#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/cause_words.hpp"
#include "src/objects/field_path.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/schema.hpp"
#include "src/objects/schema_node.hpp"

namespace slipway::objects {
namespace {

/// The largest integer up to which a double holds every one.
constexpr double kExactDouble = 9007199254740992.0;
/// Instead of the value of a secret, which Kubernetes would show.
constexpr const char* kHidden = "(hidden)";

std::size_t CharacterCount(const std::string& text) {
  std::size_t count = 0;
  for (const char byte : text) {
    count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return count;
}

bool IsInteger(const Json& value) {
  if (value.is_number() && IsFloat(value)) {
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

/// What Kubernetes takes for a duration, which is more than we do: "5 days", too.
bool IsGoDuration(const std::string& text) {
  static const re2::RE2 kSome(
      "(?i)[0-9]\\s*(?:ns|us|µs|ms|s|m|h|hr|d|w|wk|(?:nano|micro|milli|sec|min|hour|day|week)"
      "[a-zµ]*)(?:[^a-zµ]|$)");
  return text == "0" || text == "+0" || text == "-0" || re2::RE2::PartialMatch(text, kSome);
}

bool FitsPattern(const SchemaNode& node, const std::string& text) {
  return node.pattern == nullptr || re2::RE2::PartialMatch(text, *node.pattern);
}

/// Kubernetes says of some texts only that they do not match the pattern. What we alone refuse must be
/// refused for something.
bool FitsFormat(const SchemaNode& node, const std::string& text) {
  if (node.format == "duration") {
    return FitsPattern(node, text) ? api::ParseDuration(text).has_value() : IsGoDuration(text);
  }
  if (node.format == "date-time") {
    return api::ParseTime(text).has_value();
  }
  return node.format != "byte" || IsBase64(text);
}

const char* TypeName(NodeType type) {
  switch (type) {
    case NodeType::kObject:
      return "object";
    case NodeType::kArray:
      return "array";
    case NodeType::kString:
      return "string";
    case NodeType::kInteger:
      return "integer";
    case NodeType::kBoolean:
      return "boolean";
    case NodeType::kIntOrString:
      return "integer,string";
  }
  SLIPWAY_UNREACHABLE("node type outside the enum");
}

const char* TypeOfValue(const Json& value) {
  if (value.is_number()) {
    return IsFloat(value) ? "number" : "integer";
  }
  return value.type_name();
}

/// Whether Kubernetes knows the format of a text and names it instead of the type.
bool HasKnownFormat(const SchemaNode& node) {
  return node.format == "duration" || node.format == "date-time" || node.format == "byte" ||
         node.format == "password";
}

/// Finds what is wrong in the order and in the words of kube-apiserver: what it says of a type does not
/// keep it from looking at the rest.
class Validator {
 public:
  std::vector<Cause> Run(const SchemaNode& root, const Json& tree) {
    Check(root, tree);
    CheckLists(root, tree);
    return std::move(causes_);
  }

 private:
  void Check(const SchemaNode& node, const Json& value) {
    if (causes_.size() >= kMaxCauses || (value.is_null() && node.nullable)) {
      return;
    }
    if (!HasType(node, value)) {
      RefuseType(node, value);
    }
    if (value.is_string()) {
      CheckString(node, value);
    } else if (value.is_number()) {
      CheckNumber(node, value);
    } else if (value.is_array()) {
      CheckArray(node, value);
    }
    CheckEnumeration(node, value);
    if (value.is_object()) {
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

  void RefuseType(const SchemaNode& node, const Json& value) {
    std::string wanted = TypeName(node.type);
    std::string found = TypeOfValue(value);
    if (HasKnownFormat(node) && !value.is_null() && !value.is_array()) {
      wanted = node.format;
      found = value.is_number() ? (found == "integer" ? "int64" : "float64") : "";
    }
    Refuse("Invalid value: " + Quoted(found) + ": ",
           "must be of type " + wanted + ": " + Quoted(found), "FieldValueTypeInvalid");
  }

  void CheckString(const SchemaNode& node, const Json& value) {
    const auto& text = value.get_ref<const std::string&>();
    const std::size_t length = CharacterCount(text);
    if (node.max_length && length > *node.max_length) {
      Add(path_.Dotted(),
          "Too long: may not be more than " + std::to_string(*node.max_length) + " bytes",
          "FieldValueTooLong");
    } else if (node.min_length && length < *node.min_length) {
      RefuseValue(node, value,
                  "should be at least " + std::to_string(*node.min_length) + " chars long");
    } else if (!FitsPattern(node, text)) {
      RefuseValue(node, value, "should match '" + node.pattern_text + "'");
    }
    if (!FitsFormat(node, text)) {
      const std::string shown = node.secret ? Quoted(kHidden) : QuotedValue(text);
      Refuse("Invalid value: " + shown + ": ", "must be of type " + node.format + ": " + shown,
             "FieldValueTypeInvalid");
    }
  }

  void CheckNumber(const SchemaNode& node, const Json& value) {
    const auto compare = [&value](std::int64_t bound) {
      return IsFloat(value) ? value.get<double>() <=> static_cast<double>(bound)
                            : std::partial_ordering(value.get<std::int64_t>() <=> bound);
    };
    if (node.maximum && compare(*node.maximum) > 0) {
      RefuseValue(node, value, "should be less than or equal to " + std::to_string(*node.maximum));
    }
    if (node.minimum && compare(*node.minimum) < 0) {
      RefuseValue(node, value,
                  "should be greater than or equal to " + std::to_string(*node.minimum));
    }
  }

  void CheckArray(const SchemaNode& node, const Json& value) {
    for (std::size_t index = 0; node.items != nullptr && index < value.size(); ++index) {
      const FieldPath::Scope scope(path_, index);
      Check(*node.items, value[index]);
    }
    if (node.min_items && value.size() < *node.min_items) {
      RefuseCount(value.size(),
                  "should have at least " + std::to_string(*node.min_items) + " items");
    }
    if (node.max_items && value.size() > *node.max_items) {
      RefuseMany(value.size(), *node.max_items);
    }
  }

  void CheckEnumeration(const SchemaNode& node, const Json& value) {
    const auto& allowed = node.enumeration;
    const auto is_value = [&value](const std::string& word) {
      return value.is_string() && value.get_ref<const std::string&>() == word;
    };
    if (allowed.empty() || std::any_of(allowed.begin(), allowed.end(), is_value)) {
      return;
    }
    std::string choice;
    for (const std::string& word : allowed) {
      choice += (choice.empty() ? "" : ", ") + Quoted(word);
    }
    Add(path_.Dotted(),
        "Unsupported value: " + Shown(node, value) + ": supported values: " + choice,
        "FieldValueNotSupported");
  }

  void CheckObject(const SchemaNode& node, const Json& value) {
    if (node.min_properties && value.size() < *node.min_properties) {
      RefuseCount(value.size(),
                  "should have at least " + std::to_string(*node.min_properties) + " properties");
    }
    if (node.max_properties && value.size() > *node.max_properties) {
      RefuseMany(value.size(), *node.max_properties);
    }
    ForEachField(node, value,
                 [this](const SchemaNode& schema, const Json& field) { Check(schema, field); });
    for (const std::string& name : node.required) {
      if (!value.contains(name)) {
        const FieldPath::Scope scope(path_, name);
        Add(path_.Dotted(), "Required value", "FieldValueRequired");
      }
    }
  }

  /// Calls with each field that the schema knows, and the schema of it.
  template <typename Visit>
  void ForEachField(const SchemaNode& node, const Json& value, const Visit& visit) {
    for (const auto& [key, field] : value.items()) {
      const FieldPath::Scope scope(path_, key);
      const auto known = node.properties.find(key);
      const SchemaNode* schema =
          known != node.properties.end() ? known->second.get() : node.additional.get();
      if (schema != nullptr) {
        visit(*schema, field);
      }
    }
  }

  /// Kubernetes looks for what is in a list twice once it has looked at everything else.
  void CheckLists(const SchemaNode& node, const Json& value) {
    if (value.is_object()) {
      ForEachField(node, value, [this](const SchemaNode& schema, const Json& field) {
        CheckLists(schema, field);
      });
    } else if (value.is_array() && node.items != nullptr) {
      if (node.list_type != ListType::kAtomic && CanHaveKeys(node, value)) {
        CheckDuplicates(node, value);
      }
      for (std::size_t index = 0; index < value.size(); ++index) {
        const FieldPath::Scope scope(path_, index);
        CheckLists(*node.items, value[index]);
      }
    }
  }

  /// False, with a cause, where an item of a list with keys is no object.
  bool CanHaveKeys(const SchemaNode& node, const Json& value) {
    for (std::size_t index = 0; node.list_type == ListType::kMap && index < value.size(); ++index) {
      if (!value[index].is_object() && !value[index].is_null()) {
        const FieldPath::Scope scope(path_, index);
        Add(path_.Text(),
            "Invalid value: " + Shown(node, value[index]) +
                ": must be an object for an array of list-type map",
            "FieldValueInvalid");
        return false;
      }
    }
    return true;
  }

  /// Kubernetes names what is there again for the first time, and no further one.
  void CheckDuplicates(const SchemaNode& node, const Json& value) {
    std::map<std::string, std::size_t> seen;
    for (std::size_t index = 0; index < value.size(); ++index) {
      const Json key = node.list_type == ListType::kSet ? value[index] : KeyOf(node, value[index]);
      if (++seen[PrintJson(key)] == 2) {
        const FieldPath::Scope scope(path_, index);
        Add(path_.Text(), "Duplicate value: " + Shown(node, key), "FieldValueDuplicate");
      }
    }
  }

  static Json KeyOf(const SchemaNode& node, const Json& item) {
    Json key = Json::object();
    for (const std::string& name : node.map_keys) {
      if (item.is_object() && item.contains(name)) {
        key[name] = item[name];
      }
    }
    return key;
  }

  /// What stands where a secret should be, or below it, may be that secret.
  static std::string Shown(const SchemaNode& node, const Json& value) {
    return node.secret ? Quoted(kHidden) : ShownValue(value);
  }

  void RefuseValue(const SchemaNode& node, const Json& value, const std::string& detail) {
    Refuse("Invalid value: " + Shown(node, value) + ": ", detail, "FieldValueInvalid");
  }

  void RefuseCount(std::size_t count, const std::string& detail) {
    Refuse("Invalid value: " + std::to_string(count) + ": ", detail, "FieldValueInvalid");
  }

  void RefuseMany(std::size_t count, std::size_t most) {
    Add(path_.Dotted(),
        "Too many: " + std::to_string(count) + ": must have at most " + std::to_string(most) +
            " items",
        "FieldValueTooMany");
  }

  /// `BEGINNING spec.keep in body DETAIL`.
  void Refuse(const std::string& beginning, const std::string& detail, const char* reason) {
    const std::string path = path_.Dotted();
    Add(path, beginning + (path.empty() ? "" : path + " ") + "in body " + detail, reason);
  }

  void Add(std::string field, std::string message, const char* reason) {
    if (causes_.size() < kMaxCauses) {
      causes_.push_back(
          Cause{.field = std::move(field), .message = std::move(message), .reason = reason});
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
