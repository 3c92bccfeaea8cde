#include "src/apiserver/registry/registry.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/definitions.hpp"
#include "src/apiserver/registry/namespaces.hpp"
#include "src/apiserver/registry/object_writer.hpp"
#include "src/apiserver/registry/reads.hpp"
#include "src/objects/decode_rules.hpp"
#include "src/objects/field_ownership.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/patch.hpp"
#include "src/objects/strategic_merge.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

using objects::Part;

/// Kubernetes lets clients replace core objects blindly, but neither custom resources nor Leases.
bool NeedsResourceVersion(const objects::KindInfo& kind) { return !kind.group.empty(); }

Result<objects::WriteEffect> Prepare(Part part, const objects::KindInfo& kind, const Json& stored,
                                     Json& wanted, const objects::WriteRequest& request) {
  return part == Part::kStatus ? objects::PrepareStatusUpdate(kind, stored, wanted, request)
                               : objects::PrepareUpdate(kind, stored, wanted, request);
}

Result<void> CheckPart(Part part, const objects::KindInfo& kind) {
  if (part == Part::kStatus && !kind.has_status) {
    return Fail(Code::kNotFound, kind.QualifiedPlural() + " have no status of their own");
  }
  return Ok();
}

Result<Json> ApplyPatch(const objects::KindInfo& kind, PatchType type, const Json& stored,
                        const Json& patch) {
  switch (type) {
    case PatchType::kMerge:
      return objects::ApplyMergePatch(stored, patch);
    case PatchType::kJson:
      return objects::ApplyJsonPatch(stored, patch);
    case PatchType::kStrategicMerge:
      return objects::ApplyStrategicMerge(kind, stored, patch);
    case PatchType::kApply:
      break;  // Applying does that
  }
  SLIPWAY_UNREACHABLE("patch type outside the enum");
}

/// What a patch makes of an object, read as Kubernetes reads it.
Result<Json> PatchedTree(const objects::KindInfo& kind, PatchType type, const Json& stored,
                         const std::string& text, std::vector<std::string>& duplicates) {
  const bool strategic = type == PatchType::kStrategicMerge;
  SLIPWAY_TRY(patch,
              objects::ReadPatch(strategic ? "" : "error decoding patch: ", text, duplicates));
  SLIPWAY_TRY(patched, ApplyPatch(kind, type, stored, patch));
  SLIPWAY_TRYV(strategic ? objects::ReadMerged(kind, patched, patch)
                         : objects::ReadPatched(kind, patched));
  return patched;
}

objects::WriteRequest RequestOf(const ObjectPath& path, const WriteOptions& options,
                                const Clock& clock) {
  return {.ns = path.ns,
          .name = path.name,
          .field_validation = options.field_validation,
          .field_manager = options.field_manager,
          .now = clock.Now(),
          .admit = options.admit};
}

/// PUT of an object or of its status.
struct Replacing {
  Part part;
  ObjectPath path;
  std::string json;
  WriteOptions options;
  const Clock& clock;

  /// What was sent. Fills in what `request` has to know.
  Result<Json> Sent(objects::WriteRequest& request) const {
    SLIPWAY_TRYV(CheckPart(part, *path.kind));
    request = RequestOf(path, options, clock);
    request.needs_resource_version = NeedsResourceVersion(*path.kind);
    return objects::ReadBody(*path.kind, json, request);
  }

  Result<objects::WriteEffect> operator()(const Json& stored, Json& wanted) const {
    objects::WriteRequest request;
    SLIPWAY_TRY(sent, Sent(request));
    wanted = std::move(sent);
    return Prepare(part, *path.kind, stored, wanted, request);
  }

  /// Where nothing is stored.
  Result<Json> operator()(objects::WriteRequest& request) const {
    SLIPWAY_TRY(sent, Sent(request));
    return objects::RefuseUpdateOfNothing(*path.kind, std::move(sent), request);
  }
};

ObjectWriter::Change Patched(Part part, ObjectPath path, PatchType type, std::string text,
                             const WriteOptions& options, const Clock& clock) {
  return [part, path = std::move(path), type, text = std::move(text), options, &clock](
             const Json& stored, Json& wanted) -> Result<objects::WriteEffect> {
    SLIPWAY_TRYV(CheckPart(part, *path.kind));
    objects::WriteRequest request = RequestOf(path, options, clock);
    request.patched = true;
    request.needs_resource_version = NeedsResourceVersion(*path.kind);
    SLIPWAY_TRY(patched, PatchedTree(*path.kind, type, stored, text, request.duplicates));
    wanted = std::move(patched);
    return Prepare(part, *path.kind, stored, wanted, request);
  };
}

/// An apply to one object or to its status.
struct Applying {
  Part part;
  ObjectPath path;
  std::string text;
  WriteOptions options;
  const Clock& clock;

  /// What becomes of `stored`; nullptr: of nothing. Fills in what `request` has to know.
  Result<Json> Apply(const Json* stored, objects::WriteRequest& request) const {
    SLIPWAY_TRYV(CheckPart(part, *path.kind));
    request = RequestOf(path, options, clock);
    request.applied = true;
    request.needs_resource_version = NeedsResourceVersion(*path.kind);
    SLIPWAY_TRY(configuration, objects::ParseJson(text, request.duplicates));
    if (!configuration.is_object()) {
      const std::string found = configuration.is_boolean() ? "bool" : configuration.type_name();
      return Fail(Code::kBadRequest,
                  "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
                  "unmarshal " +
                      found + " into Go value of type map[string]interface {}");
    }
    const objects::Author author{
        .manager = options.field_manager, .now = request.now, .part = part};
    return objects::ApplyConfiguration(*path.kind, stored, std::move(configuration), author,
                                       options.force);
  }

