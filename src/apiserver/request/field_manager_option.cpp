#include "src/apiserver/request/field_manager_option.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "src/apiserver/request/request_options.hpp"
#include "src/objects/field_path.hpp"

namespace slipway::apiserver {
namespace {

constexpr std::size_t kMaxFieldManager = 128;

/// The name of the program that sends a request: what its User-Agent says before the slash.
std::string ProgramOf(const http::RequestHead& head) {
  const std::string agent = head.Header("user-agent");
  std::string program;
  for (const char letter : agent.substr(0, std::min(agent.find('/'), agent.size()))) {
    if (static_cast<unsigned char>(letter) >= ' ' && letter != '\x7f') {
      program += letter;
    }
  }
  return objects::FirstBytes(std::move(program), kMaxFieldManager);
}

bool IsApply(const http::RequestHead& head) {
  const std::string type = head.Header("content-type");
  return type.substr(0, std::min(type.find(';'), type.size())) == kApplyType;
}

std::vector<Cause> Faults(const http::RequestHead& head, const std::string& verb) {
  std::vector<Cause> causes;
  const std::string_view manager = head.Query("fieldManager");
  if (verb == "patch" && IsApply(head) && manager.empty()) {
    causes.push_back({.field = "fieldManager",
                      .message = "Required value: is required for apply patch",
                      .reason = "FieldValueRequired"});
  }
  if (verb == "patch" && !IsApply(head) && head.HasQuery("force")) {
    causes.push_back({.field = "force",
                      .message = "Forbidden: may not be specified for non-apply patch",
                      .reason = "FieldValueForbidden"});
  }
  if (manager.size() > kMaxFieldManager) {
    causes.push_back({.field = "fieldManager",
                      .message = "Too long: may not be more than 128 bytes",
                      .reason = "FieldValueTooLong"});
  }
  return causes;
}

}  // namespace

Result<void> ReadFieldManager(const http::RequestHead& head, const std::string& verb,
                              WriteOptions& options) {
  options.field_manager = std::string(head.Query("fieldManager"));
  options.force = IsTrue(head, "force");
  const std::vector<Cause> causes = Faults(head, verb);
  if (causes.empty()) {
    if (options.field_manager.empty()) {
      options.field_manager = ProgramOf(head);
    }
    return Ok();
  }
  std::string all;
  for (const Cause& cause : causes) {
    all += (all.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  }
  const std::string kind = verb == "patch"    ? "PatchOptions"
                           : verb == "update" ? "UpdateOptions"
                                              : "CreateOptions";
  Error error =
      Fail(Code::kInvalid,
           kind + ".meta.k8s.io \"\" is invalid: " + (causes.size() > 1 ? "[" + all + "]" : all));
  error.causes = causes;
  return error;
}

}  // namespace slipway::apiserver
