#include "reconciler/api/names.hpp"

namespace slipway::api {

std::string NameFromAddress(std::string_view address) {
  std::string name;
  for (const char character : address) {
    const bool upper = character >= 'A' && character <= 'Z';
    const char lower = upper ? static_cast<char>(character - 'A' + 'a') : character;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    name += fits ? lower : '-';
  }
  const std::size_t first = name.find_first_not_of('-');
  if (first == std::string::npos) {
    return "";
  }
  return name.substr(first, name.find_last_not_of('-') - first + 1);
}

}  // namespace slipway::api
