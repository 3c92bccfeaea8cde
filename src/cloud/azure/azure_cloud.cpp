#include "src/cloud/azure/azure_cloud.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "src/cloud/api_client.hpp"
#include "src/cloud/azure/arm_reader.hpp"
#include "src/cloud/azure/credentials/application.hpp"
#include "src/cloud/azure/credentials/default_credentials.hpp"
#include "src/cloud/azure/refusal.hpp"
#include "src/cloud/azure/survey.hpp"
#include "src/cloud/text.hpp"
#include "src/objects/azure_hosts.hpp"

namespace slipway::cloud::azure {
namespace {

constexpr const char* kManagerVariable = "AZURE_RESOURCE_MANAGER_URL";

/// Where Resource Manager is: as the Fleet says, or the environment, or the cloud's own.
std::string EndpointOf(const api::AzureProvider& provider, const Environment& environment) {
  std::string endpoint = provider.endpoint;
  if (endpoint.empty()) {
    endpoint = Variable(environment, kManagerVariable);
  }
  while (endpoint.ends_with('/')) {
    endpoint.pop_back();
  }
  return endpoint.empty() ? std::string("https://") + objects::AzureHostsOf(provider.cloud).manager
                          : endpoint;
}

/// Who gives tokens to an application of a Secret. AKS and others set the variable to their own cloud's, in every pod: another cloud's
/// secret must not go there.
Result<std::string> AuthorityFor(api::AzureEnvironment cloud, const Environment& environment) {
  const std::string usual = objects::AzureHostsOf(cloud).authority;
  SLIPWAY_TRY(authority, AuthorityOf(environment, usual));
  return objects::IsAuthorityOfAnother(LowerCase(authority), cloud) ? "https://" + usual
                                                                    : authority;
}

/// What tokens are for: the cloud's own Resource Manager, wherever it is asked.
std::string ResourceOf(const api::AzureProvider& provider) {
  return std::string("https://") + objects::AzureHostsOf(provider.cloud).manager;
}

Result<Application> ReadSecret(const api::AzureProvider& provider, const SecretData& secret,
                               const Environment& environment) {
  const auto value = [&](const char* name) {
    const auto found = secret.find(name);
    return std::string(Trimmed(found == secret.end() ? "" : found->second));
  };
  Application application{.authority = {},
                          .tenant = value("tenantID"),
                          .client = value("clientID"),
                          .proof = ClientSecret{value("clientSecret")}};
  for (const char* name : {"tenantID", "clientID"}) {
    if (value(name).empty()) {
      return Fail(Code::kInvalid, std::string("it has no ") + name);
    }
  }
  SLIPWAY_TRYV(CheckIds(application.tenant, application.client));
  const std::string pem = value("certificate");
  if (value("clientSecret").empty() == pem.empty()) {
    return Fail(Code::kInvalid, pem.empty() ? "it has neither of both" : "it has both");
  }
  if (!pem.empty()) {
    SLIPWAY_TRY(certificate, ReadCertificate(pem));
    application.proof = std::move(certificate);
  }
  SLIPWAY_TRY(authority, AuthorityFor(provider.cloud, environment));
  application.authority = std::move(authority);
  return application;
}

ApiCall CallTo(const std::string& endpoint, const std::string& subscription) {
  return {.api = "Azure Resource Manager",
          .of = subscription,
          .endpoint = endpoint,
          .path = {},
          .json = {},
          .headers = {{"accept", "application/json"}}};
}

/// Where a role is assigned: on the resource groups that are named, or else on the subscriptions.
std::vector<std::string> ScopesOf(const api::AzureProvider& provider) {
  std::vector<std::string> scopes;
  for (const std::string& subscription : provider.subscriptions) {
    const std::string whole = "/subscriptions/" + subscription;
    for (const std::string& group : provider.resource_groups) {
      scopes.push_back(whole + "/resourceGroups/" + group);
    }
    if (provider.resource_groups.empty()) {
      scopes.push_back(whole);
    }
  }
  return scopes;
}

/// The least that must be allowed, as az takes it. The role Reader has all of it.
std::string PolicyFor(const api::AzureProvider& provider) {
  std::string subscriptions;
  for (const std::string& subscription : provider.subscriptions) {
    subscriptions +=
        (subscriptions.empty() ? "" : ", ") + ("\"/subscriptions/" + subscription) + "\"";
  }
  std::string policy =
      "az role definition create --role-definition '{\"Name\": \"Slipway lister\", "
      "\"AssignableScopes\": [" +
      subscriptions +
      "],\n  \"Actions\": [\"Microsoft.Compute/virtualMachines/read\",\n"
      "    \"Microsoft.Compute/virtualMachineScaleSets/read\",\n"
      "    \"Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read\",\n"
      "    \"Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read\",\n"
      "    \"Microsoft.Compute/virtualMachineScaleSets/publicIPAddresses/read\",\n"
      "    \"Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces/read\",\n"
      "    \"Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces/"
      "ipConfigurations/publicIPAddresses/read\",\n"
      "    \"Microsoft.Network/networkInterfaces/read\",\n"
      "    \"Microsoft.Network/publicIPAddresses/read\"]}'\n";
  for (const std::string& scope : ScopesOf(provider)) {
    policy += "az role assignment create --role 'Slipway lister' --assignee CLIENT_ID --scope '" +
              scope + "'\n";
  }
  return policy;
}

/// A resource group that no subscription has: it is misspelt, or all of its machines are gone with it, which nobody can tell apart.
Result<void> CheckGroups(const std::map<std::string, std::vector<Error>>& absent,
                         std::size_t subscriptions) {
  for (const auto& [group, errors] : absent) {
    if (errors.size() == subscriptions) {
      return errors.back();
    }
  }
  return Ok();
}

/// Where a resource group is in one of the subscriptions, the others need not have it.
std::vector<Check> OfGroupsThatAreThere(std::vector<GroupCheck> tried) {
  const auto absent = [](const GroupCheck& each) {
    return each.check.trouble && IsPlaceAbsent(*each.check.trouble);
  };
  std::set<std::string> there;
  for (const GroupCheck& each : tried) {
    if (!absent(each)) {
      there.insert(each.group);
    }
  }
  std::vector<Check> checks;
  for (GroupCheck& each : tried) {
    if (!absent(each) || !there.contains(each.group)) {
      checks.push_back(std::move(each.check));
    }
  }
  return checks;
}

}  // namespace

/// One subscription at one endpoint, as one identity sees it.
struct AzureCloud::Place {
  Place(const Doors& doors, TokenSource& tokens, const AzureOptions& options, const Pause& pause,
        const std::string& key)
      : budget(doors.clock, options.seed + std::hash<std::string>()(key), pause),
        client(doors, tokens, budget, options.limits, RefusalOf) {}

