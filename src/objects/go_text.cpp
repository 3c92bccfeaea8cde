#include "src/objects/go_text.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::objects {

std::string Quoted(const std::string& text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v";
  constexpr std::string_view kNames = "abfnrtv";
  std::string out = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const std::size_t named = kNamed.find(letter);
    if (letter == '"' || letter == '\\') {
      out += {'\\', letter};
    } else if (named != std::string_view::npos) {
      out += {'\\', kNames[named]};
    } else if (byte < 0x20 || byte == 0x7F) {
      out += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      out += letter;
    }
  }
  return out + "\"";
}

std::string GoText(const Json& value) {
  if (value.is_null()) {
    return "<nil>";
  }
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (!value.is_structured()) {
    return PrintJson(value);
  }
  std::string text;
  for (const auto& [key, field] : value.items()) {
    text += (text.empty() ? "" : " ") + (value.is_object() ? key + ":" : "") + GoText(field);
  }
  return (value.is_object() ? "map[" : "[") + text + "]";
}

std::string GoLiteral(const Json& value) {
  if (!value.is_structured()) {
    return value.is_string() ? Quoted(value.get<std::string>())
                             : (value.is_null() ? "interface {}(nil)" : PrintJson(value));
  }
  std::string text;
  for (const auto& [key, field] : value.items()) {
    text += (text.empty() ? "" : ", ") + (value.is_object() ? Quoted(key) + ":" : "") +
            GoLiteral(field);
  }
  return GoType(value) + "{" + text + "}";
}

std::string JsonType(const Json& value) {
  return value.is_object()    ? "object"
         : value.is_array()   ? "array"
         : value.is_string()  ? "string"
         : value.is_boolean() ? "bool"
                              : "number";
}

std::string GoType(const Json& value) {
  if (value.is_structured()) {
    return value.is_object() ? "map[string]interface {}" : "[]interface {}";
  }
  if (value.is_number()) {
    return value.is_number_float() ? "float64" : "int64";
  }
  return value.is_string() ? "string" : value.is_boolean() ? "bool" : "<nil>";
}

}  // namespace slipway::objects
