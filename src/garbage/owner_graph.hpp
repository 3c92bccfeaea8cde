#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/apiserver/registry/registry.hpp"
#include "src/objects/deletion_policy.hpp"

namespace slipway::garbage {

/// An entry of metadata.ownerReferences.
struct Owner {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<bool> controller{};
  std::optional<bool> blocks{};  ///< blockOwnerDeletion

  bool operator==(const Owner&) const = default;
};

/// Where an object is; ordered.
struct Place {
  const objects::KindInfo* kind = nullptr;
  std::string ns;
  std::string name;

  auto operator<=>(const Place&) const = default;
  apiserver::ObjectPath path() const { return {.kind = kind, .ns = ns, .name = name}; }
};

/// What matters of an object's metadata.
struct Node {
  Place place;
  std::string uid;
  store::Revision revision = 0;
  std::vector<Owner> owners;
  std::vector<std::string> finalizers;
  bool deleting = false;

  bool Has(const char* finalizer) const;
  /// It is deleted, and its dependents come first.
  bool Waits() const {
    return deleting && (Has(objects::kForegroundFinalizer) || Has(objects::kOrphanFinalizer));
  }
  /// But for the revision, it is as `other` is.
  bool IsLike(const Node& other) const;
  /// Waits() for its dependents to be gone.
  bool WaitsForEnd() const { return deleting && Has(objects::kForegroundFinalizer); }
};

/// kBadRequest where the bytes are damaged.
Result<Node> ReadNode(const objects::KindInfo& kind, const apiserver::Object& object);

/// Who belongs to whom. Holds the objects with owners, and those that wait for their dependents; of the many others it knows
/// nothing. Owners are told apart by uid. One thread.
class OwnerGraph {
 public:
  using Places = std::set<Place>;

  /// Whether an object can be one of those, judged by its bytes alone: a fast no.
  static bool MayHold(const apiserver::Object& object);

  /// Takes in how an object is now. Returns what must be looked at because of it: nothing where only its revision is new.
  Places Put(Node node);

  /// Takes in that an object of this uid is gone.
  Places Remove(const Place& place, const std::string& uid);

  /// nullptr: it is not held.
  const Node* Find(const Place& place) const;

  /// The first of those that name `uid` among their owners, in order; `most` of them at most.
  std::vector<const Node*> DependentsOf(const std::string& uid, std::size_t most) const;

  bool HasDependents(const std::string& uid) const { return dependents_.contains(uid); }

  /// Whether any of those waits for dependents of its own to be gone.
  bool AnyDependentWaits(const std::string& uid) const;

  /// Whether any of those is to be gone before its owner `uid` is.
  bool IsBlocked(const std::string& uid) const { return blockers_.contains(uid); }

  /// Whether an object of this kind is held.
  bool HoldsKind(const objects::KindInfo* kind) const;

  Places All() const;

 private:
  void Unlink(const Place& place);
  void Link(const Node& node);
  void AddWaitingOwners(const Node& node, Places& places) const;

  std::map<Place, Node> nodes_;
  std::map<std::string, Places> dependents_;  ///< by the owner's uid
  std::map<std::string, Places> blockers_;    ///< those of them with blockOwnerDeletion
  std::map<std::string, Place> waiting_;      ///< owners that wait, by uid
  std::map<const objects::KindInfo*, std::size_t> of_kind_;
};

}  // namespace slipway::garbage
