#include "src/objects/cause_words.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/objects/field_path.hpp"
#include "src/objects/go_text.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

constexpr std::size_t kMaxShownBytes = 1024;

/// As %v does: 2.5, 1000, 1e+06.
std::string FloatText(double number) {
  constexpr int kFirstLong = 6;
  constexpr int kLastShort = -4;
  std::array<char, 32> digits{};
  const auto written = [&](std::chars_format format) {
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, format).ptr;
    return std::string(digits.data(), end);
  };
  std::string text = written(std::chars_format::scientific);
  const long exponent = std::strtol(text.c_str() + text.find('e') + 1, nullptr, 10);
  return exponent < kLastShort || exponent >= kFirstLong ? text : written(std::chars_format::fixed);
}

}  // namespace

bool IsFloat(const Json& value) {
  constexpr auto kLargest = static_cast<std::uint64_t>(INT64_MAX);
  return value.is_number_float() ||
         (value.is_number_unsigned() && value.get<std::uint64_t>() > kLargest);
}

std::string QuotedValue(const std::string& text) { return Quoted(Shortened(text, kMaxShownBytes)); }

std::string ShownValue(const Json& value) {
  if (value.is_null()) {
    return "\"null\"";
  }
  if (value.is_string()) {
    return QuotedValue(value.get_ref<const std::string&>());
  }
  if (IsFloat(value)) {
    return FloatText(value.get<double>());
  }
  return Shortened(value.is_structured() ? GoLiteral(value) : PrintJson(value), kMaxShownBytes);
}

Cause InvalidValue(std::string field, const Json& value, std::string_view detail) {
  return {.field = std::move(field),
          .message = "Invalid value: " + ShownValue(value) + ": " + std::string(detail),
          .reason = "FieldValueInvalid"};
}

}  // namespace slipway::objects
