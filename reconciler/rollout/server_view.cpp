#include "reconciler/rollout/server_view.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "reconciler/rollout/names.hpp"

namespace slipway::rollout {
namespace {

/// The value of a lower-case hexadecimal digit; -1 where it is none.
int DigitOf(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool Unhex(const std::string& text, std::uint8_t* bytes, std::size_t count) {
  if (text.size() != 2 * count) {
    return false;
  }
  for (std::size_t index = 0; index < count; ++index) {
    const int high = DigitOf(text[2 * index]);
    const int low = DigitOf(text[2 * index + 1]);
    if (high < 0 || low < 0) {
      return false;
    }
    bytes[index] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

/// Whether the attempt that is reported there is still going on.
bool IsWorking(const ReleaseFacts& release) {
  return release.intent && release.attempt && release.attempt->rollout == release.intent->rollout &&
         release.attempt->number == release.intent->attempt &&
         release.attempt->phase != api::AttemptPhase::kEnded;
}

}  // namespace

PackedRelease::PackedRelease(const Commit& commit, const ReleaseHash& hash) {
  known_ = Unhex(commit.value, bytes_.data(), 20) && Unhex(hash.value, bytes_.data() + 20, 32);
}

ServerView ViewOf(const ServerFacts& server, std::string_view application) {
  ServerView view{.server = &server};
  for (const ReleaseFacts& release : server.releases) {
    if (release.application == application) {
      view.release = &release;
    } else if (IsWorking(release)) {
      view.busy = true;
    }
  }
  return view;
}

ReleaseFacts MakeReleaseFacts(const std::string& application, const api::Intent* intent,
                              const api::ServerRelease* release) {
  ReleaseFacts facts{.application = application};
  if (intent != nullptr) {
    facts.intent = IntentFacts{.release = PackedRelease(intent->commit, intent->hash),
                               .rollout = RolloutNumber(application, intent->rollout),
                               .wave = intent->wave,
                               .attempt = intent->attempt,
                               .retries = intent->retries,
                               .from = RolloutNumber(application, intent->from)};
  }
  if (release != nullptr && release->running) {
    facts.running =
        RunningFacts{.release = PackedRelease(release->running->commit, release->running->hash),
                     .health = release->running->health};
  }
  if (release != nullptr && release->attempt) {
    facts.attempt = AttemptFacts{.rollout = RolloutNumber(application, release->attempt->rollout),
                                 .number = release->attempt->number,
                                 .phase = release->attempt->phase,
                                 .result = release->attempt->result,
                                 .message = release->attempt->message};
  }
  return facts;
}

ServerFacts MakeServerFacts(const api::Server& server) {
  ServerFacts facts;
  facts.name = server.metadata.name;
  facts.uid = server.metadata.uid;
  facts.generation = server.metadata.generation;
  facts.fleet = server.spec.fleet;
  facts.address = server.spec.address;
  facts.provider_id = server.spec.provider_id;
  facts.name_hash = StableHash(facts.name);
  facts.cordoned = server.spec.cordoned;
  facts.has_releases = !server.spec.releases.empty();
  for (const api::Condition& condition : server.status.conditions) {
    facts.reachable |=
        condition.type == "Reachable" && condition.status == api::ConditionStatus::kTrue;
  }
  const auto reported = [&](const std::string& application) {
    const auto found =
        std::ranges::find(server.status.releases, application, &api::ServerRelease::application);
    return found == server.status.releases.end() ? nullptr : &*found;
  };
  for (std::size_t index = 0; index < server.spec.releases.size(); ++index) {
    const api::Intent& intent = server.spec.releases[index];
    facts.releases.push_back(
        MakeReleaseFacts(intent.application, &intent, reported(intent.application)));
    facts.releases.back().position = static_cast<int>(index);
  }
  for (const api::ServerRelease& release : server.status.releases) {
    if (std::ranges::find(facts.releases, release.application, &ReleaseFacts::application) ==
        facts.releases.end()) {
      facts.releases.push_back(MakeReleaseFacts(release.application, nullptr, &release));
    }
  }
  std::ranges::sort(facts.releases, {}, &ReleaseFacts::application);
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
