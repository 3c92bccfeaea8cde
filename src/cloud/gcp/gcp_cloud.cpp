#include "src/cloud/gcp/gcp_cloud.hpp"

#include <future>
#include <string_view>
#include <utility>
#include <variant>

#include "reconciler/base/assert.hpp"
#include "src/cloud/api_client.hpp"
#include "src/cloud/gcp/credentials/default_credentials.hpp"
#include "src/cloud/gcp/credentials/key_file.hpp"
#include "src/cloud/gcp/credentials/signed_assertion.hpp"
#include "src/cloud/gcp/instances.hpp"
#include "src/cloud/gcp/refusal.hpp"
#include "src/cloud/pages.hpp"
#include "src/objects/url.hpp"

namespace slipway::cloud::gcp {
namespace {

constexpr const char* kGoogle = "googleapis.com";
constexpr const char* kPermission = "compute.instances.list";
/// An instance may have 512 KB of metadata: a page of so many such ones is still below what an answer may have.
constexpr int kFewOnAPage = 100;
constexpr const char* kEndpointVariable = "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE";

/// Where the API is: as the Fleet says, or the environment in the words of gcloud, or Google itself.
std::string EndpointOf(const api::GcpProvider& provider, const Environment& environment) {
  constexpr std::string_view kVersion = "/compute/v1";
  std::string endpoint = provider.endpoint;
  if (endpoint.empty()) {
    endpoint = Variable(environment, kEndpointVariable);
  }
  while (endpoint.ends_with('/')) {
    endpoint.pop_back();
  }
  if (endpoint.ends_with(kVersion)) {
    endpoint.resize(endpoint.size() - kVersion.size());
  }
  return endpoint.empty() ? "https://compute.googleapis.com" : endpoint;
}

Error SecretTrouble(const std::string& name, const std::string& why) {
  return Trouble(
      Code::kInvalid, "SecretInvalid",
      "The Secret " + name + " needs key.json, the key file of a service account: " + why + ".");
}

/// The least that must be allowed, as gcloud takes it.
std::string PolicyFor(const std::string& project) {
  return "gcloud iam roles create instanceLister --project " + project + " --permissions " +
         kPermission + "\ngcloud projects add-iam-policy-binding " + project + " --role projects/" +
         project + "/roles/instanceLister --member serviceAccount:EMAIL_OF_THE_ACCOUNT\n";
}

/// Who a Secret says to be. Other kinds of key files name files of this machine, and where their text goes: whoever writes Secrets
/// could have any file. The same with where the key is used: that is Google, or who the operator has set up in its place.
Result<ServiceAccountKey> KeyOfSecret(const std::string& name, const SecretData& secret,
                                      const GcpOptions& options, Time now) {
  const auto found = secret.find("key.json");
  if (found == secret.end()) {
    return SecretTrouble(name, "it has none");
  }
  auto read = ReadKeyFile(found->second);
  if (!read.has_value()) {
    return SecretTrouble(name, read.error().message);
  }
  auto* key = std::get_if<ServiceAccountKey>(&read.value());
  if (key == nullptr) {
    return SecretTrouble(name, "other kinds of it are for the control plane's own credentials");
  }
  const std::string own = Variable(options.environment, "CLOUDSDK_AUTH_TOKEN_HOST");
  if (!objects::IsHttpsUnder(key->token_url, kGoogle) && (own.empty() || key->token_url != own)) {
    return SecretTrouble(name, "its token_uri is not of " + std::string(kGoogle));
  }
  if (const auto usable = SignAssertion(*key, now); !usable.has_value()) {
    return SecretTrouble(name, usable.error().message);
  }
  return std::move(*key);
}

}  // namespace

/// One project at one endpoint, as one account sees it.
struct GcpCloud::Place {
  Place(const Doors& doors, TokenSource& tokens, const GcpOptions& options, const Pause& pause,
        const std::string& key)
      : budget(doors.clock, options.seed + std::hash<std::string>()(key), pause),
        client(doors, tokens, budget, options.limits,
               [](const rest::Response& response) { return RefusalOf(response, kPermission); }) {}

