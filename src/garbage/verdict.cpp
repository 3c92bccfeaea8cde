#include "src/garbage/verdict.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/base/json.hpp"

namespace slipway::garbage {
namespace {

using nlohmann::json;
using objects::kForegroundFinalizer;
using objects::kOrphanFinalizer;
using Propagation = objects::DeleteRequest::Propagation;
using Steps = std::vector<Step>;

/// Dependents of one owner that lose its reference at once.
constexpr std::size_t kOrphansAtOnce = 64;

Step StepOn(const Node& node) {
  return {.place = node.place, .uid = node.uid, .revision = node.revision};
}

/// A patch of metadata that is a conflict where the object is another one by now.
Step PatchOf(const Node& node, const char* field, json value) {
  Step step = StepOn(node);
  json metadata = {{"uid", node.uid}, {"resourceVersion", std::to_string(node.revision)}};
  metadata[field] = value.empty() ? json() : std::move(value);
  step.patch = PrintJson({{"metadata", std::move(metadata)}});
  return step;
}

Step Deletion(const Node& node, Propagation propagation) {
  Step step = StepOn(node);
  step.propagation = propagation;
  return step;
}

json OwnerTree(const Owner& owner) {
  json tree = {{"apiVersion", owner.api_version},
               {"kind", owner.kind},
               {"name", owner.name},
               {"uid", owner.uid}};
  if (owner.controller) {
    tree["controller"] = *owner.controller;
  }
  if (owner.blocks) {
    tree["blockOwnerDeletion"] = *owner.blocks;
  }
  return tree;
}

Step WithoutOwners(const Node& node, const std::set<std::string>& uids) {
  json left = json::array();
  for (const Owner& owner : node.owners) {
    if (!uids.contains(owner.uid)) {
      left.push_back(OwnerTree(owner));
    }
  }
  return PatchOf(node, "ownerReferences", std::move(left));
}

Step WithoutFinalizer(const Node& node, const char* name) {
  json left = json::array();
  for (const std::string& finalizer : node.finalizers) {
    if (finalizer != name) {
      left.push_back(finalizer);
    }
  }
  return PatchOf(node, "finalizers", std::move(left));
}

Step Unblocked(const Node& node) {
  json owners = json::array();
  for (Owner owner : node.owners) {
    owner.blocks = owner.blocks ? std::optional(false) : std::nullopt;
    owners.push_back(OwnerTree(owner));
  }
  return PatchOf(node, "ownerReferences", std::move(owners));
}

bool BlocksAny(const Node& node) {
  return std::any_of(node.owners.begin(), node.owners.end(),
                     [](const Owner& owner) { return owner.blocks.value_or(false); });
}

/// What stands between an owner that waits for its dependents and its end.
Steps Release(const OwnerGraph& graph, const Node& owner) {
  if (owner.Has(kOrphanFinalizer)) {
    Steps steps;
    for (const Node* dependent : graph.DependentsOf(owner.uid, kOrphansAtOnce)) {
      steps.push_back(WithoutOwners(*dependent, {owner.uid}));
    }
    if (steps.empty()) {
      steps.push_back(WithoutFinalizer(owner, kOrphanFinalizer));
    }
    return steps;
  }
  return graph.IsBlocked(owner.uid) ? Steps()
                                    : Steps{WithoutFinalizer(owner, kForegroundFinalizer)};
}

/// The end of an object without an owner that lives. Its own dependents come first where an owner waits; but in a circle all
/// would wait for each other.
Step End(const OwnerGraph& graph, const Node& node, bool owner_waits) {
  if (owner_waits && graph.HasDependents(node.uid)) {
    return BlocksAny(node) && graph.AnyDependentWaits(node.uid)
               ? Unblocked(node)
               : Deletion(node, Propagation::kForeground);
  }
  if (node.Has(kOrphanFinalizer)) {
    return Deletion(node, Propagation::kOrphan);
  }
  return Deletion(
      node, node.Has(kForegroundFinalizer) ? Propagation::kForeground : Propagation::kBackground);
}

}  // namespace

Standing StandingOf(const Node* found, const Owner& owner) {
  if (found == nullptr || found->uid != owner.uid) {
    return Standing::kAbsent;
  }
  return found->WaitsForEnd() ? Standing::kMakesWay : Standing::kAlive;
}

Result<std::vector<Step>> Judge(const OwnerGraph& graph, const Node& node, const LookUp& look_up) {
  if (node.deleting) {
    return node.Waits() ? Release(graph, node) : Steps();
  }
  bool alive = false;
  bool owner_waits = false;
  std::set<std::string> lost;
  for (const Owner& owner : node.owners) {
    SLIPWAY_TRY(standing, look_up(owner, node.place));
    if (standing == Standing::kUnknown) {
      return Steps();
    }
    alive = alive || standing == Standing::kAlive;
    owner_waits = owner_waits || standing == Standing::kMakesWay;
    if (standing != Standing::kAlive) {
      lost.insert(owner.uid);
    }
  }
  if (lost.empty()) {
    return Steps();
  }
  return Steps{alive ? WithoutOwners(node, lost) : End(graph, node, owner_waits)};
}

}  // namespace slipway::garbage
