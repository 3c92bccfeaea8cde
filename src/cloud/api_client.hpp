#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/cloud/call_budget.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/token_source.hpp"
#include "src/cloud/tries.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud {

/// A question to a provider's API.
struct ApiCall {
  std::string api;                             ///< its title, such as "Compute Engine"
  std::string of;                              ///< whose part of it, such as "shop-prod"
  std::string endpoint;                        ///< scheme, host and port
  std::string path;                            ///< with its query, both escaped
  std::string json;                            ///< that is posted; empty: something is read
  std::map<std::string, std::string> headers;  ///< besides those of the token
  /// Headers that a good answer has, in lower case; with another value, or none, it is EndpointInvalid.
  std::map<std::string, std::string> answered = {};
};

/// What a refusal is about.
enum class Blame : std::uint8_t {
  kRequest,      ///< what was asked
  kAbsent,       ///< there is no such thing, as the provider itself says
  kPlaceAbsent,  ///< nor the place where it would be
  kDenied,       ///< a permission
  kCredentials,  ///< they are wrong, or have ended
  kThrottled,    ///< too many calls
  kService,      ///< the provider itself: it may pass
};

/// What a provider says in an answer that is no success.
struct Refusal {
  Blame blame = Blame::kRequest;
  std::string words;  ///< its own, such as "forbidden: no"; empty: it is no answer of the provider
  std::string request_id;   ///< or empty
  std::string advice;       ///< what to do about a permission that lacks, such as "Allow x"
  bool may_be_old = false;  ///< the provider may go by what was allowed when it saw the token first
};

/// Whether an error of ApiClient says that there is no such thing, that there is not even its place, or that a permission lacks.
bool IsAbsent(const Error& error);
bool IsPlaceAbsent(const Error& error);
bool IsDenied(const Error& error);

/// Why there is no token, with a reason: CredentialsMissing, CredentialsRefused, Throttled, Timeout, ServiceUnavailable. An error that
/// has one keeps it.
Error WithoutToken(const Error& error);

/// The check of what a source of tokens gave.
Check CheckToken(const Result<AccessToken>& token);

/// What comes of a call that there is no token for: the budget hears of what may pass.
Verdict JudgeNoToken(CallBudget& budget, const Error& error);

/// Calls one API with the tokens of one source, and tries again what may pass by itself. Thread-safe; its callers share the budget.
class ApiClient {
 public:
  /// Reads an answer that is no success. Pure.
  using ReadRefusal = std::function<Refusal(const rest::Response&)>;

  /// All outlive it.
  ApiClient(const Doors& doors, TokenSource& tokens, CallBudget& budget, TryLimits limits,
            ReadRefusal read_refusal);

  /// The body of a good answer. Nothing is begun after `deadline`; where the turn of the call does not come, the error is that of the
  /// last try of anybody. Reasons: CredentialsMissing, CredentialsRefused, AccessDenied, InvalidRequest, EndpointInvalid (no answer of
  /// the provider, or a certificate that nobody trusts), ListInvalid (too large), Throttled, Timeout, ServiceUnavailable. Messages hold
  /// the provider's own words and its request id, and no token.
  Result<std::string> Call(const ApiCall& call, MonoTime deadline);

 private:
  Tried Once(const ApiCall& call, MonoTime deadline, std::optional<AccessToken>& token);
  Verdict JudgeRefusal(const ApiCall& call, const AccessToken& token,
                       const rest::Response& response);

  const Doors doors_;
  TokenSource& tokens_;
  CallBudget& budget_;
  const TryLimits limits_;
  const ReadRefusal read_refusal_;
};

}  // namespace slipway::cloud
