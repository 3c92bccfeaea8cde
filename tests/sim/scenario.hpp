#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "tests/sim/api.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/git.hpp"

namespace slipway::sim {

/// What somebody or something does at a moment.
enum class Deed : std::uint8_t {
  kPush,        ///< of `repository`, with `behaviour`
  kForcePush,   ///< beside the head instead of on top of it
  kRewind,      ///< the head is its parent again
  kRemoteDown,  ///< the git server is out of reach
  kRemoteUp,
  kMerge,   ///< merge patch `json` of the object `key`
  kCreate,  ///< the object `key` from `json`
  kDelete,  ///< the object `key`, by `policy`
  kPause,   ///< the newest rollout of `target`
  kResume,
  kAbort,
  kPromote,  ///< every wave so far and the current one need no bake any more
  kRetry,    ///< the newest rollout of `target`, which has ended without success
  kUndo,     ///< back to the release before
  kVanish,   ///< the server `target` is out of reach
  kReturn,
  kCrashAgent,
  kReboot,
  kCrashServer,  ///< the control plane
  kPauseServer,  ///< for a minute
  kJumpClock,    ///< every wall clock, by an hour: `target` is "back" or "forward"
  kLaunch,       ///< the machine `target`, which was terminated or not there yet
  kTerminate,    ///< it is gone, and its provider does not list it any more
  kJoin,         ///< as kLaunch, and its provider holds it back until it is let in
  kStandBy,      ///< its provider keeps it out of service
  kServe,        ///< … and does so no more
  kConfirm,      ///< `slipway fleet confirm` of the fleet `target`
  kCalm,         ///< from here on no faults happen by chance
};

struct Step {
  Duration at{0};
  Duration every{0};  ///< repeated after this; zero: once
  int times = 1;
  Duration length{0};  ///< how long the control plane stays away; zero: for a while
  Deed deed = Deed::kPush;
  std::string target;  ///< application, server or repository
  Behaviour behaviour = Behaviour::kGood;
  Key key;
  std::string json;
  objects::DeleteRequest::Propagation policy = objects::DeleteRequest::Propagation::kBackground;
};

struct Document {
  Key key;
  std::string json;
  objects::DeleteRequest::Propagation policy = objects::DeleteRequest::Propagation::kBackground;
};

/// What a story must come to, besides the invariants.
struct Expectations {
  std::map<std::string, std::string> phases;  ///< by rollout
  std::map<std::string, std::string> causes;  ///< by rollout
  std::map<std::string, std::string> stable;  ///< by application: the rollout
  std::map<std::string, std::size_t> taken;   ///< by rollout/wave: servers that ever had its intent
  std::size_t promotions = 0;                 ///< at least
  std::optional<std::string> stalled;         ///< an object "Kind/name" that says Stalled
  std::map<std::string, std::string> says;    ///< by object "Kind/name": a reason in its conditions
  std::vector<std::string> absent;            ///< objects "Kind/name" that are gone
};

/// One story: what there is, what happens, what may go wrong, what must come of it.
struct Scenario {
  std::string name;
  std::vector<Document> objects;
  std::map<std::string, std::vector<std::string>>
      machines;                     ///< what providers list, by the program that a Fleet asks
  std::vector<std::string> asleep;  ///< those of them that are not there until they are launched
  std::vector<Step> steps;
  Faults faults;
  Duration length{0};                         ///< until here faults happen
  Duration settle{std::chrono::minutes(60)};  ///< and then this long is waited for rest
  Expectations expect;
  int seeds = 10;  ///< how many the test suite tries
};

/// The key that "Kind/name" means; throws std::invalid_argument where it means none.
Key KeyOfText(const std::string& text);

/// Reads a scenario from YAML; tests/sim/README.md says how it is written. An Error names the place.
Result<Scenario> ReadScenario(const std::string& path);

/// A story that nobody has thought of.
Scenario MakeUpScenario(std::uint64_t seed);

}  // namespace slipway::sim
