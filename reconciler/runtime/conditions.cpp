#include "reconciler/runtime/conditions.hpp"

#include <algorithm>
#include <utility>

namespace slipway::runtime {

const api::Condition* FindCondition(const std::vector<api::Condition>& conditions,
                                    const std::string& type) {
  const auto found =
      std::find_if(conditions.begin(), conditions.end(),
                   [&](const api::Condition& condition) { return condition.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

void SetCondition(std::vector<api::Condition>& conditions, api::Condition condition, Time now) {
  condition.last_transition_time = now;
  for (api::Condition& present : conditions) {
    if (present.type == condition.type) {
      if (present.status == condition.status) {
        condition.last_transition_time = present.last_transition_time;
      }
      present = std::move(condition);
      return;
    }
  }
  conditions.push_back(std::move(condition));
}

void RemoveCondition(std::vector<api::Condition>& conditions, const std::string& type) {
  std::erase_if(conditions,
                [&](const api::Condition& condition) { return condition.type == type; });
}

}  // namespace slipway::runtime
