#include "src/store/watch_hub.hpp"

#include <algorithm>
#include <utility>

#include "src/store/bounds.hpp"

namespace slipway::store {
namespace {

std::size_t SizeOf(const Event& event) {
  const bool has_other = event.previous_value && event.previous_value != event.value;
  return event.value->size() + (has_other ? event.previous_value->size() : 0);
}

}  // namespace

class WatchHub::Position : public Watch {
 public:
  Position(WatchHub& hub, std::shared_ptr<Listener> listener, Revision after)
      : hub_(hub), listener_(std::move(listener)), after_(after) {}

  ~Position() override {
    hub_.Leave(listener_);
    listener_->End();
  }

  Result<Batch> Take(std::size_t limit) override {
    if (error_) return *error_;
    auto batch = TakeOnce(limit);
    if (batch) {
      after_ = batch.value().revision;
    } else {
      error_ = batch.error();
    }
    return batch;
  }

 private:
  Result<Batch> TakeOnce(std::size_t limit) {
    Revision position = after_;
    while (true) {
      if (auto recent = hub_.TakeRecent(*listener_, position, limit)) return std::move(*recent);
      SLIPWAY_TRY(history, hub_.read_history_(listener_->prefix, position, hub_.current(), limit));
      position = history.complete_to;
      if (!history.events.empty()) {
        return Batch{.events = std::move(history.events), .revision = position, .more = true};
      }
    }
  }

  WatchHub& hub_;
  std::shared_ptr<Listener> listener_;
  Revision after_;
  std::optional<Error> error_;
};

WatchHub::WatchHub(Limits limits, Revision current, ReadHistory read_history)
    : limits_(limits), read_history_(std::move(read_history)), current_(current) {}

Revision WatchHub::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

/// Few lengths of prefixes are in use, so that a key is looked up a few times only, however many
/// watches there are.
template <typename Visitor>
void WatchHub::ForEachGroup(std::string_view key, Visitor visit) {
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > key.size()) break;
    const auto group = groups_.find(key.substr(0, length));
    if (group != groups_.end()) visit(group->second);
  }
}

void WatchHub::Remember(const std::shared_ptr<const Event>& event) {
  bool wanted = false;
  ForEachGroup(event->key, [&](Group& group) {
    group.recent.push_back(event);
    wanted = true;
  });
  if (!wanted) return;
  recent_.push_back(event);
  recent_bytes_ += SizeOf(*event);
  while (recent_.size() > limits_.events || recent_bytes_ > limits_.bytes) ForgetOldest();
}

void WatchHub::ForgetOldest() {
  const auto oldest = std::move(recent_.front());
  recent_.pop_front();
  recent_bytes_ -= SizeOf(*oldest);
  ForEachGroup(oldest->key, [&](Group& group) {
    // A group that is younger than the event has never had it.
    if (group.recent.empty() || group.recent.front() != oldest) return;
    group.recent.pop_front();
    group.complete_after = oldest->revision;
  });
}

void WatchHub::Publish(const std::vector<std::shared_ptr<const Event>>& events) {
  if (events.empty()) return;
  std::vector<std::shared_ptr<Listener>> armed;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& event : events) {
      Remember(event);
      ForEachGroup(event->key, [&](Group& group) {
        for (const auto& listener : group.listeners) {
          if (std::exchange(listener->armed, false)) armed.push_back(listener);
        }
      });
    }
    current_ = events.back()->revision;
  }
  for (const auto& listener : armed) listener->Call();
}

std::unique_ptr<Watch> WatchHub::Start(std::string prefix, Revision after,
                                       std::function<void()> ready) {
  auto listener = std::make_shared<Listener>();
  listener->prefix = std::move(prefix);
  listener->ready = std::move(ready);
  const std::lock_guard lock(mutex_);
  auto [group, is_new] = groups_.try_emplace(listener->prefix);
  if (is_new) {
    group->second.complete_after = current_;
    ++prefix_lengths_[listener->prefix.size()];
  }
  group->second.listeners.push_back(listener);
  return std::make_unique<Position>(*this, std::move(listener),
                                    after == kLatest ? current_ : after);
}

void WatchHub::Leave(const std::shared_ptr<Listener>& listener) {
  const std::lock_guard lock(mutex_);
  const auto group = groups_.find(listener->prefix);
  std::erase(group->second.listeners, listener);
  if (!group->second.listeners.empty()) return;
  groups_.erase(group);
  const auto length = prefix_lengths_.find(listener->prefix.size());
  if (--length->second == 0) prefix_lengths_.erase(length);
}

std::optional<Watch::Batch> WatchHub::TakeRecent(Listener& listener, Revision position,
                                                 std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const Group& group = groups_.find(listener.prefix)->second;
  if (position < group.complete_after) return std::nullopt;
  Watch::Batch batch;
  auto next = std::upper_bound(
      group.recent.begin(), group.recent.end(), position,
      [](Revision revision, const auto& event) { return revision < event->revision; });
  std::size_t bytes = 0;
  for (; next != group.recent.end(); ++next) {
    if (batch.events.size() == limit || bytes >= kLargestBatch) break;
    bytes += (*next)->value->size();
    batch.events.push_back(*next);
  }
  batch.more = next != group.recent.end();
  batch.revision = batch.more ? batch.events.back()->revision : current_;
  listener.armed = !batch.more;
  return batch;
}

}  // namespace slipway::store
