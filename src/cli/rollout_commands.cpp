#include "src/cli/rollout_commands.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "reconciler/base/json.hpp"
#include "reconciler/rollout/intent.hpp"
#include "src/cli/output.hpp"
#include "src/cli/rollout_board.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

/// How often `undo` and `retry` look again when somebody else made a rollout of the same number.
constexpr int kNameTries = 5;

/// The history of an application, and its rollouts as they came.
struct Loaded {
  Resource resource;
  History history;
  std::vector<json> objects;  ///< those of history.rollouts
};

Result<Loaded> Load(const Session& session, const std::string& application) {
  Loaded loaded;
  SLIPWAY_TRY(applications, FindResource("applications"));
  SLIPWAY_TRY(object, session.Get(session.Path(applications, application)));
  SLIPWAY_TRY(decoded, api::Decode<api::Application>(object.dump()));
  loaded.history.application = std::move(decoded);
  SLIPWAY_TRY(rollouts, FindResource("rollouts"));
  loaded.resource = rollouts;
  SLIPWAY_TRY(listing, session.List(rollouts));
  auto& objects = listing.items;
  std::erase_if(objects, [&](const json& each) {
    return each.value("/spec/application"_json_pointer, std::string()) != application;
  });
  std::sort(objects.begin(), objects.end(), [](const json& left, const json& right) {
    return left.value("/spec/number"_json_pointer, 0L) <
           right.value("/spec/number"_json_pointer, 0L);
  });
  for (json& each : objects) {
    SLIPWAY_TRY(rollout, api::Decode<api::Rollout>(each.dump()));
    if (rollout::BelongsTo(rollout, loaded.history.application)) {
      loaded.history.rollouts.push_back(std::move(rollout));
      loaded.objects.push_back(std::move(each));
    }
  }
  return loaded;
}

/// Which rollout a new one is to repeat, or why there is none.
using Choice = Result<std::size_t> (*)(const History& history, const NextOptions& options);

ExitCode MakeNext(const Session& session, const NextOptions& options, Choice choose, bool hold,
                  const Streams& streams) {
  for (int attempt = 1;; ++attempt) {
    const auto loaded = Load(session, options.application);
    if (!loaded.has_value()) {
      return Report(loaded.error(), streams);
    }
    const History& history = loaded.value().history;
    const auto chosen = choose(history, options);
    if (!chosen.has_value()) {
      return Report(chosen.error(), streams);
    }
    const api::Rollout& model = history.rollouts[chosen.value()];
    const json next =
        NextRollout(history, loaded.value().objects[chosen.value()], hold, options.reason);
    const auto made = session.Create(session.Path(loaded.value().resource, ""), next);
    if (made.has_value()) {
      const api::RolloutRelease& release = model.spec.release;
      streams.out << "rollouts/" << next["metadata"]["name"].get<std::string>()
                  << " created: " << release.commit.value.substr(0, 8)
                  << (release.subject.empty() ? "" : " \"" + release.subject + "\"") << ", as in "
                  << model.metadata.name << "\n";
      return kSucceeded;
    }
    if (made.error().code != Code::kAlreadyExists || attempt == kNameTries) {
      return Report(made.error(), streams);
    }
  }
}

}  // namespace

ExitCode RolloutHistory(const Session& session, const std::string& application,
                        const Streams& streams) {
  const auto loaded = Load(session, application);
  if (!loaded.has_value()) {
    return Report(loaded.error(), streams);
  }
  const History& history = loaded.value().history;
  if (history.rollouts.empty()) {
    return Report(NothingYet(application), streams);
  }
  const auto& stable = history.application.status.stable;
  std::vector<std::vector<std::string>> rows{
      {"NUMBER", "PHASE", "COMMIT", "CONFIG", "CAUSE", "AGE", "SUBJECT"}};
  for (const api::Rollout& rollout : history.rollouts) {
    std::string phase(api::ToString(rollout.status.phase));
    phase += stable && rollout.metadata.name == stable->rollout ? " (promoted)" : "";
    rows.push_back({std::to_string(rollout.spec.number), phase,
                    rollout.spec.release.commit.value.substr(0, 8),
                    rollout.spec.release.hash.value.substr(0, 8),
                    std::string(rollout.status.cause ? api::ToString(*rollout.status.cause) : ""),
                    Elapsed(AgeOf(rollout)),
                    rollout.spec.release.subject +
                        (rollout.spec.reason.empty() ? "" : " (" + rollout.spec.reason + ")")});
  }
  streams.out << AlignedTable(rows);
  return kSucceeded;
}

ExitCode SetRolloutLevel(const Session& session, const std::string& application, Level level,
                         const Streams& streams) {
  const auto loaded = Load(session, application);
  if (!loaded.has_value()) {
    return Report(loaded.error(), streams);
  }
  const History& history = loaded.value().history;
  const auto patches = ChooseForLevel(history, level);
  if (!patches.has_value()) {
    return Report(patches.error(), streams);
  }
  ExitCode worst = kSucceeded;
  for (const LevelPatch& each : patches.value()) {
    const std::string& name = history.rollouts[each.rollout].metadata.name;
    const auto patched =
        session.MergePatch(session.Path(loaded.value().resource, name), ReadJson(each.patch));
    if (patched.has_value()) {
      streams.out << each.done << "\n";
    } else {
      worst = Report(patched.error(), streams);
    }
  }
  return worst;
}

ExitCode UndoRollout(const Session& session, const NextOptions& options, const Streams& streams) {
  const Choice choose = [](const History& history, const NextOptions& given) {
    return ChooseUndo(history, given.to);
  };
  return MakeNext(session, options, choose, true, streams);
}

ExitCode RetryRollout(const Session& session, const NextOptions& options, const Streams& streams) {
  const Choice choose = [](const History& history, const NextOptions&) {
    return ChooseRetry(history);
  };
  return MakeNext(session, options, choose, false, streams);
}

}  // namespace slipway::cli
