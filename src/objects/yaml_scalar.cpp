#include "src/objects/yaml_scalar.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace slipway::objects {
namespace {

using Json = nlohmann::json;

constexpr double kExactDouble = 9007199254740992.0;

const std::map<std::string, Json>& Words() {
  static const std::map<std::string, Json> kWords = [] {
    std::map<std::string, Json> words;
    for (const char* word :
         {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}) {
      words[word] = true;
    }
    for (const char* word :
         {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) {
      words[word] = false;
    }
    for (const char* word : {"", "~", "null", "Null", "NULL"}) {
      words[word] = nullptr;
    }
    for (const char* word : {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf",
                             "+.INF", "-.inf", "-.Inf", "-.INF"}) {
      words[word] = Json(Json::value_t::discarded);
    }
    return words;
  }();
  return kWords;
}

/// 12, -3, 0x1F, 0o17, 017, 0b101; nothing where it is none of these or needs more than 64 bits.
std::optional<Json> ParseInteger(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() > 1 && text.front() == '0') {
    const char letter = text[1];
    base = letter == 'x' || letter == 'X' ? 16 : letter == 'b' || letter == 'B' ? 2 : 8;
    const bool has_letter = base != 8 || letter == 'o' || letter == 'O';
    text.remove_prefix(has_letter ? 2 : 1);
  }
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  constexpr auto kLargest = static_cast<std::uint64_t>(INT64_MAX);
  if (!negative) {
    return number <= kLargest ? Json(static_cast<std::int64_t>(number)) : Json(number);
  }
  if (number > kLargest + 1) {
    return std::nullopt;
  }
  return Json(static_cast<std::int64_t>(0 - number));
}

std::optional<Json> ParseFloat(const std::string& text) {
  static const re2::RE2 kFloat(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  if (!re2::RE2::FullMatch(text, kFloat)) {
    return std::nullopt;
  }
  const double number = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(number)) {
    return std::nullopt;
  }
  const bool whole = std::trunc(number) == number && std::abs(number) <= kExactDouble;
  return whole ? Json(static_cast<std::int64_t>(number)) : Json(number);
}

}  // namespace

Json ResolvePlainScalar(const std::string& text) {
  const auto word = Words().find(text);
  if (word != Words().end()) {
    return word->second;
  }
  if (std::string_view("+-.0123456789").find(text.front()) == std::string_view::npos) {
    return text;
  }
  std::string digits = text;
  std::erase(digits, '_');
  if (const auto integer = ParseInteger(digits)) {
    return *integer;
  }
  if (const auto number = ParseFloat(digits)) {
    return *number;
  }
  return text;
}

}  // namespace slipway::objects
