#include "src/cloud/gcp/credentials/token_exchange.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/gcp/credentials/signed_assertion.hpp"
#include "src/cloud/gcp/refusal.hpp"
#include "src/cloud/text.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::gcp {
namespace {

using nlohmann::json;

constexpr std::size_t kMostAnswerBytes = std::size_t{256} << 10;
constexpr std::size_t kMostTokenBytes = std::size_t{64} << 10;
constexpr std::int64_t kLongestSeconds = 86'400;
constexpr const char* kFederationScope = "https://www.googleapis.com/auth/cloud-platform";

/// A question to whoever gives tokens.
struct Exchange {
  std::string who;  ///< for messages, such as "the service account x"
  rest::Request request;
  std::vector<std::string> secrets;  ///< that no message may hold
};

Exchange PostForm(std::string who, std::string url, const std::map<std::string, std::string>& form,
                  std::vector<std::string> secrets) {
  Exchange exchange{.who = std::move(who), .request = {}, .secrets = std::move(secrets)};
  exchange.request.method = "POST";
  exchange.request.url = std::move(url);
  exchange.request.headers["content-type"] = "application/x-www-form-urlencoded";
  exchange.request.body = FormOf(form);
  return exchange;
}

Code CodeOf(int status, const GoogleError& error) {
  switch (BlameOf(status, error)) {
    case Blame::kThrottled:
      return Code::kTooManyRequests;
    case Blame::kService:
      return Code::kUnavailable;
    case Blame::kRequest:
    case Blame::kAbsent:
    case Blame::kPlaceAbsent:
    case Blame::kDenied:
    case Blame::kCredentials:
      break;
  }
  return error.reasons.empty() ? Code::kInvalid : Code::kUnauthorized;
}

Error ReadRefused(const rest::Response& response, const std::vector<std::string>& secrets) {
  const GoogleError error = ReadError(response.body);
  const std::string said =
      error.reasons.empty()
          ? "HTTP status " + std::to_string(response.status) + ", and not as Google does"
          : Quoted(error.reasons.front() + ": " + error.message, secrets);
  return Fail(CodeOf(response.status, error), "it is answered " + said);
}

Result<AccessToken> Ask(const Doors& doors, Exchange exchange) {
  const auto about = [&](const Error& error) {
    const bool passes = error.code == Code::kTimeout || error.code == Code::kUnavailable ||
                        error.code == Code::kTooManyRequests || error.code == Code::kUnauthorized;
    return Fail(passes ? error.code : Code::kInvalid,
                "There is no token for " + exchange.who + ": " + error.message);
  };
  exchange.request.max_response_bytes = kMostAnswerBytes;
  const auto response = DoorFor(doors, exchange.request.url).Send(exchange.request);
  if (!response.has_value()) {
    return about(response.error());
  }
  if (response.value().status != 200) {
    return about(ReadRefused(response.value(), exchange.secrets));
  }
  auto token = ReadToken(response.value().body, doors.clock.Now());
  if (!token.has_value()) {
    return about(token.error());
  }
  token.value().source = std::move(exchange.who);
  return token;
}

Result<AccessToken> Obtain(const Doors& doors, const ServiceAccountKey& key) {
  std::string who = "the service account " + Quoted(key.email, {});
  const auto assertion = SignAssertion(key, doors.clock.Now());
  if (!assertion.has_value()) {
    return Fail(assertion.error().code,
                "There is no token for " + who + ": " + assertion.error().message);
  }
  return Ask(doors, PostForm(std::move(who), key.token_url,
                             {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                              {"assertion", assertion.value()}},
                             {assertion.value()}));
}

Result<AccessToken> Obtain(const Doors& doors, const AuthorizedUser& user) {
  return Ask(doors, PostForm("the user of gcloud", user.token_url,
                             {{"grant_type", "refresh_token"},
                              {"client_id", user.client_id},
                              {"client_secret", user.client_secret},
                              {"refresh_token", user.refresh_token}},
                             {user.client_secret, user.refresh_token}));
}

/// The text that holds a subject token.
Result<std::string> SubjectText(const Doors& doors, const ExternalAccount& account) {
  if (!account.file.empty()) {
    return process::ReadSmallFile(account.file, kMostTokenBytes);
  }
  rest::Request request;
  request.url = account.url;
  request.headers = account.headers;
  request.max_response_bytes = kMostTokenBytes;
  SLIPWAY_TRY(response, DoorFor(doors, request.url).Send(request));
  if (response.status != 200) {
    return Fail(response.status >= 500 ? Code::kUnavailable : Code::kInvalid,
                "the url of its credential_source answers with HTTP status " +
                    std::to_string(response.status));
  }
  return std::move(response.body);
}

Result<std::string> SubjectToken(const Doors& doors, const ExternalAccount& account) {
  SLIPWAY_TRY(text, SubjectText(doors, account));
  std::string token = account.field.empty() ? std::string(Trimmed(text))
                                            : TextAt(ReadJson(text), account.field.c_str());
  if (token.empty()) {
    return Fail(Code::kInvalid,
                account.field.empty()
                    ? std::string("its credential_source gives an empty token")
                    : "what its credential_source gives has no " + Quoted(account.field, {}));
  }
  return token;
}

/// Asks with Google's token of a federated identity for one of the service account.
Result<AccessToken> Impersonate(const Doors& doors, const ExternalAccount& account,
                                const AccessToken& federated) {
  const std::string& url = account.impersonation_url;
  const std::size_t slash = url.rfind('/') + 1;
  Exchange exchange{
      .who = "the service account " + Quoted(url.substr(slash, url.rfind(':') - slash), {}),
      .request = {},
      .secrets = {federated.text}};
  exchange.request.method = "POST";
  exchange.request.url = url;
  exchange.request.headers = {{"content-type", "application/json"},
                              {"authorization", "Bearer " + federated.text}};
  exchange.request.body = PrintJson({{"scope", json::array({kScope})}, {"lifetime", "3600s"}});
  return Ask(doors, std::move(exchange));
}

Result<AccessToken> Obtain(const Doors& doors, const ExternalAccount& account) {
  std::string who = "the identity of " + Quoted(account.audience, {});
  const auto subject = SubjectToken(doors, account);
  if (!subject.has_value()) {
    const Code code = subject.error().code;
    return Fail(code == Code::kUnavailable || code == Code::kTimeout ? code : Code::kInvalid,
                "There is no token for " + who + ": " + subject.error().message);
  }
  const bool impersonates = !account.impersonation_url.empty();
  SLIPWAY_TRY(
      federated,
      Ask(doors,
          PostForm(std::move(who), account.token_url,
                   {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                    {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                    {"audience", account.audience},
                    {"scope", impersonates ? kFederationScope : kScope},
                    {"subject_token_type", account.subject_token_type},
                    {"subject_token", subject.value()}},
                   {subject.value()})));
  return impersonates ? Impersonate(doors, account, federated)
                      : Result<AccessToken>(std::move(federated));
}

}  // namespace

Result<AccessToken> ReadToken(const std::string& body, Time now) {
  const json tree = ReadJson(body);
  AccessToken token;
  token.text = TextAt(tree, "access_token") + TextAt(tree, "accessToken");
  if (token.text.empty() || !IsHeaderText(token.text)) {
    return Fail(Code::kInvalid, "the answer holds no access token");
  }
  token.headers["authorization"] = "Bearer " + token.text;
  const json& seconds = At(tree, "expires_in");
  const auto until = api::ParseTime(TextAt(tree, "expireTime"));
  if (seconds.is_number_integer() && seconds.get<std::int64_t>() > 0 &&
      seconds.get<std::int64_t>() <= kLongestSeconds) {
    token.expires = now + std::chrono::seconds(seconds.get<std::int64_t>());
  } else if (until.has_value() && until.value() > now) {
    token.expires = until.value();
  } else {
    return Fail(Code::kInvalid, "the answer does not say when the access token ends");
  }
  return token;
}

void CountIn(const std::string& project, AccessToken& token) {
  if (!project.empty() && IsHeaderText(project)) {
    token.headers["x-goog-user-project"] = project;
  }
}

Result<AccessToken> TokenOf(const Doors& doors, const KeyFile& key) {
  return std::visit(
      [&](const auto& kind) -> Result<AccessToken> {
        SLIPWAY_TRY(token, Obtain(doors, kind));
        CountIn(kind.quota_project, token);
        return std::move(token);
      },
      key);
}

}  // namespace slipway::cloud::gcp
