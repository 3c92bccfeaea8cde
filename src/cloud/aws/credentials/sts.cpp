#include "src/cloud/aws/credentials/sts.hpp"

#include <algorithm>
#include <cstddef>
#include <pugixml.hpp>
#include <string_view>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/aws/endpoint.hpp"
#include "src/cloud/cloud_api.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr Duration kStsDeadline = std::chrono::minutes(1);
constexpr std::size_t kMaxRegionBytes = 40;

bool IsRegion(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRegionBytes &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                  letter == '-';
         });
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
  SLIPWAY_TRY(checked, Found(std::move(made)));
  return std::move(*checked.credentials);
}

Query QueryFor(const std::string& action, const std::string& permission, const Role& role) {
  return {.action = action,
          .permission = permission,
          .parameters = {
              {"RoleArn", role.arn},
              {"RoleSessionName", role.session_name.empty() ? "slipway" : role.session_name}}};
}

/// Who asks with a token, and signs nothing: it is here so that no message shows it.
class Bearer final : public CredentialSource {
 public:
  explicit Bearer(const std::string& token) : token_(token) {}

  Result<Credentials> Get() override {
    return Credentials{.key_id = {},
                       .secret = token_,
                       .session_token = {},
                       .expires = {},
                       .source = "the web identity"};
  }

  /// Changes nothing: its file is read for each role that is taken.
  void Forget() override {}

 private:
  const std::string& token_;
};

}  // namespace

Sts::Sts(const Doors& doors, Environment environment, std::string region, StsCalls calls)
    : doors_(doors),
      environment_(std::move(environment)),
      region_(std::move(region)),
      calls_(std::move(calls)) {}

Result<Credentials> Sts::AssumeRole(CredentialSource& base, const Role& role) const {
  Query query = QueryFor("AssumeRole",
                         "sts:AssumeRole to who is asking, and let the trust policy of the role "
                         "name them",
                         role);
  if (!role.external_id.empty()) {
    query.parameters.emplace_back("ExternalId", role.external_id);
  }
  if (role.duration_seconds) {
    query.parameters.emplace_back("DurationSeconds", std::to_string(*role.duration_seconds));
  }
  return Take(role, query, base);
}

Result<Credentials> Sts::AssumeRoleWithWebIdentity(const std::string& token,
                                                   const Role& role) const {
  Query query = QueryFor(
      "AssumeRoleWithWebIdentity",
      "sts:AssumeRoleWithWebIdentity to who is asking in the trust policy of the role", role);
  query.parameters.emplace_back("WebIdentityToken", token);
  query.is_signed = false;
  Bearer bearer(token);
  return Take(role, query, bearer);
}

Result<QueryTarget> Sts::Target() const {
  if (region_.empty()) {
    return Fail(Code::kInvalid,
                "nothing says in which region STS is to be asked: set AWS_REGION, or region in the "
                "profile");
  }
  if (!IsRegion(region_)) {
    return Fail(Code::kInvalid,
                "\"" + Quoted(region_, {}) + "\" is no region of AWS, such as eu-west-1");
  }
  SLIPWAY_TRY(endpoint, EndpointOf(environment_, "STS", "sts", region_));
  return QueryTarget{.service = "sts",
                     .title = "STS",
                     .region = region_,
                     .version = "2011-06-15",
                     .endpoint = std::move(endpoint)};
}

Result<Credentials> Sts::Take(const Role& role, const Query& query, CredentialSource& base) const {
  const std::string about = "role " + Quoted(role.arn, {}) + " cannot be taken: ";
  const auto target = Target();
  if (!target.has_value()) {
    return Reworded(target.error(), about + target.error().message);
  }
  QueryClient client(DoorFor(doors_, target.value().endpoint), base, calls_.state, doors_.clock,
                     calls_.limits);
  const auto answer = client.Call(target.value(), query, doors_.clock.Mono() + kStsDeadline);
  if (!answer.has_value()) {
    return Reworded(answer.error(), about + answer.error().message);
  }
  auto made = ReadRole(answer.value());
  if (!made.has_value()) {
    return Trouble(made.error().code, "EndpointInvalid", about + made.error().message);
  }
  made.value().source = "role " + Quoted(role.arn, {});
  made.value().expires = *made.value().expires - calls_.state->ahead.load();
  return made;
}

}  // namespace slipway::cloud::aws
