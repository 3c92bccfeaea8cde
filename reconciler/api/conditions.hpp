#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/api/shared.hpp"
#include "reconciler/base/time.hpp"

// Conditions as Kubernetes keeps them. Pure.
namespace slipway::api {

/// nullptr where there is none of this type.
inline const Condition* FindCondition(const std::vector<Condition>& conditions,
                                      std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

/// How many bytes of a message a condition holds at most. Messages quote what others say, which may be of any length, and a
/// status with one beyond the limit of the schema could not be written at all.
inline constexpr std::size_t kMaxMessage = 4096;

/// `text` cut to `bytes`, with "..." at its end, in the middle of no character.
inline std::string Shortened(std::string text, std::size_t bytes) {
  constexpr std::string_view kDots = "...";
  if (text.size() <= bytes) {
    return text;
  }
  std::size_t end = bytes - kDots.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  text.resize(end);
  return text.append(kDots);
}

/// `text` as a sentence that another may follow: with a full stop where it ends in none. What others say often has none.
inline std::string Sentence(std::string text) {
  const bool open = !text.empty() && std::string_view(".!?").find(text.back()) == text.npos;
  return open ? text.append(".") : text;
}

/// Sets `wanted.type`, at the end where it is new. The time of the last transition is `now` only
/// where the status changes; the message is cut to kMaxMessage.
inline void SetCondition(std::vector<Condition>& conditions, Condition wanted, Time now) {
  wanted.message = Shortened(std::move(wanted.message), kMaxMessage);
  const auto found = std::ranges::find(conditions, wanted.type, &Condition::type);
  if (found == conditions.end()) {
    wanted.last_transition_time = now;
    conditions.push_back(std::move(wanted));
    return;
  }
  wanted.last_transition_time = found->status == wanted.status ? found->last_transition_time : now;
  *found = std::move(wanted);
}

}  // namespace slipway::api
