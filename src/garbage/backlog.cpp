#include "src/garbage/backlog.hpp"

#include <algorithm>

namespace slipway::garbage {
namespace {

constexpr Duration kLongestPause = std::chrono::minutes(5);

}  // namespace

void Outcomes::Add(const Place& of, const Error* error) {
  std::optional<Error>& worst = all_[of];
  const bool milder = !worst || worst->code == Code::kConflict;
  if (error != nullptr && error->code != Code::kNotFound && milder) {
    worst = *error;
  }
}

std::vector<Place> Backlog::Take(MonoTime now, std::size_t most) {
  for (const auto& [place, failure] : failures_) {
    if (failure.next && *failure.next <= now) {
      queue_.insert(place);
    }
  }
  std::vector<Place> taken;
  while (taken.size() < most && !queue_.empty()) {
    taken.push_back(std::move(queue_.extract(queue_.begin()).value()));
    const auto failed = failures_.find(taken.back());
    if (failed != failures_.end()) {
      failed->second.next = std::nullopt;
    }
  }
  return taken;
}

void Backlog::Note(const Place& place, const Error* error, MonoTime now) {
  if (error == nullptr || error->code == Code::kNotFound) {
    failures_.erase(place);
    return;
  }
  if (error->code == Code::kConflict) {
    queue_.insert(place);
    return;
  }
  const auto before = failures_.find(place);
  const Duration pause = before == failures_.end()
                             ? first_pause_
                             : std::min<Duration>(before->second.pause * 2, kLongestPause);
  failures_[place] = {.next = now + pause, .pause = pause};
}

std::optional<MonoTime> Backlog::NextDue() const {
  std::optional<MonoTime> due;
  if (!queue_.empty()) {
    due = MonoTime{};
  }
  for (const auto& [place, failure] : failures_) {
    if (failure.next && (!due || *failure.next < *due)) {
      due = failure.next;
    }
  }
  return due;
}

}  // namespace slipway::garbage
