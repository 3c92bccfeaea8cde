#include "src/apiserver/registry/object_writer.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/guard.hpp"
#include "src/apiserver/registry/keys.hpp"
#include "src/apiserver/registry/namespaces.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/objects/decode_rules.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

/// Others write to the same store only when there are several servers; each try that fails means
/// that one of them got on.
constexpr int kMaxTries = 16;
/// Bytes of one object as it is stored, managedFields included. Who has a larger one may still make it smaller, or delete it.
constexpr std::size_t kLargestObject = 3 << 20;
constexpr std::size_t kLargestWithStatus = 2 * kLargestObject;
/// Names that are made up for one object before it is told that there is none.
constexpr int kMaxNames = 8;

std::string MetaText(const Json& tree, const char* field) {
  return tree["metadata"].value(field, std::string());
}

/// metadata.name of a tree that anybody may have sent; empty where it has none.
std::string NameIn(const Json& tree) {
  const Json metadata = tree.is_object() ? tree.value("metadata", Json()) : Json();
  const Json name = metadata.is_object() ? metadata.value("name", Json()) : Json();
  return name.is_string() ? name.get<std::string>() : "";
}

std::string RandomUuid(Rng& rng) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  std::uint64_t random = 0;
  for (int digit = 0; digit < 32; ++digit) {
    random = digit % 16 == 0 ? rng.Next() : random >> 4;
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
      text += '-';
    }
    const std::uint64_t variant = 8 | (random & 3);
    text += digit == 12 ? '4' : kDigits[digit == 16 ? variant : random & 15];
  }
  return text;
}

std::string RandomSuffix(Rng& rng) {
  static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (int i = 0; i < 5; ++i) {
    text += kLetters[rng.Below(kLetters.size())];
  }
  return text;
}

/// Patches could make an object ever larger, whatever the bound of one body.
Result<void> CheckSize(std::size_t before, std::size_t after) {
  if (after > kLargestObject && after > before) {
    return Fail(Code::kTooLarge,
                "Request entity too large: limit is " + std::to_string(kLargestObject));
  }
  return Ok();
}

/// Whether a change does no more than mark an object as deleted, or report on it.
bool IsNoUsersWord(Json stored, Json wanted) {
  if (!stored["metadata"].contains("deletionTimestamp") &&
      wanted["metadata"].contains("deletionTimestamp")) {
    return true;
  }
  for (Json* tree : {&stored, &wanted}) {
    tree->erase("status");
    (*tree)["metadata"].erase("managedFields");
    (*tree)["metadata"].erase("resourceVersion");
  }
  return stored == wanted;
}

/// An object of the largest size can still go, and be reported on.
Result<void> CheckGrowth(const Json& stored, const std::string& before, const std::string& after) {
  auto good = CheckSize(before.size(), after.size());
  if (!good.has_value() && after.size() <= kLargestWithStatus &&
      IsNoUsersWord(stored, ReadJson(after))) {
    return Ok();
  }
  return good;
}

/// Of a name that an object has already, which may be on its way out.
Error Taken(const ObjectPath& path, const Object& existing) {
  Error error = AlreadyExists(path);
  const auto tree = ParseObject(existing);
  if (tree.has_value() && tree.value()["metadata"].contains("deletionTimestamp")) {
    error.message = "object is being deleted: " + error.message;
  }
  return error;
}

/// An object that does not exist has no uid. A resourceVersion, which is taken out, says nothing then.
Result<store::Revision> TakePreconditions(const ObjectPath& path, Json& tree) {
  Json& metadata = tree["metadata"];
  if (!metadata.is_object()) {
    return store::Revision{0};
  }
  const std::string uid = metadata.contains("uid") && metadata["uid"].is_string()
                              ? metadata["uid"].get<std::string>()
                              : std::string();
  if (!uid.empty()) {
    return Fail(Code::kConflict, "Operation cannot be fulfilled on " +
                                     path.kind->QualifiedPlural() + " \"" + path.name +
                                     "\": uid mismatch: the provided object specified uid " + uid +
                                     ", and no existing object was found");
  }
  SLIPWAY_TRY(version, objects::VersionOf(tree));
  metadata.erase("resourceVersion");
  return std::in_range<store::Revision>(version) ? static_cast<store::Revision>(version) : 0;
}

}  // namespace

struct ObjectWriter::Intention {
  store::Write write{};
  bool needed = true;            ///< false: nothing is to be written
  store::Value shown{};          ///< the object as it is afterwards, or was last
  store::Revision revision = 0;  ///< of `shown`, where nothing is written
  bool closes_namespace = false;
  std::vector<std::string> warnings{};
  std::string uid{};
  ObjectPath path{};
};

struct ObjectWriter::Job {
  std::string key;  ///< what it holds in the queue; empty: nothing
  bool dry_run = false;
  int tries = 0;
  Attempt attempt;
  Done done;
};

