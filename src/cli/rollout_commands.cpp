#include "src/cli/rollout_commands.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "reconciler/api/application.hpp"
#include "reconciler/api/rollout.hpp"
#include "src/cli/output.hpp"
#include "src/cli/rollout_view.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

/// How often `undo` and `retry` look again when somebody else made a rollout of the same number.
constexpr int kNameTries = 5;

struct History {
  Resource resource;
  json application;                    ///< the Application object
  std::vector<api::Rollout> rollouts;  ///< oldest first
  std::vector<json> objects;           ///< the same, as they came
};

Result<History> Load(const Session& session, const std::string& application) {
  History history;
  SLIPWAY_TRY(applications, FindResource("applications"));
  SLIPWAY_TRY(object, session.Get(session.Path(applications, application)));
  history.application = std::move(object);
  SLIPWAY_TRY(rollouts, FindResource("rollouts"));
  history.resource = rollouts;
  SLIPWAY_TRY(objects, session.List(rollouts));
  std::erase_if(objects, [&](const json& each) {
    return each.value("/spec/application"_json_pointer, std::string()) != application;
  });
  std::sort(objects.begin(), objects.end(), [](const json& left, const json& right) {
    return left.value("/spec/number"_json_pointer, 0L) <
           right.value("/spec/number"_json_pointer, 0L);
  });
  for (const json& each : objects) {
    SLIPWAY_TRY(rollout, api::Decode<api::Rollout>(each.dump()));
    history.rollouts.push_back(std::move(rollout));
  }
  history.objects = std::move(objects);
  return history;
}

Error NothingYet(const std::string& application) {
  return Fail(Code::kNotFound, application + " has no rollout yet; `slipway describe application " +
                                   application + "` says what it waits for");
}

std::int64_t NextNumber(const History& history) {
  std::int64_t newest = history.application.value("/status/lastNumber"_json_pointer, 0L);
  for (const api::Rollout& rollout : history.rollouts) {
    newest = std::max(newest, rollout.spec.number);
  }
  return newest + 1;
}

/// A new Rollout with the release and the template of `model`, owned by its Application.
json NextRollout(const History& history, const json& model, const std::string& application,
                 bool hold, const std::string& reason) {
  const std::int64_t number = NextNumber(history);
  json spec = {{"application", application},
               {"number", number},
               {"release", model["spec"]["release"]},
               {"template", model["spec"]["template"]}};
  if (hold) {
    spec["hold"] = true;
  }
  if (!reason.empty()) {
    spec["reason"] = reason;
  }
  const json owner = {{"apiVersion", "slipway.dev/v1alpha1"},
                      {"kind", "Application"},
                      {"name", application},
                      {"uid", history.application["metadata"]["uid"]},
                      {"controller", true},
                      {"blockOwnerDeletion", true}};
  return {{"apiVersion", "slipway.dev/v1alpha1"},
          {"kind", "Rollout"},
          {"metadata",
           {{"name", application + "-" + std::to_string(number)}, {"ownerReferences", {owner}}}},
          {"spec", spec}};
}

/// Which rollout a new one is to repeat, or why there is none.
using Choice = Result<std::size_t> (*)(const History& history, const NextOptions& options);

Result<std::size_t> ChooseUndo(const History& history, const NextOptions& options) {
  const std::string promoted =
      history.application.value("/status/stable/rollout"_json_pointer, std::string());
  std::string promoted_release;
  for (const api::Rollout& rollout : history.rollouts) {
    if (rollout.metadata.name == promoted) {
      promoted_release = rollout.spec.release.commit.value + rollout.spec.release.hash.value;
    }
  }
  for (std::size_t i = history.rollouts.size(); i-- > 0;) {
    const api::Rollout& rollout = history.rollouts[i];
    const bool good = rollout.status.phase == api::RolloutPhase::kSucceeded;
    if (options.to) {
      if (rollout.spec.number == *options.to) {
        return good ? Result<std::size_t>(i)
                    : Result<std::size_t>(Fail(
                          Code::kInvalid, rollout.metadata.name +
                                              " did not succeed; go back only to one that did (see "
                                              "`slipway rollout history`)"));
      }
    } else if (good && rollout.spec.release.commit.value + rollout.spec.release.hash.value !=
                           promoted_release) {
      return i;
    }
  }
  return Fail(Code::kNotFound,
              options.to ? "there is no rollout " + std::to_string(*options.to) +
                               "; see `slipway rollout history " + options.application + "`"
                         : "no other release of " + options.application +
                               " was ever promoted: there is nothing to go back to");
}

