#include "src/gateway/catalog.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "reconciler/rollout/intent.hpp"

namespace slipway::gateway {
namespace {

template <typename T>
std::optional<T> DecodeOrLog(const kube::ObjectText& text, const char* plural) {
  auto decoded = api::Decode<T>(*text);
  if (!decoded.has_value()) {
    spdlog::error("gateway: one of {} cannot be read: {}", plural, decoded.error().message);
    return std::nullopt;
  }
  return std::move(decoded.value());
}

template <typename T>
const T* Find(const std::map<std::string, T>& all, const std::string& key) {
  const auto found = all.find(key);
  return found == all.end() ? nullptr : &found->second;
}

/// Where the content of a rollout comes from: its own copy, whatever the Application says by now.
const api::Source& SourceOf(const api::Rollout& rollout, const api::Application& application) {
  const auto& copy = rollout.spec.template_.source;
  return copy ? *copy : application.spec.source;
}

// Whether a change may matter to what agents are told, or to who may be one. Most changes are reports, which do not.

bool Matters(const api::Server& before, const api::Server& after) {
  return before.metadata.uid != after.metadata.uid ||
         before.metadata.generation != after.metadata.generation;
}

bool Matters(const api::Rollout& before, const api::Rollout& after) {
  return before.metadata.uid != after.metadata.uid ||
         before.metadata.owner_references != after.metadata.owner_references ||
         before.status.phase != after.status.phase || before.status.wave != after.status.wave;
}

bool Matters(const api::Application& before, const api::Application& after) {
  return before.metadata.uid != after.metadata.uid || before.status.stable != after.status.stable ||
         before.spec.source != after.spec.source;
}

bool Matters(const api::TestRun& before, const api::TestRun& after) {
  return before.metadata.uid != after.metadata.uid ||
         before.metadata.deletion_timestamp != after.metadata.deletion_timestamp ||
         (before.status.phase == api::TestRunPhase::kEnded) !=
             (after.status.phase == api::TestRunPhase::kEnded);
}

bool Matters(const api::ServerClaim& before, const api::ServerClaim& after) {
  return before.metadata.uid != after.metadata.uid || before.status.server != after.status.server ||
         before.spec.key_hash != after.spec.key_hash;
}

}  // namespace

std::string KeyOf(const api::ObjectMeta& metadata) { return metadata.ns + "/" + metadata.name; }

template <typename T>
void Catalog::Kept<T>::Replaced(const std::vector<kube::ObjectText>& objects,
                                const std::string& /*resource_version*/) {
  for (const auto& [key, object] : all) {
    catalog.Touch(object);
  }
  std::set<std::string> listed;
  for (const auto& text : objects) {
    if (auto object = DecodeOrLog<T>(text, plural)) {
      catalog.Touch(*object);
      listed.insert(KeyOf(object->metadata));
      Keep(std::move(*object));
    }
  }
  const auto is_gone = [&](const auto& entry) { return !listed.contains(entry.first); };
  std::erase_if(all, is_gone);
  std::erase_if(spec_versions, is_gone);
  complete = true;
}

template <typename T>
void Catalog::Kept<T>::Keep(T object) {
  const std::string key = KeyOf(object.metadata);
  const auto before = all.find(key);
  if (before == all.end() || before->second.metadata.uid != object.metadata.uid ||
      before->second.metadata.generation != object.metadata.generation) {
    spec_versions[key] =
        static_cast<std::int64_t>(api::VersionNumber(object.metadata.resource_version));
  }
  all.insert_or_assign(key, std::move(object));
}

template <typename T>
void Catalog::Kept<T>::Changed(const kube::ObjectText& text) {
  auto object = DecodeOrLog<T>(text, plural);
  if (!object) {
    return;
  }
  const T* before = Find(all, KeyOf(object->metadata));
  if (before == nullptr || Matters(*before, *object)) {
    catalog.Touch(*object);
    if (before != nullptr) {
      catalog.Touch(*before);
    }
  }
  Keep(std::move(*object));
}

template <typename T>
void Catalog::Kept<T>::Deleted(const kube::ObjectText& last) {
  if (const auto object = DecodeOrLog<T>(last, plural)) {
    catalog.Touch(*object);
    all.erase(KeyOf(object->metadata));
    spec_versions.erase(KeyOf(object->metadata));
  }
}

// Whoever makes a Catalog needs these.
template struct Catalog::Kept<api::Server>;
template struct Catalog::Kept<api::Rollout>;
template struct Catalog::Kept<api::Application>;
template struct Catalog::Kept<api::TestRun>;
template struct Catalog::Kept<api::ServerClaim>;

void Catalog::Start(kube::ObjectClient& client) {
  const auto start = [&](auto& kept) {
    kept.watching = client.Watch(kApiVersion, kept.plural, kept);
  };
  start(servers_);
  start(rollouts_);
  start(applications_);
  start(test_runs_);
  start(claims_);
}

bool Catalog::complete() const {
  return servers_.complete && rollouts_.complete && applications_.complete && test_runs_.complete &&
         claims_.complete;
}

const api::Server* Catalog::FindServer(const std::string& key) const {
  return Find(servers_.all, key);
}

const api::ServerClaim* Catalog::FindClaim(const std::string& key) const {
  return Find(claims_.all, key);
}

const api::TestRun* Catalog::FindTestRun(const std::string& key) const {
  return Find(test_runs_.all, key);
}

std::size_t Catalog::UnmatchedClaims(const std::string& ns, const std::string& token_id) const {
  return static_cast<std::size_t>(std::ranges::count_if(claims_.all, [&](const auto& entry) {
    const api::ServerClaim& claim = entry.second;
    return claim.status.server.empty() && claim.metadata.ns == ns &&
           claim.spec.token_id == token_id;
  }));
}

void Catalog::Touch(const api::Server& server) { changed_.insert(KeyOf(server.metadata)); }

void Catalog::Touch(const api::Rollout& rollout) {
  TouchServersOf(rollout.metadata.ns, rollout.spec.application);
}

void Catalog::Touch(const api::Application& application) {
  TouchServersOf(application.metadata.ns, application.metadata.name);
}

void Catalog::Touch(const api::TestRun& run) {
  changed_.insert(run.metadata.ns + "/" + run.spec.server);
}

void Catalog::Touch(const api::ServerClaim& claim) {
  if (!claim.status.server.empty()) {
    changed_.insert(claim.metadata.ns + "/" + claim.status.server);
  }
}

void Catalog::TouchServersOf(const std::string& ns, const std::string& application) {
  for (const auto& [key, server] : servers_.all) {
    const auto& intents = server.spec.releases;
    if (server.metadata.ns == ns &&
        std::any_of(intents.begin(), intents.end(),
                    [&](const api::Intent& intent) { return intent.application == application; })) {
      changed_.insert(key);
    }
  }
  for (const auto& [key, run] : test_runs_.all) {
    if (run.metadata.ns == ns && run.spec.application == application &&
        run.status.phase != api::TestRunPhase::kEnded) {
      Touch(run);
    }
  }
}

protocol::Assign Catalog::AssignmentOf(const api::Server& server) const {
  const std::string& ns = server.metadata.ns;
  protocol::Assign assign;
  assign.epoch.incarnation = incarnation_;
  if (const auto* version = Find(servers_.spec_versions, KeyOf(server.metadata))) {
    assign.epoch.version = *version;
  }
  for (const api::Intent& intent : server.spec.releases) {
    const auto* rollout = Find(rollouts_.all, ns + "/" + intent.rollout);
    const auto* application = Find(applications_.all, ns + "/" + intent.application);
    if (rollout == nullptr || application == nullptr ||
        !rollout::BelongsTo(*rollout, *application) ||
        !rollout::Live(intent, *application, rollout)) {
      continue;
    }
    const api::Source& source = SourceOf(*rollout, *application);
    assign.releases.push_back({.intent = intent,
                               .repository = ns + "/" + source.repository,
                               .path = source.path,
                               .tree = rollout->spec.release.tree,
                               .release = rollout->spec.template_.release});
  }
  for (const auto& [key, run] : test_runs_.all) {
    if (run.spec.server != server.metadata.name || run.metadata.ns != ns ||
        run.status.phase == api::TestRunPhase::kEnded || run.metadata.deletion_timestamp) {
      continue;
    }
    const auto* rollout = Find(rollouts_.all, ns + "/" + run.spec.rollout);
    const auto* application = Find(applications_.all, ns + "/" + run.spec.application);
    if (rollout == nullptr || application == nullptr ||
        !rollout::BelongsTo(*rollout, *application)) {
      continue;
    }
    const api::Source& source = SourceOf(*rollout, *application);
    assign.test_runs.push_back({.name = run.metadata.name,
                                .uid = run.metadata.uid,
                                .application = run.spec.application,
                                .rollout = run.spec.rollout,
                                .number = run.spec.number,
                                .commit = run.spec.commit,
                                .hash = run.spec.hash,
                                .repository = ns + "/" + source.repository,
                                .path = source.path,
                                .tree = rollout->spec.release.tree,
                                .release_template = rollout->spec.template_});
  }
  return assign;
}

std::set<std::string> Catalog::TakeChangedServers(std::size_t most) {
  std::set<std::string> taken;
  while (taken.size() < most && !changed_.empty()) {
    taken.insert(changed_.extract(changed_.begin()));
  }
  return taken;
}

}  // namespace slipway::gateway
