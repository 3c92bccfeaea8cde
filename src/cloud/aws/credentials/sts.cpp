#include "src/cloud/aws/credentials/sts.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <pugixml.hpp>
#include <string_view>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/aws/endpoint.hpp"
#include "src/cloud/aws/sigv4.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr std::size_t kMaxStsAnswerBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxRegionBytes = 40;

bool IsRegion(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRegionBytes &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                  letter == '-';
         });
}

Code CodeOf(const std::string& name, int status) {
  constexpr std::array<std::string_view, 6> kWrongCredentials = {
      "ExpiredToken",          "ExpiredTokenException", "InvalidClientTokenId",
      "SignatureDoesNotMatch", "InvalidIdentityToken",  "UnrecognizedClientException"};
  const bool wrong = std::find(kWrongCredentials.begin(), kWrongCredentials.end(), name) !=
                     kWrongCredentials.end();
  if (wrong) {
    return Code::kUnauthorized;
  }
  if (status == 429 || name == "Throttling" || name == "ThrottlingException") {
    return Code::kTooManyRequests;
  }
  if (status >= 500) {
    return Code::kUnavailable;
  }
  return status == 401 || status == 403 ? Code::kForbidden : Code::kInvalid;
}

/// What to do, where the words of AWS do not say it.
std::string Advice(const std::string& name) {
  if (name == "AccessDenied") {
    return ". Let the trust policy of the role name who is asking, and the policy of who is asking "
           "allow sts:AssumeRole";
  }
  if (name == "SignatureDoesNotMatch") {
    return ". Compare the secret with the one that AWS gave, and the clock of this machine with "
           "the time";
  }
  return "";
}

Error ReadTrouble(const rest::Response& response, const std::vector<std::string>& secrets) {
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  const pugi::xml_node answer = document.child("ErrorResponse");
  const pugi::xml_node error = answer.child("Error");
  const std::string name = error.child_value("Code");
  std::string message = "HTTP status " + std::to_string(response.status);
  if (!name.empty()) {
    message = Quoted(name, secrets) + ": " + Quoted(error.child_value("Message"), secrets);
  }
  const std::string id = answer.child_value("RequestId");
  const auto header = response.headers.find("x-amzn-requestid");
  if (!id.empty() || header != response.headers.end()) {
    message += " (request id " + Quoted(id.empty() ? header->second : id, secrets) + ")";
  }
  return Fail(CodeOf(name, response.status), message + Advice(name));
}

Result<Credentials> ReadRole(const std::string& body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) {
    return Fail(Code::kInvalid, "the answer is no XML");
  }
  // <AssumeRoleResponse><AssumeRoleResult><Credentials>, with the name of the action in the first two.
  const pugi::xml_node result = document.document_element().find_child(
      [](const pugi::xml_node& node) { return !node.child("Credentials").empty(); });
  const pugi::xml_node given = result.child("Credentials");
  Credentials made;
  made.key_id = given.child_value("AccessKeyId");
  made.secret = given.child_value("SecretAccessKey");
  made.session_token = given.child_value("SessionToken");
  const auto expires = api::ParseTime(given.child_value("Expiration"));
  if (made.session_token.empty() || !expires.has_value()) {
    return Fail(Code::kInvalid,
                "the answer has no credentials with a SessionToken and an Expiration");
  }
  made.expires = expires.value();
  return made;
}

}  // namespace

Sts::Sts(const Doors& doors, Environment environment, std::string region)
    : doors_(doors), environment_(std::move(environment)), region_(std::move(region)) {}

Result<Credentials> Sts::AssumeRole(const Credentials& base, const Role& role) const {
  SLIPWAY_TRY(request, MakeRequest("AssumeRole", role));
  if (!role.external_id.empty()) {
    request.body += "&ExternalId=" + Escape(role.external_id);
  }
  if (role.duration_seconds) {
    request.body += "&DurationSeconds=" + std::to_string(*role.duration_seconds);
  }
  Sign(request, base, {.region = region_, .service = "sts", .time = doors_.clock.Now()});
  return Send(request, role, {base.secret, base.session_token});
}

Result<Credentials> Sts::AssumeRoleWithWebIdentity(const std::string& token,
                                                   const Role& role) const {
  SLIPWAY_TRY(request, MakeRequest("AssumeRoleWithWebIdentity", role));
  request.body += "&WebIdentityToken=" + Escape(token);
  return Send(request, role, {token});
}

Result<rest::Request> Sts::MakeRequest(const std::string& action, const Role& role) const {
  if (region_.empty()) {
    return Fail(Code::kInvalid, "nothing says in which region STS is to be asked for role " +
                                    role.arn + ": set AWS_REGION, or region in the profile");
  }
  if (!IsRegion(region_)) {
    return Fail(Code::kInvalid,
                "\"" + Quoted(region_, {}) + "\" is no region of AWS, such as eu-west-1");
  }
  rest::Request request;
  request.method = "POST";
  SLIPWAY_TRY(endpoint, EndpointOf(environment_, "STS", "sts", region_));
  request.url = endpoint + "/";
  request.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8";
  request.body =
      "Action=" + action + "&Version=2011-06-15&RoleArn=" + Escape(role.arn) +
      "&RoleSessionName=" + Escape(role.session_name.empty() ? "slipway" : role.session_name);
  request.max_response_bytes = kMaxStsAnswerBytes;
  return request;
}

Result<Credentials> Sts::Send(const rest::Request& request, const Role& role,
                              const std::vector<std::string>& secrets) const {
  const std::string about = "STS does not give role " + Quoted(role.arn, {}) + ": ";
  const auto response = DoorFor(doors_, request.url).Send(request);
  if (!response.has_value()) {
    return Fail(response.error().code, about + response.error().message);
  }
  if (!response.value().succeeded()) {
    Error error = ReadTrouble(response.value(), secrets);
    error.message = about + error.message;
    return error;
  }
  auto made = ReadRole(response.value().body);
  if (!made.has_value()) {
    return Fail(made.error().code, about + made.error().message);
  }
  made.value().source = "role " + Quoted(role.arn, {});
  SLIPWAY_TRY(checked, Found(std::move(made.value())));
  return *checked.credentials;
}

}  // namespace slipway::cloud::aws
