#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/error.hpp"
#include "src/apiserver/access/authorizer.hpp"
#include "src/metrics/metrics.hpp"

namespace slipway::apiserver {

/// How much may be under way at once. Administrators are those with a certificate of the group system:masters; a token of the
/// role admin is a user like others.
struct TrafficBounds {
  std::size_t requests = 1024;           ///< of all: not answered to the end, or watches that begin
  std::size_t requests_of_others = 896;  ///< of all but administrators, for whom the rest is kept
  std::size_t requests_of_one = 256;     ///< of one user
  std::size_t watches_of_others =
      4096;  ///< of all but administrators, who have connections kept for them
  std::size_t watches_of_one = 1024;  ///< of one user

  /// Bytes of lists that slow clients have not taken yet. One may be larger than all that its user may have, and counts as that
  /// much then. Administrators have what is left between the first two for themselves.
  std::size_t bytes = std::size_t{256} << 20;
  std::size_t bytes_of_others = std::size_t{192} << 20;
  std::size_t bytes_of_one = std::size_t{64} << 20;
};

/// kTooManyRequests, in the words of kube-apiserver.
Error TooMany();

/// Counts what is under way, so that nobody keeps others out. On the home thread.
class Traffic {
 public:
  enum class What : std::uint8_t { kRequest, kWatch, kConnection, kBytes };
  using Place = std::shared_ptr<void>;

  /// `on_turned_away` is told in words who is turned away, every ten seconds at most; may be empty. `metrics` and `clock` outlive
  /// it, and it outlives all places.
  Traffic(TrafficBounds bounds, metrics::Metrics& metrics, const Clock& clock,
          std::function<void(const std::string&)> on_turned_away);

  /// A place, which is held as long as what is returned lives; nullptr: there is none.
  Place Enter(What what, const User& user);

  /// The same for the bytes of an answer that is ready and not sent.
  Place EnterBytes(std::size_t bytes, const User& user);

  /// Notes that somebody is turned away, and says so: come back later.
  Error TurnAway(What what, const User& user);

  /// By what somebody is told apart.
  static std::string KeyOf(const User& user);

 private:
  using Count = std::map<What, std::size_t>;

  bool HasRoom(What what, const User& user) const;
  bool HasRoomFor(std::size_t bytes, const User& user) const;
  Place Take(What what, std::size_t amount, const User& user);
  void Leave(What what, std::size_t amount, const std::string& key, bool administrator);

  TrafficBounds bounds_;
  metrics::Metrics& metrics_;
  const Clock& clock_;
  std::function<void(const std::string&)> on_turned_away_;
  MonoTime quiet_until_{};  ///< nothing is told before
  Count all_;
  Count others_;
  std::map<std::string, Count> of_user_;
};

}  // namespace slipway::apiserver
