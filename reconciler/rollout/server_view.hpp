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
#include "reconciler/rollout/selection.hpp"
#include "reconciler/runtime/object.hpp"

// What planners read of a Server. ServerFacts are made once, when the object arrives. A plan about one application copies the
// few numbers that concern it into ServerViews, which lie side by side in memory: it copies no string and parses nothing.
namespace slipway::rollout {

/// A commit and a configuration hash as 128 bits of their SHA-256, so that comparing two releases costs no pointer chase. One
/// that lacks either half equals no other, itself included.
class PackedRelease {
 public:
  PackedRelease() = default;
  PackedRelease(const Commit& commit, const ReleaseHash& hash);

  bool empty() const { return digest_ == Digest{}; }
  bool operator==(const PackedRelease& other) const { return digest_ == other.digest_ && !empty(); }

 private:
  using Digest = std::array<std::uint64_t, 2>;
  Digest digest_{};
};

/// An entry of spec.releases. Rollouts are told apart by their numbers, which an application never reuses; 0 is a name that is
/// none of this application's.
struct IntentFacts {
  PackedRelease release;
  std::int64_t rollout = 0;
  std::int64_t attempt = 0;
  std::int64_t from = 0;  ///< the rollout that this goes back from; 0: none
  std::int32_t wave = 0;  ///< 0: catching up, or going back
  std::int32_t retries = 0;
};

/// What runs, as the agent observed it.
struct RunningFacts {
  PackedRelease release;
  api::RunningHealth health = api::RunningHealth::kStopped;
};

/// What the agent does about an intent.
struct AttemptFacts {
  std::int64_t rollout = 0;
  std::int64_t number = 0;
  api::AttemptPhase phase = api::AttemptPhase::kPreparing;
  std::optional<api::Outcome> result;
};

/// One application on one server: its entries in spec and status together.
struct ReleaseFacts {
  std::optional<IntentFacts> intent;
  std::optional<RunningFacts> running;
  std::optional<AttemptFacts> attempt;
};

struct ReleaseEntry {
  std::string application;
  ReleaseFacts facts;
  int position = -1;    ///< index in spec.releases; -1: no entry there
  std::string message;  ///< of the attempt: why, for people
};

/// How many entries spec.releases may have.
inline constexpr std::size_t kMaxIntents = 100;

/// One server. What every plan looks at comes first.
struct ServerFacts final : runtime::View {
  std::uint64_t name_hash = 0;  ///< the same on every machine and in every version of this program
  std::uint32_t intents = 0;    ///< entries of spec.releases
  bool reachable = false;       ///< condition Reachable is True; Unknown and absent count as not
  bool judged = false;          ///< condition Reachable is True or False
  bool cordoned = false;        ///< by a person, or by its provider
  bool standby = false;         ///< by its provider
  bool joining = false;         ///< its provider holds it back until it has what was promoted
  bool admitted = false;        ///< … and was asked, or is about to be, to let it in
  std::vector<ReleaseEntry> releases;  ///< ordered by application
  Labels labels;
  std::string fleet;
  std::string name;
  Uid uid;
  std::int64_t generation = 0;
  std::string address;
  std::string provider_id;
};

/// One server as a plan about one application sees it. `server` is borrowed from the cache.
struct ServerView {
  const ServerFacts* server = nullptr;
  std::uint64_t name_hash = 0;
  ReleaseFacts release;  ///< empty where nothing of this application is or was wanted there
  bool reachable = false;
  bool judged = false;  ///< as in ServerFacts
  bool cordoned = false;
  bool joining = false;  ///< as in ServerFacts: no server of waves
  bool held =
      false;  ///< it joins and is not admitted: it serves nobody, as far as its provider has said
  bool busy = false;  ///< another application's attempt is under way there
  bool full = false;  ///< as many other applications as a server can bear have an entry there
};

/// The view of `application` on `server`; O(applications on that server).
ServerView ViewOf(const ServerFacts& server, std::string_view application);

/// What the last attempt of `application` on `server` said; "" where it said nothing.
std::string_view MessageOf(const ServerFacts& server, std::string_view application);

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
