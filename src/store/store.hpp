#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"

namespace slipway::store {

/// The number of one change. Positive, one counter for the whole store, strictly increasing, not
/// always without gaps. An object's resourceVersion is the revision of its last change.
using Revision = std::int64_t;

/// Stands for "the newest" where a revision is asked for.
inline constexpr Revision kLatest = 0;

/// Of a store in which nothing has ever changed; the first change has the next one. So whoever
/// lists an empty store can watch from there without meaning kLatest.
inline constexpr Revision kFirstRevision = 1;

/// The bytes of one object, shared by everybody who serves them. nullptr where there is none.
using Value = std::shared_ptr<const std::string>;

/// Names one life of a data directory: the time at which it was made and 32 random hex digits, such
/// as "20260102T030405Z-1f3c…". Later ones are greater as text. Kept over restarts; an older copy
/// that was put back gets a new one.
using Incarnation = StrongId<struct IncarnationTag>;

/// One key as it stands at some revision. Keys are paths such as
/// `/slipway.dev/applications/<namespace>/<name>`; the store knows nothing of their parts.
struct Entry {
  std::string key;
  Value value;
  Revision create_revision = 0;
  Revision revision = 0;  ///< of its last change

  bool operator==(const Entry& other) const;  ///< compares the bytes
};

/// One change, as it is told to watchers.
struct Event {
  enum class Type : std::uint8_t { kPut, kDelete };
  Type type = Type::kPut;
  std::string key;

  /// kPut: the new bytes; kDelete: the last bytes.
  Value value;

  /// What the key held before (kDelete: the same as `value`); nullptr at creation.
  Value previous_value;

  Revision create_revision = 0;    ///< of the life of the key that this event belongs to
  Revision revision = 0;           ///< of this change; kDelete: of the deletion
  Revision previous_revision = 0;  ///< of the change before it; 0 at creation

  bool created() const { return previous_value == nullptr; }
  bool operator==(const Event& other) const;  ///< compares the bytes
};

/// What List is asked for. `prefix` selects every key that begins with it; end it with a slash.
struct ListRequest {
  std::string prefix;
  std::string start = {};        ///< first key of this page (Page::next); empty: from the beginning
  std::size_t limit = 0;         ///< entries a page; 0: all of them
  std::size_t bytes = 0;         ///< of values, after which a page ends; 0: however many
  Revision revision = kLatest;   ///< a later page must ask for the Page::revision of the first
  bool count_remaining = false;  ///< ask on the first page only: it costs a walk over the rest
};

/// Part of a consistent picture of one prefix.
struct Page {
  std::vector<Entry> entries;       ///< ordered by key
  Revision revision = 0;            ///< the picture is as of this one; watch from here
  std::optional<std::string> next;  ///< `start` of the next page; nullopt: this was the last one
  std::optional<std::int64_t> remaining;  ///< keys after this page; nullopt: was not asked for
};

/// One change that somebody wants.
struct Write {
  enum class Kind : std::uint8_t { kCreate, kUpdate, kDelete };
  Kind kind = Kind::kCreate;
  std::string key;
  Value value = nullptr;  ///< kDelete: nullptr
  Revision expected = 0;  ///< the revision that is changed; 0 for kCreate
};

/// Called exactly once for each Commit. A value: the revision of the change, which is durable and
/// visible to reads and watches. Otherwise the change did not happen, except that kTimeout says
/// that nobody knows. kAlreadyExists; kNotFound: no such key; kConflict: the key has another
/// revision; kTooManyRequests: too much is pending; kTooLarge; kUnavailable: the store is stopping
/// or broken.
using CommitDone = std::function<void(Result<Revision>)>;

/// One reader of the changes below one prefix; destroy it before its store. It is a position in the
/// history, not a queue: a slow reader costs no memory, reads older changes from the disk, and is
/// told kExpired once compaction has overtaken it. Each event comes exactly once, in the order of
/// revisions, with no gap. One thread at a time may call Take.
class Watch {
 public:
  struct Batch {
    std::vector<std::shared_ptr<const Event>> events;  ///< ordered by revision

    /// Every change up to here has been handed out, in this batch or an earlier one: a bookmark at
    /// this revision is right once the batch has been sent. Grows also when others change.
    Revision revision = 0;

    /// More is waiting: call Take again. Otherwise wait until `ready` is called.
    bool more = false;
  };

  /// Ends it: `ready` does not run after this returned (it waits for one that is running, unless
  /// called from inside it).
  virtual ~Watch() = default;

  /// The next events, `limit` at most (positive), and about 4 MiB of bytes at most. Blocks for disk
  /// reads while the reader is behind, never for news. After an error (kExpired: compacted, list
  /// again; kUnavailable) each later call gives the same error.
  virtual Result<Batch> Take(std::size_t limit) = 0;
};

/// Keys with values and a history of changes: what the API server keeps its objects in. Every
/// method may be called from every thread. Nothing here knows what a value means.
class Store {
 public:
  virtual ~Store() = default;

  /// Asks for one change. `done` runs on a thread of the store after the change is durable, or
  /// before Commit returns when it is refused at once: it must not block, and must not call back
  /// into the store; post the result to where it belongs. Changes that one thread asks for are
  /// made in that order.
  virtual void Commit(Write write, CommitDone done) = 0;

  /// One key as of `at`; nullopt where it did not exist. Blocks for a disk read. kExpired: `at`
  /// has been compacted; kTimeout: `at` is in the future.
  virtual Result<std::optional<Entry>> Get(const std::string& key, Revision at) = 0;

  /// A page of the keys below one prefix. Blocks for disk reads. Errors as Get.
  virtual Result<Page> List(const ListRequest& request) = 0;

  /// Starts to read the changes with a revision above `after` (kLatest: from now on). Take from it
  /// at once, until `more` is false; from then on `ready` says when there is something to take. It
  /// runs on a thread of the store, once for each time that Take said there is no more: it must
  /// not block; post. kExpired: changes above `after` have been compacted; kTimeout: `after` is in
  /// the future.
  virtual Result<std::unique_ptr<Watch>> StartWatch(std::string prefix, Revision after,
                                                    std::function<void()> ready) = 0;

  /// The revision of the last change that is durable; kFirstRevision before there was any.
  virtual Result<Revision> CurrentRevision() = 0;

  /// Forgets the history below `upto`: what was superseded or deleted at or before it. Reads and
  /// watches below it are then told kExpired; `upto` itself still answers. A revision that is
  /// compacted already is no error; a future one is kTimeout. Blocks until it is done.
  virtual Result<void> Compact(Revision upto) = 0;

  /// Names the life of the data; see Incarnation.
  virtual const Incarnation& incarnation() const = 0;
};

}  // namespace slipway::store
