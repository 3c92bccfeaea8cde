#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/api/serverclaim.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/fleet/observation.hpp"
#include "reconciler/rollout/server_view.hpp"

namespace slipway::fleet {

/// Annotation of a Fleet: what a person has confirmed, as ConfirmationOf() wrote it then.
inline constexpr const char* kConfirmedRemoval = "slipway.dev/confirmed-removal";

/// Names what `status.absence` says under this spec: any change of either is another confirmation. Empty: there is nothing to
/// confirm.
std::string ConfirmationOf(const api::Fleet& fleet);

/// Reason of the condition Ready while servers wait for that.
inline constexpr const char* kNeedsConfirmation = "RemovalNeedsConfirmation";

/// An application that has promoted a release and means a server that joins, and does not run it there in good health.
struct Awaited {
  /// What became of it there.
  enum class Progress : std::uint8_t {
    kComing,  ///< it is brought, or is to be
    kFailed,  ///< and is not tried again
    kGone,    ///< its Rollout is: nobody brings it any more
    kNoRoom,  ///< the server bears as many applications as it can
  };
  std::string rollout;  ///< that promoted it
  Progress progress = Progress::kComing;
};

/// What became of the last time that the provider was asked to let a server in.
struct Letting {
  Time listing;                ///< that showed it waiting
  std::optional<Error> error;  ///< of the last answer
  bool in_flight = false;      ///< another answer is on its way
  bool settled = false;        ///< none is, and the newest listing came after the answer
  Duration age{0};             ///< running time since the answer
  int failures = 0;            ///< in a row
};

/// A Server object of the fleet's namespace, or one of another fleet that has a name that this fleet wants.
struct KnownServer {
  const rollout::ServerFacts* facts = nullptr;
  const std::map<std::string, std::string>* labels = nullptr;
  bool ours = false;         ///< owned by this fleet
  bool joined = false;       ///< a claim is matched to it
  std::vector<int> stale{};  ///< positions in spec.releases of entries that mean nothing any more
  std::vector<Awaited> awaited{};    ///< of one that joins
  std::optional<Letting> letting{};  ///< of one that joins; nullopt: it was not asked for
};

/// A Server object that cannot be used now, but has its name.
struct BlockedServer {
  std::string name;
  bool leaving = false;  ///< it is being deleted; otherwise it cannot be read
};

/// The last time that the provider was asked.
struct LastListing {
  api::Provider provider;                 ///< as it was asked
  Result<runtime::ServerListing> result;  ///< the reason of an error is that of its first cause
  Duration age{0};                        ///< running time since it ended
  int failures = 0;                       ///< in a row
  bool outdated = false;                  ///< the list has changed since it was asked for
};

/// One fleet at one moment. Borrowed: valid during the call only.
struct Snapshot {
  const api::Fleet& fleet;
  std::optional<Observation>
      observation;                    ///< see Observe(); nullopt: the provider has not answered yet
  const LastListing* last = nullptr;  ///< nullptr: none since the start
  bool listing = false;               ///< the provider is being asked
  std::span<const KnownServer> servers;    ///< by name
  std::span<const BlockedServer> blocked;  ///< of the names that the fleet wants, by name
  Time now;
};

/// Create this Server, owned by the fleet.
struct CreateServer {
  std::string name;
  std::map<std::string, std::string> labels;
  api::ServerSpec spec;
};
/// Bring labels, address, provider id, standby, joining and admitted up to date.
struct UpdateServer {
  const rollout::ServerFacts* server = nullptr;
  std::map<std::string, std::string> labels;
  std::string address;
  std::string provider_id;
  bool standby = false;
  bool joining = false;
  bool admitted = false;
};
/// Ask the provider to let this server in.
struct LetIn {
  const rollout::ServerFacts* server = nullptr;
  std::string launch;  ///< as it was listed
  Time listing;
};
/// Take these entries of spec.releases away.
struct TakeBack {
  const rollout::ServerFacts* server = nullptr;
  std::vector<int> positions;  ///< ascending
};
/// Delete a Server that the provider does not report any more.
struct DeleteServer {
  const rollout::ServerFacts* server = nullptr;
};

using Action = std::variant<CreateServer, UpdateServer, LetIn, TakeBack, DeleteServer>;

/// What is to be done; a changed `status` is written before the actions. Where nothing but counts would change while there is
/// something to do, `status` is the stored one.
struct Plan {
  bool list = false;  ///< ask the provider now
  std::vector<Action> actions;
  api::FleetStatus status;
  std::optional<Duration> requeue_after{};
};

/// Decides about one fleet: a Server object for each machine, none for what left, and no entry for applications that left.
/// Nobody leaves because of a listing that failed; see JudgeAbsence() for who leaves because of a good one. A server that joins is let
/// in once for each listing that shows it waiting, see MayBeLetIn(); before that it is admitted, so that budgets count it from then
/// on, until a listing shows that it waits after all and may be let in no more. Counts are written when they change. Total and deterministic; O(servers).
Plan PlanFleet(const Snapshot& snapshot);

/// One claim at one moment. Borrowed: valid during the call only.
struct ClaimSnapshot {
  const api::ServerClaim& claim;
  const rollout::ServerFacts* server = nullptr;  ///< of the name that it claims; nullptr: none
  const api::ServerClaim* holder = nullptr;      ///< another claim that is matched to that server
  bool suspended = false;                        ///< the fleet of that server lets nobody join now
  Time now;
};

/// Whether a claim may be of the machine that its provider lists as this server.
bool IsThisMachine(const api::ServerClaim& claim, const rollout::ServerFacts& server);

/// What is to be said to the one who asks.
struct ClaimPlan {
  api::ServerClaimStatus status;
};

/// Decides whether an agent that asks to join is the server whose name it gives: the first claim of a name has it, as long as
/// it exists; a token that names a fleet opens that fleet only; a server of a cloud is joined by the instance that the cloud lists.
/// A claim that is not matched waits and says why. Total and deterministic.
ClaimPlan PlanServerClaim(const ClaimSnapshot& snapshot);

}  // namespace slipway::fleet
