#include "reconciler/api/meta.hpp"

#include <charconv>

namespace slipway::api {

std::uint64_t VersionNumber(std::string_view resource_version) {
  const char* last = resource_version.data() + resource_version.size();
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(resource_version.data(), last, number);
  return problem == std::errc() && end == last ? number : 0;
}

}  // namespace slipway::api
