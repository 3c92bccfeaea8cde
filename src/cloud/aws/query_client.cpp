#include "src/cloud/aws/query_client.hpp"

#include <algorithm>
#include <ctime>
#include <map>

#include "src/cloud/aws/refusal.hpp"
#include "src/cloud/aws/sigv4.hpp"
#include "src/cloud/aws/text.hpp"
#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64}
                                   << 20;  ///< 1,000 instances with 50 tags each are 20 MB
constexpr Duration kClockTolerance = std::chrono::minutes(2);  ///< AWS refuses beyond 5

std::string BodyOf(const QueryTarget& target, const Query& query) {
  std::string body = "Action=" + Escape(query.action) + "&Version=" + Escape(target.version);
  for (const auto& [name, value] : query.parameters) {
    body += "&" + Escape(name) + "=" + Escape(value);
  }
  return body;
}

/// The time of a Date header, such as "Tue, 15 Nov 1994 08:12:31 GMT" (RFC 9110, 5.6.7).
std::optional<Time> ReadDate(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  return Time(std::chrono::seconds(::timegm(&parts)));
}

std::optional<Duration> RetryAfter(const rest::Response& answer) {
  const auto found = answer.headers.find("retry-after");
  if (found == answer.headers.end() || found->second.empty() || found->second.size() > 4 ||
      !std::ranges::all_of(found->second,
                           [](char digit) { return digit >= '0' && digit <= '9'; })) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::stoi(found->second));
}

std::string Where(const QueryTarget& target) { return target.title + " of " + target.region; }

/// Why there are no credentials. What may pass by itself is said as such.
Error WithoutCredentials(const Error& error) {
  static const std::map<Code, const char*> kReasons = {{Code::kTooManyRequests, "Throttled"},
                                                       {Code::kUnavailable, "ServiceUnavailable"},
                                                       {Code::kTimeout, "Timeout"}};
  const auto found = kReasons.find(error.code);
  return Trouble(error.code, found == kReasons.end() ? "CredentialsMissing" : found->second,
                 error.message);
}

}  // namespace

/// What becomes of a try that was no success.
struct QueryClient::Verdict {
  bool again = false;    ///< another try may go better
  bool renewed = false;  ///< … with credentials that are asked for anew
  Error error;           ///< what to say where no try is left
};

Result<rest::Response> QueryClient::Send(const QueryTarget& target, const Query& query,
                                         const Credentials& credentials, MonoTime deadline) {
  rest::Request request{
      .method = "POST", .url = target.endpoint + "/", .headers = {}, .body = BodyOf(target, query)};
  request.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8";
  request.max_response_bytes = kMostBytes;
  request.deadline = std::min(limits_.deadline, deadline - clock_.Mono());
  Sign(request, credentials,
       {.region = target.region, .service = target.service, .time = clock_.Now() + ahead_.load()});
  return client_.Send(request);
}

/// Whether AWS's clock differs so much from the one that was signed with that this was the trouble; the next try goes by its.
bool QueryClient::CorrectClock(const rest::Response& answer) {
  const auto header = answer.headers.find("date");
  const auto date = header == answer.headers.end() ? std::nullopt : ReadDate(header->second);
  if (!date) {
    return false;
  }
  const Duration ahead = *date - clock_.Now();
  if (std::chrono::abs(ahead - ahead_.load()) < kClockTolerance) {
    return false;
  }
  ahead_ = ahead;
  return true;
}

/// There was no answer.
QueryClient::Verdict QueryClient::JudgeSilence(const QueryTarget& target, const Error& error) {
  const std::string said = Where(target) + ": " + error.message;
  if (error.code == Code::kTimeout || error.code == Code::kUnavailable) {
    budget_.Refused(std::nullopt);
    return {.again = true,
            .error =
                Trouble(error.code, error.code == Code::kTimeout ? "Timeout" : "ServiceUnavailable",
                        said + ". Is " + target.region + " a region, and can it be reached?")};
  }
  return {.error = Trouble(
              error.code, error.code == Code::kTooLarge ? "ListInvalid" : "EndpointInvalid", said)};
}

QueryClient::Verdict QueryClient::JudgeRefusal(const QueryTarget& target, const Query& query,
                                               const Credentials& credentials,
                                               const rest::Response& response) {
  const Refusal refusal = ReadRefusal(response.body);
  const Blame blame = BlameOf(response.status, refusal.code);
  const std::string status = "HTTP status " + std::to_string(response.status);
  const std::string said =
      Where(target) + " answers " +
      (refusal.code.empty()
           ? status
           : refusal.code + ": " +
                 Quoted(refusal.message, {credentials.secret, credentials.session_token})) +
      (refusal.request_id.empty() ? "" : " (request " + refusal.request_id + ")");
  const std::string who = " The credentials are those of " + credentials.source + ".";
  switch (blame) {
    case Blame::kThrottled:
      budget_.Refused(RetryAfter(response));
      return {.again = true, .error = Trouble(Code::kTooManyRequests, "Throttled", said)};
    case Blame::kService:
      budget_.Refused(RetryAfter(response));
      return {.again = true, .error = Trouble(Code::kUnavailable, "ServiceUnavailable", said)};
    case Blame::kSignature:
      return {.again = true,
              .renewed = !CorrectClock(response),
              .error = Trouble(Code::kUnauthorized, "CredentialsRefused", said + "." + who)};
    case Blame::kCredentials:
      return {.again = true,
              .renewed = true,
              .error = Trouble(Code::kUnauthorized, "CredentialsRefused", said + "." + who)};
    case Blame::kDenied:
      return {.error = Trouble(Code::kForbidden, "AccessDenied",
                               said + ". Allow " + query.permission + "." + who)};
    case Blame::kRequest:
      break;
  }
  if (refusal.code.empty()) {
    return {.error = Trouble(Code::kInvalid, "EndpointInvalid",
                             target.endpoint + " answers with " + status + ", and not as " +
                                 target.title + " does: correct the endpoint.")};
  }
  return {.error = Trouble(Code::kInvalid, "InvalidRequest", said)};
}

Result<std::string> QueryClient::Call(const QueryTarget& target, const Query& query,
                                      MonoTime deadline) {
  bool renewed = false;
  int timeouts = 0;
  Error last = budget_.why().value_or(
      Trouble(Code::kTooManyRequests, "Throttled", Where(target) + " is asked again later."));
  for (int tried = 0; tried < limits_.tries && budget_.Wait(deadline); ++tried) {
    const auto credentials = credentials_.Get();
    if (!credentials.has_value()) {
      return WithoutCredentials(credentials.error());
    }
    const auto answer = Send(target, query, credentials.value(), deadline);
    if (answer.has_value() && answer.value().succeeded()) {
      budget_.Answered();
      return answer.value().body;
    }
    Verdict verdict = answer.has_value()
                          ? JudgeRefusal(target, query, credentials.value(), answer.value())
                          : JudgeSilence(target, answer.error());
    last = std::move(verdict.error);
    timeouts += last.code == Code::kTimeout ? 1 : 0;
    if (!verdict.again || (verdict.renewed && renewed) || timeouts > 1) {
      return last;  // Two that take their whole time are enough: other fleets need this thread.
    }
    budget_.Remember(last);
    if (verdict.renewed) {
      credentials_.Forget();  // They may have ended half-way, or been replaced.
      renewed = true;
    }
  }
  return last;
}

}  // namespace slipway::cloud::aws
