#include <algorithm>
#include <cstddef>
#include <utility>

#include "src/cloud/aws/credentials/credential_sources.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::aws {
namespace {

/// The service is next door: who does not answer at once is not there. The SDK waits one second.
constexpr Duration kMetadataDeadline{2'000};
constexpr std::size_t kMaxMetadataBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxNameBytes = 1024;
constexpr const char* kTokenLifetimeSeconds = "21600";
constexpr const char* kRoles = "/latest/meta-data/iam/security-credentials/";

/// Where the service is, without a slash at the end.
Result<std::string> Endpoint(const Environment& environment, const Settings& profile) {
  const auto setting = [&](const std::string& variable, const std::string& name) {
    const std::string value = Variable(environment, variable);
    return value.empty() ? Variable(profile, name) : value;
  };
  std::string endpoint =
      setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  const std::string mode = LowerCase(
      setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"));
  if (!mode.empty() && mode != "ipv4") {
    return Fail(Code::kInvalid,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is not IPv4, and Slipway asks by no other");
  }
  if (endpoint.empty()) {
    return std::string("http://169.254.169.254");
  }
  if (!endpoint.starts_with("http://") && !endpoint.starts_with("https://")) {
    return Fail(Code::kInvalid, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no http:// or https:// URL");
  }
  while (endpoint.ends_with('/')) {
    endpoint.pop_back();
  }
  return endpoint;
}

/// What may go into a header or a path: of a role, of a token.
bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return letter > 0x20 && letter < 0x7f &&
                  std::string_view("/?#%").find(letter) == std::string_view::npos;
         });
}

bool IsTokenOfService(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char letter) { return letter > 0x20 && letter < 0x7f; });
}

class Service {
 public:
  Service(rest::Client& client, std::string endpoint)
      : client_(client), endpoint_(std::move(endpoint)) {}

  Result<rest::Response> Ask(const std::string& method, const std::string& path,
                             const std::string& header, const std::string& value) const {
    rest::Request request;
    request.method = method;
    request.url = endpoint_ + path;
    request.headers[header] = value;
    request.deadline = kMetadataDeadline;
    request.max_response_bytes = kMaxMetadataBytes;
    return client_.Send(request);
  }

 private:
  rest::Client& client_;
  const std::string endpoint_;
};

std::string Status(const rest::Response& response) {
  return "HTTP status " + std::to_string(response.status);
}

Result<Answer> OfRole(const Service& service, const std::string& role, const std::string& token) {
  const auto answer = service.Ask("GET", kRoles + role, "x-aws-ec2-metadata-token", token);
  if (!answer.has_value()) {
    return Nothing("the credentials of role " + role + " do not come: " + answer.error().message);
  }
  if (answer.value().status != 200) {
    return Nothing("the service answers with " + Status(answer.value()) +
                   " when asked for the credentials of role " + role);
  }
  auto made = ReadCredentials(answer.value().body,
                              {.token = "Token", .lasting = false, .may_be_quoted = true}, {token});
  if (!made.has_value()) {
    return Nothing("the service gives none for role " + role + ": " + made.error().message);
  }
  made.value().source = "role " + role + " of this instance";
  return Found(std::move(made.value()));
}

}  // namespace

Result<Answer> FromInstance(rest::Client& metadata, const Environment& environment,
                            const Settings& profile) {
  if (LowerCase(Variable(environment, "AWS_EC2_METADATA_DISABLED")) == "true") {
    return Nothing("AWS_EC2_METADATA_DISABLED is true");
  }
  SLIPWAY_TRY(endpoint, Endpoint(environment, profile));
  const Service service(metadata, std::move(endpoint));
  const auto token = service.Ask("PUT", "/latest/api/token", "x-aws-ec2-metadata-token-ttl-seconds",
                                 kTokenLifetimeSeconds);
  if (!token.has_value()) {
    return Nothing(
        "its metadata service gives no token, which is so where this is no EC2 instance, "
        "and in a container where the hop limit of the service is 1: " +
        token.error().message);
  }
  if (token.value().status != 200 || !IsTokenOfService(Trimmed(token.value().body))) {
    return Nothing("its metadata service gives no token (" + Status(token.value()) +
                   "): turn on its version 2, Slipway does not use version 1");
  }
  const std::string held(Trimmed(token.value().body));
  const auto roles = service.Ask("GET", kRoles, "x-aws-ec2-metadata-token", held);
  if (!roles.has_value()) {
    return Nothing("its role is not to be had: " + roles.error().message);
  }
  if (roles.value().status != 200) {
    return Nothing("the service answers with " + Status(roles.value()) +
                   " when asked for the role: attach an instance profile to the instance");
  }
  const std::string_view list = Trimmed(roles.value().body);
  const std::string role(Trimmed(list.substr(0, list.find('\n'))));
  if (!IsName(role)) {
    return Nothing("the service names no role: attach an instance profile to the instance");
  }
  return OfRole(service, role, held);
}

}  // namespace slipway::cloud::aws
