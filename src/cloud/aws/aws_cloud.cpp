#include "src/cloud/aws/aws_cloud.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "src/cloud/aws/credentials/credential_chain.hpp"
#include "src/cloud/aws/endpoint.hpp"
#include "src/cloud/aws/groups.hpp"
#include "src/cloud/aws/instances.hpp"

namespace slipway::cloud::aws {
namespace {

/// As the Fleet says it, without a slash at the end.
std::string OwnEndpoint(std::string endpoint) {
  while (endpoint.ends_with('/')) {
    endpoint.pop_back();
  }
  return endpoint;
}

Result<QueryTarget> Ec2In(const api::AwsProvider& provider, const std::string& region,
                          const Environment& environment) {
  QueryTarget target{.service = "ec2",
                     .title = "EC2",
                     .region = region,
                     .version = "2016-11-15",
                     .endpoint = OwnEndpoint(provider.endpoint)};
  if (target.endpoint.empty()) {
    SLIPWAY_TRY(endpoint, EndpointOf(environment, "EC2", "ec2", region));
    target.endpoint = std::move(endpoint);
  }
  return target;
}

Result<QueryTarget> AutoScalingIn(const std::string& region, const Environment& environment) {
  SLIPWAY_TRY(endpoint, EndpointOf(environment, "AUTO_SCALING", "autoscaling", region));
  return QueryTarget{.service = "autoscaling",
                     .title = "Auto Scaling",
                     .region = region,
                     .version = "2011-01-01",
                     .endpoint = std::move(endpoint)};
}

/// Where STS is asked for a role: where the user works, or else in the Fleet's first region. Empty where nobody asks it.
std::string StsRegion(const api::AwsProvider& provider, const Environment& environment) {
  if (provider.secret_ref && provider.role_arn.empty()) {
    return "";
  }
  std::string region = DefaultRegion(environment);
  return region.empty() ? provider.regions.front() : region;
}

/// What the launch of an instance needs to be completed, and what it was made of.
std::string LaunchIn(const std::string& region, const std::string& group) {
  return region + "/" + group;
}

std::pair<std::string, std::string> RegionAndGroup(const std::string& launch) {
  const std::size_t slash = std::min(launch.find('/'), launch.size());
  return {launch.substr(0, slash), launch.substr(std::min(slash + 1, launch.size()))};
}

/// The least that must be allowed: to whoever reads, and to whoever takes the role that reads.
std::string PolicyFor(const api::AwsProvider& provider) {
  std::string policy =
      std::string(
          "{\"Version\": \"2012-10-17\",\n"
          " \"Statement\": [{\"Effect\": \"Allow\", \"Resource\": \"*\",\n"
          "                \"Action\": [\"ec2:DescribeInstances\", "
          "\"autoscaling:DescribeAutoScalingGroups\"") +
      (provider.launch_hook.empty() ? ""
                                    : std::string(", \"autoscaling:CompleteLifecycleAction\"")) +
      "]}]}\n";
  if (!provider.role_arn.empty()) {
    policy +=
        "and, for the credentials that take the role:\n"
        "{\"Version\": \"2012-10-17\",\n"
        " \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\",\n"
        "                \"Resource\": \"" +
        provider.role_arn + "\"}]}\n";
  }
  return policy;
}

}  // namespace

/// Credentials, and whose they are.
struct AwsCloud::Identity {
  std::unique_ptr<CredentialSource> own;
  std::unique_ptr<CredentialSource> role;  ///< assumed with `own`; nullptr: none
  std::string principal;  ///< a role, the id of a key, or nothing: whoever this process is

