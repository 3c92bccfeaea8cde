#include "reconciler/runtime/cache.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace slipway::runtime {
namespace {

constexpr std::size_t kMostSince = 1'000;
constexpr char kOwnerIndex[] = "owner";
constexpr char kNamespaceIndex[] = "namespace";
constexpr std::size_t kMostGraves = 16'384;

/// Parts cannot hold the separator: names and labels are plain text.
std::string BucketName(std::string_view index, std::string_view ns, std::string_view value) {
  std::string name;
  name.reserve(index.size() + ns.size() + value.size() + 2);
  return name.append(index).append(1, '\0').append(ns).append(1, '\0').append(value);
}

bool Before(const Object* left, const Object* right) { return left->key < right->key; }

}  // namespace

CacheSchema::CacheSchema() {
  for (const Kind kind : kAllKinds) {
    kinds_[static_cast<std::size_t>(kind)].projector = DefaultProjector(kind);
  }
}

void CacheSchema::SetProjector(Kind kind, Projector projector) {
  PerKind& entry = kinds_[static_cast<std::size_t>(kind)];
  SLIPWAY_ASSERT(!entry.custom || entry.projector == projector,
                 "two projectors for " + std::string(NameOf(kind)));
  entry.projector = projector;
  entry.custom = true;
}

void CacheSchema::AddIndex(Kind kind, const std::string& name, IndexFunction function) {
  SLIPWAY_ASSERT(name != kOwnerIndex && name != kNamespaceIndex, "the index " + name + " is ours");
  const auto [entry, added] =
      kinds_[static_cast<std::size_t>(kind)].indexes.emplace(name, function);
  SLIPWAY_ASSERT(added || entry->second == function,
                 "two indexes " + name + " of " + std::string(NameOf(kind)));
}

Projector CacheSchema::ProjectorOf(Kind kind) const {
  return kinds_[static_cast<std::size_t>(kind)].projector;
}

const std::map<std::string, IndexFunction>& CacheSchema::IndexesOf(Kind kind) const {
  return kinds_[static_cast<std::size_t>(kind)].indexes;
}

Cache::Cache(CacheSchema schema) : schema_(std::move(schema)) {}

const Object* Cache::Find(const Key& key) const {
  const auto& objects = of(key.kind).objects;
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second.get();
}

Cache::Objects Cache::List(Kind kind) const { return of(kind).all; }

Cache::Objects Cache::List(Kind kind, const std::string& ns) const {
  return Bucketed(kind, BucketName(kNamespaceIndex, ns, ""));
}

Cache::Objects Cache::Lookup(Kind kind, const std::string& index, const std::string& ns,
                             const std::string& value) const {
  SLIPWAY_ASSERT(schema_.IndexesOf(kind).contains(index),
                 "no index " + index + " of " + std::string(NameOf(kind)));
  return Bucketed(kind, BucketName(index, ns, value));
}

Cache::Objects Cache::OwnedBy(Kind kind, const Uid& owner) const {
  return Bucketed(kind, BucketName(kOwnerIndex, "", owner.value));
}

Cache::Objects Cache::Bucketed(Kind kind, const std::string& bucket) const {
  const auto& buckets = of(kind).buckets;
  const auto found = buckets.find(bucket);
  return found == buckets.end() ? Objects{} : Objects{found->second};
}

std::size_t Cache::size(Kind kind) const { return of(kind).objects.size(); }

std::vector<Change> Cache::Replace(Kind kind, const std::vector<Bytes>& objects,
                                   std::uint64_t revision, std::vector<Error>* problems) {
  PerKind& cached = of(kind);
  std::vector<ObjectPtr> listed;
  std::set<Key> present;
  std::set<Uid> still_told;
  bool whole = true;
  for (const Bytes& bytes : objects) {
    Result<ObjectPtr> read = ReadObject(kind, schema_.ProjectorOf(kind), bytes);
    if (!read.has_value()) {
      whole = false;
      if (problems != nullptr) {
        problems->push_back(read.error());
      }
      continue;
    }
    ObjectPtr object = std::move(read.value());
    if (cached.dead.contains(object->uid)) {
      still_told.insert(object->uid);
      continue;
    }
    present.insert(object->key);
    listed.push_back(std::move(object));
  }
  std::vector<Change> changes;
  std::vector<Key> gone;
  for (const auto& [key, object] : cached.objects) {
    if (whole && !present.contains(key) && object->version <= revision) {
      gone.push_back(key);
    }
  }
  for (const Key& key : gone) {
    changes.push_back(Remove(key));
    Bury(key, revision);
  }
  std::sort(listed.begin(), listed.end(),
            [](const ObjectPtr& left, const ObjectPtr& right) { return left->key < right->key; });
  for (ObjectPtr& object : listed) {
    if (!IsOldNews(*object)) {
      changes.push_back(Put(std::move(object)));
    }
  }
  if (whole) {
    cached.dead = std::move(still_told);
  }
  synced_.insert(kind);
  return changes;
}

