#include "src/objects/owner_tracking.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "src/objects/json_text.hpp"

namespace slipway::objects {
namespace {

/// Where a kind keeps bytes; nullptr: nowhere.
const char* BytesField(const KindInfo& kind) {
  if (!kind.group.empty()) {
    return nullptr;
  }
  return kind.kind == "Secret" ? "data" : kind.kind == "ConfigMap" ? "binaryData" : nullptr;
}

}  // namespace

Json TakeOwners(Json& object) {
  Json& metadata = object["metadata"];
  const auto found = metadata.find("managedFields");
  if (found == metadata.end()) {
    return {};
  }
  Json owners = std::move(*found);
  metadata.erase(found);
  return owners;
}

void TrackOwners(const KindInfo& kind, const Json* stored, Json& object, Json sent,
                 const WriteRequest& request, Part part) {
  const Author author{.manager = request.field_manager, .now = request.now, .part = part};
  if (!request.applied) {
    KeepOwners(kind, stored, object, sent, author);
    return;
  }
  if (!sent.is_null()) {
    object["metadata"]["managedFields"] = std::move(sent);
  }
  if (stored != nullptr) {
    KeepTimes(*stored, object);
  }
}

std::vector<std::string> NullBytes(const KindInfo& kind, const Json& object) {
  std::vector<std::string> names;
  const char* const field = BytesField(kind);
  const auto bytes = field == nullptr ? object.end() : object.find(field);
  if (bytes == object.end() || !bytes->is_object()) {
    return names;
  }
  for (const auto& [name, value] : bytes->items()) {
    if (value.is_null()) {
      names.push_back(name);
    }
  }
  return names;
}

void TrackUpdate(const KindInfo& kind, const Json& stored, Json& object, Json sent,
                 const WriteRequest& request, std::vector<std::string> nulls) {
  // What came as null may have got its value from elsewhere: a Secret's stringData.
  std::erase_if(nulls, [&](const std::string& name) {
    const Json::json_pointer place = Json::json_pointer() / BytesField(kind) / name;
    return !object.contains(place) || object[place] != "";
  });
  if (nulls.empty() || request.applied) {
    TrackOwners(kind, &stored, object, std::move(sent), request, Part::kMain);
    return;
  }
  Json& bytes = object[BytesField(kind)];
  for (const std::string& name : nulls) {
    bytes[name] = nullptr;
  }
  TrackOwners(kind, &stored, object, std::move(sent), request, Part::kMain);
  for (const std::string& name : nulls) {
    bytes[name] = "";
  }
  KeepTimes(stored, object);
}

void DropEmpty(Json& metadata) {
  for (const char* field : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    if (metadata.contains(field) && metadata[field].empty()) {
      metadata.erase(field);
    }
  }
}

bool SaysWhoEmptiesIt(const Json& object) {
  const auto spec = object.find("spec");
  return spec != object.end() && spec->is_object() && spec->contains("finalizers");
}

void TrackBirth(const KindInfo& kind, bool says_who_empties_it, Json& object, Json sent,
                const WriteRequest& request) {
  if (kind.kind != "Namespace" || says_who_empties_it) {
    TrackOwners(kind, nullptr, object, std::move(sent), request, Part::kMain);
    return;
  }
  const Json finalizers = object["spec"]["finalizers"];
  object["spec"].erase("finalizers");
  TrackOwners(kind, nullptr, object, std::move(sent), request, Part::kMain);
  object["spec"]["finalizers"] = finalizers;
}

void TrackStatusOwners(const KindInfo& kind, const Json& stored, Json& object, Json metadata,
                       Json sent, const WriteRequest& request) {
  metadata["resourceVersion"] = stored["metadata"]["resourceVersion"];
  if (request.applied || metadata == object["metadata"]) {
    TrackOwners(kind, &stored, object, std::move(sent), request, Part::kStatus);
    return;
  }
  Json seen = object;
  DropEmpty(metadata);
  seen["metadata"] = std::move(metadata);
  std::vector<std::string> unknown;
  kind.schema.Prune(seen, unknown);
  TrackOwners(kind, &stored, seen, std::move(sent), request, Part::kStatus);
  Json owners = TakeOwners(seen);
  if (!owners.is_null()) {
    object["metadata"]["managedFields"] = std::move(owners);
  }
}

}  // namespace slipway::objects
