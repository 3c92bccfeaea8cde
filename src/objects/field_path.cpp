#include "src/objects/field_path.hpp"

#include <algorithm>
#include <utility>

namespace slipway::objects {
namespace {

bool IsPlain(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '-' || character == '_';
  });
}

}  // namespace

std::string FirstBytes(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) {
    return text;
  }
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  text.resize(end);
  return text;
}

std::string Shortened(std::string text, std::size_t bytes) {
  return text.size() <= bytes ? text : FirstBytes(std::move(text), bytes) + "…";
}

std::string FieldPath::Text() const {
  std::string text;
  for (const Step& step : steps_) {
    if (step.is_index) {
      text += "[" + std::to_string(step.index) + "]";
    } else if (IsPlain(step.key)) {
      text += (text.empty() ? "" : ".") + std::string(step.key);
    } else {
      text += "[" + std::string(step.key) + "]";
    }
  }
  return Shortened(std::move(text), kMaxPathBytes);
}

std::string FieldPath::Dotted() const {
  std::string text;
  for (const Step& step : steps_) {
    text += step.is_index ? "[" + std::to_string(step.index) + "]"
                          : (text.empty() ? "" : ".") + std::string(step.key);
  }
  return Shortened(std::move(text), kMaxPathBytes);
}

}  // namespace slipway::objects
