#include "src/cloud/azure/credentials/default_credentials.hpp"

#include <string_view>
#include <utility>

#include "src/cloud/azure/credentials/managed_identity.hpp"
#include "src/objects/azure_hosts.hpp"
#include "src/objects/url.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::azure {
namespace {

constexpr std::size_t kMostPemBytes = std::size_t{256} << 10;
constexpr const char* kNone = "There are no credentials for Azure: ";
constexpr std::string_view kSecret = "AZURE_CLIENT_SECRET";
constexpr std::string_view kCertificate = "AZURE_CLIENT_CERTIFICATE_PATH";
constexpr std::string_view kFederated = "AZURE_FEDERATED_TOKEN_FILE";
constexpr const char* kAdvice =
    "Name an application in AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or "
    "AZURE_CLIENT_CERTIFICATE_PATH, or give a managed identity to the machine that Slipway runs on";

Result<Certificate> CertificateIn(const std::string& path) {
  SLIPWAY_TRY(pem, process::ReadSmallFile(path, kMostPemBytes));
  auto certificate = ReadCertificate(std::move(pem));
  if (!certificate.has_value()) {
    return Fail(Code::kInvalid, path + " cannot be used: " + certificate.error().message);
  }
  return certificate;
}

/// Who asks for a token speaks of a scope: all that the application may do with a resource.
std::string ScopeOf(const std::string& resource) { return resource + "/.default"; }

}  // namespace

Result<std::string> AuthorityOf(const Environment& environment, const std::string& usual) {
  std::string authority = Variable(environment, "AZURE_AUTHORITY_HOST");
  if (authority.empty()) {
    authority = usual;
  }
  if (authority.find("://") == std::string::npos) {
    authority = "https://" + authority;
  }
  while (authority.ends_with('/')) {
    authority.pop_back();
  }
  if (!objects::IsSafeUrl(authority)) {
    return Fail(Code::kInvalid, "AZURE_AUTHORITY_HOST is no https:// URL");
  }
  return authority;
}

DefaultCredentials::DefaultCredentials(const Doors& doors, Environment environment,
                                       std::string resource)
    : doors_(doors),
      environment_(std::move(environment)),
      resource_(std::move(resource)),
      kept_(doors.clock, [this] { return Find(); }) {}

/// The application that the environment names; one that it names in part is an error: to go on would be to act as somebody else than was
/// meant. Only the operator says where its secret goes, and not the cloud that a Fleet names.
Result<std::optional<Application>> DefaultCredentials::Named() const {
  for (const std::string_view proof : {kSecret, kCertificate, kFederated}) {
    const std::string value = Variable(environment_, std::string(proof));
    if (value.empty()) {
      continue;
    }
    Application application{.authority = {},
                            .tenant = Variable(environment_, "AZURE_TENANT_ID"),
                            .client = Variable(environment_, "AZURE_CLIENT_ID"),
                            .proof = ClientSecret{value}};
    const std::string about = std::string(proof) + " is set: ";
    if (application.tenant.empty() || application.client.empty()) {
      return Fail(Code::kInvalid, about + "AZURE_TENANT_ID and AZURE_CLIENT_ID must be, too");
    }
    if (const auto ids = CheckIds(application.tenant, application.client); !ids.has_value()) {
      return Fail(Code::kInvalid, about + ids.error().message);
    }
    SLIPWAY_TRY(
        authority,
        AuthorityOf(environment_, objects::AzureHostsOf(api::AzureEnvironment::kPublic).authority));
    application.authority = std::move(authority);
    if (proof == kCertificate) {
      auto certificate = CertificateIn(value);
      if (!certificate.has_value()) {
        return Fail(Code::kInvalid, std::string(proof) + ": " + certificate.error().message);
      }
      application.proof = std::move(certificate.value());
    } else if (proof == kFederated) {
      application.proof = FederatedToken{value};
    }
    return std::optional(std::move(application));
  }
  return std::optional<Application>();
}

Result<AccessToken> DefaultCredentials::Find() const {
  const auto named = Named();
  if (!named.has_value()) {
    return Fail(Code::kInvalid, kNone + named.error().message);
  }
  if (named.value()) {
    auto token = TokenOf(doors_, *named.value(), ScopeOf(resource_));
    const std::string origin = " of the environment";
    if (!token.has_value()) {
      token.error().message += ". The credentials are those" + origin;
      return token;
    }
    token.value().source += origin;
    return token;
  }
  auto token = TokenOfMachine(doors_, environment_, resource_);
  if (!token.has_value()) {
    token.error().message = std::string(kNone) + "tried, in this order: " + std::string(kSecret) +
                            ", " + std::string(kCertificate) + " and " + std::string(kFederated) +
                            " (not set); the managed identity of this machine (" +
                            token.error().message + "). " + kAdvice;
  }
  return token;
}

ApplicationCredentials::ApplicationCredentials(const Doors& doors, Application application,
                                               const std::string& resource, std::string origin)
    : doors_(doors),
      application_(std::move(application)),
      scope_(ScopeOf(resource)),
      origin_(std::move(origin)),
      kept_(doors.clock, [this] { return Fetch(); }) {}

Result<AccessToken> ApplicationCredentials::Fetch() const {
  SLIPWAY_TRY(token, TokenOf(doors_, application_, scope_));
  token.source += origin_;
  return std::move(token);
}

}  // namespace slipway::cloud::azure
