#include "src/apiserver/registry/key_queue.hpp"

#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::apiserver {

void KeyQueue::Enter(const std::string& key, std::function<void()> task) {
  ++size_;
  const auto [found, free] = waiting_.try_emplace(key);
  if (free) {
    task();
  } else {
    found->second.push_back(std::move(task));
  }
}

void KeyQueue::Leave(const std::string& key) {
  const auto found = waiting_.find(key);
  SLIPWAY_ASSERT(found != waiting_.end(), "nobody holds " + key);
  --size_;
  if (found->second.empty()) {
    waiting_.erase(found);
    return;
  }
  const std::function<void()> next = std::move(found->second.front());
  found->second.pop_front();
  next();
}

}  // namespace slipway::apiserver
