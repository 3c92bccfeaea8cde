#include "src/cli/yaml_text.hpp"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace slipway::cli {
namespace {

using nlohmann::json;

/// Whether a plain scalar of this text would be read back as something other than this string.
bool NeedsQuotes(const std::string& text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') {
    return true;
  }
  for (const char* word : {"null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (YAML::Node(text).IsScalar() && strcasecmp(text.c_str(), word) == 0) {
      return true;
    }
  }
  // Digits, signs and dots may begin a number or a date.
  return text.find_first_not_of("0123456789+-.eExXabcdefABCDEF_:") == std::string::npos ||
         text.find_first_of("0123456789") == 0;
}

void Emit(YAML::Emitter& out, const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      if (value.empty()) {
        out << YAML::Flow;
      }
      out << YAML::BeginMap;
      for (const auto& [key, item] : value.items()) {
        out << YAML::Key << key << YAML::Value;
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
      if (text.find('\n') != std::string::npos) {
        out << YAML::Literal << text;
      } else if (NeedsQuotes(text)) {
        out << YAML::DoubleQuoted << text;
      } else {
        out << text;
      }
      return;
    }
    case json::value_t::null:
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
  Emit(out, value);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace slipway::cli
