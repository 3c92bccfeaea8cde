#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/apiserver/registry/registry.hpp"

namespace slipway::garbage {

/// Finalizers of Kubernetes' deletion policies.
inline constexpr const char* kForegroundFinalizer = "foregroundDeletion";
inline constexpr const char* kOrphanFinalizer = "orphan";

/// An entry of metadata.ownerReferences.
struct Owner {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<bool> controller{};
  std::optional<bool> blocks{};  ///< blockOwnerDeletion
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
  bool Waits() const { return deleting && (Has(kForegroundFinalizer) || Has(kOrphanFinalizer)); }
  /// Waits() for its dependents to be gone.
  bool WaitsForEnd() const { return deleting && Has(kForegroundFinalizer); }
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

  /// Takes in how an object is now. Returns what must be looked at because of it.
  Places Put(Node node);

  /// Takes in that an object of this uid is gone.
  Places Remove(const Place& place, const std::string& uid);

  /// nullptr: it is not held.
  const Node* Find(const Place& place) const;

  /// Those that name `uid` among their owners, in order.
  std::vector<const Node*> DependentsOf(const std::string& uid) const;

  /// Whether an object of this kind is held.
  bool HoldsKind(const objects::KindInfo* kind) const;

  Places All() const;

 private:
  void Unlink(const Place& place);
  void AddWaitingOwners(const Node& node, Places& places) const;

  std::map<Place, Node> nodes_;
  std::map<std::string, Places> dependents_;  ///< by the owner's uid
  std::map<std::string, Place> waiting_;      ///< owners that wait, by uid
  std::map<const objects::KindInfo*, std::size_t> of_kind_;
};

}  // namespace slipway::garbage
