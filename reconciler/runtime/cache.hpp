#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reconciler/runtime/object.hpp"

namespace slipway::runtime {

/// One object before and after something happened to it; nullptr where it did not or does not
/// exist.
struct Change {
  ObjectPtr before;
  ObjectPtr after;

  const Object& any() const { return after != nullptr ? *after : *before; }
};

/// Adds to `values` what an object is found by, such as its fleet. Pure.
using IndexFunction = void (*)(const Object& object, std::vector<std::string>& values);

/// How each kind is read and found. Filled by the planners before the engine starts.
class CacheSchema {
 public:
  CacheSchema();

  /// Replaces the default projector. The same one may be set again; two different ones are a broken
  /// invariant.
  void SetProjector(Kind kind, Projector projector);

  /// Makes `name` an index of the kind. The same one may be added again.
  void AddIndex(Kind kind, const std::string& name, IndexFunction function);

  Projector ProjectorOf(Kind kind) const;
  const std::map<std::string, IndexFunction>& IndexesOf(Kind kind) const;

 private:
  struct PerKind {
    Projector projector = nullptr;
    bool custom = false;
    std::map<std::string, IndexFunction> indexes;
  };
  std::array<PerKind, kAllKinds.size()> kinds_;
};

/// What a planner made of the objects of one kind.
struct Derived {
  virtual ~Derived() = default;
};

/// What was kept, and what has changed since, in order. The objects before a change live as long as it stands here.
struct Derivation {
  std::shared_ptr<Derived>
      derived;  ///< nullptr: nothing, or more has changed than is worth telling
  std::span<const Change> since;
};

/// What the engine knows about all objects. One thread. Versions never go back: what is older than
/// what the cache holds, or speaks of an object that is known to be gone, is ignored. All lists are
/// ordered by namespace and name.
class Cache {
 public:
  using Objects = std::span<const Object* const>;

  explicit Cache(CacheSchema schema);

  // --- For planners. What is returned is valid until the cache changes.

  /// nullptr where there is none.
  const Object* Find(const Key& key) const;

  /// The decoded object of a kind with the default projector; nullptr where there is none that can
  /// be read.
  template <typename T>
  const T* Get(const Key& key) const {
    const Object* object = Find(key);
    return object == nullptr ? nullptr : object->As<T>();
  }

  /// All objects of a kind, of one namespace or of all.
  Objects List(Kind kind, const std::string& ns) const;
  Objects List(Kind kind) const;

  /// What an index of CacheSchema holds for `value` in one namespace.
  Objects Lookup(Kind kind, const std::string& index, const std::string& ns,
                 const std::string& value) const;

  /// Objects of a kind that name `owner` among their owners.
  Objects OwnedBy(Kind kind, const Uid& owner) const;

  /// Whether the kind was listed since the start or since the last Expire().
  bool Synced(Kind kind) const { return synced_.contains(kind); }

  std::size_t size(Kind kind) const;

  /// What was kept last for the kind: one thing, for planners that look at the same objects one after the other, again and
  /// again. Valid until the next Keep().
  Derivation Kept(Kind kind) const { return {of(kind).derived, of(kind).since}; }

  /// Keeps what is true of the objects as they are now. It may be what was kept before, brought up to date.
  void Keep(Kind kind, std::shared_ptr<Derived> derived) const;

  // --- For the engine. Each returns what changed, in order.

  /// A list as of `revision`. What is absent from it and not newer than it is gone, unless some of
  /// the list cannot be read: then it says nothing of what is absent. `problems`, if given, gets
  /// what is wrong with each that cannot.
  std::vector<Change> Replace(Kind kind, const std::vector<Bytes>& objects, std::uint64_t revision,
                              std::vector<Error>* problems = nullptr);

  /// An object as it is after a change; from a watch, or as the answer to a write or a get. Nothing
  /// where it is old news. An Error where it cannot even be identified.
  Result<std::vector<Change>> Apply(Kind kind, Bytes object);

  /// A deletion that a watch told: `last` carries the version of the deletion.
  Result<std::vector<Change>> ApplyDeletion(Kind kind, const Bytes& last);

  /// A deletion that we know of by other means: this object is gone for ever, whatever a late watch
  /// says.
  std::vector<Change> Forget(const Key& key, const Uid& uid);

  /// The kind is not synced until the next Replace().
  void Expire(Kind kind) { synced_.erase(kind); }

 private:
  using Bucket = std::vector<const Object*>;
  struct PerKind {
    std::map<Key, ObjectPtr> objects;
    Bucket all;
    std::unordered_map<std::string, Bucket>
        buckets;  ///< by index, namespace and value; never iterated
    mutable std::shared_ptr<Derived> derived;
    mutable std::vector<Change> since;
    std::set<Uid> dead;  ///< uids that are gone although a late watch may still tell of them
  };

  bool IsOldNews(const Object& object) const;
  void Bury(const Key& key, std::uint64_t version);
  PerKind& of(Kind kind) { return kinds_[static_cast<std::size_t>(kind)]; }
  const PerKind& of(Kind kind) const { return kinds_[static_cast<std::size_t>(kind)]; }
  Objects Bucketed(Kind kind, const std::string& bucket) const;
  static void Note(const PerKind& cached, const Change& change);
  Change Put(ObjectPtr object);
  Change Remove(const Key& key);
  void Link(const Object& object);
  void Unlink(const Object& object);
  std::vector<std::string> BucketsOf(const Object& object) const;

  CacheSchema schema_;
  std::array<PerKind, kAllKinds.size()> kinds_;
  std::set<Kind> synced_;
  std::map<Key, std::uint64_t> graves_;  ///< versions of the newest deletions; bounded
  std::deque<Key> grave_order_;
};

}  // namespace slipway::runtime
