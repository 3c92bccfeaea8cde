#include "src/cloud/tries.hpp"

#include <algorithm>
#include <utility>

#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud {
namespace {

constexpr Duration kMostRetryAfter = std::chrono::hours(24);

}  // namespace

Result<std::string> TryUntilGood(CallBudget& budget, const TryLimits& limits, MonoTime deadline,
                                 const std::function<Tried()>& once,
                                 const std::function<void()>& forget, Error late) {
  bool renewed = false;
  int timeouts = 0;
  Error last = budget.why().value_or(std::move(late));
  for (int tried = 0; tried < limits.tries && budget.Wait(deadline); ++tried) {
    Tried now = once();
    if (now.body) {
      budget.Answered();
      return std::move(*now.body);
    }
    last = std::move(now.verdict.error);
    timeouts += last.code == Code::kTimeout ? 1 : 0;
    if (!now.verdict.again || (now.verdict.renewed && renewed) || timeouts > 1) {
      return last;  // Two that take their whole time are enough: other fleets need this thread.
    }
    budget.Remember(last);
    if (now.verdict.renewed) {
      forget();  // They may have ended half-way, or been replaced.
      renewed = true;
    }
  }
  return last;
}

Verdict JudgeSilence(CallBudget& budget, const std::string& who, const Error& error,
                     const std::string& advice) {
  const std::string said = who + ": " + error.message;
  if (error.code == Code::kTimeout || error.code == Code::kUnavailable) {
    budget.Refused(std::nullopt);
    return {.again = true,
            .error =
                Trouble(error.code, error.code == Code::kTimeout ? "Timeout" : "ServiceUnavailable",
                        said + advice)};
  }
  return {.error = Trouble(
              error.code, error.code == Code::kTooLarge ? "ListInvalid" : "EndpointInvalid", said)};
}

std::optional<Duration> RetryAfter(const rest::Response& answer) {
  const auto found = answer.headers.find("retry-after");
  if (found == answer.headers.end() || found->second.empty() ||
      found->second.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  Duration wait{0};
  for (const char digit : found->second) {
    wait = std::min(wait * 10 + std::chrono::seconds(digit - '0'), kMostRetryAfter);
  }
  return wait;
}

}  // namespace slipway::cloud