  CallBudget budget;
  ApiClient client;
};

/// An identity, and what is known of the subscriptions that it sees.
struct AzureCloud::Identity {
  std::unique_ptr<TokenSource> tokens;
  Pool<Place> places{kMostPlaces};
};

AzureCloud::AzureCloud(const Doors& doors, AzureOptions options, Pause pause)
    : doors_(doors), options_(std::move(options)), pause_(std::move(pause)) {}

AzureCloud::~AzureCloud() = default;

Result<std::shared_ptr<AzureCloud::Identity>> AzureCloud::IdentityOf(
    const api::AzureProvider& provider, const SecretData& secret) {
  const auto identity = [](std::unique_ptr<TokenSource> tokens) {
    auto made = std::make_shared<Identity>();
    made->tokens = std::move(tokens);
    return made;
  };
  const std::string resource = ResourceOf(provider);
  if (provider.endpoint.empty()) {
    SLIPWAY_TRYV(CheckEndpointIn(options_.environment, kManagerVariable));
  }
  if (!provider.secret_ref && !objects::IsOwnEndpoint(provider)) {
    return Trouble(Code::kInvalid, "EndpointInvalid",
                   "The control plane's own token goes to https:// and " +
                       std::string(objects::AzureHostsOf(provider.cloud).manager) +
                       " only: correct the endpoint, or say in secretRef who asks.");
  }
  if (!provider.secret_ref) {
    return identities_.Get(resource, [&] {
      return identity(std::make_unique<DefaultCredentials>(doors_, options_.environment, resource));
    });
  }
  const std::string& name = provider.secret_ref->name;
  auto application = ReadSecret(provider, secret, options_.environment);
  if (!application.has_value()) {
    return Trouble(Code::kInvalid, "SecretInvalid",
                   "The Secret " + name +
                       " needs tenantID, clientID and either clientSecret or certificate: " +
                       application.error().message + ".");
  }
  std::string key = resource + '\0' + name;
  for (const auto& [field, value] : secret) {
    key += '\0' + field + '\0' + value;
  }
  return identities_.Get(key, [&] {
    return identity(std::make_unique<ApplicationCredentials>(doors_, std::move(application.value()),
                                                             resource, " of Secret " + name));
  });
}

std::shared_ptr<AzureCloud::Place> AzureCloud::PlaceOf(Identity& identity,
                                                       const std::string& endpoint,
                                                       const std::string& subscription) {
  const std::string key = endpoint + '\0' + subscription;
  return identity.places.Get(key, [&] {
    return std::make_shared<Place>(doors_, *identity.tokens, options_, pause_, key);
  });
}

Result<std::vector<runtime::ListedServer>> AzureCloud::List(const api::Provider& provider,
                                                            const SecretData& secret) {
  const api::AzureProvider& azure = *provider.azure;
  SLIPWAY_TRY(identity, IdentityOf(azure, secret));
  const std::string manager = objects::AzureHostsOf(azure.cloud).manager;
  const std::string endpoint = EndpointOf(azure, options_.environment);
  const MonoTime deadline = doors_.clock.Mono() + options_.deadline;
  Listed listed;
  std::map<std::string, std::vector<Error>> absent;
  for (const std::string& subscription : azure.subscriptions) {
    const auto place = PlaceOf(*identity, endpoint, subscription);
    ArmReader arm(place->client, CallTo(endpoint, subscription), manager, deadline);
    Survey survey(arm, azure, subscription);
    SLIPWAY_TRYV(survey.Run());
    for (const auto& [group, error] : survey.absent_groups()) {
      absent[group].push_back(error);
    }
    SLIPWAY_TRYV(Gather(endpoint, survey.TakeServers(), listed));
  }
  SLIPWAY_TRYV(CheckGroups(absent, azure.subscriptions.size()));
  return InOrder(std::move(listed));
}

void AzureCloud::ExamineSubscription(const api::AzureProvider& provider, Identity& identity,
                                     const std::string& subscription,
                                     std::vector<GroupCheck>& checks) {
  const std::string endpoint = EndpointOf(provider, options_.environment);
  const auto place = PlaceOf(identity, endpoint, subscription);
  for (const ListedKind& kind : KindsOf(provider, subscription)) {
    ApiCall call = CallTo(endpoint, subscription);
    call.path = kind.path;
    checks.push_back(
        {.group = kind.group,
         .check = CheckOf(kind.permission, kind.scope,
                          place->client.Call(call, doors_.clock.Mono() + options_.deadline))});
  }
}

Examination AzureCloud::Examine(const api::Provider& provider, const SecretData& secret) {
  const api::AzureProvider& azure = *provider.azure;
  Examination examination{.checks = {}, .policy = PolicyFor(azure)};
  const auto identity = IdentityOf(azure, secret);
  const auto token = identity.has_value() ? identity.value()->tokens->Get()
                                          : Result<AccessToken>(identity.error());
  examination.checks.push_back(CheckToken(token));
  if (token.has_value()) {
    std::vector<GroupCheck> checks;
    for (const std::string& subscription : azure.subscriptions) {
      ExamineSubscription(azure, *identity.value(), subscription, checks);
    }
    std::ranges::move(OfGroupsThatAreThere(std::move(checks)),
                      std::back_inserter(examination.checks));
    // What is read of single scale sets and machines needs more than their lists.
    examination.checks.push_back(
        CheckOf("a whole list", "all subscriptions", List(provider, secret)));
  }
  return examination;
}

}  // namespace slipway::cloud::azure
