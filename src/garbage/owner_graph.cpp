#include "src/garbage/owner_graph.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "src/objects/json_text.hpp"

namespace slipway::garbage {
namespace {

using nlohmann::json;

std::string TextAt(const json& tree, const char* field) {
  const auto found = tree.find(field);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<bool> FlagAt(const json& tree, const char* field) {
  const auto found = tree.find(field);
  return found != tree.end() && found->is_boolean() ? std::optional(found->get<bool>())
                                                    : std::nullopt;
}

bool Mentions(const apiserver::Object& object, const char* field) {
  return object.stored()->find(field) != std::string::npos;
}

}  // namespace

bool Node::Has(const char* finalizer) const {
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

bool Node::IsLike(const Node& other) const {
  return std::tie(place, uid, owners, finalizers, deleting) ==
         std::tie(other.place, other.uid, other.owners, other.finalizers, other.deleting);
}

Result<Node> ReadNode(const objects::KindInfo& kind, const apiserver::Object& object) {
  SLIPWAY_TRY(tree, objects::ReadParts(*object.stored(),
                                       {"/metadata/namespace", "/metadata/name", "/metadata/uid",
                                        "/metadata/finalizers", "/metadata/deletionTimestamp",
                                        "/metadata/ownerReferences"}));
  const auto found = tree.find("metadata");
  if (found == tree.end()) {
    return Fail(Code::kBadRequest, "an object without metadata is stored");
  }
  const json& metadata = *found;
  Node node{
      .place = {&kind, TextAt(metadata, "namespace"), TextAt(metadata, "name")},
      .uid = TextAt(metadata, "uid"),
      .revision = object.revision(),
      .owners = {},
      .finalizers = metadata.value("finalizers", std::vector<std::string>()),
      .deleting = metadata.contains("deletionTimestamp"),
  };
  for (const json& owner : metadata.value("ownerReferences", json::array())) {
    node.owners.push_back({.api_version = TextAt(owner, "apiVersion"),
                           .kind = TextAt(owner, "kind"),
                           .name = TextAt(owner, "name"),
                           .uid = TextAt(owner, "uid"),
                           .controller = FlagAt(owner, "controller"),
                           .blocks = FlagAt(owner, "blockOwnerDeletion")});
  }
  return node;
}

bool OwnerGraph::MayHold(const apiserver::Object& object) {
  return Mentions(object, "\"ownerReferences\"") || Mentions(object, "\"deletionTimestamp\"");
}

OwnerGraph::Places OwnerGraph::Put(Node node) {
  Places places;
  const auto known = nodes_.find(node.place);
  const Node* before = known == nodes_.end() ? nullptr : &known->second;
  if (before != nullptr && before->IsLike(node)) {
    known->second.revision = node.revision;
    return places;
  }
  bool waited = false;
  if (before != nullptr && before->uid != node.uid) {
    places = Remove(node.place, before->uid);
  } else if (before != nullptr) {
    waited = before->Waits();
    AddWaitingOwners(*before, places);
    Unlink(node.place);
  }
  if (node.owners.empty() && !node.Waits()) {
    return places;
  }
  places.insert(node.place);
  AddWaitingOwners(node, places);
  if (node.Waits()) {
    waiting_[node.uid] = node.place;
  }
  if (node.Waits() && !waited) {
    const auto dependents = dependents_.find(node.uid);
    if (dependents != dependents_.end()) {
      places.insert(dependents->second.begin(), dependents->second.end());
    }
  }
  Link(node);
  const Place place = node.place;
  nodes_.insert_or_assign(place, std::move(node));
  return places;
}

OwnerGraph::Places OwnerGraph::Remove(const Place& place, const std::string& uid) {
  Places places;
  const Node* node = Find(place);
  if (node != nullptr && node->uid == uid) {
    AddWaitingOwners(*node, places);
    Unlink(place);
  }
  const auto dependents = dependents_.find(uid);
  if (dependents != dependents_.end()) {
    places.insert(dependents->second.begin(), dependents->second.end());
  }
  return places;
}

const Node* OwnerGraph::Find(const Place& place) const {
  const auto found = nodes_.find(place);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::vector<const Node*> OwnerGraph::DependentsOf(const std::string& uid, std::size_t most) const {
  std::vector<const Node*> nodes;
  const auto found = dependents_.find(uid);
  if (found == dependents_.end()) {
    return nodes;
  }
  for (const Place& place : found->second) {
    if (nodes.size() == most) {
      break;
    }
    nodes.push_back(Find(place));
  }
  return nodes;
}

bool OwnerGraph::AnyDependentWaits(const std::string& uid) const {
  const auto found = dependents_.find(uid);
  return found != dependents_.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [this](const Place& place) { return Find(place)->WaitsForEnd(); });
}

bool OwnerGraph::HoldsKind(const objects::KindInfo* kind) const {
  const auto found = of_kind_.find(kind);
  return found != of_kind_.end() && found->second > 0;
}

OwnerGraph::Places OwnerGraph::All() const {
  Places places;
  for (const auto& [place, node] : nodes_) {
    places.insert(places.end(), place);
  }
  return places;
}

void OwnerGraph::Link(const Node& node) {
  for (const Owner& owner : node.owners) {
    dependents_[owner.uid].insert(node.place);
    if (owner.blocks.value_or(false)) {
      blockers_[owner.uid].insert(node.place);
    }
  }
  ++of_kind_[node.place.kind];
}

void OwnerGraph::Unlink(const Place& place) {
  const auto found = nodes_.find(place);
  const Node& node = found->second;
  for (const Owner& owner : node.owners) {  // one may be named twice
    for (auto* all : {&dependents_, &blockers_}) {
      const auto of_owner = all->find(owner.uid);
      if (of_owner != all->end() && of_owner->second.erase(place) != 0 &&
          of_owner->second.empty()) {
        all->erase(of_owner);
      }
    }
  }
  waiting_.erase(node.uid);
  --of_kind_[place.kind];
  nodes_.erase(found);
}

/// An owner that waits may have waited for this one.
void OwnerGraph::AddWaitingOwners(const Node& node, Places& places) const {
  for (const Owner& owner : node.owners) {
    const auto waiting = waiting_.find(owner.uid);
    if (waiting != waiting_.end()) {
      places.insert(waiting->second);
    }
  }
}

}  // namespace slipway::garbage
