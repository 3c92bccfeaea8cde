#include "src/apiserver/access/traffic.hpp"

#include <chrono>

namespace slipway::apiserver {
namespace {

constexpr Duration kQuiet = std::chrono::seconds(10);

/// One who can put everything right again must get in.
bool IsAdministrator(const User& user) { return user.token.empty() && user.role == Role::kAdmin; }

const char* NameOf(Traffic::What what) {
  switch (what) {
    case Traffic::What::kRequest:
      return "requests";
    case Traffic::What::kWatch:
      return "watches";
    case Traffic::What::kConnection:
      return "connections";
  }
  return "";
}

}  // namespace

Traffic::Traffic(TrafficBounds bounds, metrics::Metrics& metrics, const Clock& clock,
                 std::function<void(const std::string&)> on_turned_away)
    : bounds_(bounds),
      metrics_(metrics),
      clock_(clock),
      on_turned_away_(std::move(on_turned_away)) {}

std::string Traffic::KeyOf(const User& user) {
  return user.token.empty() ? "certificate " + user.name : "token " + user.token;
}

bool Traffic::HasRoom(What what, const User& user) {
  const bool watch = what == What::kWatch;
  if (!watch && all_.requests >= bounds_.requests) {
    return false;
  }
  if (IsAdministrator(user)) {
    return true;
  }
  const auto own = of_user_.find(KeyOf(user));
  const std::size_t count = own == of_user_.end() ? 0 : own->second.of(what);
  return count < (watch ? bounds_.watches_of_one : bounds_.requests_of_one) &&
         others_.of(what) < (watch ? bounds_.watches_of_others : bounds_.requests_of_others);
}

Traffic::Place Traffic::Enter(What what, const User& user) {
  if (!HasRoom(what, user)) {
    return nullptr;
  }
  const bool administrator = IsAdministrator(user);
  std::string key = KeyOf(user);
  ++all_.of(what);
  if (!administrator) {
    ++others_.of(what);
    ++of_user_[key].of(what);
  }
  return {this, [what, key = std::move(key), administrator](Traffic* traffic) {
            traffic->Leave(what, key, administrator);
          }};
}

void Traffic::Leave(What what, const std::string& key, bool administrator) {
  --all_.of(what);
  if (administrator) {
    return;
  }
  --others_.of(what);
  const auto own = of_user_.find(key);
  --own->second.of(what);
  if (own->second.requests + own->second.watches == 0) {
    of_user_.erase(own);
  }
}

Error Traffic::TurnAway(What what, const User& user) {
  metrics_
      .MakeCounter("slipway_api_turned_away_total",
                   "Requests, watches and connections that were told to come back later.",
                   {{"what", NameOf(what)}})
      .Add();
  if (on_turned_away_ && clock_.Mono() >= quiet_until_) {
    quiet_until_ = clock_.Mono() + kQuiet;
    on_turned_away_("too many " + std::string(NameOf(what)) + " are under way: those of \"" + user.name +
                    "\", among others, are told to come back later");
  }
  return TooMany();
}

Error TooMany() {
  Error error = Fail(Code::kTooManyRequests, "Too many requests, please try again later.");
  error.retry_after = std::chrono::seconds(1);
  return error;
}

}  // namespace slipway::apiserver