Result<void> ObjectWriter::CheckNamespace(const ObjectPath& wanted) const {
  const std::string& ns = wanted.ns;
  const ObjectPath path{.kind = NamespaceKind(), .ns = "", .name = ns};
  if (!IsPossible(path)) {
    return NotFound(path);
  }
  SLIPWAY_TRY(entry, store_.Get(KeyOf(path), store::kLatest));
  if (!entry) {
    return NotFound(path);
  }
  SLIPWAY_TRY(deleted, objects::ReadParts(*entry->value, {"/metadata/deletionTimestamp"}));
  if (closing_.contains(entry->key) || !deleted.empty()) {
    Error error = Fail(Code::kForbidden, wanted.kind->QualifiedPlural() + " \"" + wanted.name +
                                             "\" is forbidden: unable to create new content in "
                                             "namespace " +
                                             ns + " because it is being terminated");
    error.causes.push_back({.field = "metadata.namespace",
                            .message = "namespace " + ns + " is being terminated",
                            .reason = "NamespaceTerminating"});
    return error;
  }
  return Ok();
}

Result<ObjectWriter::Intention> ObjectWriter::PlanCreate(ObjectPath path, Json tree,
                                                         const objects::WriteRequest& request,
                                                         bool look_first) {
  const objects::Birth birth{
      .now = clock_.Now(), .uid = RandomUuid(rng_), .name_suffix = RandomSuffix(rng_)};
  if (path.kind->namespaced) {
    path.name = NameIn(tree);
    SLIPWAY_TRYV(CheckNamespace(path));
  }
  SLIPWAY_TRY(effect, objects::PrepareCreate(*path.kind, tree, request, birth));
  path.name = MetaText(tree, "name");
  Intention intention;
  intention.write = {.kind = store::Write::Kind::kCreate, .key = KeyOf(path)};
  intention.warnings = std::move(effect.warnings);
  intention.uid = birth.uid;
  intention.shown = StoredBytes(std::move(tree), effect.unsettled);
  SLIPWAY_TRYV(CheckSize(0, intention.shown->size()));
  intention.write.value = intention.shown;
  if (look_first) {
    SLIPWAY_TRY(existing, store_.Get(intention.write.key, store::kLatest));
    if (existing) {
      Error error = Taken(path, Object(existing->value, existing->revision));
      error.warnings = std::move(intention.warnings);
      return error;
    }
  }
  intention.path = std::move(path);
  return intention;
}

Result<ObjectWriter::Intention> ObjectWriter::PlanChange(const ObjectPath& path,
                                                         const Change& change) {
  if (!IsPossible(path)) {
    return NotFound(path);
  }
  SLIPWAY_TRY(entry, store_.Get(KeyOf(path), store::kLatest));
  if (!entry) {
    return NotFound(path);
  }
  SLIPWAY_TRY(stored, ParseObject(Object(entry->value, entry->revision)));
  Json wanted = stored;
  SLIPWAY_TRY(effect, change(stored, wanted));
  effect.changed = effect.changed || effect.unsettled != IsUnsettled(*entry->value);
  Intention intention;
  intention.path = path;
  intention.uid = MetaText(stored, "uid");
  intention.warnings = std::move(effect.warnings);
  intention.needed = effect.changed || effect.removed;
  intention.closes_namespace = path.kind == NamespaceKind() && !effect.removed &&
                               wanted["metadata"].contains("deletionTimestamp");
  intention.shown =
      effect.changed ? StoredBytes(std::move(wanted), effect.unsettled) : entry->value;
  SLIPWAY_TRYV(CheckGrowth(stored, *entry->value, *intention.shown));
  intention.revision = entry->revision;
  intention.write = {
      .kind = effect.removed ? store::Write::Kind::kDelete : store::Write::Kind::kUpdate,
      .key = std::move(entry->key),
      .value = effect.removed ? nullptr : intention.shown,
      .expected = entry->revision};
  return intention;
}

void ObjectWriter::CreateObject(ObjectPath path, const std::string& json, WriteOptions options,
                                Done done) {
  objects::WriteRequest request{.ns = path.ns,
                                .field_validation = options.field_validation,
                                .field_manager = std::move(options.field_manager),
                                .admit = std::move(options.admit)};
  auto parsed = objects::ReadBody(*path.kind, json, request);
  if (!parsed.has_value()) {
    post_([done = std::move(done), error = std::move(parsed.error())] { done(error); });
    return;
  }
  const auto tree = std::make_shared<const Json>(std::move(parsed.value()));
  // A name that is still to be generated has no queue to stand in.
  const std::string name = NameIn(*tree);
  std::string key = name.empty() ? "" : PrefixOf(path) + name;
  // The store says whether there is one; then the next try looks at it.
  Attempt attempt = [this, path = std::move(path), tree, request = std::move(request),
                     look_first = options.dry_run]() mutable {
    return PlanCreate(path, *tree, request, std::exchange(look_first, true));
  };
  Run(std::move(key), options.dry_run, std::move(attempt), std::move(done));
}

