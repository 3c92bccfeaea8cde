#include "src/gateway/liveness.hpp"

#include <algorithm>
#include <utility>

#include "src/agent/protocol.hpp"

namespace slipway::gateway {
namespace {

/// Enough to connect and to say hello.
constexpr Duration kArrival{5'000};

}  // namespace

Duration FirstGrace(Duration grace) { return std::max(grace, protocol::kLongestPause + kArrival); }

void Liveness::Add(const std::string& server) { entries_.try_emplace(server); }
void Liveness::Remove(const std::string& server) { entries_.erase(server); }

void Liveness::Opened(const std::string& server, MonoTime now) {
  Entry& entry = entries_[server];
  entry.open = true;
  entry.opened = now;
  entry.heard = now;
}

void Liveness::Heard(const std::string& server, MonoTime now) {
  const auto found = entries_.find(server);
  if (found != entries_.end()) {
    found->second.heard = now;
  }
}

void Liveness::Closed(const std::string& server, MonoTime now) {
  const auto found = entries_.find(server);
  if (found != entries_.end() && found->second.open) {
    found->second.open = false;
    found->second.heard = now;
  }
}

void Liveness::Conflicted(const std::string& server, MonoTime now) {
  entries_[server].conflict = now;
}

Reach Liveness::ReachOf(const Entry& entry, MonoTime now) const {
  if (entry.conflict && now - *entry.conflict < options_.conflict) {
    return Reach::kConflict;
  }
  if (entry.open) {
    return Reach::kConnected;
  }
  const MonoTime last = std::max(started_, entry.heard.value_or(started_));
  // Whoever came back since the start does not pause for long any more.
  const bool came = entry.opened && *entry.opened >= started_;
  if (now - last >= options_.grace && (came || now - started_ >= options_.first_grace)) {
    return Reach::kLost;
  }
  // Within the grace period nothing changes: a reconnect is no news.
  return entry.told == Reach::kConflict ? Reach::kUnconfirmed : entry.told;
}

std::vector<Verdict> Liveness::Look(MonoTime now) {
  if (now - looked_ > options_.gap) {
    started_ = now;
  }
  looked_ = now;
  std::vector<Verdict> verdicts;
  for (auto& [server, entry] : entries_) {
    const Reach reach = ReachOf(entry, now);
    if (reach != entry.told) {
      entry.told = reach;
      verdicts.push_back({server, reach});
    }
  }
  return verdicts;
}

bool Liveness::Judge(const std::string& server, MonoTime now) {
  const auto found = entries_.find(server);
  if (found == entries_.end()) {
    return false;
  }
  const Reach before = std::exchange(found->second.told, ReachOf(found->second, now));
  return before != found->second.told;
}

Reach Liveness::Of(const std::string& server) const {
  const auto found = entries_.find(server);
  return found == entries_.end() ? Reach::kUnconfirmed : found->second.told;
}

}  // namespace slipway::gateway
