#pragma once

#include <algorithm>
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

/// Sets `wanted.type`, at the end where it is new. The time of the last transition is `now` only
/// where the status changes.
inline void SetCondition(std::vector<Condition>& conditions, Condition wanted, Time now) {
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
