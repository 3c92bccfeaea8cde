#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Names of the objects that planners make. They are deterministic, so that a crash between two effects leads to the same
// objects.
namespace slipway::rollout {

/// The greatest number of a rollout or an attempt, as the schemas have it.
inline constexpr std::int64_t kMaxNumber = 1'000'000'000;

/// `<application>-<number>`.
std::string RolloutName(std::string_view application, std::int64_t number);

/// The inverse of RolloutName(): 0 where `name` is no rollout of this application, or its number is
/// beyond kMaxNumber.
std::int64_t RolloutNumber(std::string_view application, std::string_view name);

/// The application whose rollout may have this name; "" where it is the name of none.
std::string_view ApplicationNamedBy(std::string_view rollout);

/// `<rollout>-gate-<number>`.
std::string TestRunName(std::string_view rollout, std::int64_t number);

/// "web-1, web-2, web-3 and 4 more" of `total` names of which the first few are given; "" for none.
template <typename Names>
std::string ListNames(const Names& names, std::int64_t total) {
  std::string text;
  std::int64_t given = 0;
  for (const auto& name : names) {
    text += (given == 0 ? "" : ", ");
    text += name;
    ++given;
  }
  if (total > given && given > 0) {
    text += " and " + std::to_string(total - given) + " more";
  }
  return text;
}

/// "1 server", "4 servers".
std::string NumberOfServers(std::int64_t count);

/// How many names a message holds at most.
inline constexpr std::size_t kNamesInMessages = 5;

}  // namespace slipway::rollout
