#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/cloud/call_budget.hpp"
#include "src/rest/client.hpp"

// One call to a provider's API, tried until it is answered: what all providers have in common of it. Thread-safe.
namespace slipway::cloud {

struct TryLimits {
  int tries = 5;              ///< of one call, the first included
  Duration deadline{30'000};  ///< of one try
};

/// What becomes of a try that was no success.
struct Verdict {
  bool again = false;    ///< another try may go better
  bool renewed = false;  ///< … with credentials that are asked for anew
  Error error;           ///< what to say where no try is left
};

/// What came of a try.
struct Tried {
  std::optional<std::string> body;  ///< of a good answer
  Verdict verdict;                  ///< where there is none
};

/// Waits for the turn of the call and makes a try, until one is good, or none may go better, or `deadline` has come; new credentials
/// are asked for once: `forget` drops the old ones. Two tries that take their whole time are enough. Where the turn does not come, the error is that of the last
/// try of anybody, or `late`.
Result<std::string> TryUntilGood(CallBudget& budget, const TryLimits& limits, MonoTime deadline,
                                 const std::function<Tried()>& once,
                                 const std::function<void()>& forget, Error late);

/// There was no answer from `who`: the budget hears of what may pass. Reasons: Timeout, ServiceUnavailable (both with `advice` behind
/// the message), ListInvalid (too large), EndpointInvalid.
Verdict JudgeSilence(CallBudget& budget, const std::string& who, const Error& error,
                     const std::string& advice);

/// Seconds that an answer asks to wait, however many: more than a day are a day. A date is not read, no provider sends one.
std::optional<Duration> RetryAfter(const rest::Response& answer);

}  // namespace slipway::cloud