  Result<objects::WriteEffect> operator()(const Json& stored, Json& wanted) const {
    objects::WriteRequest request;
    SLIPWAY_TRY(applied, Apply(&stored, request));
    wanted = std::move(applied);
    return Prepare(part, *path.kind, stored, wanted, request);
  }
};

ObjectWriter::Done ToWritten(WriteDone done) {
  return [done = std::move(done)](Result<Outcome> outcome) {
    if (!outcome.has_value()) {
      done(std::move(outcome.error()));
      return;
    }
    Outcome& what = outcome.value();
    done(Written{std::move(what.object), std::move(what.warnings), what.removed, what.created});
  };
}

void Replace(ObjectWriter& writer, const Replacing& replacing, WriteDone done) {
  writer.ChangeOrCreateObject(replacing.path, replacing.options.dry_run, replacing, replacing,
                              ToWritten(std::move(done)));
}

ObjectWriter::Done ToDeleted(DeleteDone done) {
  return [done = std::move(done)](Result<Outcome> outcome) {
    if (!outcome.has_value()) {
      done(std::move(outcome.error()));
      return;
    }
    Outcome& what = outcome.value();
    done(Deleted{std::move(what.object), what.removed, std::move(what.uid)});
  };
}

}  // namespace

struct Registry::State {
  store::Store& store;
  const Clock& clock;
  Post post;
  std::shared_ptr<ObjectWriter> writer;
};

Registry::Registry(store::Store& store, const Clock& clock, Post post, std::uint64_t seed)
    : state_(std::make_unique<State>(
          State{store, clock, post, std::make_shared<ObjectWriter>(store, clock, post, seed)})) {}

Registry::~Registry() = default;

void Registry::Start(std::function<void(Result<void>)> done) {
  const Json space = {{"metadata", {{"name", kDefaultNamespace}}}};
  Create({.kind = NamespaceKind(), .ns = "", .name = ""}, PrintJson(space), {},
         [this, done = std::move(done)](Result<Written> written) {
           if (!written.has_value() && written.error().code != Code::kAlreadyExists) {
             done(written.error());
             return;
           }
           WriteDefinitions(*this, state_->clock.Now(), done);
         });
}

Result<Object> Registry::Get(const ObjectPath& path) const { return ReadOne(state_->store, path); }

Result<ObjectList> Registry::List(const ObjectPath& path, const ListOptions& options) const {
  return ReadList(state_->store, path, options);
}

Result<std::unique_ptr<ObjectWatch>> Registry::StartWatch(const ObjectPath& path,
                                                          const Selectors& selectors,
                                                          store::Revision after,
                                                          std::function<void()> ready) const {
  return WatchChanges(state_->store, state_->post, path, selectors, after, std::move(ready));
}

void Registry::Create(ObjectPath path, std::string json, WriteOptions options, WriteDone done) {
  state_->writer->CreateObject(std::move(path), json, options, ToWritten(std::move(done)));
}

void Registry::Update(ObjectPath path, std::string json, WriteOptions options, WriteDone done) {
  Replace(*state_->writer,
          {Part::kMain, std::move(path), std::move(json), std::move(options), state_->clock},
          std::move(done));
}

void Registry::UpdateStatus(ObjectPath path, std::string json, WriteOptions options,
                            WriteDone done) {
  Replace(*state_->writer,
          {Part::kStatus, std::move(path), std::move(json), std::move(options), state_->clock},
          std::move(done));
}

void Registry::Patch(ObjectPath path, PatchType type, std::string patch, WriteOptions options,
                     WriteDone done) {
  if (type == PatchType::kApply) {
    Apply(std::move(path), std::move(patch), std::move(options), std::move(done));
    return;
  }
  auto change = Patched(Part::kMain, path, type, std::move(patch), options, state_->clock);
  state_->writer->ChangeObject(std::move(path), options.dry_run, std::move(change),
                               ToWritten(std::move(done)));
}

void Registry::Apply(ObjectPath path, std::string configuration, WriteOptions options,
                     WriteDone done) {
  const bool dry_run = options.dry_run;
  Applying applying{Part::kMain, path, std::move(configuration), std::move(options), state_->clock};
  ObjectWriter::Creation creation = [applying](objects::WriteRequest& request) {
    return applying.Apply(nullptr, request);
  };
  state_->writer->ChangeOrCreateObject(std::move(path), dry_run, std::move(applying),
                                       std::move(creation), ToWritten(std::move(done)));
}

void Registry::PatchStatus(ObjectPath path, PatchType type, std::string patch, WriteOptions options,
                           WriteDone done) {
  ObjectWriter::Change change;
  if (type == PatchType::kApply) {
    change = Applying{Part::kStatus, path, std::move(patch), options, state_->clock};
  } else {
    change = Patched(Part::kStatus, path, type, std::move(patch), options, state_->clock);
  }
  state_->writer->ChangeObject(std::move(path), options.dry_run, std::move(change),
                               ToWritten(std::move(done)));
}

void Registry::Delete(ObjectPath path, objects::DeleteRequest request, WriteOptions options,
                      DeleteDone done) {
  state_->writer->DeleteObject(std::move(path), std::move(request), options.dry_run,
                               ToDeleted(std::move(done)));
}

const store::Incarnation& Registry::incarnation() const { return state_->store.incarnation(); }

}  // namespace slipway::apiserver
