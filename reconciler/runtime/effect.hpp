#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/label_set.hpp"
#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/runtime/object.hpp"

// What the engine wants done, and how it hears that it was. The shell executes each effect once,
// with a deadline, and always answers with EffectDone: kTimeout, kUnavailable and kInternal mean
// that the outcome is unknown.
namespace slipway::runtime {

// ---- Work for the API. Success carries the object as it is afterwards.

/// Creates `key` from `json`: a whole object with a deterministic name. AlreadyExists counts as
/// success only where the existing object has the same controlling owner and a spec that holds
/// everything that `json` has.
struct Create {
  Key key;
  std::string json;

  bool operator==(const Create&) const = default;
};

/// A JSON patch (RFC 6902) of the main resource. A planner gives the bare operations; the engine
/// puts `test` of /metadata/uid and /metadata/generation before them, so that reports on status do
/// not make it conflict. What the shell gets is complete.
struct Patch {
  Key key;
  Uid uid;
  std::int64_t generation = 0;
  std::string operations;  ///< JSON array, [{"op":"add","path":"/spec/releases","value":[…]}]

  bool operator==(const Patch&) const = default;
};

/// Replaces the status, if the object still has this version.
struct WriteStatus {
  Key key;
  Uid uid;
  std::uint64_t version = 0;
  std::string status;  ///< JSON of the status alone

  bool operator==(const WriteStatus&) const = default;
};

/// Deletes, if the object still has this uid. Success carries the last state; while it has
/// finalizers, the object stays.
struct Delete {
  Key key;
  Uid uid;

  bool operator==(const Delete&) const = default;
};

/// Reads the object afresh, not from a cache. kNotFound is an answer.
struct Get {
  Key key;

  bool operator==(const Get&) const = default;
};

// ---- Work outside. `repository` is in the namespace of the key that asks; with its uid it
// identifies the mirror.

/// Polls a remote. The credentials are read by the shell from the Secret that the spec names.
struct FetchRepository {
  std::string repository;
  Uid uid;
  api::GitRepositorySpec spec;

  bool operator==(const FetchRepository&) const = default;
};

/// The newest commit at or before `head` that touches `path`, and whether `head` descends from
/// `ancestor` (empty: anything does).
struct ResolveRevision {
  std::string repository;
  Uid uid;
  Commit head;
  std::string path;
  Commit ancestor;

  bool operator==(const ResolveRevision&) const = default;
};

/// Keeps a commit in the mirror for as long as a pin with this id is there.
struct Pin {
  std::string repository;
  Uid uid;
  std::string id;
  Commit commit;

  bool operator==(const Pin&) const = default;
};

struct Unpin {
  std::string repository;
  Uid uid;
  std::string id;

  bool operator==(const Unpin&) const = default;
};

/// Asks a provider which servers there are.
struct ListServers {
  api::Provider provider;
  /// Names of the servers that the fleet has, in order: a provider that may leave some out without a word misses them.
  std::shared_ptr<const std::vector<std::string>> known = nullptr;

  /// A list is its provider's, whoever asks: what the fleet has is no part of it.
  bool operator==(const ListServers& other) const { return provider == other.provider; }
};

/// Asks a provider to let a machine in that it holds back: its launch is complete. Done again, or too late, it is an error.
struct CompleteLaunch {
  api::Provider provider;
  std::string server;       ///< name of the Server object
  std::string provider_id;  ///< as it was listed
  std::string launch;       ///< likewise
  Time listing;             ///< that showed it waiting

  bool operator==(const CompleteLaunch&) const = default;
};

using OutsideRequest =
    std::variant<FetchRepository, ResolveRevision, Pin, Unpin, ListServers, CompleteLaunch>;

/// Answer to FetchRepository.
struct FetchedRevision {
  Commit commit;
  std::string author;
  std::string subject;
  bool empty = false;  ///< the commit has no files

  bool operator==(const FetchedRevision&) const = default;
};

/// Answer to ResolveRevision.
struct ResolvedRevision {
  Commit commit;
  Tree tree;  ///< the whole tree of `commit`
  std::string author;
  std::string subject;
  bool descends = true;
  std::string manifest;  ///< slipway.yaml at the path, as JSON text; empty: there is none

  bool operator==(const ResolvedRevision&) const = default;
};

/// What a provider says of a machine.
enum class MachineState : std::uint8_t {
  kRunning,
  kStandby,  ///< it runs, and its provider keeps it out of service
  kJoining,  ///< it runs, and its provider holds it back until CompleteLaunch
  kStopped,
  kTerminated,  ///< or about to be: it does not come back
};

/// A machine as its provider lists it.
struct ListedServer {
  std::string name;  ///< of the Server object
  std::string address;
  std::string provider_id;  ///< such as exec://web-1
  api::LabelSet labels;
  MachineState state = MachineState::kRunning;
  std::string launch{};  ///< of one that joins: what else its provider must hear to let it in

  bool operator==(const ListedServer&) const = default;
};

/// Answer to ListServers: all machines that the provider knows. Whatever was not sure to be all is an error instead. Listings
/// are large and are looked at often, so they are shared.
struct ServerListing {
  Time time;  ///< when it was made; no two have the same
  std::shared_ptr<const std::vector<ListedServer>> servers;

  bool operator==(const ServerListing&) const = default;
};

/// monostate answers Pin, Unpin and CompleteLaunch. The reason of a failure is the reason of the error's first
/// cause, such as "RefNotFound".
using OutsideValue = std::variant<std::monostate, FetchedRevision, ResolvedRevision, ServerListing>;
using OutsideResult = Result<OutsideValue>;

/// The reason of an error for a condition: that of its first cause, or else that of its code.
std::string ReasonOf(const Error& error);

// ---- What the shell sees.

using EffectId = std::uint64_t;

/// An outside request with the key on whose behalf it is made (the namespace of the repository is
/// its).
struct Outside {
  Key key;
  std::string slot;
  OutsideRequest request;

  bool operator==(const Outside&) const = default;
};

/// One thing to execute, and the id to answer with.
struct Effect {
  EffectId id = 0;
  std::variant<Create, Patch, WriteStatus, Delete, Get, Outside> work;
};

/// Answer to API work: the object, or why not. Get answers kNotFound where there is none.
using ObjectResult = Result<Bytes>;

using EffectResult = std::variant<ObjectResult, OutsideResult>;

/// One line for logs and traces, such as "patch Server default/web-1 [{…}]".
std::string Describe(const Effect& effect);

}  // namespace slipway::runtime
