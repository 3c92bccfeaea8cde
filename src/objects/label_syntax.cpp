#include "src/objects/label_syntax.hpp"

#include <algorithm>

namespace slipway::objects {
namespace {

constexpr std::size_t kMaxName = 63;
constexpr std::size_t kMaxPrefix = 253;

bool IsLowerOrDigit(char character) {
  return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

bool IsAlphanumeric(char character) {
  return IsLowerOrDigit(character) || (character >= 'A' && character <= 'Z');
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && IsAlphanumeric(text.front()) &&
         IsAlphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [](char character) {
           return IsAlphanumeric(character) || character == '-' || character == '_' ||
                  character == '.';
         });
}

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && IsLowerOrDigit(text.front()) && IsLowerOrDigit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char character) { return IsLowerOrDigit(character) || character == '-'; });
}

bool IsDnsName(std::string_view text) {
  if (text.size() > kMaxPrefix) {
    return false;
  }
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool IsLabelKey(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return IsName(text);
  }
  return IsDnsName(text.substr(0, slash)) && IsName(text.substr(slash + 1));
}

bool IsLabelValue(std::string_view text) { return text.empty() || IsName(text); }

}  // namespace slipway::objects
