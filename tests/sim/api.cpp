#include "tests/sim/api.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"
#include "src/objects/deletion_policy.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::sim {
namespace {

using Json = nlohmann::json;

Error Missing(const Key& key) {
  return Fail(Code::kNotFound, runtime::ToString(key) + " not found");
}

Error Behind(const Key& key) {
  return Fail(Code::kConflict, runtime::ToString(key) + " has been modified");
}

/// What people and planners want: everything but metadata and status.
Json Wanted(const Json& object) {
  Json wanted = object;
  wanted.erase("metadata");
  wanted.erase("status");
  return wanted;
}

bool HasFinalizers(const Json& object) {
  const auto& metadata = object.at("metadata");
  return metadata.contains("finalizers") && !metadata["finalizers"].empty();
}

}  // namespace

const objects::KindInfo& InfoOf(Kind kind) {
  return *objects::FindByKind(std::string(runtime::kApiVersion),
                              std::string(runtime::NameOf(kind)));
}

struct FakeApi::Stored {
  Json tree;
  Bytes bytes;
};

FakeApi::FakeApi(const Clock& clock) : clock_(clock) {}
FakeApi::~FakeApi() = default;

FakeApi::Stored* FakeApi::Find(const Key& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second.get();
}

Result<Bytes> FakeApi::Get(const Key& key) const {
  const Stored* stored = Find(key);
  if (stored == nullptr) {
    return Missing(key);
  }
  return stored->bytes;
}

Bytes FakeApi::Keep(Stored& stored, Bytes before, const Key& key, Writer writer) {
  stored.tree["metadata"]["resourceVersion"] = std::to_string(++version_);
  stored.bytes = std::make_shared<const std::string>(stored.tree.dump());
  history_.push_back({.version = version_,
                      .key = key,
                      .writer = writer,
                      .before = std::move(before),
                      .after = stored.bytes,
                      .last = nullptr});
  const Bytes kept = stored.bytes;
  if (on_event) {
    on_event(StoreEvent(history_.back()));
  }
  return kept;
}

Result<Bytes> FakeApi::Create(const Key& key, const std::string& json, Writer writer) {
  if (Find(key) != nullptr) {
    return Fail(Code::kAlreadyExists, runtime::ToString(key) + " already exists");
  }
  Json tree = ReadJson(json);
  tree.erase("status");
  tree["apiVersion"] = runtime::kApiVersion;
  tree["kind"] = runtime::NameOf(key.kind);
  Json& metadata = tree["metadata"];
  metadata["name"] = key.name;
  metadata["namespace"] = key.ns;
  metadata["uid"] = "uid-" + std::to_string(++uids_);
  metadata["generation"] = 1;
  metadata["creationTimestamp"] = api::FormatTime(clock_.Now());
  auto& stored = objects_[key];
  stored = std::make_unique<Stored>();
  stored->tree = std::move(tree);
  return Keep(*stored, nullptr, key, writer);
}

/// What a patch leaves in place of the version and the uid is what it wants them to be.
Result<Bytes> FakeApi::Replace(const Key& key, Stored& stored, Json wanted, Writer writer) {
  for (const char* field : {"resourceVersion", "uid"}) {
    const Json said = wanted["metadata"].value(field, Json());
    if (!said.is_null() && said != stored.tree["metadata"][field]) {
      return Behind(key);
    }
  }
  if (stored.tree.contains("status")) {
    wanted["status"] = stored.tree["status"];
  } else {
    wanted.erase("status");
  }
  for (const char* field :
       {"uid", "name", "namespace", "creationTimestamp", "generation", "resourceVersion"}) {
    wanted["metadata"][field] = stored.tree["metadata"][field];
  }
  if (wanted == stored.tree) {
    return stored.bytes;
  }
  if (Wanted(wanted) != Wanted(stored.tree)) {
    wanted["metadata"]["generation"] = wanted["metadata"]["generation"].get<std::int64_t>() + 1;
  }
  Bytes before = stored.bytes;
  stored.tree = std::move(wanted);
  if (stored.tree["metadata"].contains("deletionTimestamp") && !HasFinalizers(stored.tree)) {
    return Remove(key, writer);
  }
  return Keep(stored, std::move(before), key, writer);
}

