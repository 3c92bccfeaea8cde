#include "src/objects/go_decode.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "src/objects/cause_words.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/go_time.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/secret_data.hpp"

namespace slipway::objects {
namespace {

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What Go's decoder says of a text that is no base64: at which byte; nullopt where it is.
std::optional<std::size_t> IllegalBase64At(std::string_view text) {
  std::size_t in_group = 0;
  std::size_t at = 0;
  const auto skip_lines = [&] {
    while (at < text.size() && (text[at] == '\n' || text[at] == '\r')) {
      ++at;
    }
  };
  for (skip_lines(); at < text.size(); skip_lines()) {
    if (text[at] == '=') {
      break;
    }
    if (kBase64Digits.find(text[at]) == std::string_view::npos) {
      return at;
    }
    in_group = (in_group + 1) % 4;
    ++at;
  }
  if (at == text.size()) {
    return in_group == 0 ? std::nullopt : std::optional(at - in_group);
  }
  if (in_group < 2) {
    return at;
  }
  ++at;
  if (in_group == 2) {
    skip_lines();
    if (at == text.size()) {
      return at;
    }
    if (text[at] != '=') {
      return at - 1;
    }
    ++at;
  }
  skip_lines();
  return at == text.size() ? std::nullopt : std::optional(at);
}

std::string Base64Fault(const std::string& text) {
  const auto wrong = IllegalBase64At(text);
  return wrong ? "illegal base64 data at input byte " + std::to_string(*wrong) : std::string();
}

template <class Tree>
const char* JsonName(const Tree& value) {
  return value.is_boolean() ? "bool" : value.type_name();
}

/// Whether a number is one of the type, and not merely a number.
template <class Tree>
bool InRange(GoShape shape, const Tree& number) {
  if (number.is_number_float()) {
    return false;
  }
  if (number.is_number_unsigned() &&
      number.template get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    return false;
  }
  const auto value = number.template get<std::int64_t>();
  if (shape == GoShape::kInt32) {
    return value >= std::numeric_limits<std::int32_t>::min() &&
           value <= std::numeric_limits<std::int32_t>::max();
  }
  return shape != GoShape::kByte ||
         (value >= 0 && value <= std::numeric_limits<std::uint8_t>::max());
}

/// Reads a tree as Go's JSON decoder reads a text: it goes on after a value that does not fit, and
/// reports the first; it stops at a type that reads itself.
template <class Tree>
class Decoder {
 public:
  std::string Run(const GoTypeInfo& type, const Tree& tree) {
    Value(type, tree);
    return stopped_.empty() ? first_ : stopped_;
  }

 private:
  /// False where reading has to stop.
  bool Value(const GoTypeInfo& type, const Tree& value) {
    if (value.is_null()) {
      return true;
    }
    switch (type.shape) {
      case GoShape::kText:
        return Expect(value.is_string(), type, value);
      case GoShape::kBool:
        return Expect(value.is_boolean(), type, value);
      case GoShape::kInt32:
      case GoShape::kInt64:
      case GoShape::kByte:
        return Number(type, value);
      case GoShape::kBytes:
        return Bytes(type, value);
      case GoShape::kTime:
      case GoShape::kMicroTime:
        return Time(type, value);
      case GoShape::kAnything:
        return true;
      case GoShape::kMap:
        return Expect(value.is_object(), type, value) && (!value.is_object() || Items(type, value));
      case GoShape::kList:
        return Expect(value.is_array(), type, value) && (!value.is_array() || Items(type, value));
      case GoShape::kStruct:
        return Expect(value.is_object(), type, value) &&
               (!value.is_object() || Fields(type, value));
    }
    return true;
  }

  bool Expect(bool fits, const GoTypeInfo& type, const Tree& value) {
    if (!fits && first_.empty()) {
      first_ = Misfit(JsonName(value), type.name);
    }
    return true;
  }

  std::string Misfit(const std::string& found, const std::string& type) const {
    return "json: cannot unmarshal " + found +
           (where_.empty() ? " into Go value" : " into Go struct field " + where_) + " of type " +
           type;
  }

  bool Number(const GoTypeInfo& type, const Tree& value) {
    if (value.is_number() && !InRange(type.shape, value)) {
      if (first_.empty()) {
        first_ = Misfit("number " + value.dump(), type.name);
      }
      return true;
    }
    return Expect(value.is_number(), type, value);
  }

  bool Bytes(const GoTypeInfo& type, const Tree& value) {
    if (value.is_string() && first_.empty()) {
      first_ = Base64Fault(value.template get_ref<const std::string&>());
    }
    if (value.is_array()) {
      return Items(type, value);
    }
    return Expect(value.is_string(), type, value);
  }

  bool Time(const GoTypeInfo& type, const Tree& value) {
    stopped_ = value.is_string() ? TimeFault(value.template get_ref<const std::string&>(),
                                             type.shape == GoShape::kMicroTime)
                                 : Misfit(JsonName(value), "string");
    return stopped_.empty();
  }

  bool Items(const GoTypeInfo& type, const Tree& values) {
    for (const Tree& value : values) {
      if (!Value(*type.item, value)) {
        return false;
      }
    }
    return true;
  }

