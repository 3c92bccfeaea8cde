#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/error.hpp"
#include "reconciler/base/rng.hpp"

namespace slipway::cloud {

/// How a thread waits until so much time has passed. False: it was told to give up.
using Pause = std::function<bool(Duration)>;

/// When the next call to one account in one region may be made. Everybody who calls there shares one: an API that throttles counts
/// all calls together, and those that one fleet does not make are left for the others. Thread-safe.
/// Source of the waits: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (full jitter).
class CallBudget {
 public:
  /// `clock` outlives it.
  CallBudget(const Clock& clock, std::uint64_t seed, Pause pause)
      : clock_(clock), rng_(seed), pause_(std::move(pause)) {}

  /// Waits for the turn of this call, 5 seconds at most: others need this thread. False: the wait was given up, or at once, because the
  /// turn comes later than that or after `deadline`.
  bool Wait(MonoTime deadline);

  /// The API has answered: calls go out without waiting again.
  void Answered();

  /// Why calls wait, for those whose turn does not come: what the last one was told.
  void Remember(Error why);
  std::optional<Error> why() const;

  /// The API said that there were too many calls, or was in trouble. All wait a random time below 1 s, 2 s, 4 s … 20 s, and at least
  /// what it asked for, but never more than 2 minutes.
  void Refused(std::optional<Duration> retry_after);

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  Rng rng_;
  Pause pause_;
  int refusals_ = 0;  ///< in a row
  MonoTime next_;     ///< nobody calls before
  std::optional<Error> why_;
};

}  // namespace slipway::cloud