Result<Bytes> FakeApi::Patch(const Key& key, const std::string& patch, Writer writer) {
  Stored* stored = Find(key);
  if (stored == nullptr) {
    return Missing(key);
  }
  Json wanted;
  try {
    wanted = stored->tree.patch(ReadJson(patch));
  } catch (const Json::exception&) {
    return Behind(key);
  }
  return Replace(key, *stored, std::move(wanted), writer);
}

Result<Bytes> FakeApi::Merge(const Key& key, const std::string& patch, Writer writer) {
  Stored* stored = Find(key);
  if (stored == nullptr) {
    return Missing(key);
  }
  Json wanted = stored->tree;
  wanted.merge_patch(ReadJson(patch));
  return Replace(key, *stored, std::move(wanted), writer);
}

Result<Bytes> FakeApi::WriteStatus(const Key& key, const Uid& uid, const std::string& version,
                                   const std::string& status, Writer writer) {
  Stored* stored = Find(key);
  if (stored == nullptr) {
    return Missing(key);
  }
  const Json& metadata = stored->tree["metadata"];
  const bool other = !uid.empty() && metadata["uid"] != uid.value;
  if (other || (!version.empty() && metadata["resourceVersion"] != version)) {
    return Behind(key);
  }
  Json wanted = ReadJson(status);
  if (stored->tree.contains("status") && stored->tree["status"] == wanted) {
    return stored->bytes;
  }
  Bytes before = stored->bytes;
  stored->tree["status"] = std::move(wanted);
  return Keep(*stored, std::move(before), key, writer);
}

Result<Bytes> FakeApi::Delete(const Key& key, const objects::DeleteRequest& request,
                              Writer writer) {
  Stored* stored = Find(key);
  if (stored == nullptr) {
    return Missing(key);
  }
  Json wanted = stored->tree;
  Json& metadata = wanted["metadata"];
  if ((request.uid && metadata["uid"] != *request.uid) ||
      (request.resource_version && metadata["resourceVersion"] != *request.resource_version)) {
    return Behind(key);
  }
  if (request.propagation) {
    objects::SetDeletionPolicy(InfoOf(key.kind), wanted, *request.propagation);
  }
  if (!HasFinalizers(wanted)) {
    return Remove(key, writer);
  }
  if (!metadata.contains("deletionTimestamp")) {
    metadata["deletionTimestamp"] = api::FormatTime(clock_.Now());
    metadata["generation"] = metadata["generation"].get<std::int64_t>() + 1;
  }
  if (wanted == stored->tree) {
    return stored->bytes;
  }
  Bytes before = stored->bytes;
  stored->tree = std::move(wanted);
  return Keep(*stored, std::move(before), key, writer);
}

Bytes FakeApi::Remove(const Key& key, Writer writer) {
  const auto found = objects_.find(key);
  const std::unique_ptr<Stored> stored = std::move(found->second);
  objects_.erase(found);
  stored->tree["metadata"]["resourceVersion"] = std::to_string(++version_);
  history_.push_back({.version = version_,
                      .key = key,
                      .writer = writer,
                      .before = stored->bytes,
                      .after = nullptr,
                      .last = std::make_shared<const std::string>(stored->tree.dump())});
  if (on_event) {
    on_event(StoreEvent(history_.back()));
  }
  return history_.back().last;
}

std::vector<Bytes> FakeApi::List(Kind kind) const {
  std::vector<Bytes> all;
  for (const auto& [key, stored] : objects_) {
    if (key.kind == kind) {
      all.push_back(stored->bytes);
    }
  }
  return all;
}

}  // namespace slipway::sim
