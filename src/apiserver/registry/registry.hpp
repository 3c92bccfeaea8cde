#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "src/apiserver/registry/object.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/write_rules.hpp"
#include "src/store/store.hpp"

namespace slipway::apiserver {

/// Queues a function for the home thread: the one thread on which the registry is used and calls
/// back. Callable from every thread; must not run the function before it returns.
using Post = std::function<void(std::function<void()>)>;

/// Where an object is, or shall be. `kind` is one of objects::AllKinds().
struct ObjectPath {
  const objects::KindInfo* kind = nullptr;
  std::string ns;    ///< empty for kinds without a namespace; in List and Watch also: all of them
  std::string name;  ///< empty in Create, List and Watch
};

/// How a write is to be done.
struct WriteOptions {
  bool dry_run = false;  ///< everything but the change itself
  objects::FieldValidation field_validation = objects::FieldValidation::kIgnore;
  std::string field_manager = "slipway";  ///< the owner of what changes; ours: the control plane
  bool force = false;                     ///< of an apply: take fields away from their owners
  objects::Admission admit{};             ///< of whoever asks; empty: may write anything
};

/// What a write left behind.
struct Written {
  Object object;
  std::vector<std::string> warnings;  ///< for the client, such as `unknown field "spec.colour"`
  bool removed = false;  ///< the write took the last finalizer of a deleted object: it is gone now
  bool created = false;  ///< the write was an apply, and there was no object before
};

/// What a delete left behind.
struct Deleted {
  Object object;        ///< as it is now, or as it was last
  bool removed = true;  ///< false: it is marked, and waits for its finalizers
  std::string uid;
};

/// Called exactly once, on the home thread, never before the call returned that it was given to.
using WriteDone = std::function<void(Result<Written>)>;
using DeleteDone = std::function<void(Result<Deleted>)>;

enum class PatchType : std::uint8_t {
  kMerge,           ///< RFC 7396
  kJson,            ///< RFC 6902
  kStrategicMerge,  ///< core kinds only
  kApply            ///< server-side apply
};

/// Which objects a list or a watch is about. Both as they stand in a URL, unescaped.
struct Selectors {
  std::string label;
  std::string field;
};

struct ListOptions {
  Selectors selectors{};
  std::size_t limit = 0;                      ///< objects a page; 0: all
  std::string continue_token{};               ///< ObjectList::continue_token of the page before
  store::Revision revision = store::kLatest;  ///< the picture at this one exactly
  bool piece_by_piece = false;  ///< a list of all as they are now need not be in memory as a whole
};

/// One page of a consistent picture.
struct ObjectList {
  std::vector<Object> items;              ///< ordered by namespace, then name
  store::Revision revision = 0;           ///< of the picture, the same on every page
  std::string continue_token;             ///< empty: this was the last page
  std::optional<std::int64_t> remaining;  ///< objects after this page; never with selectors
  /// Where the list comes piece by piece: the next objects of this page; none: that were all. Empty: all are in `items`. For a thread
  /// that may wait for the disk, one at a time; before the end of the registry. kExpired: it took so long that compaction came first.
  std::function<Result<std::vector<Object>>()> more{};
};

/// One reader of the changes of one kind. A position in the history, not a queue: a slow reader
/// costs no memory. Used and destroyed on the home thread, before its registry.
class ObjectWatch {
 public:
  enum class Type : std::uint8_t { kAdded, kModified, kDeleted };

  /// kDeleted: the last state, with the revision of the deletion. An object that comes to match
  /// the selectors is kAdded, one that ceases to match is kDeleted.
  struct Change {
    Type type;
    Object object;
  };

  struct Batch {
    std::vector<Change> changes;   ///< in the order of revisions, each once, without a gap
    store::Revision revision = 0;  ///< all up to here has been handed out: a right bookmark
    bool more = false;             ///< true: call Take again; false: `ready` will be called
  };

  virtual ~ObjectWatch() = default;

  /// The next changes, out of at most `limit` that were made. Blocks for disk reads while the
  /// reader is behind, never for news. kExpired: history was compacted, list again.
  virtual Result<Batch> Take(std::size_t limit) = 0;
};

/// The API's objects: Kubernetes' semantics of reading, writing and watching, over a store. HTTP
/// handlers, controllers and the gateway all go through it, so all see the same rules.
///
/// Threads: Get, List and StartWatch may be called from every thread and block for disk reads.
/// Everything that writes is called on the home thread and calls back there: it works out the object
/// there, which takes a read of the store (of the disk, where its pages are not in memory) and time that
/// grows with the object, but it never waits for a commit. Writes of one object are made one after the
/// other, in the order of the calls.
///
/// Errors carry the message of a Kubernetes Status: kNotFound, kAlreadyExists, kConflict (another
/// resourceVersion or uid), kInvalid with causes, kBadRequest, kForbidden (the namespace is being
/// deleted), kExpired, kTimeout (nobody knows whether it happened; or a revision of the future),
/// and those of the store.
class Registry {
 public:
  /// `store` and `clock` outlive it; `seed` makes uids and generated names.
  Registry(store::Store& store, const Clock& clock, Post post, std::uint64_t seed);
  ~Registry();

  /// Makes the namespace `default` if it is not there, and the CustomResourceDefinitions what this
  /// program serves. Call once, before anything else.
  void Start(std::function<void(Result<void>)> done);

  Result<Object> Get(const ObjectPath& path) const;
  Result<ObjectList> List(const ObjectPath& path, const ListOptions& options) const;

  /// Changes above `after` (kLatest: from now on). Take at once until `more` is false; `ready` then
  /// runs on the home thread when there is something to take, once for each time, and never after
  /// the watch was destroyed.
  Result<std::unique_ptr<ObjectWatch>> StartWatch(const ObjectPath& path,
                                                  const Selectors& selectors, store::Revision after,
                                                  std::function<void()> ready) const;

  /// `json`: the whole object, as text; metadata.name or metadata.generateName in it.
  void Create(ObjectPath path, std::string json, WriteOptions options, WriteDone done);

  /// Replaces all but the status. A resourceVersion in `json` must be the stored one; our own kinds
  /// and Leases must have one.
  void Update(ObjectPath path, std::string json, WriteOptions options, WriteDone done);

  /// Replaces the status only.
  void UpdateStatus(ObjectPath path, std::string json, WriteOptions options, WriteDone done);

  /// As Update. Without a resourceVersion in the result it is tried again when others interfere.
  /// An apply, whose `patch` is a part of the object that the caller wants, creates the object where
  /// there is none, but never its status alone; kConflict with causes where others own fields of it.
  void Patch(ObjectPath path, PatchType type, std::string patch, WriteOptions options,
             WriteDone done);
  void PatchStatus(ObjectPath path, PatchType type, std::string patch, WriteOptions options,
                   WriteDone done);

  /// Removes the object, or marks it when it has finalizers.
  void Delete(ObjectPath path, objects::DeleteRequest request, WriteOptions options,
              DeleteDone done);

  /// Names the life of the store; part of the epochs that agents are given.
  const store::Incarnation& incarnation() const;

 private:
  struct State;

  void Apply(ObjectPath path, std::string configuration, WriteOptions options, WriteDone done);

  std::unique_ptr<State> state_;
};

}  // namespace slipway::apiserver
