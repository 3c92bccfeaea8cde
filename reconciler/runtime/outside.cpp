#include <utility>

#include "reconciler/runtime/core.hpp"

namespace slipway::runtime {

void Engine::Core::Ask(const Object& object, const runtime::Ask& ask) {
  Slot& slot = slots_[object.key][ask.slot];
  if (slot.state.in_flight) {
    return;
  }
  slot.uid = object.uid;
  slot.state.request = ask.request;
  slot.state.in_flight = true;
  waiting_asks_.emplace_back(object.key, ask.slot);
}

void Engine::Core::Forget(const Key& key, const std::string& name) {
  const auto slots = slots_.find(key);
  if (slots == slots_.end()) {
    return;
  }
  const auto slot = slots->second.find(name);
  if (slot != slots->second.end() && !slot->second.state.in_flight) {
    slots->second.erase(slot);
  }
}

void Engine::Core::PumpAsks() {
  while (!waiting_asks_.empty() && outside_in_flight_ < options_.max_outside_in_flight) {
    const auto [key, name] = std::move(waiting_asks_.front());
    waiting_asks_.pop_front();
    Slot& slot = slots_.at(key).at(name);
    slot.state.outdated = false;
    ++outside_in_flight_;
    Send(InFlight{.purpose = Purpose::kOutside,
                  .group = {},
                  .key = key,
                  .target = key,
                  .uid = slot.uid,
                  .work = Outside{},
                  .slot = name},
         Outside{.key = key, .slot = name, .request = slot.state.request});
  }
}

void Engine::Core::OnOutsideDone(const InFlight& record, const OutsideResult& result) {
  const auto slots = slots_.find(record.key);
  if (slots == slots_.end()) {
    return;
  }
  const auto found = slots->second.find(record.slot);
  if (found == slots->second.end() || found->second.uid != record.uid) {
    return;
  }
  Slot& slot = found->second;
  slot.state.in_flight = false;
  slot.state.answered = slot.state.request;
  slot.state.result = result;
  slot.state.failures = result.has_value() ? 0 : slot.state.failures + 1;
  new_answers_.emplace_back(record.key, record.slot);
  queue_.Add(record.key);
}

/// Also where the answer is on its way: nobody knows which state it saw.
void Engine::Core::Outdated(const OutsideRequest& request) {
  for (auto& [key, slots] : slots_) {
    for (auto& [name, slot] : slots) {
      if (slot.state.request == request) {
        slot.state.outdated = true;
        queue_.Add(key);
      }
    }
  }
}

/// Answers come before the Tick of their turn: until then the clock shows the turn before, which may be long ago.
void Engine::Core::DateAnswers() {
  for (const auto& [key, name] : std::exchange(new_answers_, {})) {
    const auto slots = slots_.find(key);
    if (slots != slots_.end() && slots->second.contains(name)) {
      slots->second.at(name).answered_at = clock_.now();
    }
  }
}

OutsideStates Engine::Core::OutsideOf(const Key& key) const {
  OutsideStates states;
  const auto slots = slots_.find(key);
  if (slots == slots_.end()) {
    return states;
  }
  for (const auto& [name, slot] : slots->second) {
    OutsideState state = slot.state;
    if (state.result.has_value()) {
      state.age = clock_.now() - slot.answered_at;
    }
    states.emplace(name, std::move(state));
  }
  return states;
}

}  // namespace slipway::runtime
