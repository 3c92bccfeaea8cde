#include "reconciler/runtime/collector.hpp"

#include <algorithm>

#include "reconciler/runtime/documents.hpp"

namespace slipway::runtime {
namespace {

constexpr std::size_t kRemembered = 4096;

bool HasFinalizer(const Object& object, const char* name) {
  return std::find(object.finalizers.begin(), object.finalizers.end(), name) !=
         object.finalizers.end();
}

std::vector<const Object*> Dependents(const Cache& cache, const Uid& owner) {
  std::vector<const Object*> all;
  for (const Kind kind : kAllKinds) {
    const Cache::Objects some = cache.OwnedBy(kind, owner);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::optional<Key> OwnerKey(const Object& object, const api::OwnerReference& owner) {
  const std::optional<Kind> kind = KindNamed(owner.kind);
  if (!kind.has_value() || owner.api_version != kApiVersion) {
    return std::nullopt;
  }
  return Key{.kind = *kind, .ns = object.key.ns, .name = owner.name};
}

bool Blocks(const Object& dependent, const Uid& owner) {
  return std::any_of(dependent.owners.begin(), dependent.owners.end(),
                     [&](const api::OwnerReference& reference) {
                       return reference.uid == owner && reference.block_owner_deletion;
                     });
}

Patch PatchOf(const Object& object, const std::string& operations) {
  return Patch{.key = object.key,
               .uid = object.uid,
               .generation = object.generation,
               .operations = documents::Guarded(operations, object.uid, std::nullopt)};
}

Patch WithoutFinalizer(const Object& object, const char* name) {
  std::vector<std::string> left = object.finalizers;
  std::erase(left, name);
  return PatchOf(object, documents::ReplaceFinalizers(*object.bytes, left));
}

/// What stands between an owner that waits for its dependents and its end.
std::optional<Collector::Step> ReleaseOwner(const Cache& cache, const Object& owner) {
  const std::vector<const Object*> dependents = Dependents(cache, owner.uid);
  if (HasFinalizer(owner, kOrphanFinalizer)) {
    if (dependents.empty()) {
      return WithoutFinalizer(owner, kOrphanFinalizer);
    }
    const Object& first = *dependents.front();
    return PatchOf(first, documents::WithoutOwner(*first.bytes, owner.uid));
  }
  const bool blocked =
      std::any_of(dependents.begin(), dependents.end(),
                  [&](const Object* dependent) { return Blocks(*dependent, owner.uid); });
  if (HasFinalizer(owner, kForegroundFinalizer) && !blocked) {
    return WithoutFinalizer(owner, kForegroundFinalizer);
  }
  return std::nullopt;
}

}  // namespace

Collector::Collector(BackoffOptions backoff, Rng rng) : queue_(backoff, rng) {}

void Collector::OnChange(const Cache& cache, const Change& change) {
  const bool replaced = change.before != nullptr &&
                        (change.after == nullptr || change.after->uid != change.before->uid);
  if (replaced) {
    OwnerIsGone(change.before->uid);
    for (const Object* dependent : Dependents(cache, change.before->uid)) {
      queue_.Add(dependent->key);
    }
  }
  if (change.before != nullptr) {  // an owner may have waited for this dependent
    for (const api::OwnerReference& owner : change.before->owners) {
      const std::optional<Key> key = OwnerKey(*change.before, owner);
      const Object* found = key.has_value() ? cache.Find(*key) : nullptr;
      if (found != nullptr && found->deleting) {
        queue_.Add(*key);
      }
    }
  }
  if (change.after == nullptr) {
    return;
  }
  if (!change.after->owners.empty()) {
    queue_.Add(change.after->key);
  }
  if (change.after->deleting) {
    queue_.Add(change.after->key);
    for (const Object* dependent : Dependents(cache, change.after->uid)) {
      queue_.Add(dependent->key);
    }
  }
}

void Collector::OwnerIsGone(const Uid& uid) {
  if (gone_.insert(uid).second) {
    gone_order_.push_back(uid);
  }
  if (gone_order_.size() > kRemembered) {
    gone_.erase(gone_order_.front());
    gone_order_.pop_front();
  }
}

std::optional<std::pair<Key, Collector::Step>> Collector::Next(const Cache& cache, MonoTime now) {
  queue_.Advance(now);
  while (const std::optional<Key> key = queue_.Take()) {
    const Object* object = cache.Find(*key);
    std::optional<Step> step;
    if (object != nullptr) {
      step = StepFor(cache, *object);
    }
    if (step.has_value()) {
      ++in_progress_;
      return std::pair(*key, std::move(*step));
    }
    queue_.Forgive(*key);
    queue_.Done(*key);
  }
  return std::nullopt;
}

void Collector::Done(const Key& key, bool succeeded, MonoTime now) {
  --in_progress_;
  if (succeeded) {
    queue_.Forgive(key);
    queue_.Add(key);
  } else {
    queue_.AddAfterFailure(key, now);
  }
  queue_.Done(key);
}

std::optional<Collector::Step> Collector::StepFor(const Cache& cache, const Object& object) const {
  if (object.deleting) {
    return ReleaseOwner(cache, object);
  }
  std::optional<Step> unknown;
  for (const api::OwnerReference& owner : object.owners) {
    const std::optional<Key> key = OwnerKey(object, owner);
    const Object* found = key.has_value() ? cache.Find(*key) : nullptr;
    const bool here = found != nullptr && found->uid == owner.uid;
    const bool makes_way = here && found->deleting && HasFinalizer(*found, kForegroundFinalizer);
    if (!key.has_value() || (!makes_way && (here || cache.Exists(owner.uid)))) {
      return std::nullopt;
    }
    if (!makes_way && !gone_.contains(owner.uid)) {
      unknown = FindOwner{.key = *key, .uid = owner.uid};
    }
  }
  if (unknown.has_value() || object.owners.empty()) {
    return unknown;
  }
  return Delete{.key = object.key, .uid = object.uid};
}

}  // namespace slipway::runtime
