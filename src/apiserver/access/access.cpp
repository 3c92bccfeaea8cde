#include "src/apiserver/access/access.hpp"

#include <algorithm>

#include "src/apiserver/collection_delete.hpp"
#include "src/apiserver/pki/pki.hpp"
#include "src/apiserver/request/request_options.hpp"

namespace slipway::apiserver {
namespace {

using Target = Route::Target;

Error NotAllowed() {
  return Fail(Code::kMethodNotAllowed,
              "the server does not allow this method on the requested resource");
}

Result<std::string> CollectionVerb(const http::RequestHead& head, const Route& route) {
  if (head.method == "GET") {
    return std::string(IsTrue(head, "watch") ? "watch" : "list");
  }
  const bool one_space = !route.path.kind->namespaced || !route.path.ns.empty();
  if (head.method == "POST" && one_space) {
    return std::string("create");
  }
  if (head.method == "DELETE" && OffersCollectionDelete(route.path)) {
    return std::string("deletecollection");
  }
  return NotAllowed();
}

Result<std::string> ObjectVerb(const http::RequestHead& head, const Route& route) {
  if (head.method == "GET") {
    return std::string("get");
  }
  const bool writable = route.target == Target::kObject || route.target == Target::kStatus;
  if (head.method == "PUT" && writable) {
    return std::string("update");
  }
  if (head.method == "PATCH" && writable) {
    return std::string("patch");
  }
  if (head.method == "DELETE" && route.target == Target::kObject) {
    return std::string("delete");
  }
  return NotAllowed();
}

}  // namespace

namespace {

Result<std::string> MethodVerb(const http::RequestHead& head, const Route& route) {
  switch (route.target) {
    case Target::kRoot:
    case Target::kVersion:
    case Target::kMetrics:
    case Target::kCoreVersions:
    case Target::kGroups:
    case Target::kGroup:
    case Target::kResources:
    case Target::kOpenApiV2:
    case Target::kOpenApiV3:
      if (head.method == "GET" || head.method == "HEAD") {
        return std::string("get");
      }
      return NotAllowed();
    case Target::kCollection:
      return CollectionVerb(head, route);
    case Target::kObject:
    case Target::kStatus:
    case Target::kLog:
      return ObjectVerb(head, route);
  }
  return NotAllowed();
}

}  // namespace

Result<std::string> VerbOf(const http::RequestHead& head, const Route& route) {
  const objects::KindInfo* kind = route.path.kind;
  auto verb = MethodVerb(head, route);
  if (kind == nullptr || (verb.has_value() && kind->Offers(verb.value()))) {
    return verb;
  }
  if (kind->refusal.empty() || head.method == "GET") {
    return NotAllowed();
  }
  const std::string name = route.path.name.empty() ? "" : " \"" + route.path.name + "\"";
  return Fail(Code::kForbidden, kind->QualifiedPlural() + name + " is forbidden: " + kind->refusal);
}

bool MayUseApi(const http::Peer& peer) {
  return peer.has_certificate && std::find(peer.organisations.begin(), peer.organisations.end(),
                                           kMastersGroup) != peer.organisations.end();
}

}  // namespace slipway::apiserver
