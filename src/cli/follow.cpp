#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "src/cli/output.hpp"
#include "src/cli/rollout_commands.hpp"
#include "src/cli/rollout_view.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

/// How long to wait between two looks: soon enough for people, and kinder to a server with many servers to list.
constexpr std::chrono::milliseconds kLook{300};
constexpr std::chrono::milliseconds kLookAtMany{2000};
constexpr std::size_t kMany = 500;

/// The rollout to follow: the newest, or the newest of a commit. Nothing where there is none yet.
Result<std::optional<api::Rollout>> FindRollout(const Session& session,
                                                const FollowOptions& options) {
  SLIPWAY_TRY(resource, FindResource("rollouts"));
  SLIPWAY_TRY(listing, session.List(resource));
  std::optional<api::Rollout> found;
  for (const json& object : listing.items) {
    if (object.value("/spec/application"_json_pointer, std::string()) != options.application) {
      continue;
    }
    SLIPWAY_TRY(rollout, api::Decode<api::Rollout>(object.dump()));
    if (rollout.spec.release.commit.value.starts_with(options.revision) &&
        (!found || found->spec.number < rollout.spec.number)) {
      found = std::move(rollout);
    }
  }
  return found;
}

Result<RolloutPicture> TakePicture(const Session& session, api::Rollout rollout) {
  RolloutPicture picture;
  SLIPWAY_TRY(servers, FindResource("servers"));
  SLIPWAY_TRY(listing, session.List(servers));
  for (const json& object : listing.items) {
    SLIPWAY_TRY(server, api::Decode<api::Server>(object.dump()));
    picture.servers.push_back(std::move(server));
  }
  if (!rollout.status.gate.test_run.empty()) {
    SLIPWAY_TRY(runs, FindResource("testruns"));
    const auto run = session.Get(session.Path(runs, rollout.status.gate.test_run));
    if (run.has_value()) {
      SLIPWAY_TRY(gate, api::Decode<api::TestRun>(run.value().dump()));
      picture.gate = std::move(gate);
    } else if (run.error().code != Code::kNotFound) {
      return run.error();
    }
  }
  if (rollout.metadata.creation_timestamp) {
    picture.age = std::chrono::duration_cast<Duration>(std::chrono::system_clock::now() -
                                                       *rollout.metadata.creation_timestamp);
  }
  picture.rollout = std::move(rollout);
  return picture;
}

/// Shows pictures one after the other: redrawn in place on a terminal, as sentences elsewhere.
class Screen {
 public:
  explicit Screen(const Streams& streams) : streams_(streams) {}

  void Show(const RolloutPicture& picture) {
    if (shown_ && shown_->rollout.metadata.name != picture.rollout.metadata.name) {
      shown_.reset();
      lines_ = 0;
    }
    if (streams_.terminal) {
      const auto lines =
          DrawRollout(picture, {.color = streams_.color, .columns = streams_.columns});
      if (lines_ > 0) {
        streams_.out << "\x1b[" << lines_ << "A\x1b[J";
      }
      for (const std::string& line : lines) {
        streams_.out << line << "\n";
      }
      lines_ = lines.size();
    } else {
      for (const std::string& line : TellChanges(shown_ ? &*shown_ : nullptr, picture)) {
        streams_.out << line << "\n";
      }
    }
    streams_.out << std::flush;
    shown_ = picture;
  }

 private:
  const Streams& streams_;
  std::optional<RolloutPicture> shown_;
  std::size_t lines_ = 0;
};

Error NotInTime(const FollowOptions& options, const std::optional<api::Rollout>& rollout) {
  const std::string after = " after " + Elapsed(options.timeout);
  if (!rollout) {
    return Fail(Code::kTimeout, "no rollout of " + options.application +
                                    (options.revision.empty() ? "" : " for " + options.revision) +
                                    after + "; `slipway describe application " +
                                    options.application + "` says what it waits for");
  }
  return Fail(Code::kTimeout, rollout->metadata.name + " is still " +
                                  std::string(api::ToString(rollout->status.phase)) + after + ": " +
                                  rollout->status.message);
}

}  // namespace

ExitCode FollowRollout(const Session& session, const FollowOptions& options,
                       const Streams& streams) {
  const auto applications = FindResource("applications");
  if (!applications.has_value()) {
    return Report(applications.error(), streams);
  }
  const auto application = session.Get(session.Path(applications.value(), options.application));
  if (!application.has_value()) {
    return Report(application.error(), streams);
  }
  const auto end = std::chrono::steady_clock::now() + options.timeout;
  Screen screen(streams);
  while (true) {
    auto rollout = FindRollout(session, options);
    if (!rollout.has_value()) {
      return Report(rollout.error(), streams);
    }
    std::size_t servers = 0;
    if (rollout.value()) {
      const auto picture = TakePicture(session, *rollout.value());
      if (!picture.has_value()) {
        return Report(picture.error(), streams);
      }
      servers = picture.value().servers.size();
      screen.Show(picture.value());
      if (Ended(*rollout.value()) && !options.forever) {
        return rollout.value()->status.phase == api::RolloutPhase::kSucceeded ? kSucceeded
                                                                              : kFailed;
      }
    }
    if (!options.forever && std::chrono::steady_clock::now() > end) {
      return Report(NotInTime(options, rollout.value()), streams);
    }
    std::this_thread::sleep_for(servers > kMany ? kLookAtMany : kLook);
  }
}

}  // namespace slipway::cli