void ObjectWriter::ChangeObject(ObjectPath path, bool dry_run, Change change, Done done) {
  std::string key = PrefixOf(path) + path.name;
  Attempt attempt = [this, path = std::move(path), change = std::move(change)] {
    return PlanChange(path, change);
  };
  Run(std::move(key), dry_run, std::move(attempt), std::move(done));
}

void ObjectWriter::ChangeOrCreateObject(ObjectPath path, bool dry_run, Change change,
                                        Creation creation, Done done) {
  std::string key = PrefixOf(path) + path.name;
  Attempt attempt = [this, path = std::move(path), change = std::move(change),
                     creation = std::move(creation)]() -> Result<Intention> {
    auto changed = PlanChange(path, change);
    if (changed.has_value() || changed.error().code != Code::kNotFound || !IsPossible(path)) {
      return changed;
    }
    objects::WriteRequest request;
    SLIPWAY_TRY(tree, creation(request));
    SLIPWAY_TRY(version, TakePreconditions(path, tree));
    SLIPWAY_TRY(intention, PlanCreate(path, std::move(tree), request, true));
    intention.revision = version;  // what a dry run shows
    return intention;
  };
  Run(std::move(key), dry_run, std::move(attempt), std::move(done));
}

void ObjectWriter::DeleteObject(ObjectPath path, objects::DeleteRequest request, bool dry_run,
                                Done done) {
  Change change = [this, path, request = std::move(request)](
                      const Json&, Json& wanted) -> Result<objects::WriteEffect> {
    if (path.kind == NamespaceKind()) {
      SLIPWAY_TRYV(CloseNamespace(wanted));
    }
    return objects::PrepareDelete(*path.kind, wanted, request, clock_.Now());
  };
  ChangeObject(std::move(path), dry_run, std::move(change), std::move(done));
}

void ObjectWriter::Run(std::string key, bool dry_run, Attempt attempt, Done done) {
  if (queue_.size() >= kMaxPending) {
    Error error = Fail(Code::kTooManyRequests, "too many writes are under way: try again later");
    error.retry_after = std::chrono::seconds(1);
    post_([done = std::move(done), error = std::move(error)] { done(error); });
    return;
  }
  const auto job = std::make_shared<Job>();
  job->key = std::move(key);
  job->dry_run = dry_run;
  job->attempt = std::move(attempt);
  job->done = std::move(done);
  if (job->key.empty()) {
    Try(job);
    return;
  }
  queue_.Enter(job->key, [self = shared_from_this(), job] { self->Try(job); });
}

void ObjectWriter::Try(const std::shared_ptr<Job>& job) {
  auto planned = Guarded(job->attempt);
  // A name that was made up and is taken: another one.
  while (job->key.empty() && !planned.has_value() && planned.error().code == Code::kAlreadyExists &&
         ++job->tries < kMaxNames) {
    planned = Guarded(job->attempt);
  }
  if (!planned.has_value()) {
    Finish(job, std::move(planned.error()));
    return;
  }
  Intention& intention = planned.value();
  if (intention.needed && !job->dry_run) {
    Commit(job, std::move(intention));
    return;
  }
  Finish(job, Outcome{Object(std::move(intention.shown), intention.revision),
                      intention.write.kind == store::Write::Kind::kDelete,
                      intention.write.kind == store::Write::Kind::kCreate,
                      std::move(intention.warnings), std::move(intention.uid)});
}

void ObjectWriter::Commit(const std::shared_ptr<Job>& job, Intention intention) {
  if (intention.closes_namespace) {
    closing_.insert(intention.write.key);
  }
  store::Write write = intention.write;
  auto committed = [self = shared_from_this(), job,
                    intention = std::move(intention)](Result<store::Revision> revision) {
    self->post_([self, job, intention, revision] {
      if (intention.closes_namespace) {
        self->closing_.erase(self->closing_.find(intention.write.key));
      }
      const bool creates = intention.write.kind == store::Write::Kind::kCreate;
      const bool removes = intention.write.kind == store::Write::Kind::kDelete;
      if (revision.has_value()) {
        // What is gone is shown as it was last.
        const store::Revision shown = removes ? intention.revision : revision.value();
        self->Finish(job, Outcome{Object(intention.shown, shown), removes, creates,
                                  intention.warnings, intention.uid});
        return;
      }
      const Code code = revision.error().code;
      const bool overtaken = code == Code::kConflict || code == Code::kNotFound;
      if ((overtaken || (code == Code::kAlreadyExists && creates)) && ++job->tries < kMaxTries) {
        self->Try(job);  // says what is wrong if it cannot be done any more
        return;
      }
      Error error = overtaken ? Modified(intention.path) : revision.error();
      error.warnings = intention.warnings;
      self->Finish(job, std::move(error));
    });
  };
  store_.Commit(std::move(write), std::move(committed));
}

void ObjectWriter::Finish(const std::shared_ptr<Job>& job, Result<Outcome> outcome) {
  post_([self = shared_from_this(), job, outcome = std::move(outcome)] {
    if (!job->key.empty()) {
      self->queue_.Leave(job->key);
    }
    job->done(outcome);
  });
}

}  // namespace slipway::apiserver
