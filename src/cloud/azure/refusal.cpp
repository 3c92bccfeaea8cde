#include "src/cloud/azure/refusal.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/cloud/foreign_json.hpp"

namespace slipway::cloud::azure {
namespace {

using nlohmann::json;

/// The first of these objects that has a code, or a message.
AzureError ReadForm(const json& tree, const char* code, const char* message) {
  return {.code = TextAt(tree, code), .message = TextAt(tree, message)};
}

/// The action that Azure says is lacking, such as Microsoft.Compute/virtualMachines/read.
std::string LackingAction(const AzureError& error) {
  constexpr std::string_view kBefore = "perform action '";
  const auto begin = error.message.find(kBefore);
  if (error.code != "AuthorizationFailed" || begin == std::string::npos) {
    return "";
  }
  const std::string rest = error.message.substr(begin + kBefore.size());
  const std::string action = rest.substr(0, rest.find('\''));
  const bool plain = std::ranges::all_of(action, [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '.' || letter == '/';
  });
  return plain ? action : "";
}

std::string HeaderOf(const rest::Response& response, const char* name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

}  // namespace

std::string AzureError::words() const {
  return code.empty() || message.empty() ? code + message : code + ": " + message;
}

AzureError ReadError(const std::string& body) {
  const json tree = ReadJson(body);
  for (const AzureError& read :
       {ReadForm(At(tree, "error"), "code", "message"),
        ReadForm(tree, "error", "error_description"), ReadForm(tree, "code", "message")}) {
    if (read.says()) {
      return read;
    }
  }
  return {};
}

Blame BlameOf(int status, const AzureError& error) {
  static constexpr std::array kGone = {"NotFound", "ResourceNotFound", "ParentResourceNotFound"};
  if (status == 429) {
    return Blame::kThrottled;
  }
  if (status >= 500 || status == 408) {
    return Blame::kService;
  }
  if (!error.says()) {
    return Blame::kRequest;
  }
  switch (status) {
    case 401:
      return Blame::kCredentials;
    case 403:
      return Blame::kDenied;
    case 404:
      if (error.code == "ResourceGroupNotFound") {
        return Blame::kPlaceAbsent;
      }
      return std::ranges::find(kGone, error.code) != kGone.end() ? Blame::kAbsent : Blame::kRequest;
    default:
      return Blame::kRequest;
  }
}

Refusal RefusalOf(const rest::Response& response) {
  const AzureError error = ReadError(response.body);
  const std::string action = LackingAction(error);
  return {.blame = BlameOf(response.status, error),
          .words = error.words(),
          .request_id = HeaderOf(response, "x-ms-request-id"),
          .advice = action.empty() ? "" : "Allow " + action + ", as the role Reader does"};
}

}  // namespace slipway::cloud::azure