  /// Go names the innermost struct, and the fields that lead to it.
  bool Fields(const GoTypeInfo& type, const Tree& object) {
    const std::string where = where_;
    const std::string path = path_;
    for (const auto& [name, value] : object.items()) {
      const GoTypeInfo* field = type.Find(name);
      if (field == nullptr) {
        continue;
      }
      path_ = path.empty() ? name : path + "." + name;
      where_ = std::string(type.ShortName()) + "." + path_;
      if (!Value(*field, value)) {
        return false;
      }
    }
    where_ = where;
    path_ = path;
    return true;
  }

  std::string path_;
  std::string where_;
  std::string first_;
  std::string stopped_;
};

/// What Go's reflection calls the sort of a value.
const char* KindName(const Json& value) {
  if (value.is_structured()) {
    return value.is_object() ? "map" : "slice";
  }
  if (value.is_number()) {
    return IsFloat(value) ? "float64" : "int64";
  }
  return value.is_string() ? "string" : "bool";
}

const char* KindName(GoShape shape) {
  switch (shape) {
    case GoShape::kBool:
      return "bool";
    case GoShape::kInt32:
      return "int32";
    case GoShape::kInt64:
      return "int64";
    case GoShape::kByte:
      return "uint8";
    case GoShape::kText:
    case GoShape::kBytes:
    case GoShape::kTime:
    case GoShape::kMicroTime:
    case GoShape::kAnything:
    case GoShape::kMap:
    case GoShape::kList:
    case GoShape::kStruct:
      break;
  }
  return "string";
}

std::string Convert(const GoTypeInfo& type, const Json& value);

/// Go can make a text of a number, and a whole number of another one; Kubernetes lets it do only the latter.
std::string ConvertSimple(const GoTypeInfo& type, const Json& value) {
  const bool number = type.shape != GoShape::kText && type.shape != GoShape::kBool;
  const bool fits = type.shape == GoShape::kText   ? value.is_string()
                    : type.shape == GoShape::kBool ? value.is_boolean()
                                                   : value.is_number() && !IsFloat(value);
  if (fits) {
    return "";
  }
  if (number && IsFloat(value)) {
    const auto real = value.get<double>();
    return real == std::trunc(real) ? "" : "cannot convert float64 to " + type.name;
  }
  if (type.shape == GoShape::kText && value.is_number() && !IsFloat(value)) {
    return "cannot convert int64 to " + type.name;
  }
  return std::string("unrecognized type: ") + KindName(type.shape);
}

std::string ConvertItems(const GoTypeInfo& type, const Json& values) {
  for (const Json& value : values) {
    std::string fault = Convert(*type.item, value);
    if (!fault.empty()) {
      return fault;
    }
  }
  return "";
}

std::string ConvertList(const GoTypeInfo& type, const Json& value) {
  if (type.shape == GoShape::kBytes && value.is_string()) {
    const std::string fault = Base64Fault(value.get_ref<const std::string&>());
    return fault.empty() ? "" : "error decoding from json: " + fault;
  }
  return value.is_array() ? ConvertItems(type, value)
                          : std::string("cannot restore slice from ") + KindName(value);
}

std::string ConvertStruct(const GoTypeInfo& type, const Json& value) {
  if (!value.is_object()) {
    return std::string("cannot restore struct from: ") + KindName(value);
  }
  for (const GoTypeInfo::Field& field : type.fields) {
    const auto found = value.find(field.name);
    std::string fault = found == value.end() ? std::string() : Convert(*field.type, *found);
    if (!fault.empty()) {
      return fault;
    }
  }
  return "";
}

std::string Convert(const GoTypeInfo& type, const Json& value) {
  if (value.is_null()) {
    return "";
  }
  switch (type.shape) {
    case GoShape::kText:
    case GoShape::kBool:
    case GoShape::kInt32:
    case GoShape::kInt64:
    case GoShape::kByte:
      return ConvertSimple(type, value);
    case GoShape::kTime:
    case GoShape::kMicroTime:
      return Decoder<Json>().Run(type, value);
    case GoShape::kAnything:
      return "";
    case GoShape::kMap:
      return value.is_object() ? ConvertItems(type, value)
                               : std::string("cannot restore map from ") + KindName(value);
    case GoShape::kBytes:
    case GoShape::kList:
      return ConvertList(type, value);
    case GoShape::kStruct:
      return ConvertStruct(type, value);
  }
  return "";
}

}  // namespace

std::string DecodeFault(const GoTypeInfo& type, const Json& tree) {
  return Decoder<Json>().Run(type, tree);
}

std::string DecodeFault(const GoTypeInfo& type, const nlohmann::ordered_json& tree) {
  return Decoder<nlohmann::ordered_json>().Run(type, tree);
}

void EncodeBytes(const GoTypeInfo& type, Json& tree) {
  if (type.shape == GoShape::kBytes && tree.is_array()) {
    std::string bytes;
    for (const Json& item : tree) {
      bytes += static_cast<char>(item.is_number() ? item.get<std::int64_t>() : 0);
    }
    tree = Base64(bytes);
  } else if (type.shape == GoShape::kMap && tree.is_object()) {
    for (Json& item : tree) {
      EncodeBytes(*type.item, item);
    }
  } else if (type.shape == GoShape::kStruct && tree.is_object()) {
    for (const GoTypeInfo::Field& field : type.fields) {
      const auto found = tree.find(field.name);
      if (found != tree.end()) {
        EncodeBytes(*field.type, *found);
      }
    }
  }
}

std::string ConversionFault(const GoTypeInfo& type, const Json& tree) {
  return Convert(type, tree);
}

}  // namespace slipway::objects
