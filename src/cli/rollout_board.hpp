#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/api/application.hpp"
#include "src/cli/rollout_view.hpp"
#include "src/cli/session.hpp"

namespace slipway::cli {

/// The rollouts of one application, with the servers and the gates that belong to them, kept up to date by one watch a kind.
/// Each has a thread of its own until the Board is destroyed; everything else is for the thread that owns it.
class Board {
 public:
  using Clock = std::chrono::steady_clock;

  /// `session` outlives the Board.
  Board(const Session& session, api::Application application);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  struct News {
    bool changed = false;  ///< there is something new to see, and everything has been listed once
    std::optional<Error> trouble;  ///< the API is away, and the watches try again; told once
    std::optional<Error> failure;  ///< a watch has ended: no waiting mends this
  };
  /// What happened since the last call. Waits until something did, or until `until`; what has only changed waits for
  /// `not_before`.
  News Wait(Clock::time_point not_before, Clock::time_point until);

  /// The newest rollout whose commit begins with `revision`, as it is known now; nothing where there is none yet.
  std::optional<RolloutPicture> Look(const std::string& revision) const;

 private:
  /// What is known of one kind, by name.
  template <typename Object>
  struct Shelf {
    const char* plural;
    std::map<std::string, Object> objects = {};
    bool listed = false;
  };

  /// Starts the thread that keeps one shelf.
  template <typename Object>
  void Follow(Shelf<Object>& shelf);
  template <typename Object>
  Result<void> Run(Shelf<Object>& shelf, const std::stop_token& stop);
  /// Both with the mutex held.
  bool Listed() const;
  void Announce();
  bool Wanted(const api::Rollout& rollout) const;
  bool Wanted(const api::Server& server) const;
  bool Wanted(const api::TestRun& run) const;

  const Session& session_;
  const api::Application application_;
  mutable std::mutex mutex_;
  std::condition_variable news_arrived_;
  News news_;
  std::set<std::string> troubled_;  ///< kinds whose watch is in trouble
  Shelf<api::Rollout> rollouts_{"rollouts"};
  Shelf<api::Server> servers_{"servers"};
  Shelf<api::TestRun> runs_{"testruns"};
  /// Last: they end before what they use.
  std::vector<std::jthread> threads_;
};

/// How long ago the rollout was created.
Duration AgeOf(const api::Rollout& rollout);

/// The rollout with what the API says of its servers and its gate at this moment.
Result<RolloutPicture> TakePicture(const Session& session, const api::Rollout& rollout);

}  // namespace slipway::cli
