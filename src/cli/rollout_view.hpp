#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/testrun.hpp"

namespace slipway::cli {

/// One rollout and what can be seen of it, at one moment.
struct RolloutPicture {
  api::Rollout rollout;
  std::vector<api::Server> servers;  ///< of the namespace, ordered by name
  std::optional<api::TestRun> gate;  ///< the newest run of its gate
  Duration age{0};                   ///< since the rollout was created
};

/// How a picture is drawn.
struct Look {
  bool color = false;
  int columns = 80;  ///< no line is longer
  int rows = 0;      ///< no more lines than these; 0: as many as there are
};

/// The tree: the gate, the waves with their servers and progress bars, what it waits for and why. One string a line, without
/// newlines. A wave of more than 12 servers shows those in flight and counts the others. Where there are too many lines, servers
/// are folded away, those of passed waves first, and then the earliest waves.
std::vector<std::string> DrawRollout(const RolloutPicture& picture, const Look& look);

/// What happened between two pictures of one rollout (nullptr: all that `now` shows), one sentence a line: for output that is
/// not a terminal.
std::vector<std::string> TellChanges(const RolloutPicture* before, const RolloutPicture& now);

}  // namespace slipway::cli
