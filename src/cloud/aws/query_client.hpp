#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "src/cloud/aws/credentials/credentials.hpp"
#include "src/cloud/call_budget.hpp"
#include "src/cloud/tries.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud::aws {

/// One API of AWS in one region.
struct QueryTarget {
  std::string service;   ///< as signatures name it, such as ec2
  std::string title;     ///< as people name it, such as EC2
  std::string region;    ///< such as eu-west-1
  std::string version;   ///< of the API, such as 2016-11-15
  std::string endpoint;  ///< scheme, host and port
};

/// An action and its parameters, in the order in which they are sent.
struct Query {
  std::string action;      ///< such as DescribeInstances
  std::string permission;  ///< that it needs, such as ec2:DescribeInstances
  std::vector<std::pair<std::string, std::string>> parameters;  ///< not yet escaped
  bool is_signed = true;  ///< false: a token among the parameters says who asks
};

/// Why there are no credentials, with a reason: CredentialsMissing, or what may pass by itself (Throttled, Timeout,
/// ServiceUnavailable). An error that has one keeps it.
Error WithoutCredentials(const Error& error);

/// What all share who call one API in one region as the same principal. Thread-safe.
struct CallState {
  /// `clock` outlives it.
  CallState(const Clock& clock, std::uint64_t seed, Pause pause)
      : budget(clock, seed, std::move(pause)) {}

  CallBudget budget;
  std::atomic<Duration> ahead{Duration(0)};  ///< of AWS's clock before ours, where that matters
};

/// As whom the calls of one list are made: whoever got its first answer. The account of a key is not to be seen, so credentials that end
/// are the same as others from the same place, such as a role, and lasting keys are only the same as themselves.
struct Actor {
  std::string name;  ///< empty before the first answer
};

/// Calls one query API of AWS in one region: signs, and tries again what may pass by itself. Thread-safe.
class QueryClient {
 public:
  /// What is borrowed outlives it.
  QueryClient(rest::Client& client, CredentialSource& credentials, std::shared_ptr<CallState> state,
              const Clock& clock, TryLimits limits)
      : client_(client),
        credentials_(credentials),
        state_(std::move(state)),
        clock_(clock),
        limits_(limits) {}

  /// The body of a good answer. Nothing is begun after `deadline`; where the turn of the call
  /// does not come, the error is that of the last try of anybody. Reasons: CredentialsMissing, CredentialsRefused, AccessDenied,
  /// InvalidRequest, EndpointInvalid (no answer of AWS, or a certificate that nobody trusts), ListInvalid (too large), Throttled,
  /// Timeout, ServiceUnavailable. Messages hold AWS's own words and its request id, and no credentials. After AccessDenied credentials
  /// are looked for anew, for the next call.
  Result<std::string> Call(const QueryTarget& target, const Query& query, MonoTime deadline);

  /// Likewise as one `actor`: ServiceUnavailable, and nothing is sent, where the credentials have become somebody else's. So a list never
  /// has its pages from two accounts.
  Result<std::string> CallAs(Actor& actor, const QueryTarget& target, const Query& query,
                             MonoTime deadline);

  /// Likewise with one try, for what must not be done late.
  Result<std::string> CallOnce(const QueryTarget& target, const Query& query, MonoTime deadline);

 private:
  Result<std::string> TryAs(Actor& actor, const QueryTarget& target, const Query& query,
                            MonoTime deadline, const TryLimits& limits);
  Result<rest::Response> Send(const QueryTarget& target, const Query& query,
                              const Credentials& credentials, MonoTime deadline);
  Tried Once(Actor& actor, const QueryTarget& target, const Query& query, MonoTime deadline);
  Verdict JudgeRefusal(const QueryTarget& target, const Query& query,
                       const Credentials& credentials, const rest::Response& response);
  bool CorrectClock(const rest::Response& answer);

  rest::Client& client_;
  CredentialSource& credentials_;
  const std::shared_ptr<CallState> state_;
  const Clock& clock_;
  const TryLimits limits_;
};

}  // namespace slipway::cloud::aws