Result<std::size_t> ChooseRetry(const History& history, const NextOptions& options) {
  if (history.rollouts.empty()) {
    return NothingYet(options.application);
  }
  const api::Rollout& newest = history.rollouts.back();
  if (!Ended(newest)) {
    return Fail(Code::kConflict, newest.metadata.name + " is still " +
                                     std::string(api::ToString(newest.status.phase)) +
                                     "; wait for it, or abort it first");
  }
  if (newest.status.phase == api::RolloutPhase::kSucceeded) {
    return Fail(Code::kInvalid, newest.metadata.name + " succeeded: there is nothing to retry");
  }
  return history.rollouts.size() - 1;
}

ExitCode MakeNext(const Session& session, const NextOptions& options, Choice choose, bool hold,
                  const Streams& streams) {
  for (int attempt = 1;; ++attempt) {
    const auto history = Load(session, options.application);
    if (!history.has_value()) {
      return Report(history.error(), streams);
    }
    const auto chosen = choose(history.value(), options);
    if (!chosen.has_value()) {
      return Report(chosen.error(), streams);
    }
    const api::Rollout& model = history.value().rollouts[chosen.value()];
    const json next = NextRollout(history.value(), history.value().objects[chosen.value()],
                                  options.application, hold, options.reason);
    const auto made = session.Create(session.Path(history.value().resource, ""), next);
    if (made.has_value()) {
      const std::string commit = model.spec.release.commit.value.substr(0, 8);
      streams.out << "rollouts/" << next["metadata"]["name"].get<std::string>()
                  << " created: " << commit << ", as in " << model.metadata.name << "\n";
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
  const auto history = Load(session, application);
  if (!history.has_value()) {
    return Report(history.error(), streams);
  }
  if (history.value().rollouts.empty()) {
    return Report(NothingYet(application), streams);
  }
  const std::string promoted =
      history.value().application.value("/status/stable/rollout"_json_pointer, std::string());
  std::vector<std::vector<std::string>> rows{
      {"NUMBER", "PHASE", "COMMIT", "RELEASE", "CAUSE", "SUBJECT"}};
  for (const api::Rollout& rollout : history.value().rollouts) {
    std::string phase(api::ToString(rollout.status.phase));
    phase += rollout.metadata.name == promoted ? " (promoted)" : "";
    rows.push_back({std::to_string(rollout.spec.number), phase,
                    rollout.spec.release.commit.value.substr(0, 8),
                    rollout.spec.release.hash.value.substr(0, 8),
                    std::string(rollout.status.cause ? api::ToString(*rollout.status.cause) : ""),
                    rollout.spec.release.subject});
  }
  streams.out << AlignedTable(rows);
  return kSucceeded;
}

ExitCode SetRolloutLevel(const Session& session, const std::string& application, Level level,
                         const Streams& streams) {
  const auto history = Load(session, application);
  if (!history.has_value()) {
    return Report(history.error(), streams);
  }
  if (history.value().rollouts.empty()) {
    return Report(NothingYet(application), streams);
  }
  const api::Rollout& newest = history.value().rollouts.back();
  const std::string name = newest.metadata.name;
  json spec;
  std::string done;
  switch (level) {
    case Level::kPause:
      spec["paused"] = true;
      done = "paused";
      break;
    case Level::kResume:
      spec["paused"] = false;
      spec["hold"] = false;
      done = "resumed";
      break;
    case Level::kAbort:
      spec["aborted"] = true;
      done = "aborted";
      break;
  }
  if (Ended(newest) && level != Level::kResume) {
    return Report(Fail(Code::kConflict,
                       name + " has ended: " + std::string(api::ToString(newest.status.phase))),
                  streams);
  }
  const auto patched =
      session.MergePatch(session.Path(history.value().resource, name), json{{"spec", spec}});
  if (!patched.has_value()) {
    return Report(patched.error(), streams);
  }
  streams.out << "rollouts/" << name << " " << done << "\n";
  return kSucceeded;
}

ExitCode UndoRollout(const Session& session, const NextOptions& options, const Streams& streams) {
  return MakeNext(session, options, ChooseUndo, true, streams);
}

ExitCode RetryRollout(const Session& session, const NextOptions& options, const Streams& streams) {
  return MakeNext(session, options, ChooseRetry, false, streams);
}

}  // namespace slipway::cli
