#include "src/apiserver/status_text.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

Json Details(const Error& error, const ObjectPath* path) {
  Json details = Json::object();
  // kube-apiserver does not say what a request was about that it could not understand.
  const bool about = error.code != Code::kBadRequest && error.code != Code::kMethodNotAllowed;
  if (about && path != nullptr && path->kind != nullptr) {
    if (!path->name.empty()) {
      details["name"] = path->name;
    }
    if (!path->kind->group.empty()) {
      details["group"] = path->kind->group;
    }
    // Kubernetes names the kind of what is invalid, and the resource of everything else.
    details["kind"] = error.code == Code::kInvalid ? path->kind->kind : path->kind->plural;
  }
  for (const Cause& cause : error.causes) {
    details["causes"].push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  if (error.retry_after) {
    details["retryAfterSeconds"] =
        std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
  }
  return details;
}

}  // namespace

std::string FailureStatus(const Error& error, const ObjectPath* path) {
  Json status = {{"kind", "Status"},
                 {"apiVersion", "v1"},
                 {"metadata", Json::object()},
                 {"status", "Failure"},
                 {"message", error.message},
                 {"reason", Reason(error.code)},
                 {"code", HttpStatus(error.code)}};
  const Json details = Details(error, path);
  if (!details.empty() || error.code == Code::kMethodNotAllowed) {
    status["details"] = details;
  }
  return PrintJson(status);
}

std::string DeletedStatus(const ObjectPath& path, const std::string& uid) {
  Json details = {{"name", path.name}, {"kind", path.kind->plural}, {"uid", uid}};
  if (!path.kind->group.empty()) {
    details["group"] = path.kind->group;
  }
  return PrintJson({{"kind", "Status"},
                    {"apiVersion", "v1"},
                    {"metadata", Json::object()},
                    {"status", "Success"},
                    {"details", details}});
}

}  // namespace slipway::apiserver
