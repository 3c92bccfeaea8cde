#include "reconciler/rollout/server_view.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "reconciler/base/digest.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::rollout {

PackedRelease::PackedRelease(const Commit& commit, const ReleaseHash& hash) {
  if (commit.empty() || hash.empty()) {
    return;
  }
  const std::string text = commit.value + "/" + hash.value;
  const auto digest = Sha256(text);
  std::memcpy(digest_.data(), digest.data(), sizeof(digest_));
}

ServerView ViewOf(const ServerFacts& server, std::string_view application) {
  ServerView view{.server = &server,
                  .name_hash = server.name_hash,
                  .reachable = server.reachable,
                  .judged = server.judged,
                  .cordoned = server.cordoned,
                  .joining = server.joining,
                  .held = server.joining && !server.admitted,
                  .full = server.intents >= kMaxIntents};
  for (const ReleaseEntry& entry : server.releases) {
    if (entry.application == application) {
      view.release = entry.facts;
      view.full &= entry.position < 0;
    } else if (IsReported(entry.facts) && !IsSettled(entry.facts)) {
      view.busy = true;
    }
  }
  return view;
}

std::string_view MessageOf(const ServerFacts& server, std::string_view application) {
  const auto entry = std::ranges::find(server.releases, application, &ReleaseEntry::application);
  return entry == server.releases.end() ? std::string_view() : entry->message;
}

ReleaseFacts MakeReleaseFacts(const std::string& application, const api::Intent* intent,
                              const api::ServerRelease* release) {
  ReleaseFacts facts;
  if (intent != nullptr) {
    facts.intent = IntentFacts{.release = PackedRelease(intent->commit, intent->hash),
                               .rollout = RolloutNumber(application, intent->rollout),
                               .attempt = intent->attempt,
                               .from = RolloutNumber(application, intent->from),
                               .wave = static_cast<std::int32_t>(intent->wave),
                               .retries = static_cast<std::int32_t>(intent->retries)};
  }
  if (release != nullptr && release->running) {
    facts.running =
        RunningFacts{.release = PackedRelease(release->running->commit, release->running->hash),
                     .health = release->running->health};
  }
  // A number that no intent can have asked for, or that leaves none for the next one, is no report.
  if (release != nullptr && release->attempt && release->attempt->number < kMaxNumber) {
    facts.attempt = AttemptFacts{.rollout = RolloutNumber(application, release->attempt->rollout),
                                 .number = release->attempt->number,
                                 .phase = release->attempt->phase,
                                 .result = release->attempt->result};
  }
  return facts;
}

namespace {

ReleaseEntry MakeEntry(const std::string& application, const api::Intent* intent,
                       const api::ServerRelease* release) {
  ReleaseEntry entry{.application = application,
                     .facts = MakeReleaseFacts(application, intent, release)};
  if (release != nullptr && release->attempt) {
    entry.message = release->attempt->message;
  }
  return entry;
}

std::vector<ReleaseEntry> EntriesOf(const api::Server& server) {
  std::vector<ReleaseEntry> entries;
  const auto reported = [&](const std::string& application) {
    const auto found =
        std::ranges::find(server.status.releases, application, &api::ServerRelease::application);
    return found == server.status.releases.end() ? nullptr : &*found;
  };
  for (std::size_t index = 0; index < server.spec.releases.size(); ++index) {
    const api::Intent& intent = server.spec.releases[index];
    entries.push_back(MakeEntry(intent.application, &intent, reported(intent.application)));
    entries.back().position = static_cast<int>(index);
  }
  for (const api::ServerRelease& release : server.status.releases) {
    if (std::ranges::find(entries, release.application, &ReleaseEntry::application) ==
        entries.end()) {
      entries.push_back(MakeEntry(release.application, nullptr, &release));
    }
  }
  std::ranges::sort(entries, {}, &ReleaseEntry::application);
  return entries;
}

}  // namespace

ServerFacts MakeServerFacts(const api::Server& server) {
  ServerFacts facts;
  facts.releases = EntriesOf(server);
  facts.name = server.metadata.name;
  facts.uid = server.metadata.uid;
  facts.generation = server.metadata.generation;
  facts.fleet = server.spec.fleet;
  facts.address = server.spec.address;
  facts.provider_id = server.spec.provider_id;
  facts.labels.assign(server.metadata.labels.begin(), server.metadata.labels.end());
  facts.name_hash = StableHash(facts.name);
  facts.standby = server.spec.standby;
  facts.joining = server.spec.joining;
  facts.admitted = server.spec.admitted;
  facts.cordoned = server.spec.cordoned || server.spec.standby;
  facts.intents = static_cast<std::uint32_t>(server.spec.releases.size());
  for (const api::Condition& condition : server.status.conditions) {
    if (condition.type == "Reachable") {
      facts.reachable = condition.status == api::ConditionStatus::kTrue;
      facts.judged = condition.status != api::ConditionStatus::kUnknown;
    }
  }
  return facts;
}

Result<runtime::Projection> ProjectServer(const std::string& json) {
  SLIPWAY_TRY(server, api::Decode<api::Server>(json));
  auto facts = std::make_shared<ServerFacts>(MakeServerFacts(server));
  return runtime::Projection{.metadata = std::move(server.metadata), .view = std::move(facts)};
}

std::uint64_t StableHash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char character : text) {
    hash = (hash ^ static_cast<std::uint8_t>(character)) * 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace slipway::rollout