  CallBudget budget;
  ApiClient client;
};

/// An account, and what is known of the projects that it sees.
struct GcpCloud::Identity {
  std::unique_ptr<TokenSource> tokens;
  Pool<Place> places{kMostPlaces};
};

GcpCloud::GcpCloud(const Doors& doors, GcpOptions options, Pause pause)
    : doors_(doors), options_(std::move(options)), pause_(std::move(pause)) {}

GcpCloud::~GcpCloud() = default;

Result<std::shared_ptr<GcpCloud::Identity>> GcpCloud::IdentityOf(const api::GcpProvider& provider,
                                                                 const SecretData& secret) {
  const auto identity = [](std::unique_ptr<TokenSource> tokens) {
    auto made = std::make_shared<Identity>();
    made->tokens = std::move(tokens);
    return made;
  };
  if (provider.endpoint.empty()) {
    SLIPWAY_TRYV(CheckEndpointIn(options_.environment, kEndpointVariable));
  }
  if (!provider.secret_ref && !provider.endpoint.empty() &&
      !objects::IsHttpsUnder(provider.endpoint, kGoogle)) {
    return Trouble(Code::kInvalid, "EndpointInvalid",
                   "The control plane's own token goes to https:// and " + std::string(kGoogle) +
                       " only: correct the endpoint, or say in secretRef who asks.");
  }
  if (!provider.secret_ref) {
    return identities_.Get("", [&] {
      return identity(std::make_unique<DefaultCredentials>(doors_, options_.environment));
    });
  }
  const std::string& name = provider.secret_ref->name;
  SLIPWAY_TRY(key, KeyOfSecret(name, secret, options_, doors_.clock.Now()));
  return identities_.Get(name + '\0' + secret.at("key.json"), [&] {
    return identity(
        std::make_unique<KeyCredentials>(doors_, KeyFile(std::move(key)), " of Secret " + name));
  });
}

std::shared_ptr<GcpCloud::Place> GcpCloud::PlaceOf(Identity& identity, const std::string& project,
                                                   const std::string& endpoint) {
  const std::string key = endpoint + '\0' + project;
  return identity.places.Get(key, [&] {
    return std::make_shared<Place>(doors_, *identity.tokens, options_, pause_, key);
  });
}

ApiCall GcpCloud::CallOf(const api::GcpProvider& provider) const {
  return {.api = "Compute Engine",
          .of = provider.project,
          .endpoint = EndpointOf(provider, options_.environment),
          .path = AggregatedList(provider, ""),
          .json = {},
          .headers = {}};
}

Result<std::vector<runtime::ListedServer>> GcpCloud::List(const api::Provider& provider,
                                                          const SecretData& secret) {
  const api::GcpProvider& gcp = *provider.gcp;
  SLIPWAY_TRY(identity, IdentityOf(gcp, secret));
  ApiCall call = CallOf(gcp);
  const std::string endpoint = call.endpoint;
  const std::shared_ptr<Place> place = PlaceOf(*identity, gcp.project, endpoint);
  const MonoTime deadline = doors_.clock.Mono() + options_.deadline;
  Listed listed;
  // What a page lists is read while the next one is on its way.
  std::future<Result<void>> reading;
  const auto finish = [&] { return reading.valid() ? reading.get() : Result<void>(Ok()); };
  int most = kMostOnAPage;
  SLIPWAY_TRYV(ReadPages(endpoint, [&](const std::string& token) -> Result<std::string> {
    call.path = AggregatedList(gcp, token, most);
    auto text = place->client.Call(call, deadline);
    if (!text.has_value() && text.error().code == Code::kTooLarge && most > kFewOnAPage) {
      most = kFewOnAPage;
      call.path = AggregatedList(gcp, token, most);
      text = place->client.Call(call, deadline);
    }
    SLIPWAY_TRYV(text);
    auto page = InstancePage::Parse(text.value());
    if (!page.has_value()) {
      return Unbelievable(endpoint, page.error().message);
    }
    SLIPWAY_TRYV(finish());
    std::string next = page.value().next();
    reading = std::async([&, whole = std::move(page.value())]() -> Result<void> {
      const GuardedScope guarded;  // a fault costs this listing, as on the thread that waits for it
      auto servers = whole.Servers(gcp);
      if (!servers.has_value()) {
        return Unbelievable(endpoint, servers.error().message);
      }
      return Gather(endpoint, std::move(servers.value()), listed);
    });
    return next;
  }));
  SLIPWAY_TRYV(finish());
  return InOrder(std::move(listed));
}

Examination GcpCloud::Examine(const api::Provider& provider, const SecretData& secret) {
  const api::GcpProvider& gcp = *provider.gcp;
  Examination examination{.checks = {}, .policy = PolicyFor(gcp.project)};
  const auto identity = IdentityOf(gcp, secret);
  const auto token = identity.has_value() ? identity.value()->tokens->Get()
                                          : Result<AccessToken>(identity.error());
  examination.checks.push_back(CheckToken(token));
  if (token.has_value()) {
    const ApiCall call = CallOf(gcp);
    const auto place = PlaceOf(*identity.value(), gcp.project, call.endpoint);
    examination.checks.push_back(
        CheckOf(kPermission, gcp.project,
                place->client.Call(call, doors_.clock.Mono() + options_.deadline)));
  }
  return examination;
}

}  // namespace slipway::cloud::gcp
