#include "src/cloud/aws/query_client.hpp"

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include "src/cloud/aws/refusal.hpp"
#include "src/cloud/aws/sigv4.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/text.hpp"

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

std::string ActorOf(const Credentials& credentials) {
  return credentials.source + (credentials.expires ? "" : '\0' + credentials.key_id);
}

std::string Where(const QueryTarget& target) { return target.title + " of " + target.region; }

}  // namespace

Error WithoutCredentials(const Error& error) {
  if (!error.causes.empty()) {
    return error;  // It says why already.
  }
  static const std::map<Code, const char*> kReasons = {{Code::kTooManyRequests, "Throttled"},
                                                       {Code::kUnavailable, "ServiceUnavailable"},
                                                       {Code::kTimeout, "Timeout"}};
  const auto found = kReasons.find(error.code);
  return Trouble(error.code, found == kReasons.end() ? "CredentialsMissing" : found->second,
                 error.message);
}

Result<rest::Response> QueryClient::Send(const QueryTarget& target, const Query& query,
                                         const Credentials& credentials, MonoTime deadline) {
  rest::Request request{
      .method = "POST", .url = target.endpoint + "/", .headers = {}, .body = BodyOf(target, query)};
  request.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8";
  request.max_response_bytes = kMostBytes;
  request.deadline = std::min(limits_.deadline, deadline - clock_.Mono());
  if (query.is_signed) {
    Sign(request, credentials,
         {.region = target.region,
          .service = target.service,
          .time = clock_.Now() + state_->ahead.load()});
  }
  return client_.Send(request);
}

/// Whether AWS's clock differs so much from the one that was signed with that this may have been a trouble; the next try goes by its.
bool QueryClient::CorrectClock(const rest::Response& answer) {
  const auto header = answer.headers.find("date");
  const auto date = header == answer.headers.end() ? std::nullopt : ReadDate(header->second);
  if (!date) {
    return false;
  }
  const Duration ahead = *date - clock_.Now();
  if (std::chrono::abs(ahead - state_->ahead.load()) < kClockTolerance) {
    return false;
  }
  state_->ahead = ahead;
  return true;
}

Verdict QueryClient::JudgeRefusal(const QueryTarget& target, const Query& query,
                                  const Credentials& credentials, const rest::Response& response) {
  Refusal refusal = ReadRefusal(response.body);
  const auto id = response.headers.find("x-amzn-requestid");
  if (refusal.request_id.empty() && id != response.headers.end()) {
    refusal.request_id = id->second;
  }
  const Blame blame = BlameOf(response.status, refusal.code);
  const std::string status = "HTTP status " + std::to_string(response.status);
  const auto quoted = [&](const std::string& text) {
    return Quoted(text, {credentials.secret, credentials.session_token});
  };
  const std::string said =
      Where(target) + " answers " +
      (refusal.code.empty() ? status : quoted(refusal.code) + ": " + quoted(refusal.message)) +
      (refusal.request_id.empty() ? "" : " (request " + quoted(refusal.request_id) + ")");
  const std::string who = " The credentials are those of " + credentials.source + ".";
  switch (blame) {
    case Blame::kThrottled:
      state_->budget.Refused(RetryAfter(response));
      return {.again = true, .error = Trouble(Code::kTooManyRequests, "Throttled", said)};
    case Blame::kService:
      state_->budget.Refused(RetryAfter(response));
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
      // Lasting keys would never be read again, and somebody may have set up others because of this.
      credentials_.Forget();
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

Tried QueryClient::Once(Actor& actor, const QueryTarget& target, const Query& query,
                        MonoTime deadline) {
  const auto credentials = credentials_.Get();
  if (!credentials.has_value()) {
    return {.body = {}, .verdict = {.error = WithoutCredentials(credentials.error())}};
  }
  const std::string acting = ActorOf(credentials.value());
  if (!actor.name.empty() && actor.name != acting) {
    return {.body = {},
            .verdict = {.error = Trouble(
                            Code::kUnavailable, "ServiceUnavailable",
                            Where(target) + " is not asked: the credentials, those of " +
                                credentials.value().source +
                                ", are others than those that the list was begun with. The next "
                                "list begins with them.")}};
  }
  if (clock_.Mono() >= deadline) {
    return {.body = {},
            .verdict = {.error = Trouble(Code::kTimeout, "Timeout",
                                         Where(target) + " is not asked: credentials took long.")}};
  }
  auto answer = Send(target, query, credentials.value(), deadline);
  if (!answer.has_value()) {
    return {.body = {},
            .verdict = JudgeSilence(state_->budget, Where(target), answer.error(),
                                    ". Is " + target.region + " a region, and can it be reached?")};
  }
  if (!answer.value().succeeded()) {
    return {.body = {},
            .verdict = JudgeRefusal(target, query, credentials.value(), answer.value())};
  }
  CorrectClock(answer.value());
  actor.name = acting;
  return {.body = std::move(answer.value().body), .verdict = {}};
}

Result<std::string> QueryClient::Call(const QueryTarget& target, const Query& query,
                                      MonoTime deadline) {
  Actor anybody;
  return TryAs(anybody, target, query, deadline, limits_);
}

Result<std::string> QueryClient::CallAs(Actor& actor, const QueryTarget& target, const Query& query,
                                        MonoTime deadline) {
  return TryAs(actor, target, query, deadline, limits_);
}

Result<std::string> QueryClient::CallOnce(const QueryTarget& target, const Query& query,
                                          MonoTime deadline) {
  Actor anybody;
  return TryAs(anybody, target, query, deadline, {.tries = 1, .deadline = limits_.deadline});
}

Result<std::string> QueryClient::TryAs(Actor& actor, const QueryTarget& target, const Query& query,
                                       MonoTime deadline, const TryLimits& limits) {
  return TryUntilGood(
      state_->budget, limits, deadline, [&] { return Once(actor, target, query, deadline); },
      [this] { credentials_.Forget(); },
      Trouble(Code::kTooManyRequests, "Throttled", Where(target) + " is asked again later."));
}

}  // namespace slipway::cloud::aws
