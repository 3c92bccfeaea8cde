#include "tests/sim/garbage.hpp"

#include <utility>

#include "reconciler/base/assert.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::sim {
namespace {

using garbage::Node;
using garbage::Place;
using Propagation = objects::DeleteRequest::Propagation;

const objects::KindInfo& InfoOf(Kind kind) {
  return *objects::FindByKind(std::string(runtime::kApiVersion),
                              std::string(runtime::NameOf(kind)));
}

Key KeyOf(const Place& place) {
  const auto kind = runtime::KindNamed(place.kind->kind);
  SLIPWAY_ASSERT(kind.has_value(), "the FakeApi has no other kinds");
  return {.kind = *kind, .ns = place.ns, .name = place.name};
}

Node NodeOf(Kind kind, const Bytes& object, std::uint64_t version) {
  auto node = garbage::ReadNode(InfoOf(kind),
                                apiserver::Object(object, static_cast<store::Revision>(version)));
  SLIPWAY_ASSERT(node.has_value(), "the FakeApi keeps JSON");
  return std::move(node.value());
}

const char* FinalizerOf(Propagation propagation) {
  switch (propagation) {
    case Propagation::kForeground:
      return objects::kForegroundFinalizer;
    case Propagation::kOrphan:
      return objects::kOrphanFinalizer;
    case Propagation::kBackground:
      break;
  }
  return "";
}

}  // namespace

Garbage::Garbage(Process& process, FakeApi& api, Rng& rng)
    : process_(process), api_(api), rng_(rng), seen_(api.history().size()) {
  for (const Kind kind : runtime::kAllKinds) {
    for (const Bytes& object : api_.List(kind)) {
      const auto header = runtime::ReadHeader(kind, *object);
      Learn(header.value().key, object, nullptr, header.value().version);
    }
  }
  LookLater();
}

void Garbage::Announce() {
  for (; seen_ < api_.history().size(); ++seen_) {
    const StoreEvent& event = api_.history()[seen_];
    Learn(event.key, event.after, event.last, event.version);
  }
  LookLater();
}

void Garbage::Learn(const Key& key, const Bytes& now, const Bytes& last, std::uint64_t version) {
  Node node = NodeOf(key.kind, now != nullptr ? now : last, version);
  const Place place = node.place;
  const std::string uid = node.uid;
  queue_.merge(now != nullptr ? graph_.Put(std::move(node)) : graph_.Remove(place, uid));
}

void Garbage::LookLater() {
  if (!queue_.empty() && !std::exchange(looks_, true)) {
    process_.After(Duration(1 + rng_.Below(500)), [this] {
      looks_ = false;
      Look();
    });
  }
}

void Garbage::Look() {
  for (const Place& place : std::exchange(queue_, {})) {
    const Node* node = graph_.Find(place);
    if (node == nullptr) {
      continue;
    }
    const auto steps =
        garbage::Judge(graph_, *node, [this](const garbage::Owner& owner, const Place& dependent) {
          return LookUp(owner, dependent.ns);
        });
    for (const garbage::Step& step : steps.value()) {
      Do(step);
    }
  }
}

/// What has changed by an earlier step is looked at once more.
void Garbage::Do(const garbage::Step& step) {
  const Node* node = graph_.Find(step.place);
  if (node == nullptr || node->uid != step.uid || node->revision != step.revision) {
    return;
  }
  const Key key = KeyOf(step.place);
  if (!step.patch.empty()) {
    (void)api_.Merge(key, step.patch, Writer::kGarbage);
  } else {
    (void)api_.Delete(key, Uid(step.uid), FinalizerOf(*step.propagation), Writer::kGarbage);
  }
}

Result<garbage::Standing> Garbage::LookUp(const garbage::Owner& owner,
                                          const std::string& ns) const {
  const auto kind = runtime::KindNamed(owner.kind);
  if (!kind.has_value()) {
    return garbage::Standing::kUnknown;
  }
  const auto found = api_.Get({.kind = *kind, .ns = ns, .name = owner.name});
  if (!found.has_value()) {
    return garbage::Standing::kAbsent;
  }
  const Node node = NodeOf(*kind, found.value(), 0);
  return garbage::StandingOf(&node, owner);
}

}  // namespace slipway::sim
