#include "src/cloud/azure/credentials/managed_identity.hpp"

#include "src/cloud/azure/credentials/token_answer.hpp"
#include "src/cloud/azure/refusal.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::azure {
namespace {

/// The service is next door: who does not answer at once is not there.
constexpr Duration kMachineDeadline{3'000};
constexpr std::size_t kMostMachineBytes = std::size_t{64} << 10;

/// An address and not a name: names are looked up by whoever set up this machine's network.
constexpr const char* kUsualHost = "http://169.254.169.254";
constexpr const char* kTokenPath = "/metadata/identity/oauth2/token";

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return url;
}

/// Where to ask, and in which of two ways; an error where it is a third.
Result<rest::Request> Question(const Environment& environment) {
  const std::string endpoint = Variable(environment, "IDENTITY_ENDPOINT");
  const std::string header = Variable(environment, "IDENTITY_HEADER");
  rest::Request request;
  if (endpoint.empty() && Variable(environment, "MSI_ENDPOINT").empty()) {
    const std::string host = Variable(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    request.url =
        WithoutSlash(host.empty() ? kUsualHost : host) + kTokenPath + "?api-version=2018-02-01";
    request.headers["metadata"] = "true";
    return request;
  }
  if (endpoint.empty() || header.empty() ||
      !Variable(environment, "IDENTITY_SERVER_THUMBPRINT").empty()) {
    return Fail(Code::kInvalid,
                "IDENTITY_ENDPOINT or MSI_ENDPOINT is set as Azure Arc, Service Fabric, Machine "
                "Learning or Cloud Shell do, which Slipway does not ask");
  }
  request.url = endpoint + "?api-version=2019-08-01";
  request.headers["x-identity-header"] = header;
  return request;
}

/// Where the environment names who gives tokens, silence may pass; elsewhere it mostly means that this is no machine of Azure.
Error Silence(const Environment& environment, const Error& error) {
  const bool named = !Variable(environment, "IDENTITY_ENDPOINT").empty() ||
                     !Variable(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST").empty();
  const bool passes = error.code == Code::kTimeout || error.code == Code::kUnavailable;
  if (named) {
    return Fail(passes ? error.code : Code::kInvalid,
                "nobody gives tokens where the environment says: " + error.message);
  }
  return Fail(
      Code::kNotFound,
      "nobody gives tokens there, which is so where this is no machine of Azure: " + error.message);
}

Error ReadNo(const rest::Response& answer, const std::string& header) {
  const AzureError error = ReadError(answer.body);
  const std::string words = error.says() ? ": " + Quoted(error.words(), {header}) : "";
  const std::string status =
      "what gives tokens there answers with HTTP status " + std::to_string(answer.status) + words;
  if (answer.status == 429) {
    return Fail(Code::kTooManyRequests, status);
  }
  // 404 and 410 too: Azure's service says that while it is being renewed. Of others it means that they do not know such a question.
  if (answer.status >= 500 || (error.says() && (answer.status == 404 || answer.status == 410))) {
    return Fail(Code::kUnavailable, status);
  }
  if (error.says() && answer.status == 400) {
    return Fail(Code::kNotFound, "it has no such identity" + words);
  }
  return Fail(Code::kNotFound, error.says() ? status : "what answers there is not Azure's");
}

}  // namespace

Result<AccessToken> TokenOfMachine(const Doors& doors, const Environment& environment,
                                   const std::string& resource) {
  SLIPWAY_TRY(request, Question(environment));
  request.url += "&resource=" + Escape(resource);
  const std::string client = Variable(environment, "AZURE_CLIENT_ID");
  if (!client.empty()) {
    request.url += "&client_id=" + Escape(client);
  }
  request.deadline = kMachineDeadline;
  request.max_response_bytes = kMostMachineBytes;
  const auto response = DoorFor(doors, request.url).Send(request);
  if (!response.has_value()) {
    return Silence(environment, response.error());
  }
  if (response.value().status != 200) {
    return ReadNo(response.value(), Variable(environment, "IDENTITY_HEADER"));
  }
  auto token = ReadToken(response.value().body, doors.clock.Now());
  if (!token.has_value()) {
    return Fail(Code::kInvalid, "the managed identity: " + token.error().message);
  }
  token.value().source = client.empty()
                             ? "the managed identity of this machine"
                             : "the managed identity " + Quoted(client, {}) + " of this machine";
  return token;
}

}  // namespace slipway::cloud::azure
