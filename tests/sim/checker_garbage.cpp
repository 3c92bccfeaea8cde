#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "tests/sim/checker.hpp"

// 18: the garbage collector takes nothing that has an owner, and leaves nothing that has lost all of its own.
namespace slipway::sim {
namespace {

using Json = nlohmann::json;

Json OwnersOf(const Json& object) {
  return object["metadata"].value("ownerReferences", Json::array());
}

bool IsDeleting(const Json& object) { return object["metadata"].contains("deletionTimestamp"); }

std::string NameOf(const Json& owner) {
  return owner["kind"].get<std::string>() + "/" + owner["name"].get<std::string>();
}

}  // namespace

/// Null where there is none of its uid.
Json Checker::FindOwner(const Json& owner) const {
  const auto kind = runtime::KindNamed(owner["kind"].get<std::string>());
  const auto found =
      kind ? stored_.find({.kind = *kind, .ns = "default", .name = owner["name"]}) : stored_.end();
  Json object = found == stored_.end() ? Json() : ReadJson(*found->second);
  return object.is_null() || object["metadata"]["uid"] != owner["uid"] ? Json() : object;
}

void Checker::OnObject(const StoreEvent& event) {
  if (event.after == nullptr) {
    stored_.erase(event.key);
  } else {
    stored_[event.key] = event.after;
  }
  if (event.writer != Writer::kGarbage || event.before == nullptr) {
    return;
  }
  const Json before = ReadJson(*event.before);
  if (IsDeleting(before)) {
    return;
  }
  const Json after = event.after == nullptr ? Json() : ReadJson(*event.after);
  const bool ends = after.is_null() || IsDeleting(after);
  const Json owners = OwnersOf(before);
  const Json left = ends ? Json::array() : OwnersOf(after);
  const std::string name = runtime::ToString(event.key);
  if (ends && owners.empty()) {
    throw Violation("18: " + name + " never had an owner, and was collected");
  }
  for (const Json& owner : owners) {
    const Json found = FindOwner(owner);
    const bool kept = std::find(left.begin(), left.end(), owner) != left.end();
    if (!kept && !found.is_null() && !IsDeleting(found)) {
      throw Violation("18: " + name + " was taken from its owner " + NameOf(owner));
    }
  }
}

void Checker::CheckCollected() const {
  for (const auto& [key, bytes] : stored_) {
    const Json object = ReadJson(*bytes);
    const Json owners = OwnersOf(object);
    const bool owned = std::any_of(owners.begin(), owners.end(), [this](const Json& owner) {
      return !FindOwner(owner).is_null();
    });
    if (!owners.empty() && !owned) {
      throw Violation("18: " + runtime::ToString(key) + " has lost its owners, and is still there");
    }
    if (IsDeleting(object)) {
      throw Violation("18: " + runtime::ToString(key) + " is deleted, and is still there");
    }
  }
}

}  // namespace slipway::sim
