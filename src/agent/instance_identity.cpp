#include "src/agent/instance_identity.hpp"

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/api/names.hpp"
#include "reconciler/base/json.hpp"
#include "src/agent/metadata_service.hpp"

namespace slipway::agent {
namespace {

namespace asio = boost::asio;
using Answer = Result<InstanceIdentity>;

constexpr Duration kPause{1'000};
constexpr const char* kUsualUrl = "http://169.254.169.254";

/// What stands behind the last slash.
std::string LastPart(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// The text at `name`; empty where there is none.
std::string Field(const nlohmann::json& document, const char* name) {
  const bool there = document.is_object() && document.contains(name) && document[name].is_string();
  return there ? document[name].get<std::string>() : std::string();
}

Answer ReadAwsDocument(const std::string& text) {
  const nlohmann::json document = ReadJson(text);
  const std::string id = Field(document, "instanceId");
  const std::string zone = Field(document, "availabilityZone");
  if (!id.starts_with("i-") || zone.empty()) {
    return Fail(Code::kInvalid,
                "the metadata service names no instance and zone in its identity document");
  }
  return InstanceIdentity{.name = id, .provider_id = "aws:///" + zone + "/" + id};
}

/// By version 2 and never by version 1. Source: "Use IMDSv2" and "Instance identity documents", Amazon EC2 User Guide.
asio::awaitable<Answer> AskAws(MetadataService service) {
  MetadataQuestion open{.put = true, .path = "/latest/api/token", .headers = {}, .proof = {}};
  open.headers["X-aws-ec2-metadata-token-ttl-seconds"] = "60";
  SLIPWAY_CO_TRY(token, co_await service.Ask(std::move(open)));
  MetadataQuestion ask{.put = false,
                       .path = "/latest/dynamic/instance-identity/document",
                       .headers = {},
                       .proof = {}};
  ask.headers["X-aws-ec2-metadata-token"] = token;
  SLIPWAY_CO_TRY(document, co_await service.Ask(std::move(ask)));
  co_return ReadAwsDocument(document);
}

/// Source: "About VM metadata" and "Predefined metadata keys", Compute Engine documentation.
asio::awaitable<Answer> AskGcp(MetadataService service) {
  std::array<std::string, 4> said;
  constexpr std::array<const char*, 4> kKeys = {"project/project-id", "instance/zone",
                                                "instance/name", "instance/id"};
  for (std::size_t index = 0; index < kKeys.size(); ++index) {
    MetadataQuestion question{.put = false,
                              .path = std::string("/computeMetadata/v1/") + kKeys[index],
                              .headers = {},
                              .proof = {"Metadata-Flavor", "Google"}};
    question.headers.insert(question.proof);
    SLIPWAY_CO_TRY(text, co_await service.Ask(std::move(question)));
    said[index] = std::move(text);
  }
  const auto& [project, zone, name, id] = said;
  const std::string server = api::NameOfMachine(name, id);
  if (project.empty() || LastPart(zone).empty() || name.empty() || server.empty()) {
    co_return Fail(Code::kInvalid, "the metadata service names no project, zone and instance");
  }
  co_return InstanceIdentity{.name = server,
                             .provider_id = "gce://" + project + "/" + LastPart(zone) + "/" + name};
}

/// Source: "Azure Instance Metadata Service for virtual machines", Microsoft Learn.
asio::awaitable<Answer> AskAzure(MetadataService service) {
  MetadataQuestion question{.put = false,
                            .path = "/metadata/instance/compute?api-version=2021-02-01",
                            .headers = {},
                            .proof = {}};
  question.headers["Metadata"] = "true";
  SLIPWAY_CO_TRY(text, co_await service.Ask(std::move(question)));
  const nlohmann::json document = ReadJson(text);
  const std::string resource = Field(document, "resourceId");
  std::string id = Field(document, "vmId");
  for (char& letter : id) {
    letter = letter >= 'A' && letter <= 'F' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  const std::string server = api::NameOfMachine(Field(document, "name"), id);
  if (!resource.starts_with("/subscriptions/") || server.empty()) {
    co_return Fail(Code::kInvalid, "the metadata service names no machine");
  }
  co_return InstanceIdentity{.name = server, .provider_id = "azure://" + resource};
}

/// Source: "Metadata service", Nova user documentation.
asio::awaitable<Answer> AskOpenstack(MetadataService service) {
  MetadataQuestion question{
      .put = false, .path = "/openstack/latest/meta_data.json", .headers = {}, .proof = {}};
  SLIPWAY_CO_TRY(text, co_await service.Ask(std::move(question)));
  const std::string id = Field(ReadJson(text), "uuid");
  if (!api::IsUuid(id)) {
    co_return Fail(Code::kInvalid, "the metadata service names no server in its meta_data.json");
  }
  co_return InstanceIdentity{.name = id, .provider_id = "openstack:///" + id};
}

struct Provider {
  std::string_view name;
  const char* variable;     ///< as the provider's own tools call it, where they do
  std::string_view scheme;  ///< that the variable leaves out
  asio::awaitable<Answer> (*ask)(MetadataService);
};

constexpr std::array<Provider, 4> kProviders{{
    {"aws", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "", &AskAws},
    {"azure", "SLIPWAY_AZURE_METADATA", "", &AskAzure},
    {"gcp", "GCE_METADATA_HOST", "http://", &AskGcp},
    {"openstack", "SLIPWAY_OPENSTACK_METADATA", "", &AskOpenstack},
}};

const Provider* Find(const std::string& name) {
  for (const Provider& provider : kProviders) {
    if (provider.name == name) {
      return &provider;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> IdentityProviders() {
  std::vector<std::string> names;
  for (const Provider& provider : kProviders) {
    names.emplace_back(provider.name);
  }
  return names;
}

std::string MetadataUrl(const std::string& provider) {
  const Provider* known = Find(provider);
  const char* own = known == nullptr ? nullptr : std::getenv(known->variable);
  return own == nullptr || *own == '\0' ? kUsualUrl : std::string(known->scheme) + own;
}

asio::awaitable<Answer> ReadIdentity(std::string provider, std::string url, Duration patience) {
  const Provider* known = Find(provider);
  if (known == nullptr) {
    co_return Fail(Code::kInvalid, "\"" + provider + "\" is no provider that can be asked");
  }
  SLIPWAY_CO_TRY(service, MetadataService::At(url));
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    Answer answer = co_await known->ask(service);
    const bool passes = !answer.has_value() && answer.error().code == Code::kUnavailable;
    if (!passes || std::chrono::steady_clock::now() + kPause > end) {
      co_return answer;
    }
    timer.expires_after(kPause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace slipway::agent
