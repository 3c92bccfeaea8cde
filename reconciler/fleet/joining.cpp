#include "reconciler/fleet/joining.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "reconciler/api/conditions.hpp"
#include "reconciler/rollout/names.hpp"

namespace slipway::fleet {
namespace {

using Names = std::vector<std::string>;

/// Those that join, by what they wait for.
struct Waiting {
  Names agents;
  Names cordoned;
  std::map<std::string, Names> releases;  ///< by rollout
  std::map<std::string, Names> failed;    ///< likewise
  std::map<std::string, Names> gone;
  std::map<std::string, Names> no_room;
  Names refused;
  Names let_in;
  const Error* error = nullptr;  ///< of the first that is refused
};

std::map<std::string, Names>& ListFor(Awaited::Progress progress, Waiting& waiting) {
  switch (progress) {
    case Awaited::Progress::kComing:
      return waiting.releases;
    case Awaited::Progress::kFailed:
      return waiting.failed;
    case Awaited::Progress::kGone:
      return waiting.gone;
    case Awaited::Progress::kNoRoom:
      return waiting.no_room;
  }
  return waiting.releases;
}

void Sort(const KnownServer& server, Waiting& waiting) {
  const std::string& name = server.facts->name;
  if (!server.facts->reachable) {
    waiting.agents.push_back(name);
  } else if (!server.awaited.empty()) {
    for (const Awaited& each : server.awaited) {
      ListFor(each.progress, waiting)[each.rollout].push_back(name);
    }
    if (server.facts->cordoned && !server.facts->standby) {
      waiting.cordoned.push_back(name);
    }
  } else if (server.letting && server.letting->error) {
    waiting.refused.push_back(name);
    waiting.error = waiting.error == nullptr ? &*server.letting->error : waiting.error;
  } else {
    waiting.let_in.push_back(name);
  }
}

std::string ListOf(const Names& names) {
  const auto first = std::span(names).first(std::min(names.size(), rollout::kNamesInMessages));
  return rollout::ListNames(first, static_cast<std::int64_t>(names.size()));
}

std::string ReasonOf(const Waiting& waiting) {
  if (waiting.error != nullptr) {
    return runtime::ReasonOf(*waiting.error);
  }
  if (!waiting.failed.empty()) {
    return "ReleaseFailed";
  }
  if (!waiting.gone.empty() || !waiting.no_room.empty()) {
    return "ReleaseCannotCome";
  }
  return waiting.agents.empty() && waiting.releases.empty() ? "Completing" : "Waiting";
}

}  // namespace

bool MayBeLetIn(const KnownServer& server) {
  return server.facts->reachable && server.awaited.empty();
}

std::optional<JoiningAccount> AccountOfJoining(std::span<const KnownServer* const> joining) {
  if (joining.empty()) {
    return std::nullopt;
  }
  Waiting waiting;
  for (const KnownServer* server : joining) {
    Sort(*server, waiting);
  }
  std::string message;
  const auto say = [&](const std::string& sentence) {
    message += (message.empty() ? "" : " ") + api::Sentence(sentence);
  };
  if (waiting.error != nullptr) {
    say("Cannot let in " + ListOf(waiting.refused) + ": " + waiting.error->message);
  }
  for (const auto& [rollout, names] : waiting.failed) {
    say(rollout + " did not succeed on " + ListOf(names) +
        ", so its provider's own time-out decides there");
  }
  for (const auto& [rollout, names] : waiting.gone) {
    say(rollout + " cannot come to " + ListOf(names) +
        ", because that Rollout was deleted: promote a newer one");
  }
  for (const auto& [rollout, names] : waiting.no_room) {
    say(rollout + " cannot come to " + ListOf(names) + ", which bears as many applications as fit");
  }
  if (!waiting.agents.empty()) {
    say("Waits for the agents of " + ListOf(waiting.agents));
  }
  for (const auto& [rollout, names] : waiting.releases) {
    say("Waits for " + rollout + " on " + ListOf(names));
  }
  if (!waiting.cordoned.empty()) {
    say("No release comes to " + ListOf(waiting.cordoned) + ", which a person has cordoned");
  }
  if (!waiting.let_in.empty()) {
    say("Lets in " + ListOf(waiting.let_in));
  }
  return JoiningAccount{.reason = ReasonOf(waiting), .message = std::move(message)};
}

}  // namespace slipway::fleet