Result<std::vector<Change>> Cache::Apply(Kind kind, Bytes bytes) {
  SLIPWAY_TRY(object, ReadObject(kind, schema_.ProjectorOf(kind), std::move(bytes)));
  std::vector<Change> changes;
  if (!IsOldNews(*object) && !of(kind).dead.contains(object->uid)) {
    changes.push_back(Put(std::move(object)));
  }
  return changes;
}

Result<std::vector<Change>> Cache::ApplyDeletion(Kind kind, const Bytes& last) {
  SLIPWAY_TRY(header, ReadHeader(kind, *last));
  std::vector<Change> changes;
  const bool was_known = of(kind).dead.erase(header.uid) != 0;
  const Object* known = Find(header.key);
  if (!was_known && known != nullptr && known->version <= header.version) {
    changes.push_back(Remove(header.key));
  }
  Bury(header.key, header.version);
  return changes;
}

std::vector<Change> Cache::Forget(const Key& key, const Uid& uid) {
  std::vector<Change> changes;
  const Object* known = Find(key);
  if (known != nullptr && known->uid == uid) {
    of(key.kind).dead.insert(uid);
    changes.push_back(Remove(key));
  }
  return changes;
}

/// Answers to writes and watches come by different ways: what comes late may speak of an object
/// that was changed or deleted since.
bool Cache::IsOldNews(const Object& object) const {
  const Object* known = Find(object.key);
  if (known != nullptr) {
    return known->version >= object.version;
  }
  const auto grave = graves_.find(object.key);
  return grave != graves_.end() && grave->second >= object.version;
}

void Cache::Bury(const Key& key, std::uint64_t version) {
  const auto [grave, added] = graves_.emplace(key, version);
  grave->second = std::max(grave->second, version);
  if (added) {
    grave_order_.push_back(key);
  }
  if (grave_order_.size() > kMostGraves) {
    graves_.erase(grave_order_.front());
    grave_order_.pop_front();
  }
}

void Cache::Keep(Kind kind, std::shared_ptr<Derived> derived) const {
  of(kind).derived = std::move(derived);
  of(kind).since.clear();
}

void Cache::Note(const PerKind& cached, const Change& change) {
  if (cached.derived != nullptr && cached.since.size() < kMostSince) {
    cached.since.push_back(change);
  } else {
    cached.derived.reset();
    cached.since.clear();
  }
}

Change Cache::Put(ObjectPtr object) {
  PerKind& cached = of(object->key.kind);
  ObjectPtr& slot = cached.objects[object->key];
  ObjectPtr before = std::exchange(slot, object);
  if (before != nullptr) {
    Unlink(*before);
  }
  Link(*object);
  Change change{.before = std::move(before), .after = std::move(object)};
  Note(cached, change);
  return change;
}

Change Cache::Remove(const Key& key) {
  PerKind& cached = of(key.kind);
  const auto found = cached.objects.find(key);
  ObjectPtr before = std::move(found->second);
  cached.objects.erase(found);
  Unlink(*before);
  Change change{.before = std::move(before), .after = nullptr};
  Note(cached, change);
  return change;
}

void Cache::Link(const Object& object) {
  PerKind& cached = of(object.key.kind);
  const auto insert = [&](Bucket& bucket) {
    if (bucket.empty() || Before(bucket.back(), &object)) {
      bucket.push_back(&object);  // lists come in order
    } else {
      bucket.insert(std::lower_bound(bucket.begin(), bucket.end(), &object, Before), &object);
    }
  };
  insert(cached.all);
  for (const std::string& name : BucketsOf(object)) {
    insert(cached.buckets[name]);
  }
}

void Cache::Unlink(const Object& object) {
  PerKind& cached = of(object.key.kind);
  const auto erase = [&](Bucket& bucket) {
    const auto found = std::lower_bound(bucket.begin(), bucket.end(), &object, Before);
    SLIPWAY_ASSERT(found != bucket.end() && *found == &object, "lost " + ToString(object.key));
    bucket.erase(found);
  };
  erase(cached.all);
  for (const std::string& name : BucketsOf(object)) {
    const auto bucket = cached.buckets.find(name);
    erase(bucket->second);
    if (bucket->second.empty()) {
      cached.buckets.erase(bucket);
    }
  }
}

std::vector<std::string> Cache::BucketsOf(const Object& object) const {
  std::vector<std::string> names{BucketName(kNamespaceIndex, object.key.ns, "")};
  for (const api::OwnerReference& owner : object.owners) {
    names.push_back(BucketName(kOwnerIndex, "", owner.uid.value));
  }
  for (const auto& [index, function] : schema_.IndexesOf(object.key.kind)) {
    std::vector<std::string> values;
    if (object.view != nullptr) {
      function(object, values);
    }
    for (const std::string& value : values) {
      names.push_back(BucketName(index, object.key.ns, value));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace slipway::runtime
