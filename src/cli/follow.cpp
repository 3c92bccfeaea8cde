#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "reconciler/rollout/intent.hpp"
#include "src/cli/output.hpp"
#include "src/cli/rollout_board.hpp"
#include "src/cli/rollout_commands.hpp"
#include "src/cli/rollout_view.hpp"
#include "src/cli/watch.hpp"

namespace slipway::cli {
namespace {

/// Pictures follow each other no faster than people read, and not so slowly that the clock in them seems to stand.
constexpr std::chrono::milliseconds kFrame{333};
constexpr std::chrono::milliseconds kTick{1000};

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
      const WindowSize window = streams_.window();
      const auto lines = DrawRollout(picture, {.color = streams_.color,
                                               .columns = window.columns,
                                               .rows = std::max(1, window.rows - 1)});
      // Overwritten line by line: some terminals keep a copy of what is cleared from the top of the screen.
      if (lines_ > 0) {
        streams_.out << "\x1b[" << lines_ << "A";
      }
      for (const std::string& line : lines) {
        streams_.out << line << "\x1b[K\n";
      }
      streams_.out << "\x1b[J";
      lines_ = lines.size();
    } else {
      for (const std::string& line : TellChanges(shown_ ? &*shown_ : nullptr, picture)) {
        streams_.out << line << "\n";
      }
    }
    streams_.out << std::flush;
    shown_ = picture;
  }

  /// A line between the pictures; the next one is drawn below it.
  void Say(const std::string& line) {
    streams_.err << line << std::endl;
    lines_ = 0;
  }

 private:
  const Streams& streams_;
  std::optional<RolloutPicture> shown_;
  std::size_t lines_ = 0;
};

/// That there is no rollout to follow yet, and which one is meant.
std::string WaitsFor(const FollowOptions& options) {
  return options.revision.empty() ? "waits for the first rollout of " + options.application
                                  : "waits for a rollout of " + options.revision.substr(0, 8) +
                                        (options.revision.size() > 8 ? "…" : "");
}

Error NotInTime(const FollowOptions& options, const std::optional<RolloutPicture>& picture) {
  const std::string after = " after " + Elapsed(options.timeout);
  if (!picture) {
    return Fail(Code::kTimeout, "no rollout of " + options.application +
                                    (options.revision.empty() ? "" : " for " + options.revision) +
                                    after + "; `slipway describe application " +
                                    options.application + "` says what it waits for");
  }
  const api::Rollout& rollout = picture->rollout;
  return Fail(Code::kTimeout, rollout.metadata.name + " is still " +
                                  std::string(api::ToString(rollout.status.phase)) + after + ": " +
                                  rollout.status.message);
}

}  // namespace

ExitCode FollowRollout(const Session& session, const FollowOptions& options,
                       const Streams& streams) {
  const auto applications = FindResource("applications");
  if (!applications.has_value()) {
    return Report(applications.error(), streams);
  }
  const auto object = session.Get(session.Path(applications.value(), options.application));
  if (!object.has_value()) {
    return Report(object.error(), streams);
  }
  const auto application = api::Decode<api::Application>(object.value().dump());
  if (!application.has_value()) {
    return Report(application.error(), streams);
  }
  const auto end = Board::Clock::now() + options.timeout;
  auto next_frame = Board::Clock::now();
  Board board(session, application.value());
  Screen screen(streams);
  bool told = false;
  while (true) {
    const auto tick = Board::Clock::now() + kTick;
    const Board::News news = board.Wait(next_frame, options.forever ? tick : std::min(tick, end));
    if (news.failure) {
      return Report(*news.failure, streams);
    }
    if (news.trouble) {
      screen.Say(TryingAgain(*news.trouble));
    }
    const auto picture = board.Look(options.revision);
    if (picture && rollout::HasEnded(picture->rollout.status.phase) && !options.forever) {
      // The watches of servers and gate may be behind that of rollouts: the last picture is taken afresh.
      const auto last = TakePicture(session, picture->rollout);
      screen.Show(last.has_value() ? last.value() : *picture);
      return picture->rollout.status.phase == api::RolloutPhase::kSucceeded ? kSucceeded : kFailed;
    }
    if (picture) {
      screen.Show(*picture);
    } else if (news.changed && !std::exchange(told, true)) {
      screen.Say(WaitsFor(options));
    }
    next_frame = Board::Clock::now() + kFrame;
    if (!options.forever && Board::Clock::now() >= end) {
      return Report(NotInTime(options, picture), streams);
    }
  }
}

}  // namespace slipway::cli
