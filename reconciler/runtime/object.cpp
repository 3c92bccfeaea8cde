#include "reconciler/runtime/object.hpp"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>

#include "reconciler/api/application.hpp"
#include "reconciler/api/codec.hpp"
#include "reconciler/api/fleet.hpp"
#include "reconciler/api/gitrepository.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/serverclaim.hpp"
#include "reconciler/api/testrun.hpp"

namespace slipway::runtime {
namespace {

Result<Header> HeaderOf(Kind kind, api::ObjectMeta metadata) {
  Header header;
  header.version = api::VersionNumber(metadata.resource_version);
  if (header.version == 0) {
    return Fail(Code::kBadRequest, "metadata.resourceVersion \"" + metadata.resource_version +
                                       "\" is not a positive integer; this API is not for us");
  }
  if (metadata.name.empty() || metadata.uid.empty()) {
    return Fail(Code::kBadRequest, "metadata.name and metadata.uid are required");
  }
  header.key = Key{.kind = kind, .ns = metadata.ns, .name = metadata.name};
  header.uid = metadata.uid;
  header.generation = metadata.generation;
  header.metadata = std::move(metadata);
  return header;
}

/// A projector is a planner's code: what it throws makes this one object unreadable.
Result<Projection> Project(Projector project, const std::string& json) {
  try {
    const GuardedScope guard;
    return project(json);
  } catch (const std::exception& thrown) {
    return Fail(Code::kInternal, thrown.what());
  }
}

}  // namespace

Projector DefaultProjector(Kind kind) {
  switch (kind) {
    case Kind::kGitRepository:
      return &ProjectWhole<api::GitRepository>;
    case Kind::kFleet:
      return &ProjectWhole<api::Fleet>;
    case Kind::kServerClaim:
      return &ProjectWhole<api::ServerClaim>;
    case Kind::kServer:
      return &ProjectWhole<api::Server>;
    case Kind::kApplication:
      return &ProjectWhole<api::Application>;
    case Kind::kRollout:
      return &ProjectWhole<api::Rollout>;
    case Kind::kTestRun:
      return &ProjectWhole<api::TestRun>;
  }
  SLIPWAY_UNREACHABLE("kind outside the enum");
}

bool Object::IsOwnedBy(const Uid& owner) const {
  return std::any_of(owners.begin(), owners.end(),
                     [&](const api::OwnerReference& reference) { return reference.uid == owner; });
}

Result<Header> ReadHeader(Kind kind, const std::string& json) {
  SLIPWAY_TRY(document, api::codec::Parse(json));
  api::ObjectMeta metadata;
  api::codec::Cursor at;
  if (api::codec::IsObject(document, at)) {
    api::codec::ReadField(document, "metadata", api::codec::Presence::kRequired, metadata, at);
  }
  if (at.failed()) {
    return at.TakeError();
  }
  return HeaderOf(kind, std::move(metadata));
}

Result<ObjectPtr> ReadObject(Kind kind, Projector project, Bytes bytes) {
  auto object = std::make_shared<Object>();
  Result<Projection> projection = Project(project, *bytes);
  Result<Header> header = projection.has_value() ? HeaderOf(kind, projection.value().metadata)
                                                 : ReadHeader(kind, *bytes);
  if (!header.has_value()) {
    return header.error();
  }
  if (projection.has_value()) {
    object->view = std::move(projection.value().view);
  } else {
    object->problem = projection.error().message;
  }
  Header& read = header.value();
  object->key = std::move(read.key);
  object->uid = std::move(read.uid);
  object->version = read.version;
  object->generation = read.generation;
  object->deleting = read.metadata.deletion_timestamp.has_value();
  object->finalizers = std::move(read.metadata.finalizers);
  object->owners = std::move(read.metadata.owner_references);
  object->labels = std::move(read.metadata.labels);
  object->bytes = std::move(bytes);
  return ObjectPtr(std::move(object));
}

}  // namespace slipway::runtime
