#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "tests/sim/checker.hpp"

// What the controllers are about to do, judged by what they could know: the cache of that moment, and what they sent before.
namespace slipway::sim {
namespace {

const api::Intent* IntentOf(const api::Server& server, const std::string& application) {
  const auto& all = server.spec.releases;
  const auto found = std::ranges::find(all, application, &api::Intent::application);
  return found == all.end() ? nullptr : &*found;
}

const api::ServerRelease* ReleaseOf(const api::Server& server, const std::string& application) {
  const auto& all = server.status.releases;
  const auto found = std::ranges::find(all, application, &api::ServerRelease::application);
  return found == all.end() ? nullptr : &*found;
}

bool IsReachable(const api::Server& server) {
  return std::ranges::any_of(server.status.conditions, [](const api::Condition& condition) {
    return condition.type == "Reachable" && condition.status == api::ConditionStatus::kTrue;
  });
}

bool IsTaken(const api::Server& server, const std::string& application) {
  const api::Intent* intent = IntentOf(server, application);
  const api::ServerRelease* release = ReleaseOf(server, application);
  if (intent == nullptr) {
    return false;
  }
  if (release == nullptr || !release->running || release->running->commit != intent->commit ||
      release->running->hash != intent->hash) {
    return true;
  }
  return release->attempt && release->attempt->rollout == intent->rollout &&
         release->attempt->number == intent->attempt &&
         release->attempt->phase != api::AttemptPhase::kEnded;
}

bool IsInService(const api::Server& server, const std::string& application) {
  const api::ServerRelease* release = ReleaseOf(server, application);
  return IsReachable(server) && release != nullptr && release->running &&
         release->running->health == api::RunningHealth::kHealthy && !IsTaken(server, application);
}

bool HasSucceeded(const api::Server& server, const std::string& application) {
  const api::Intent* intent = IntentOf(server, application);
  const api::ServerRelease* release = ReleaseOf(server, application);
  return intent != nullptr && release != nullptr && release->running && release->attempt &&
         release->running->commit == intent->commit && release->running->hash == intent->hash &&
         release->attempt->rollout == intent->rollout &&
         release->attempt->number == intent->attempt &&
         release->attempt->result == api::Outcome::kSucceeded;
}

std::vector<api::Server> ServersIn(const runtime::Cache& cache,
                                   const std::map<Key, api::Server>& pending) {
  std::vector<api::Server> servers;
  for (const runtime::Object* object : cache.List(Kind::kServer)) {
    auto server = object->Parse<api::Server>();
    if (!server.has_value() || object->deleting) {
      continue;
    }
    const auto sent = pending.find(object->key);
    if (sent != pending.end() && sent->second.metadata.generation >= object->generation) {
      server.value().spec = sent->second.spec;
    }
    servers.push_back(std::move(server.value()));
  }
  return servers;
}

/// What has to be listed before anything about rollouts may be decided.
void CheckSynced(const Key& key, const runtime::Cache& cache) {
  for (const Kind kind :
       {Kind::kApplication, Kind::kRollout, Kind::kServer, Kind::kGitRepository}) {
    if (!cache.Synced(kind)) {
      throw Violation("design 5: " + runtime::ToString(key) + " is planned before the list of " +
                      std::string(runtime::PluralOf(kind)));
    }
  }
}

}  // namespace

std::int64_t BudgetOf(const api::IntOrPercent& value, std::int64_t total, std::int64_t least) {
  if (!value.is_percent()) {
    return std::max(value.value(), least);
  }
  const std::int64_t share = value.value() * total / 100;
  return std::max(share, value.value() > 0 ? std::max<std::int64_t>(1, least) : least);
}

bool Means(const api::ServerSelection& selection, const api::Server& server) {
  const auto& fleets = selection.fleets;
  if (!fleets.empty() && std::ranges::find(fleets, server.spec.fleet) == fleets.end()) {
    return false;
  }
  if (!selection.selector) {
    return !fleets.empty();
  }
  return std::ranges::all_of(selection.selector->match_labels, [&](const auto& label) {
    const auto found = server.metadata.labels.find(label.first);
    return found != server.metadata.labels.end() && found->second == label.second;
  });
}

void Checker::OnEffect(const runtime::Effect& effect, const runtime::Cache& cache) {
  if (const auto* outside = std::get_if<runtime::Outside>(&effect.work)) {
    if (const auto* launch = std::get_if<runtime::CompleteLaunch>(&outside->request)) {
      CheckLetIn(*launch, cache);
    }
    return;
  }
  if (const auto* write = std::get_if<runtime::WriteStatus>(&effect.work)) {
    if (write->key.kind == Kind::kRollout || write->key.kind == Kind::kApplication) {
      CheckSynced(write->key, cache);
    }
    if (write->key.kind == Kind::kRollout) {
      ForgetPending(*write, cache);
      CheckVerdict(*write, cache);
    }
    return;
  }
  if (const auto* get = std::get_if<runtime::Get>(&effect.work)) {
    // A write had no answer. Nothing is planned for its application until this one says what became of it.
    pending_.erase(get->key);
    return;
  }
  if (const auto* create = std::get_if<runtime::Create>(&effect.work)) {
    return CheckName(*create, cache);
  }
  const auto* patch = std::get_if<runtime::Patch>(&effect.work);
  const runtime::Object* object =
      patch == nullptr || patch->key.kind != Kind::kServer ? nullptr : cache.Find(patch->key);
  if (object == nullptr) {
    return;
  }
  try {
    const auto tree = ReadJson(*object->bytes).patch(ReadJson(patch->operations));
    CheckBudget(api::Decode<api::Server>(tree.dump()).value(), cache);
  } catch (const nlohmann::json::exception&) {
    // It will be refused by the API as well.
  }
}

/// An application is planned again only when all that was sent for it has ended: what is not in the cache by then was lost.
void Checker::ForgetPending(const runtime::WriteStatus& write, const runtime::Cache& cache) {
  const auto* rollout = cache.Get<api::Rollout>(write.key);
  if (rollout != nullptr) {
    std::erase_if(pending_, [&](const auto& sent) {
      return IntentOf(sent.second, rollout->spec.application) != nullptr;
    });
  }
}

/// 5: a name means one thing for ever.
void Checker::CheckName(const runtime::Create& create, const runtime::Cache& cache) const {
  if (create.key.kind != Kind::kRollout) {
    return;
  }
  const auto wanted = api::Decode<api::Rollout>(create.json);
  const auto* known = cache.Get<api::Rollout>(create.key);
  if (wanted.has_value() && known != nullptr &&
      known->spec.release != wanted.value().spec.release) {
    throw Violation("5: the name " + create.key.name + " is used for another release");
  }
}

/// 1: what is down already, what we have taken, and what we are about to take stay within maxUnavailable together.
void Checker::CheckBudget(const api::Server& wanted, const runtime::Cache& cache) {
  const Key key{.kind = Kind::kServer, .ns = wanted.metadata.ns, .name = wanted.metadata.name};
  std::vector<api::Server> servers = ServersIn(cache, pending_);
  for (const api::Intent& intent : wanted.spec.releases) {
    const auto* application = cache.Get<api::Application>(
        {.kind = Kind::kApplication, .ns = key.ns, .name = intent.application});
    if (application == nullptr) {
      continue;
    }
    bool was_in_service = false;
    std::int64_t total = 0;
    std::int64_t down = 0;
    std::int64_t unreachable = 0;
    for (const api::Server& known : servers) {
      // Nobody is served by what was never let in in truth.
      const bool held = known.spec.joining && cloud_.WasNeverLetIn(known.metadata.name);
      if (!Means(application->spec.servers, known) || held) {
        continue;
      }
      total += known.spec.joining ? 0 : 1;
      api::Server server = known;
      if (server.metadata.name == wanted.metadata.name) {
        was_in_service = IsInService(known, intent.application);
        server.spec = wanted.spec;
      }
      unreachable += IsReachable(server) ? 0 : 1;
      down += IsReachable(server) && !IsInService(server, intent.application) ? 1 : 0;
    }
    api::Server after = wanted;
    const bool takes = was_in_service && IsTaken(after, intent.application);
    const api::Strategy& strategy = application->spec.strategy;
    const std::int64_t allowed = BudgetOf(strategy.max_unavailable, total, 1);
    const std::int64_t excused = BudgetOf(strategy.unreachable.max, total, 0);
    const std::int64_t used = down + std::max<std::int64_t>(0, unreachable - excused);
    if (takes && used > allowed) {
      throw Violation("1: taking " + wanted.metadata.name + " for " + intent.rollout + " leaves " +
                      std::to_string(used) + " of " + std::to_string(total) +
                      " out of service; allowed are " + std::to_string(allowed));
    }
  }
  pending_[key] = wanted;
}

/// 12, 16 of the cases: a wave is good only when every server that it is about has succeeded, or has an excuse.
void Checker::CheckVerdict(const runtime::WriteStatus& write, const runtime::Cache& cache) {
  const auto status = api::Decode<api::RolloutStatus>(write.status);
  const auto* rollout = cache.Get<api::Rollout>(write.key);
  if (!status.has_value() || rollout == nullptr) {
    return;
  }
  const auto* application = cache.Get<api::Application>(
      {.kind = Kind::kApplication, .ns = write.key.ns, .name = rollout->spec.application});
  const auto& waves = status.value().waves;
  for (std::size_t i = 0; i < waves.size() && application != nullptr; ++i) {
    const auto& old = rollout->status.waves;
    if (waves[i].verdict != api::WaveVerdict::kPassed || (i < old.size() && old[i].verdict)) {
      continue;
    }
    std::int64_t good = 0;
    std::int64_t excused = 0;
    std::int64_t total = 0;
    for (const api::Server& server : ServersIn(cache, pending_)) {
      if (!Means(application->spec.servers, server)) {
        continue;
      }
      ++total;
      const api::Intent* intent = IntentOf(server, rollout->spec.application);
      const bool ours = !server.spec.joining && intent != nullptr &&
                        intent->rollout == write.key.name && intent->wave > 0;
      if (ours && HasSucceeded(server, rollout->spec.application)) {
        ++good;
      } else if (!IsReachable(server) || !ours) {
        ++excused;
      } else {
        const api::ServerRelease* release = ReleaseOf(server, rollout->spec.application);
        const bool ended = release != nullptr && release->attempt &&
                           release->attempt->rollout == intent->rollout &&
                           release->attempt->number == intent->attempt &&
                           release->attempt->phase == api::AttemptPhase::kEnded;
        excused += ended ? 1 : 0;
        if (!ended) {
          throw Violation("4: wave " + waves[i].name + " of " + write.key.name + " passes while " +
                          server.metadata.name + " is at work");
        }
      }
    }
    if (good == 0) {
      throw Violation("12: wave " + waves[i].name + " of " + write.key.name +
                      " passes without a single success");
    }
    if (good + excused < std::min(waves[i].target, total)) {  // some may have left meanwhile
      throw Violation("4: wave " + waves[i].name + " of " + write.key.name + " passes with " +
                      std::to_string(good) + " of " + std::to_string(waves[i].target) + " servers");
    }
  }
}

}  // namespace slipway::sim
