#include <algorithm>

#include "tests/sim/checker.hpp"

// 17: who is kept out of service gets nothing that was not promoted, and nobody is let in before what was promoted is healthy there.
namespace slipway::sim {
namespace {

/// How old the news may be that a planner acts on: a watch or a message that comes late, and a pause of the control plane.
constexpr Duration kLag = std::chrono::minutes(3);

bool IsKeptOut(const api::Server& server) { return server.spec.standby || server.spec.joining; }

}  // namespace

void Checker::OnStep(const std::map<std::string, std::unique_ptr<Host>>& hosts) {
  for (const auto& [name, server] : servers_) {
    // What was seen before the provider held it back, or before anybody knew of that, counts too; and so does what was promoted later.
    const bool out = IsKeptOut(server) || cloud_.StandsBy(name) || cloud_.IsHeld(name);
    const auto host = hosts.find(name);
    if (!out || host == hosts.end() || !host->second->reachable()) {
      continue;
    }
    for (const api::Intent& wanted : server.spec.releases) {
      if (host->second->IsHealthyOn(wanted.application, {wanted.commit, wanted.hash})) {
        seen_healthy_[name + "/" + wanted.application][{wanted.commit.value, wanted.hash.value}] =
            loop_.Mono();
      }
    }
  }
}

void Checker::CheckLetIn(const runtime::CompleteLaunch& launch, const runtime::Cache& cache) const {
  const auto server = servers_.find(launch.server);
  if (server == servers_.end()) {
    return;
  }
  for (const runtime::Object* object : cache.List(Kind::kApplication)) {
    const auto* application = object->As<api::Application>();
    if (application == nullptr || !application->status.stable || object->deleting ||
        !Means(application->spec.servers, server->second)) {
      continue;
    }
    CheckHealthy(launch.server, object->key.name, *application->status.stable);
  }
}

void Checker::OnLetIn(const runtime::CompleteLaunch& launch) const {
  const auto server = servers_.find(launch.server);
  if (server == servers_.end() || !cloud_.IsHeld(launch.server)) {
    return;
  }
  for (const auto& [name, application] : applications_) {
    const auto turned = turned_.find(name);
    if (application.status.stable && Means(application.spec.servers, server->second) &&
        turned != turned_.end() && loop_.Mono() - turned->second > kLag) {
      CheckHealthy(launch.server, name, *application.status.stable);
    }
  }
}

void Checker::CheckHealthy(const std::string& server, const std::string& application,
                           const api::ReleaseRef& stable) const {
  const auto seen = seen_healthy_.find(server + "/" + application);
  const auto healthy = [&] {
    const auto release = seen->second.find({stable.commit.value, stable.hash.value});
    return release != seen->second.end() && loop_.Mono() - release->second <= kLag;
  };
  if (seen == seen_healthy_.end() || !healthy()) {
    throw Violation("17: " + server + " is let in, and " + stable.rollout +
                    " is not healthy there");
  }
}

/// What was begun there before goes on.
void Checker::CheckWaveOn(const api::Server& server, const api::Intent* before,
                          const api::Intent& after) const {
  const bool goes_on =
      before != nullptr && before->rollout == after.rollout && before->wave == after.wave;
  if (IsKeptOut(server) && (server.spec.joining || !goes_on)) {
    throw Violation("17: " + after.rollout + " comes to " + server.metadata.name +
                    ", which its provider keeps out of service");
  }
}

bool Checker::HasWhatWasPromoted(const api::Server& server, const Host& host) const {
  return std::ranges::all_of(applications_, [&](const auto& entry) {
    const auto& stable = entry.second.status.stable;
    if (!stable || !Means(entry.second.spec.servers, server)) {
      return true;
    }
    // Where a person has cordoned it, what was taken from it before does not come back.
    const auto wanted =
        std::ranges::find(server.spec.releases, entry.first, &api::Intent::application);
    if (wanted == server.spec.releases.end() || wanted->rollout != stable->rollout) {
      return false;
    }
    const auto release =
        std::ranges::find(server.status.releases, entry.first, &api::ServerRelease::application);
    return release != server.status.releases.end() && release->attempt &&
           release->attempt->rollout == stable->rollout &&
           release->attempt->result == api::Outcome::kSucceeded &&
           host.IsHealthyOn(entry.first, {stable->commit, stable->hash});
  });
}

/// 17: everybody is known to be what they are, and nobody is kept waiting who has what was promoted.
void Checker::CheckLaunchesAtRest(const std::map<std::string, std::unique_ptr<Host>>& hosts) const {
  for (const auto& [name, server] : servers_) {
    const auto fleet = fleets_.find(server.spec.fleet);
    if (fleet == fleets_.end() || fleet->second.spec.suspend || !cloud_.Exists(name)) {
      continue;
    }
    if (server.spec.standby != cloud_.StandsBy(name) ||
        server.spec.joining != cloud_.IsHeld(name)) {
      throw Violation("17: nobody has noticed that " + name + " stands by, joins or serves");
    }
    const auto host = hosts.find(name);
    if (server.spec.joining && host != hosts.end() && host->second->reachable() &&
        HasWhatWasPromoted(server, *host->second)) {
      throw Violation("17: " + name + " has what was promoted, and is never let in");
    }
  }
}

}  // namespace slipway::sim
