#include "reconciler/api/names.hpp"

#include <algorithm>

namespace slipway::api {
namespace {

constexpr std::size_t kMostServerName = 63;
constexpr std::size_t kMostId = 40;

bool IsSmall(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

bool IsPlain(std::string_view text) {
  return !text.empty() && IsSmall(text.front()) &&
         std::ranges::all_of(text, [](char letter) { return IsSmall(letter) || letter == '-'; });
}

}  // namespace

std::string NameFromAddress(std::string_view address) {
  std::string name;
  for (const char character : address) {
    const bool upper = character >= 'A' && character <= 'Z';
    const char lower = upper ? static_cast<char>(character - 'A' + 'a') : character;
    name += IsSmall(lower) ? lower : '-';
  }
  const std::size_t first = name.find_first_not_of('-');
  if (first == std::string::npos) {
    return "";
  }
  return name.substr(first, name.find_last_not_of('-') - first + 1);
}

std::string NameOfMachine(std::string_view name, std::string_view id) {
  if (!IsPlain(name) || !IsPlain(id) || id.size() > kMostId || !IsSmall(id.back())) {
    return "";
  }
  std::string kept(name.substr(0, kMostServerName - id.size() - 1));
  while (kept.ends_with('-')) {
    kept.pop_back();
  }
  return kept + "-" + std::string(id);
}

}  // namespace slipway::api
