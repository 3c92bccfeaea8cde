#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/api/server.hpp"
#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/object.hpp"

// What planners read of a Server. It is made once, when the object arrives; a plan copies no string and parses nothing.
namespace slipway::rollout {

/// A commit and a configuration hash as bytes, so that comparing two releases costs no pointer chase. Ids that are not
/// hexadecimal, or absent, give a release that equals no other, itself included.
class PackedRelease {
 public:
  PackedRelease() = default;
  PackedRelease(const Commit& commit, const ReleaseHash& hash);

  bool empty() const { return !known_; }
  bool operator==(const PackedRelease& other) const {
    return known_ && other.known_ && bytes_ == other.bytes_;
  }

 private:
  std::array<std::uint8_t, 52> bytes_{};  ///< 20 of the commit, 32 of the hash
  bool known_ = false;
};

/// An entry of spec.releases. Rollouts are told apart by their numbers, which an application never reuses; 0 is a name that is
/// none of this application's.
struct IntentFacts {
  PackedRelease release;
  std::int64_t rollout = 0;
  std::int64_t wave = 0;  ///< 0: catching up, or going back
  std::int64_t attempt = 0;
  std::int64_t retries = 0;
  std::int64_t from = 0;  ///< the rollout that this goes back from; 0: none
};

struct RunningFacts {
  PackedRelease release;
  api::RunningHealth health = api::RunningHealth::kStopped;
};

struct AttemptFacts {
  std::int64_t rollout = 0;
  std::int64_t number = 0;
  api::AttemptPhase phase = api::AttemptPhase::kPreparing;
  std::optional<api::Outcome> result;
  std::string message;  ///< why, for people
};

/// One application on one server: its entries in spec and status together.
struct ReleaseFacts {
  std::string application;
  std::optional<IntentFacts> intent;
  std::optional<RunningFacts> running;
  std::optional<AttemptFacts> attempt;
  int position = -1;  ///< index in spec.releases; -1: no entry
};

/// One server. Labels are in the cache's Object.
struct ServerFacts final : runtime::View {
  std::string name;
  Uid uid;
  std::int64_t generation = 0;
  std::string fleet;
  std::string address;
  std::string provider_id;
  std::uint64_t name_hash = 0;  ///< the same on every machine and in every version of this program
  bool reachable = false;       ///< condition Reachable is True; Unknown and absent count as not
  bool cordoned = false;
  bool has_releases = false;           ///< spec.releases is there
  std::vector<ReleaseFacts> releases;  ///< ordered by application
};

/// One server as a plan about one application sees it. Borrowed from the cache.
struct ServerView {
  const ServerFacts* server = nullptr;
  const ReleaseFacts* release =
      nullptr;        ///< nullptr: nothing of this application is or was wanted there
  bool busy = false;  ///< another application's attempt is under way there
};

/// The view of `application` on `server`; O(applications on that server).
ServerView ViewOf(const ServerFacts& server, std::string_view application);

/// Reads a Server. Total: what is odd is left out.
ServerFacts MakeServerFacts(const api::Server& server);

/// The facts about one application alone; either pointer may be null.
ReleaseFacts MakeReleaseFacts(const std::string& application, const api::Intent* intent,
                              const api::ServerRelease* release);

/// The projector of the kind Server for the engine's cache; the view is a ServerFacts.
Result<runtime::Projection> ProjectServer(const std::string& json);

/// FNV-1a of 64 bits: a hash that never changes.
std::uint64_t StableHash(std::string_view text);

}  // namespace slipway::rollout
