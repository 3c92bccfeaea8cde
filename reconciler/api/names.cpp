#include "reconciler/api/names.hpp"

#include <algorithm>

namespace slipway::api {
namespace {

constexpr std::size_t kMostServerName = 63;
constexpr std::size_t kMostId = 40;

bool IsSmall(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

/// Small letters, and - for what a name may not hold.
std::string Legal(std::string_view text) {
  std::string legal;
  for (const char character : text) {
    const bool upper = character >= 'A' && character <= 'Z';
    const char lower = upper ? static_cast<char>(character - 'A' + 'a') : character;
    legal += IsSmall(lower) ? lower : '-';
  }
  return legal;
}

/// Without dashes at either end.
std::string Trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of('-');
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of('-') - first + 1);
}

}  // namespace

std::string NameFromAddress(std::string_view address) { return Trimmed(Legal(address)); }

std::string NameOfMachine(std::string_view name, std::string_view id) {
  if (id.empty() || id.size() > kMostId || Trimmed(Legal(id)) != id) {
    return "";
  }
  const std::string kept = Trimmed(Trimmed(Legal(name)).substr(0, kMostServerName - id.size() - 1));
  return kept.empty() ? std::string(id) : kept + "-" + std::string(id);
}

bool IsUuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, kForm, [](char letter, char form) {
    const bool digit = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
    return form == 'x' ? digit : letter == form;
  });
}

}  // namespace slipway::api
