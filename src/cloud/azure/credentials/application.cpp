#include "src/cloud/azure/credentials/application.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "src/cloud/azure/credentials/token_answer.hpp"
#include "src/cloud/text.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::azure {
namespace {

constexpr std::size_t kMostAnswerBytes = std::size_t{256} << 10;
constexpr std::size_t kMostTokenBytes = std::size_t{64} << 10;
constexpr const char* kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What of a form proves who asks.
struct Proof {
  std::map<std::string, std::string> fields;
  std::string secret;  ///< that no message may hold
};

Proof Assertion(const std::string& text) {
  return {.fields = {{"client_assertion_type", kAssertionType}, {"client_assertion", text}},
          .secret = text};
}

Result<Proof> Prove(const Doors& doors, const Application& application, const std::string& url) {
  if (const auto* secret = std::get_if<ClientSecret>(&application.proof)) {
    return Proof{.fields = {{"client_secret", secret->text}}, .secret = secret->text};
  }
  if (const auto* certificate = std::get_if<Certificate>(&application.proof)) {
    SLIPWAY_TRY(assertion, SignAssertion(*certificate, application.client, url, doors.clock.Now()));
    return Assertion(assertion);
  }
  const std::string& path = std::get<FederatedToken>(application.proof).path;
  const auto text = process::ReadSmallFile(path, kMostTokenBytes);
  if (!text.has_value()) {
    return Fail(Code::kInvalid, text.error().message);
  }
  const std::string token(Trimmed(text.value()));
  if (token.empty()) {
    return Fail(Code::kInvalid, path + " is empty");
  }
  return Assertion(token);
}

Result<AccessToken> Obtain(const Doors& doors, const Application& application,
                           const std::string& scope) {
  rest::Request request;
  request.method = "POST";
  request.url = application.authority + "/" + Escape(application.tenant) + "/oauth2/v2.0/token";
  SLIPWAY_TRY(proof, Prove(doors, application, request.url));
  request.headers["content-type"] = "application/x-www-form-urlencoded";
  proof.fields.insert(
      {{"grant_type", "client_credentials"}, {"client_id", application.client}, {"scope", scope}});
  request.body = FormOf(proof.fields);
  request.max_response_bytes = kMostAnswerBytes;
  SLIPWAY_TRY(response, DoorFor(doors, request.url).Send(request));
  if (response.status != 200) {
    return ReadTokenRefusal(response, proof.secret);
  }
  return ReadToken(response.body, doors.clock.Now());
}

bool IsId(const std::string& text) {
  return !text.empty() && text.front() != '.' && std::ranges::all_of(text, [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '-' || letter == '.';
  });
}

}  // namespace

Result<void> CheckIds(const std::string& tenant, const std::string& client) {
  if (!IsId(tenant)) {
    return Fail(Code::kInvalid, "the id of the tenant is no id");
  }
  if (!IsId(client)) {
    return Fail(Code::kInvalid, "the id of the client is no id");
  }
  return Ok();
}

Result<AccessToken> TokenOf(const Doors& doors, const Application& application,
                            const std::string& scope) {
  const std::string who = "the application " + Quoted(application.client, {});
  auto token = Obtain(doors, application, scope);
  if (!token.has_value()) {
    const Code code = token.error().code;
    const bool passes = code == Code::kTimeout || code == Code::kUnavailable ||
                        code == Code::kTooManyRequests || code == Code::kUnauthorized;
    return Fail(passes ? code : Code::kInvalid,
                "There is no token for " + who + ": " + token.error().message);
  }
  token.value().source = who;
  return token;
}

}  // namespace slipway::cloud::azure
