#include "reconciler/runtime/queue.hpp"

#include <algorithm>

namespace slipway::runtime {

Duration JitteredBackoff(const BackoffOptions& options, int failures, Rng& rng) {
  Duration ceiling = options.base;
  for (int doubled = 1; doubled < failures && ceiling < options.max; ++doubled) {
    ceiling *= 2;
  }
  ceiling = std::min(ceiling, options.max);
  return Duration{rng.Below(static_cast<std::uint64_t>(ceiling.count())) + 1};
}

WorkQueue::WorkQueue(BackoffOptions backoff, Rng rng) : backoff_(backoff), rng_(rng) {}

void WorkQueue::Add(const Key& key) {
  if (dirty_.insert(key).second && !processing_.contains(key)) {
    Enqueue(key);
  }
}

void WorkQueue::Enqueue(const Key& key) {
  const Lane lane{key.kind, key.ns};
  std::deque<Key>& line = lanes_[lane];
  if (line.empty()) {
    turns_.push_back(lane);
  }
  line.push_back(key);
  ++waiting_;
}

void WorkQueue::AddAt(const Key& key, MonoTime at) {
  const auto [entry, added] = due_.emplace(key, at);
  if (!added) {
    if (entry->second <= at) {
      return;
    }
    timeline_.erase({entry->second, key});
    entry->second = at;
  }
  timeline_.emplace(at, key);
}

void WorkQueue::CancelDelay(const Key& key) {
  const auto found = due_.find(key);
  if (found != due_.end()) {
    timeline_.erase({found->second, key});
    due_.erase(found);
  }
}

MonoTime WorkQueue::AddAfterFailure(const Key& key, MonoTime now) {
  const MonoTime at = now + JitteredBackoff(backoff_, ++failures_[key], rng_);
  AddAt(key, at);
  return at;
}

void WorkQueue::Forgive(const Key& key) { failures_.erase(key); }

int WorkQueue::failures(const Key& key) const {
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

void WorkQueue::Advance(MonoTime now) {
  while (!timeline_.empty() && timeline_.begin()->first <= now) {
    const Key key = timeline_.begin()->second;
    timeline_.erase(timeline_.begin());
    due_.erase(key);
    Add(key);
  }
}

std::optional<Key> WorkQueue::Take() {
  if (turns_.empty()) {
    return std::nullopt;
  }
  const Lane lane = turns_.front();
  turns_.pop_front();
  const auto line = lanes_.find(lane);
  Key key = std::move(line->second.front());
  line->second.pop_front();
  --waiting_;
  if (line->second.empty()) {
    lanes_.erase(line);
  } else {
    turns_.push_back(lane);
  }
  dirty_.erase(key);
  processing_.insert(key);
  return key;
}

void WorkQueue::Done(const Key& key) {
  processing_.erase(key);
  if (dirty_.contains(key)) {
    Enqueue(key);
  }
}

void WorkQueue::Remove(const Key& key) {
  CancelDelay(key);
  failures_.erase(key);
  const bool queued = dirty_.erase(key) != 0 && !processing_.contains(key);
  if (!queued) {
    return;
  }
  const Lane lane{key.kind, key.ns};
  const auto line = lanes_.find(lane);
  line->second.erase(std::find(line->second.begin(), line->second.end(), key));
  --waiting_;
  if (line->second.empty()) {
    lanes_.erase(line);
    turns_.remove(lane);
  }
}

std::optional<MonoTime> WorkQueue::next_due() const {
  if (timeline_.empty()) {
    return std::nullopt;
  }
  return timeline_.begin()->first;
}

}  // namespace slipway::runtime
