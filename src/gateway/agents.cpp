#include "src/gateway/agents.hpp"

#include <utility>

#include "src/gateway/claims.hpp"

namespace slipway::gateway {
namespace {

constexpr Duration kDoubleSlack{2'000};
constexpr std::size_t kFollowAtOnce = 256;

/// Two agents that are told to go away in turns are told so again before their conflict is forgotten.
Duration ConflictMemory(Duration silence) {
  return protocol::kLongestPause + silence + 2 * kDoubleSlack;
}

}  // namespace

Agents::Agents(kube::ObjectClient& client, const Clock& clock, AgentsOptions options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      catalog_(options_.incarnation),
      liveness_({.grace = options_.grace,
                 .first_grace = FirstGrace(options_.grace),
                 .conflict = ConflictMemory(options_.silence)},
                clock.Mono()),
      reports_(client, catalog_, liveness_, clock,
               [this](const std::string& server, std::int64_t incarnation, std::int64_t sequence) {
                 Acknowledge(server, incarnation, sequence);
               }) {}

bool Agents::settled() const {
  return catalog_.complete() && !catalog_.HasChanges() && reports_.settled();
}

bool Agents::IsClaimed(const std::string& server, const std::string& key_hash) const {
  const api::ServerClaim* claim = catalog_.FindClaim(ClaimNameOf(server, key_hash));
  return claim != nullptr && claim->spec.key_hash == key_hash &&
         claim->metadata.ns + "/" + claim->status.server == server;
}

void Agents::Seat(const std::string& server, const std::string& key_hash,
                  const protocol::Hello& hello, const Connection& connection) {
  const MonoTime now = clock_.Mono();
  if (catalog_.FindServer(server) == nullptr || !IsClaimed(server, key_hash)) {
    connection->Close(protocol::CloseCode::kUnknownServer, "the Server is gone");
  } else if (seated_.contains(server)) {
    // One identity twice. Either the old connection is dead and nobody has noticed yet, or two agents live (a disk image that
    // was copied, say): SettleDoubles finds out. A third one takes the place of the second, whose waiting counts.
    const auto before = waiting_.find(server);
    const MonoTime since = before == waiting_.end() ? now : before->second.since;
    Dismiss(server);
    waiting_.insert_or_assign(server, Waiting{connection, key_hash, since});
  } else if (!reports_.Greet(server, hello)) {
    Conflict(server);
    connection->Close(protocol::CloseCode::kConflict, "a newer agent of this server was here");
  } else {
    seated_[server] = {connection, key_hash, hello.incarnation};
    liveness_.Opened(server, now);
    Judge(server);
    SendAssignment(server);
  }
}

void Agents::Hear(const std::string& server, const Connection& connection,
                  protocol::AgentMessage message) {
  const auto seat = seated_.find(server);
  if (seat == seated_.end() || seat->second.connection != connection) {
    return;
  }
  liveness_.Heard(server, clock_.Mono());
  if (auto* report = std::get_if<protocol::Report>(&message)) {
    reports_.Take(server, std::move(*report));
    reports_.Flush();
  }
}

void Agents::Leave(const std::string& server, const Connection& connection, Duration silent) {
  const auto waiting = waiting_.find(server);
  if (waiting != waiting_.end() && waiting->second.connection == connection) {
    waiting_.erase(waiting);
    return;
  }
  const auto seat = seated_.find(server);
  if (seat == seated_.end() || seat->second.connection != connection) {
    return;
  }
  seated_.erase(seat);
  // Silence is no news of the moment at which it was noticed; but whoever waits is there now.
  const Duration ago = waiting == waiting_.end() ? silent : Duration{0};
  liveness_.Closed(server, MonoTime{clock_.Mono().since_start - ago});
  Dismiss(server);
}

Speaker* Agents::SpeakerOf(const std::string& server) const {
  const auto seat = seated_.find(server);
  return seat == seated_.end() ? nullptr : seat->second.connection.get();
}

void Agents::Tick() {
  if (!catalog_.complete()) {
    return;
  }
  for (const Verdict& verdict : liveness_.Look(clock_.Mono())) {
    reports_.Touch(verdict.server);
    SendAssignment(verdict.server);
  }
  SettleDoubles();
  reports_.Flush();
}

bool Agents::Follow() {
  if (!catalog_.complete()) {
    return false;
  }
  for (const std::string& server : catalog_.TakeChangedServers(kFollowAtOnce)) {
    CloseUnclaimed(server);
    if (catalog_.FindServer(server) != nullptr) {
      liveness_.Add(server);
      reports_.Touch(server);
      SendAssignment(server);
    } else {
      liveness_.Remove(server);
      reports_.Forget(server);
    }
  }
  reports_.Flush();
  return catalog_.HasChanges();
}

void Agents::CloseAll(protocol::CloseCode code, const std::string& reason) {
  for (const auto& [server, seat] : seated_) {
    seat.connection->Close(code, reason);
  }
  for (const auto& [server, waiting] : waiting_) {
    waiting.connection->Close(code, reason);
  }
}

void Agents::Judge(const std::string& server) {
  if (liveness_.Judge(server, clock_.Mono())) {
    reports_.Touch(server);
    reports_.Flush();
  }
}

void Agents::Conflict(const std::string& server) {
  liveness_.Conflicted(server, clock_.Mono());
  Judge(server);
}

/// A connection that is dead is noticed soon. When both are still there after that, both live, and neither can be believed.
void Agents::SettleDoubles() {
  for (auto twin = waiting_.begin(); twin != waiting_.end();) {
    if (clock_.Mono() - twin->second.since <= options_.silence + kDoubleSlack) {
      ++twin;
      continue;
    }
    Conflict(twin->first);
    const char* reason = "another agent uses this identity";
    seated_.at(twin->first).connection->Close(protocol::CloseCode::kConflict, reason);
    twin->second.connection->Close(protocol::CloseCode::kConflict, reason);
    twin = waiting_.erase(twin);
  }
}

/// Asks the second agent of a server to come again.
void Agents::Dismiss(const std::string& server) {
  if (const auto twin = waiting_.find(server); twin != waiting_.end()) {
    const Connection connection = std::move(twin->second.connection);
    waiting_.erase(twin);
    connection->Close(protocol::CloseCode::kGoingAway, "come again");
  }
}

void Agents::CloseUnclaimed(const std::string& server) {
  const auto close = [&](const std::string& key_hash, const Connection& connection) {
    if (catalog_.FindServer(server) == nullptr) {
      connection->Close(protocol::CloseCode::kUnknownServer, "the Server is gone");
    } else if (!IsClaimed(server, key_hash)) {
      connection->Close(protocol::CloseCode::kUnknownServer, "the ServerClaim is gone");
    }
  };
  if (const auto seat = seated_.find(server); seat != seated_.end()) {
    close(seat->second.key_hash, seat->second.connection);
  }
  if (const auto twin = waiting_.find(server); twin != waiting_.end()) {
    close(twin->second.key_hash, twin->second.connection);
  }
}

/// Of two agents that claim to be one server, neither is told anything.
void Agents::SendAssignment(const std::string& server) {
  const auto seat = seated_.find(server);
  const api::Server* object = catalog_.FindServer(server);
  if (seat != seated_.end() && object != nullptr && liveness_.Of(server) != Reach::kConflict) {
    seat->second.connection->Send(catalog_.AssignmentOf(*object));
  }
}

void Agents::Acknowledge(const std::string& server, std::int64_t incarnation,
                         std::int64_t sequence) {
  const auto seat = seated_.find(server);
  if (seat != seated_.end() && seat->second.incarnation == incarnation) {
    seat->second.connection->Send(protocol::Ack{sequence});
  }
}

}  // namespace slipway::gateway
