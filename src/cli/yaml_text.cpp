#include "src/cli/yaml_text.hpp"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace slipway::cli {
namespace {

using nlohmann::json;

/// Whether YAML 1.1 readers, too, would take a plain scalar of this text for something other than a string.
bool NeedsQuotes(const std::string& text) {
  for (const char* word : {"", "null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (strcasecmp(text.c_str(), word) == 0) {
      return true;
    }
  }
  // Digits, signs and dots may begin a number, a date or a time.
  return text.find_first_of("0123456789+-. ") == 0 || text.back() == ' ';
}

/// A literal block is read back as it was only if it ends in one line feed and its first line is not indented.
bool FitsLiteral(const std::string& text) {
  return text.ends_with('\n') && !text.ends_with("\n\n") && text.find_first_of(" \t\n") != 0;
}

void EmitText(YAML::Emitter& out, const std::string& text) {
  if (text.find('\n') != std::string::npos || NeedsQuotes(text)) {
    out << YAML::DoubleQuoted;
  }
  out << text;
}

void Emit(YAML::Emitter& out, const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      if (value.empty()) {
        out << YAML::Flow;
      }
      out << YAML::BeginMap;
      for (const auto& [key, item] : value.items()) {
        out << YAML::Key;
        EmitText(out, key);
        out << YAML::Value;
        Emit(out, item);
      }
      out << YAML::EndMap;
      return;
    case json::value_t::array:
      if (value.empty()) {
        out << YAML::Flow;
      }
      out << YAML::BeginSeq;
      for (const auto& item : value) {
        Emit(out, item);
      }
      out << YAML::EndSeq;
      return;
    case json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      if (FitsLiteral(text)) {
        out << YAML::Literal << text;
      } else {
        EmitText(out, text);
      }
      return;
    }
    case json::value_t::null:
      out << YAML::Null;
      return;
    case json::value_t::boolean:
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
    case json::value_t::binary:
    case json::value_t::discarded:
      out << value.dump();
      return;
  }
}

}  // namespace

std::string YamlText(const json& value) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  Emit(out, value);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace slipway::cli
