#include "src/apiserver/status_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

/// Kubernetes says nothing of the object where fields of it have another owner, nor where it could not
/// begin to work on it.
bool NamesObject(const Error& error) {
  static const std::array<Code, 5> kSilent = {Code::kBadRequest, Code::kTooLarge,
                                              Code::kUnexplained, Code::kUnprocessable,
                                              Code::kUnsupportedMediaType};
  return std::find(kSilent.begin(), kSilent.end(), error.code) == kSilent.end() &&
         (error.causes.empty() || error.causes.front().reason != "FieldManagerConflict");
}

Json Details(const Error& error, const ObjectPath* path) {
  Json details = Json::object();
  if (path != nullptr && path->kind != nullptr && NamesObject(error)) {
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
  Json status = {{"kind", "Status"},           {"apiVersion", "v1"},
                 {"metadata", Json::object()}, {"status", "Failure"},
                 {"message", error.message},   {"code", HttpStatus(error.code)}};
  const std::string reason = Reason(error.code);
  if (!reason.empty()) {
    status["reason"] = reason;
  }
  const Json details = Details(error, path);
  if (!details.empty() || error.code == Code::kUnprocessable) {
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
