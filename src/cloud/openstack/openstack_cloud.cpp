#include "src/cloud/openstack/openstack_cloud.hpp"

#include <functional>
#include <set>
#include <utility>

#include "src/cloud/api_client.hpp"
#include "src/cloud/openstack/credentials/find_login.hpp"
#include "src/cloud/openstack/known_servers.hpp"
#include "src/cloud/openstack/refusal.hpp"
#include "src/cloud/openstack/servers.hpp"
#include "src/cloud/pages.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::openstack {
namespace {

constexpr const char* kPermission = "os_compute_api:servers:detail";

/// A Secret by all that it holds: another password is another identity.
std::string KeyOf(const api::OpenstackProvider& provider, const SecretData& secret) {
  std::string key = provider.cloud + '\0' + provider.project;
  if (provider.secret_ref) {
    key += '\0' + provider.secret_ref->name;
    for (const auto& [name, value] : secret) {
      key += '\0' + name + '\0' + value;
    }
  }
  return key;
}

/// That the token is for the project that the Fleet names: an application credential cannot be for another than its own.
Result<void> CheckProject(const Session& session, const std::string& project) {
  if (project.empty() || project == session.project_id || project == session.project_name) {
    return Ok();
  }
  return Trouble(Code::kInvalid, "InvalidRequest",
                 "The token of " + session.token.source + " is for project " +
                     Quoted(session.project_name + " (" + session.project_id + ")", {}) +
                     ", and not for " + Quoted(project, {}) +
                     ": correct project, or use credentials of that project.");
}

/// The least that must be allowed, as openstack takes it: who asks by a role, or makes a credential that has one.
std::string PolicyFor(const std::string& project) {
  return "openstack role add --project " + project +
         " --user ID_OF_THE_USER reader\n"
         "openstack application credential create --role reader fleet-lister\n";
}

}  // namespace

/// The servers of one project at one API, as one account sees them.
struct OpenstackCloud::Place {
  Place(const Doors& doors, const OpenstackOptions& options, const Pause& pause,
        const std::string& key)
      : budget(doors.clock, options.seed + std::hash<std::string>()(key), pause) {}

  CallBudget budget;
  KnownServers known;
};

/// An account in a project, and what is known of the regions that it sees.
struct OpenstackCloud::Identity {
  Identity(const Doors& doors, std::function<Result<Login>()> find, const OpenstackOptions& options,
           const Pause& pause, const std::string& key)
      : sessions(doors, std::move(find)),
        budget(doors.clock, options.seed + std::hash<std::string>()(key), pause) {}

  Sessions sessions;
  CallBudget budget;  ///< of calls to Keystone
  Pool<Place> places{kMostPlaces};
};

/// One list that is being made, by the session that it was begun with or one that leads to the same.
struct OpenstackCloud::Listing {
  Listing(const OpenstackCloud& cloud, Identity& identity, std::shared_ptr<Place> of,
          const Session& begun, ComputeApi found, const std::string& region, MonoTime until)
      : place(std::move(of)),
        api(std::move(found)),
        project(begun.project_id),
        deadline(until),
        call{.api = "Nova",
             .of = "project " + Quoted(begun.project_name, {}),
             .endpoint = api.origin,
             .path = {},
             .json = {},
             .headers = {{"accept", "application/json"}, {"openstack-api-version", kMicroversion}},
             .answered = {{"openstack-api-version", kMicroversion}}},
        tokens(identity.sessions, begun, api, region),
        client(cloud.doors_, tokens, place->budget, cloud.options_.limits, RefusalOf) {}

  const std::shared_ptr<Place> place;
  const ComputeApi api;
  const std::string project;  ///< its id
  const MonoTime deadline;
  ApiCall call;
  BoundTokens tokens;
  ApiClient client;  ///< refers to what is above

  Result<std::string> Read(const std::string& below) {
    call.path = api.path + below;
    return client.Call(call, deadline);
  }

  /// Whether the project has this server, so that the list must have it, too.
  Result<bool> IsThere(const std::string& id) {
    const auto text = Read(ServerPath(id));
    if (!text.has_value()) {
      return IsAbsent(text.error()) ? Result<bool>(false) : text.error();
    }
    const auto there = IsOnLists(text.value(), id, project);
    return there.has_value() ? there : Unbelievable(api.origin, there.error().message);
  }
};

OpenstackCloud::OpenstackCloud(const Doors& doors, OpenstackOptions options, Pause pause)
    : doors_(doors), options_(std::move(options)), pause_(std::move(pause)) {}

OpenstackCloud::~OpenstackCloud() = default;

Result<std::shared_ptr<OpenstackCloud::Identity>> OpenstackCloud::IdentityOf(
    const api::OpenstackProvider& provider, const SecretData& secret) {
  const std::string key = KeyOf(provider, secret);
  std::function<Result<Login>()> find = [this, cloud = provider.cloud, project = provider.project] {
    return FindLogin(options_.environment, cloud, project);
  };
  if (provider.secret_ref) {
    SLIPWAY_TRY(login, LoginOfSecret(provider.secret_ref->name, secret, provider.project));
    find = [login = std::move(login)] { return Result<Login>(login); };
  }
  return identities_.Get(key, [&] {
    return std::make_shared<Identity>(doors_, std::move(find), options_, pause_, key);
  });
}