  CredentialSource& credentials() const { return role ? *role : *own; }
};

/// One list that is being made.
struct AwsCloud::Listing {
  Identity& identity;
  MonoTime deadline;
  Actor actor = {};
  Listed listed = {};
};

AwsCloud::AwsCloud(const Doors& doors, AwsOptions options, Pause pause)
    : doors_(doors), options_(std::move(options)), pause_(std::move(pause)) {}

AwsCloud::~AwsCloud() = default;

std::shared_ptr<AwsCloud::Identity> AwsCloud::MakeIdentity(const api::AwsProvider& provider,
                                                           const Credentials& fixed,
                                                           const std::string& sts_region) {
  const StsCalls sts{.state = StateOf(fixed.key_id, "STS", sts_region), .limits = options_.limits};
  auto identity = std::make_shared<Identity>();
  identity->principal = provider.role_arn.empty() ? fixed.key_id : provider.role_arn;
  if (provider.secret_ref) {
    identity->own = std::make_unique<FixedCredentials>(fixed);
  } else {
    identity->own = std::make_unique<CredentialChain>(
        doors_,
        CredentialChain::Options{
            .environment = options_.environment, .region = sts_region, .profile = {}, .sts = sts});
  }
  if (!provider.role_arn.empty()) {
    identity->role = std::make_unique<AssumedRole>(
        *identity->own,
        Role{.arn = provider.role_arn,
             .external_id = provider.external_id,
             .session_name = {},
             .duration_seconds = {}},
        Sts(doors_, options_.environment, sts_region, sts), doors_.clock);
  }
  return identity;
}

Result<std::shared_ptr<AwsCloud::Identity>> AwsCloud::IdentityOf(const api::AwsProvider& provider,
                                                                 const SecretData& secret) {
  Credentials fixed;
  if (provider.secret_ref) {
    const auto text = [&](const char* key) {
      const auto found = secret.find(key);
      return found == secret.end() ? std::string() : found->second;
    };
    fixed = {.key_id = text("accessKeyID"),
             .secret = text("secretAccessKey"),
             .session_token = text("sessionToken"),
             .expires = {},
             .source = "Secret " + provider.secret_ref->name};
    if (fixed.key_id.empty() || fixed.secret.empty()) {
      return Trouble(
          Code::kInvalid, "SecretInvalid",
          "The Secret " + provider.secret_ref->name +
              " needs accessKeyID and secretAccessKey, and for keys that end sessionToken.");
    }
  }
  if (provider.secret_ref) {
    const auto usable = FixedCredentials(fixed).Get();
    if (!usable.has_value()) {
      return Trouble(
          Code::kInvalid, "SecretInvalid",
          "The Secret " + provider.secret_ref->name + " cannot be used: " + usable.error().message);
    }
  }
  const std::string sts_region = StsRegion(provider, options_.environment);
  std::string key;
  for (const std::string_view part :
       {std::string_view(fixed.source), std::string_view(fixed.key_id),
        std::string_view(fixed.secret), std::string_view(fixed.session_token),
        std::string_view(provider.role_arn), std::string_view(provider.external_id),
        std::string_view(sts_region)}) {
    key.append(part) += '\0';
  }
  return identities_.Get(key, [&] { return MakeIdentity(provider, fixed, sts_region); });
}

/// Whoever answers at another endpoint can make nobody wait at this one.
std::shared_ptr<CallState> AwsCloud::StateOf(const std::string& principal,
                                             const std::string& endpoint,
                                             const std::string& region) {
  const std::string key = principal + '\0' + endpoint + '\0' + region;
  return states_.Get(key, [&] {
    return std::make_shared<CallState>(doors_.clock, options_.seed + std::hash<std::string>()(key),
                                       pause_);
  });
}

QueryClient AwsCloud::ClientFor(Identity& identity, const QueryTarget& target) {
  return {DoorFor(doors_, target.endpoint), identity.credentials(),
          StateOf(identity.principal, target.endpoint, target.region), doors_.clock,
          options_.limits};
}

/// Asks for one page after the other. `ask` makes the question for a token; `read` takes an answer in and gives the next token.
Result<void> AwsCloud::ReadPages(Listing& listing, const QueryTarget& target,
                                 const std::function<Query(const std::string&)>& ask,
                                 const std::function<Result<std::string>(std::string)>& read) {
  QueryClient client = ClientFor(listing.identity, target);
  return cloud::ReadPages(target.endpoint, [&](const std::string& token) -> Result<std::string> {
    SLIPWAY_TRY(xml, client.CallAs(listing.actor, target, ask(token), listing.deadline));
    auto next = read(std::move(xml));
    const bool says_why = next.has_value() || !next.error().causes.empty();
    return says_why ? next : Unbelievable(target.endpoint, next.error().message);
  });
}

Result<void> AwsCloud::ListRegion(const api::AwsProvider& provider, Listing& listing,
                                  const std::string& region) {
  SLIPWAY_TRY(target, Ec2In(provider, region, options_.environment));
  std::map<std::string, std::string> groups;
  const auto read = [&](std::string xml) -> Result<std::string> {
    SLIPWAY_TRY(page, ReadInstances(std::move(xml), region, provider.address));
    groups.merge(page.groups);
    SLIPWAY_TRYV(Gather(target.endpoint, std::move(page.servers), listing.listed));
    return page.next;
  };
  SLIPWAY_TRYV(ReadPages(
      listing, target, [&](const std::string& token) { return DescribeInstances(provider, token); },
      read));
  return MarkStates(provider, listing, region, groups);
}

/// What a group has not, or not any more, is as EC2 says.
Result<void> AwsCloud::MarkStates(const api::AwsProvider& provider, Listing& listing,
                                  const std::string& region,
                                  const std::map<std::string, std::string>& groups) {
  std::set<std::string> distinct;
  for (const auto& [instance, group] : groups) {
    distinct.insert(group);
  }
  const std::vector<std::string> names(distinct.begin(), distinct.end());
  if (names.empty()) {
    return Ok();
  }
  SLIPWAY_TRY(target, AutoScalingIn(region, options_.environment));
  const auto read = [&](const std::string& xml) -> Result<std::string> {
    SLIPWAY_TRY(page, ReadGroups(xml));
    for (const auto& [instance, member] : page.members) {
      const auto found = listing.listed.find(instance);
      if (member.state == "InService" || found == listing.listed.end() ||
          found->second.state != runtime::MachineState::kRunning) {
        continue;
      }
      const bool waits = member.state == "Pending:Wait" && !provider.launch_hook.empty();
      found->second.state =
          waits ? runtime::MachineState::kJoining : runtime::MachineState::kStandby;
      found->second.launch = waits ? LaunchIn(region, member.group) : std::string();
    }
    return page.next;
  };
  for (std::size_t begin = 0; begin < names.size(); begin += kGroupsInAQuery) {
    const auto some =
        std::span(names).subspan(begin, std::min(kGroupsInAQuery, names.size() - begin));
    SLIPWAY_TRYV(ReadPages(
        listing, target, [&](const std::string& token) { return DescribeGroups(some, token); },
        read));
  }
  return Ok();
}

Result<std::vector<runtime::ListedServer>> AwsCloud::List(const api::Provider& provider,
                                                          const SecretData& secret) {
  const api::AwsProvider& aws = *provider.aws;
  SLIPWAY_TRY(identity, IdentityOf(aws, secret));
  Listing listing{.identity = *identity, .deadline = doors_.clock.Mono() + options_.deadline};
  for (const std::string& region : aws.regions) {
    SLIPWAY_TRYV(ListRegion(aws, listing, region));
  }
  return InOrder(std::move(listing.listed));
}

Check AwsCloud::Try(Identity& identity, const std::string& region,
                    const Result<QueryTarget>& target, const Query& query) {
  const auto call = [&]() -> Result<std::string> {
    SLIPWAY_TRYV(target);
    return ClientFor(identity, target.value())
        .Call(target.value(), query, doors_.clock.Mono() + options_.deadline);
  };
  return CheckOf(query.permission, region, call());
}

Examination AwsCloud::Examine(const api::Provider& provider, const SecretData& secret) {
  const api::AwsProvider& aws = *provider.aws;
  Examination examination{.checks = {}, .policy = PolicyFor(aws)};
  const auto identity = IdentityOf(aws, secret);
  const auto credentials = identity.has_value() ? identity.value()->credentials().Get()
                                                : Result<Credentials>(identity.error());
  examination.checks.push_back({.needs = "credentials", .where = {}, .trouble = {}});
  if (!credentials.has_value()) {
    examination.checks.back().trouble = WithoutCredentials(credentials.error());
    return examination;
  }
  examination.checks.back().where = credentials.value().source;
  std::vector<std::string> groups;
  if (!aws.auto_scaling_group.empty()) {
    groups.push_back(aws.auto_scaling_group);
  }
  for (const std::string& region : aws.regions) {
    examination.checks.push_back(Try(*identity.value(), region,
                                     Ec2In(aws, region, options_.environment),
                                     DescribeInstances(aws, "")));
    examination.checks.push_back(Try(*identity.value(), region,
                                     AutoScalingIn(region, options_.environment),
                                     DescribeGroups(groups, "")));
  }
  return examination;
}

Result<void> AwsCloud::CompleteLaunch(const runtime::CompleteLaunch& launch,
                                      const SecretData& secret, MonoTime deadline) {
  const api::AwsProvider& aws = *launch.provider.aws;
  const auto [region, group] = RegionAndGroup(launch.launch);
  SLIPWAY_TRY(identity, IdentityOf(aws, secret));
  SLIPWAY_TRY(target, AutoScalingIn(region, options_.environment));
  const Query query =
      CompleteLaunchAction({.hook = aws.launch_hook, .group = group, .instance = launch.server});
  const auto answer = ClientFor(*identity, target).CallOnce(target, query, deadline);
  if (!answer.has_value()) {
    return SaysNobodyWaits(answer.error())
               ? Trouble(Code::kNotFound, "NotWaiting",
                         answer.error().message +
                             ". It may be in service by now; if the next list shows that it waits "
                             "still, it does so at another hook than " +
                             aws.launch_hook)
               : answer.error();
  }
  if (!IsCompleted(answer.value())) {
    return Trouble(Code::kInvalid, "EndpointInvalid",
                   target.endpoint + " does not answer " + query.action + " as Auto Scaling does.");
  }
  return Ok();
}

}  // namespace slipway::cloud::aws
