#include "src/apiserver/access/traffic.hpp"

#include <algorithm>
#include <chrono>

#include "reconciler/base/assert.hpp"

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
    case Traffic::What::kBytes:
      return "bytes";
  }
  return "";
}

std::size_t AmountIn(const std::map<Traffic::What, std::size_t>& count, Traffic::What what) {
  const auto found = count.find(what);
  return found == count.end() ? 0 : found->second;
}

std::size_t AmountIn(const std::map<std::string, std::map<Traffic::What, std::size_t>>& counts,
                     const std::string& key, Traffic::What what) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : AmountIn(found->second, what);
}

}  // namespace

Traffic::Traffic(TrafficBounds bounds, metrics::Metrics& metrics, const Clock& clock,
                 std::function<void(const std::string&)> on_turned_away)
    : bounds_(bounds),
      metrics_(metrics),
      clock_(clock),
      on_turned_away_(std::move(on_turned_away)) {
  SLIPWAY_ASSERT(bounds_.bytes_of_others <= bounds_.bytes, "administrators have the rest");
}

std::string Traffic::KeyOf(const User& user) {
  return user.token.empty() ? "certificate " + user.name : "token " + user.token;
}

bool Traffic::HasRoom(What what, const User& user) const {
  const bool watch = what == What::kWatch;
  if (!watch && AmountIn(all_, what) >= bounds_.requests) {
    return false;
  }
  return IsAdministrator(user) || (AmountIn(of_user_, KeyOf(user), what) <
                                       (watch ? bounds_.watches_of_one : bounds_.requests_of_one) &&
                                   AmountIn(others_, what) < (watch ? bounds_.watches_of_others
                                                                    : bounds_.requests_of_others));
}

bool Traffic::HasRoomFor(std::size_t bytes, const User& user) const {
  const std::size_t others = AmountIn(others_, What::kBytes);
  if (IsAdministrator(user)) {
    const std::size_t held = AmountIn(all_, What::kBytes) - others;
    return held == 0 || held + bytes <= bounds_.bytes - bounds_.bytes_of_others;
  }
  return AmountIn(of_user_, KeyOf(user), What::kBytes) + bytes <= bounds_.bytes_of_one &&
         others + bytes <= bounds_.bytes_of_others;
}

Traffic::Place Traffic::Enter(What what, const User& user) {
  return HasRoom(what, user) ? Take(what, 1, user) : nullptr;
}

Traffic::Place Traffic::EnterBytes(std::size_t bytes, const User& user) {
  const std::size_t counted = IsAdministrator(user) ? bytes : std::min(bytes, bounds_.bytes_of_one);
  return HasRoomFor(counted, user) ? Take(What::kBytes, counted, user) : nullptr;
}

Traffic::Place Traffic::Take(What what, std::size_t amount, const User& user) {
  const bool administrator = IsAdministrator(user);
  std::string key = KeyOf(user);
  all_[what] += amount;
  if (!administrator) {
    others_[what] += amount;
    of_user_[key][what] += amount;
  }
  return {this, [what, amount, key = std::move(key), administrator](Traffic* traffic) {
            traffic->Leave(what, amount, key, administrator);
          }};
}

void Traffic::Leave(What what, std::size_t amount, const std::string& key, bool administrator) {
  all_[what] -= amount;
  if (administrator) {
    return;
  }
  others_[what] -= amount;
  const auto own = of_user_.find(key);
  own->second[what] -= amount;
  const bool none = std::all_of(own->second.begin(), own->second.end(),
                                [](const auto& entry) { return entry.second == 0; });
  if (none) {
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
    on_turned_away_("too many " + std::string(NameOf(what)) + " are under way: those of \"" +
                    user.name + "\", among others, are told to come back later");
  }
  return TooMany();
}

Error TooMany() {
  Error error = Fail(Code::kTooManyRequests, "Too many requests, please try again later.");
  error.retry_after = std::chrono::seconds(1);
  return error;
}

}  // namespace slipway::apiserver
