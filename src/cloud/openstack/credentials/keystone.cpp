#include "src/cloud/openstack/credentials/keystone.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"
#include "src/cloud/openstack/refusal.hpp"
#include "src/cloud/pages.hpp"
#include "src/cloud/text.hpp"
#include "src/objects/url.hpp"

namespace slipway::cloud::openstack {
namespace {

using nlohmann::json;

constexpr std::size_t kMostAnswerBytes = std::size_t{4} << 20;  ///< a catalog has some hundred URLs

json DomainOf(const Named& named) {
  return named.domain_id.empty() ? json{{"name", named.domain_name}}
                                 : json{{"id", named.domain_id}};
}

/// By its id, or by its name and domain.
json Said(const Named& named) {
  return named.id.empty() ? json{{"name", named.name}, {"domain", DomainOf(named)}}
                          : json{{"id", named.id}};
}

/// What is posted. An application credential has a project, and Keystone refuses to be told one.
std::string Question(const Login& login) {
  json identity;
  if (login.credential_secret.empty()) {
    json user = Said(login.user);
    user["password"] = login.password;
    identity = {{"methods", json::array({"password"})}, {"password", {{"user", user}}}};
    return PrintJson(
        {{"auth", {{"identity", identity}, {"scope", {{"project", Said(login.project)}}}}}});
  }
  json credential = {{"secret", login.credential_secret}};
  if (login.credential_id.empty()) {
    credential["name"] = login.credential_name;
    credential["user"] = Said(login.user);
  } else {
    credential["id"] = login.credential_id;
  }
  identity = {{"methods", json::array({"application_credential"})},
              {"application_credential", credential}};
  return PrintJson({{"auth", {{"identity", identity}}}});
}

Code CodeOf(const Refusal& refusal) {
  switch (refusal.blame) {
    case Blame::kThrottled:
      return Code::kTooManyRequests;
    case Blame::kService:
      return Code::kUnavailable;
    case Blame::kCredentials:
    case Blame::kDenied:
      return Code::kUnauthorized;
    case Blame::kAbsent:
    case Blame::kPlaceAbsent:
    case Blame::kRequest:
      break;
  }
  return refusal.words.empty() ? Code::kInvalid : Code::kUnauthorized;
}

Error ReadRefused(const rest::Response& response, const Login& login) {
  const Refusal refusal = RefusalOf(response);
  const std::vector<std::string> secrets = {login.password, login.credential_secret};
  std::string said = refusal.words.empty() ? "HTTP status " + std::to_string(response.status)
                                           : Quoted(refusal.words, secrets);
  if (refusal.words.empty() && refusal.blame == Blame::kRequest) {
    said += ", and not as Keystone does: correct auth_url";
  }
  if (!refusal.request_id.empty()) {
    said += " (request " + Quoted(refusal.request_id, secrets) + ")";
  }
  return Fail(CodeOf(refusal), "it answers " + said);
}

std::vector<CatalogEntry> ComputeIn(const json& catalog) {
  std::vector<CatalogEntry> entries;
  for (const json& service : catalog) {
    if (TextAt(service, "type") != "compute") {
      continue;
    }
    for (const json& endpoint : At(service, "endpoints")) {
      std::string region = TextAt(endpoint, "region_id");
      if (region.empty()) {
        region = TextAt(endpoint, "region");
      }
      entries.push_back({.region = std::move(region),
                         .interface = TextAt(endpoint, "interface"),
                         .url = TextAt(endpoint, "url")});
    }
  }
  return entries;
}

Result<Session> ReadSession(const rest::Response& response, Time now) {
  const auto subject = response.headers.find("x-subject-token");
  if (subject == response.headers.end() || subject->second.empty() ||
      !IsHeaderText(subject->second)) {
    return Fail(Code::kInvalid, "its answer has no X-Subject-Token");
  }
  const json root = ReadJson(response.body);
  const json& token = At(root, "token");
  Session session;
  session.token.text = subject->second;
  session.token.headers["x-auth-token"] = subject->second;
  session.expires = session.token.expires = [&]() -> std::optional<Time> {
    const auto until = api::ParseTime(TextAt(token, "expires_at"));
    return until.has_value() && until.value() > now ? std::optional(until.value()) : std::nullopt;
  }();
  if (!session.expires) {
    return Fail(Code::kInvalid, "its answer does not say when the token ends");
  }
  session.project_id = TextAt(At(token, "project"), "id");
  session.project_name = TextAt(At(token, "project"), "name");
  if (session.project_id.empty()) {
    return Fail(Code::kInvalid, "its token is for no project");
  }
  session.compute = ComputeIn(At(token, "catalog"));
  return session;
}

/// Names of the regions that have a compute API on this interface.
std::set<std::string> RegionsOf(const Session& session) {
  std::set<std::string> regions;
  for (const CatalogEntry& entry : session.compute) {
    if (entry.interface == session.interface) {
      regions.insert(entry.region);
    }
  }
  return regions;
}

std::string Joined(const std::set<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) {
    joined += (joined.empty() ? "" : ", ") + name;
  }
  return Quoted(joined, {});
}

Result<std::string> RegionIn(const Session& session, const std::string& wanted) {
  const std::set<std::string> regions = RegionsOf(session);
  const std::string region = wanted.empty() ? session.region : wanted;
  if (regions.empty()) {
    return Fail(Code::kInvalid, "has no " + session.interface + " compute API for project " +
                                    Quoted(session.project_id, {}));
  }
  if (region.empty() && regions.size() > 1) {
    return Fail(Code::kInvalid, "has several regions: say which: " + Joined(regions));
  }
  if (!region.empty() && !regions.contains(region)) {
    return Fail(Code::kInvalid, "has no " + session.interface + " compute API in region " +
                                    Quoted(region, {}) + ", but in " + Joined(regions));
  }
  return region.empty() ? *regions.begin() : region;
}

/// A path with the version that has microversions: catalogs still say /v2 for it, or nothing.
std::string WithVersion(std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  if (path.find("/v2.") != std::string::npos) {
    return path;
  }
  const auto old = path.find("/v2");
  if (old == std::string::npos) {
    return path + "/v2.1";
  }
  const std::string behind = path.substr(old + 3);
  return behind.empty() || behind.front() == '/' ? path.substr(0, old) + "/v2.1" + behind
                                                 : path + "/v2.1";
}

}  // namespace

