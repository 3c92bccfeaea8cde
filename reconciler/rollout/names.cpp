#include "reconciler/rollout/names.hpp"

#include <charconv>

namespace slipway::rollout {

std::string RolloutName(std::string_view application, std::int64_t number) {
  return std::string(application) + "-" + std::to_string(number);
}

std::int64_t RolloutNumber(std::string_view application, std::string_view name) {
  if (name.size() < application.size() + 2 || !name.starts_with(application) ||
      name[application.size()] != '-') {
    return 0;
  }
  const std::string_view digits = name.substr(application.size() + 1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool canonical = error == std::errc() && end == digits.data() + digits.size() &&
                         number > 0 && number <= kMaxNumber && digits.front() != '0';
  return canonical ? number : 0;
}

std::string_view ApplicationNamedBy(std::string_view rollout) {
  const std::size_t dash = rollout.rfind('-');
  const std::string_view application =
      dash == std::string_view::npos ? "" : rollout.substr(0, dash);
  return RolloutNumber(application, rollout) > 0 ? application : "";
}

std::string TestRunName(std::string_view rollout, std::int64_t number) {
  return std::string(rollout) + "-gate-" + std::to_string(number);
}

std::string NumberOfServers(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " server" : " servers");
}

}  // namespace slipway::rollout