Result<Session> OpenstackCloud::EnterUntilGood(Identity& identity, MonoTime deadline) const {
  Session session;
  const auto once = [&]() -> Tried {
    auto entered = identity.sessions.Current();
    if (!entered.has_value()) {
      return {.body = {}, .verdict = JudgeNoToken(identity.budget, entered.error())};
    }
    session = std::move(entered.value());
    return {.body = "", .verdict = {}};
  };
  SLIPWAY_TRYV(TryUntilGood(
      identity.budget, options_.limits, deadline, once, [] {},
      Trouble(Code::kTooManyRequests, "Throttled", "Keystone is asked again later.")));
  return session;
}

Result<std::vector<runtime::ListedServer>> OpenstackCloud::ListAll(
    const api::OpenstackProvider& provider, const std::vector<std::string>& of_fleet,
    Listing& listing) const {
  Listed listed;
  std::set<std::string> ids;
  int pages = 0;
  SLIPWAY_TRYV(ReadPages(listing.api.origin, [&](const std::string& marker) -> Result<std::string> {
    SLIPWAY_TRY(text, listing.Read(ServersPath(marker)));
    auto page = ReadServers(text, provider, listing.api.region);
    if (!page.has_value()) {
      return Unbelievable(listing.api.origin, page.error().message);
    }
    ++pages;
    ids.insert(page.value().ids.begin(), page.value().ids.end());
    SLIPWAY_TRYV(Gather(listing.api.origin, std::move(page.value().servers), listed));
    return std::move(page.value().next);
  }));
  if (pages > 1) {
    SLIPWAY_TRYV(listing.place->known.CheckMissing(
        listing.api.origin, ids, of_fleet,
        [&](const std::string& id) { return listing.IsThere(id); }));
  }
  listing.place->known.Replace(std::move(ids));
  return InOrder(std::move(listed));
}

Result<std::unique_ptr<OpenstackCloud::Listing>> OpenstackCloud::Begin(
    const api::OpenstackProvider& provider, Identity& identity, const Session& session,
    MonoTime deadline) const {
  SLIPWAY_TRYV(CheckProject(session, provider.project));
  auto api = FindCompute(session, provider.region);
  if (!api.has_value()) {
    return Trouble(
        Code::kInvalid, "EndpointInvalid",
        api.error().message + ". The credentials are those of " + session.token.source + ".");
  }
  const std::string key = api.value().origin + api.value().path + '\0' + session.project_id;
  auto place = identity.places.Get(
      key, [&] { return std::make_shared<Place>(doors_, options_, pause_, key); });
  return std::make_unique<Listing>(*this, identity, std::move(place), session,
                                   std::move(api.value()), provider.region, deadline);
}

Result<std::vector<runtime::ListedServer>> OpenstackCloud::List(const api::Provider& provider,
                                                                const SecretData& secret) {
  return ListKnowing({}, provider, secret);
}

Result<std::vector<runtime::ListedServer>> OpenstackCloud::ListKnowing(
    const std::vector<std::string>& known, const api::Provider& provider,
    const SecretData& secret) {
  const api::OpenstackProvider& openstack = *provider.openstack;
  const MonoTime deadline = doors_.clock.Mono() + options_.deadline;
  SLIPWAY_TRY(identity, IdentityOf(openstack, secret));
  SLIPWAY_TRY(session, EnterUntilGood(*identity, deadline));
  SLIPWAY_TRY(listing, Begin(openstack, *identity, session, deadline));
  return ListAll(openstack, known, *listing);
}

Check OpenstackCloud::ExamineRegion(const api::OpenstackProvider& provider, Identity& identity,
                                    const Session& session) const {
  auto begun = Begin(provider, identity, session, doors_.clock.Mono() + options_.deadline);
  if (!begun.has_value()) {
    return CheckOf(kPermission, provider.region.empty() ? session.region : provider.region, begun);
  }
  Listing& listing = *begun.value();
  return CheckOf(kPermission, listing.api.region, listing.Read(FirstServerPath()));
}

Examination OpenstackCloud::Examine(const api::Provider& provider, const SecretData& secret) {
  const auto identity = IdentityOf(*provider.openstack, secret);
  const auto session = identity.has_value() ? identity.value()->sessions.Current()
                                            : Result<Session>(identity.error());
  Examination examination;
  examination.checks.push_back(CheckToken(session.has_value()
                                              ? Result<AccessToken>(session.value().token)
                                              : Result<AccessToken>(session.error())));
  if (session.has_value()) {
    examination.checks.push_back(
        ExamineRegion(*provider.openstack, *identity.value(), session.value()));
    examination.policy = PolicyFor(session.value().project_id);
  }
  return examination;
}

}  // namespace slipway::cloud::openstack