Result<Session> Enter(const Doors& doors, const Login& login) {
  const std::string who = WhoIs(login) + login.origin;
  const auto about = [&](const Error& error) {
    const bool passes = error.code == Code::kTimeout || error.code == Code::kUnavailable ||
                        error.code == Code::kTooManyRequests || error.code == Code::kUnauthorized;
    return Fail(passes ? error.code : Code::kInvalid,
                "Keystone gives no token to " + who + ": " + error.message);
  };
  rest::Request request;
  request.method = "POST";
  request.url = login.auth_url + "/v3/auth/tokens";
  request.headers["content-type"] = "application/json";
  request.headers["accept"] = "application/json";
  request.body = Question(login);
  request.max_response_bytes = kMostAnswerBytes;
  const auto response = DoorFor(doors, request.url).Send(request);
  if (!response.has_value()) {
    return about(response.error());
  }
  if (response.value().status != 201) {
    return about(ReadRefused(response.value(), login));
  }
  auto session = ReadSession(response.value(), doors.clock.Now());
  if (!session.has_value()) {
    return about(session.error());
  }
  session.value().token.source = who;
  session.value().auth_url = login.auth_url;
  session.value().region = login.region;
  session.value().interface = login.interface;
  return session;
}

Result<ComputeApi> FindCompute(const Session& session, const std::string& region) {
  const auto found = RegionIn(session, region);
  if (!found.has_value()) {
    return Fail(Code::kInvalid, "The catalog of Keystone " + found.error().message);
  }
  for (const CatalogEntry& entry : session.compute) {
    if (entry.region != found.value() || entry.interface != session.interface) {
      continue;
    }
    if (!objects::IsSafeUrl(entry.url) || entry.url.find_first_of("?#") != std::string::npos) {
      return Fail(Code::kInvalid,
                  "The catalog of Keystone names a compute API that is no https:// "
                  "URL: a token goes there, and over http:// to this machine only");
    }
    const auto slash = entry.url.find('/', entry.url.find("//") + 2);
    return ComputeApi{
        .region = entry.region,
        .origin = entry.url.substr(0, slash),
        .path = WithVersion(slash == std::string::npos ? "" : entry.url.substr(slash))};
  }
  return Fail(Code::kInternal, "The catalog of Keystone has changed while it was read");
}

Sessions::Sessions(const Doors& doors, std::function<Result<Login>()> find)
    : doors_(doors), find_(std::move(find)), kept_(doors.clock, [this]() -> Result<Session> {
        SLIPWAY_TRY(login, find_());
        return Enter(doors_, login);
      }) {}

Result<AccessToken> Sessions::Get() {
  SLIPWAY_TRY(session, kept_.Get());
  return std::move(session.token);
}

void Sessions::Forget(const AccessToken& refused) {
  Session of_it;
  of_it.token = refused;
  kept_.Forget(of_it);
}

BoundTokens::BoundTokens(Sessions& sessions, const Session& begun, ComputeApi api,
                         std::string region)
    : sessions_(sessions),
      auth_url_(begun.auth_url),
      project_id_(begun.project_id),
      api_(std::move(api)),
      region_(std::move(region)) {}

Result<AccessToken> BoundTokens::Get() {
  SLIPWAY_TRY(session, sessions_.Current());
  if (!LeadsThere(session)) {
    return Unfinished("The credentials have changed meanwhile: those of " + session.token.source +
                      " are for another Keystone, project or compute API than this list was begun "
                      "with. The next one begins anew.");
  }
  return std::move(session.token);
}

bool BoundTokens::LeadsThere(const Session& session) const {
  const auto api = FindCompute(session, region_);
  return session.auth_url == auth_url_ && session.project_id == project_id_ && api.has_value() &&
         api.value() == api_;
}

}  // namespace slipway::cloud::openstack
