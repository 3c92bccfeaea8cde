#include "src/cloud/gcp/refusal.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"

namespace slipway::cloud::gcp {
namespace {

using nlohmann::json;

void AddReason(GoogleError& error, std::string reason) {
  if (!reason.empty() && !error.Has(reason)) {
    error.reasons.push_back(std::move(reason));
  }
}

/// The `reason` of each object in a list; none where it is no list.
void AddReasonsOf(GoogleError& error, const json& list) {
  if (list.is_array()) {
    for (const json& each : list) {
      AddReason(error, TextAt(each, "reason"));
    }
  }
}

/// What to do about a permission that lacks. Where it is none that Google knows of, such as the rule of an organisation, there is
/// nothing to add to its words.
std::string AdviceOn(const GoogleError& error, const std::string& permission) {
  if (error.Has("accessNotConfigured") || error.Has("SERVICE_DISABLED")) {
    return "Enable the Compute Engine API in the project";
  }
  if (error.Has("insufficientPermissions") || error.Has("ACCESS_TOKEN_SCOPE_INSUFFICIENT")) {
    return "Give the machine the scope compute-ro or cloud-platform";
  }
  const bool lacks = error.Has("IAM_PERMISSION_DENIED") ||
                     error.message.find("'" + permission + "'") != std::string::npos;
  return lacks ? "Allow " + permission : "";
}

}  // namespace

bool GoogleError::Has(const std::string& reason) const {
  return std::ranges::find(reasons, reason) != reasons.end();
}

GoogleError ReadError(const std::string& body) {
  const json tree = ReadJson(body);
  GoogleError read;
  if (const std::string name = TextAt(tree, "error"); !name.empty()) {
    AddReason(read, name);
    read.message = TextAt(tree, "error_description");
    return read;
  }
  const json& error = At(tree, "error");
  AddReasonsOf(read, At(error, "errors"));
  AddReason(read, TextAt(error, "status"));
  AddReasonsOf(read, At(error, "details"));
  read.message = TextAt(error, "message");
  return read;
}

Blame BlameOf(int status, const GoogleError& error) {
  static constexpr std::array kThrottles = {"rateLimitExceeded",   "userRateLimitExceeded",
                                            "quotaExceeded",       "dailyLimitExceeded",
                                            "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"};
  if (status == 429 ||
      std::ranges::any_of(kThrottles, [&](const char* reason) { return error.Has(reason); })) {
    return Blame::kThrottled;
  }
  if (status >= 500 || status == 408) {
    return Blame::kService;
  }
  if (!error.reasons.empty() && status == 401) {
    return Blame::kCredentials;
  }
  if (!error.reasons.empty() && status == 403) {
    return Blame::kDenied;
  }
  return Blame::kRequest;
}

Refusal RefusalOf(const rest::Response& response, const std::string& permission) {
  const GoogleError error = ReadError(response.body);
  Refusal refusal{.blame = BlameOf(response.status, error),
                  .words = {},
                  .request_id = {},
                  .advice = AdviceOn(error, permission)};
  if (!error.reasons.empty()) {
    refusal.words = error.reasons.front() + ": " + error.message;
  }
  const auto id = response.headers.find("x-goog-request-id");
  refusal.request_id = id == response.headers.end() ? "" : id->second;
  return refusal;
}

}  // namespace slipway::cloud::gcp
