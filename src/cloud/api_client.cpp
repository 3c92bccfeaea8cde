#include "src/cloud/api_client.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "src/cloud/cloud_api.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud {
namespace {

/// 100 machines that are described at great length, such as with 256 KB of metadata each.
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

constexpr const char* kInvalidRequest = "InvalidRequest";
constexpr const char* kAccessDenied = "AccessDenied";
constexpr const char* kPlace = "place";

std::string Who(const ApiCall& call) { return call.api + " of " + call.of; }

/// A header that the answer must have and has not, as the call wants it; empty where all is as it must be.
std::string Lacking(const ApiCall& call, const rest::Response& response) {
  for (const auto& [name, value] : call.answered) {
    const auto found = response.headers.find(name);
    if (found == response.headers.end() || found->second != value) {
      return name + ": " + value;
    }
  }
  return "";
}

}  // namespace

bool IsAbsent(const Error& error) {
  return error.code == Code::kNotFound && runtime::ReasonOf(error) == kInvalidRequest;
}

bool IsPlaceAbsent(const Error& error) {
  return IsAbsent(error) && error.causes.front().field == kPlace;
}

bool IsDenied(const Error& error) { return runtime::ReasonOf(error) == kAccessDenied; }

bool IsHeaderText(const std::string& text) {
  return std::ranges::all_of(text, [](char letter) { return letter > 0x20 && letter < 0x7f; });
}

Error WithoutToken(const Error& error) {
  static const std::map<Code, const char*> kReasons = {{Code::kTooManyRequests, "Throttled"},
                                                       {Code::kTimeout, "Timeout"},
                                                       {Code::kUnavailable, "ServiceUnavailable"},
                                                       {Code::kUnauthorized, "CredentialsRefused"}};
  if (!error.causes.empty()) {
    return error;  // It says why already.
  }
  const auto found = kReasons.find(error.code);
  return Trouble(error.code, found == kReasons.end() ? "CredentialsMissing" : found->second,
                 error.message);
}

Check CheckToken(const Result<AccessToken>& token) {
  return {.needs = "credentials",
          .where = token.has_value() ? token.value().source : "",
          .trouble =
              token.has_value() ? std::nullopt : std::optional<Error>(WithoutToken(token.error()))};
}

Verdict JudgeNoToken(CallBudget& budget, const Error& error) {
  const bool passes = error.code == Code::kTooManyRequests || error.code == Code::kTimeout ||
                      error.code == Code::kUnavailable;
  if (passes) {
    budget.Refused(std::nullopt);
  }
  return {.again = passes, .error = WithoutToken(error)};
}

ApiClient::ApiClient(const Doors& doors, TokenSource& tokens, CallBudget& budget, TryLimits limits,
                     ReadRefusal read_refusal)
    : doors_(doors),
      tokens_(tokens),
      budget_(budget),
      limits_(limits),
      read_refusal_(std::move(read_refusal)) {}

Verdict ApiClient::JudgeRefusal(const ApiCall& call, const AccessToken& token,
                                const rest::Response& response) {
  const Refusal refusal = read_refusal_(response);
  const std::string status = "HTTP status " + std::to_string(response.status);
  const std::string said =
      Who(call) + " answers " +
      (refusal.words.empty() ? status : Quoted(refusal.words, {token.text})) +
      (refusal.request_id.empty() ? ""
                                  : " (request " + Quoted(refusal.request_id, {token.text}) + ")");
  const std::string who = ". The credentials are those of " + token.source + ".";
  switch (refusal.blame) {
    case Blame::kThrottled:
      budget_.Refused(RetryAfter(response));
      return {.again = true, .error = Trouble(Code::kTooManyRequests, "Throttled", said)};
    case Blame::kService:
      budget_.Refused(RetryAfter(response));
      return {.again = true, .error = Trouble(Code::kUnavailable, "ServiceUnavailable", said)};
    case Blame::kCredentials:
      return {.again = true,
              .renewed = true,
              .error = Trouble(Code::kUnauthorized, "CredentialsRefused", said + who)};
    case Blame::kDenied:
      return {.again = refusal.may_be_old,
              .renewed = refusal.may_be_old,
              .error = Trouble(Code::kForbidden, kAccessDenied,
                               said + (refusal.advice.empty() ? "" : ". " + refusal.advice) + who)};
    case Blame::kAbsent:
      return {.error = Trouble(Code::kNotFound, kInvalidRequest, said)};
    case Blame::kPlaceAbsent: {
      Error error = Trouble(Code::kNotFound, kInvalidRequest, said);
      error.causes.front().field = kPlace;
      return {.error = std::move(error)};
    }
    case Blame::kRequest:
      break;
  }
  if (refusal.words.empty()) {
    return {.error = Trouble(Code::kInvalid, "EndpointInvalid",
                             call.endpoint + " answers with " + status + ", and not as " +
                                 call.api + " does: correct the endpoint.")};
  }
  return {.error = Trouble(Code::kInvalid, kInvalidRequest, said)};
}

Tried ApiClient::Once(const ApiCall& call, MonoTime deadline, std::optional<AccessToken>& token) {
  auto given = tokens_.Get();
  if (!given.has_value()) {
    return {.body = {}, .verdict = JudgeNoToken(budget_, given.error())};
  }
  token = std::move(given.value());
  rest::Request request;
  request.url = call.endpoint + call.path;
  request.headers = token->headers;
  request.headers.insert(call.headers.begin(), call.headers.end());
  if (!call.json.empty()) {
    request.method = "POST";
    request.headers["content-type"] = "application/json";
    request.body = call.json;
  }
  request.max_response_bytes = kMostBytes;
  request.deadline = std::min(limits_.deadline, deadline - doors_.clock.Mono());
  auto answer = DoorFor(doors_, call.endpoint).Send(request);
  if (!answer.has_value()) {
    return {.body = {}, .verdict = JudgeSilence(budget_, Who(call), answer.error(), "")};
  }
  if (answer.value().status != 200) {
    return {.body = {}, .verdict = JudgeRefusal(call, *token, answer.value())};
  }
  if (const std::string lacking = Lacking(call, answer.value()); !lacking.empty()) {
    return {.body = {},
            .verdict = {.error = Trouble(Code::kInvalid, "EndpointInvalid",
                                         call.endpoint + " does not answer with " + lacking +
                                             ", as " + call.api + " does.")}};
  }
  return {.body = std::move(answer.value().body), .verdict = {}};
}

Result<std::string> ApiClient::Call(const ApiCall& call, MonoTime deadline) {
  std::optional<AccessToken> token;
  return TryUntilGood(
      budget_, limits_, deadline, [&] { return Once(call, deadline, token); },
      [&] { tokens_.Forget(*token); },
      Trouble(Code::kTooManyRequests, "Throttled", Who(call) + " is asked again later."));
}

}  // namespace slipway::cloud
