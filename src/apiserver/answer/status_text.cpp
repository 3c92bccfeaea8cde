#include "src/apiserver/answer/status_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

/// Whether an error with this code is about one object or one resource, and says which.
bool SaysOfWhat(Code code) {
  switch (code) {
    case Code::kForbidden:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kConflict:
    case Code::kInvalid:
      return true;
    case Code::kBadRequest:
    case Code::kMethodNotAllowed:
    case Code::kUnauthorized:
    case Code::kUnexplained:
    case Code::kUnprocessable:
    case Code::kExpired:
    case Code::kTooLarge:
    case Code::kUnsupportedMediaType:
    case Code::kTooManyRequests:
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kTimeout:
      return false;
  }
  return false;
}

/// Whether the message of an error names the kind and not the resource: mostly that of what is invalid.
bool NamesKind(const Error& error, const objects::KindInfo& kind) {
  const std::string qualified =
      (kind.group.empty() ? kind.kind : kind.kind + "." + kind.group) + " \"";
  return error.message.starts_with(qualified) ||
         error.message.starts_with("Operation cannot be fulfilled on " + qualified);
}

/// What the error is about: (kind, group).
std::pair<std::string, std::string> Subject(const Error& error, const objects::KindInfo& kind) {
  if (!error.about.empty()) {
    const std::size_t dot = error.about.find('.');
    return {error.about.substr(0, dot),
            dot == std::string::npos ? "" : error.about.substr(dot + 1)};
  }
  return {NamesKind(error, kind) ? kind.kind : kind.plural, kind.group};
}

Json Details(const Error& error, const ObjectPath* path) {
  Json details = Json::object();
  const bool owners =
      !error.causes.empty() && error.causes.front().reason == "FieldManagerConflict";
  if (path != nullptr && path->kind != nullptr && SaysOfWhat(error.code) && !owners) {
    if (!path->name.empty()) {
      details["name"] = path->name;
    }
    const auto [kind, group] = Subject(error, *path->kind);
    if (!group.empty()) {
      details["group"] = group;
    }
    details["kind"] = kind;
  }
  for (const Cause& cause : error.causes) {
    Json& shown = details["causes"].emplace_back();
    shown = {{"message", cause.message}};
    if (!cause.reason.empty()) {
      shown["reason"] = cause.reason;
    }
    if (!cause.field.empty()) {
      shown["field"] = cause.field;
    }
  }
  if (error.retry_after) {
    details["retryAfterSeconds"] =
        std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
  }
  return details;
}

}  // namespace

std::string FailureStatus(const Error& error, const ObjectPath* path,
                          const std::string& continue_token) {
  Json status = {{"kind", "Status"},           {"apiVersion", "v1"},
                 {"metadata", Json::object()}, {"status", "Failure"},
                 {"message", error.message},   {"code", HttpStatus(error.code)}};
  if (const std::string reason = Reason(error.code); !reason.empty()) {
    status["reason"] = reason;
  }
  if (!continue_token.empty()) {
    status["metadata"]["continue"] = continue_token;
  }
  const Json details = Details(error, path);
  if (!details.empty() || error.code == Code::kMethodNotAllowed || error.code == Code::kNotFound ||
      error.code == Code::kUnprocessable) {
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
