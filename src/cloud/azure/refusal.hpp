#pragma once

#include <string>

#include "src/cloud/api_client.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud::azure {

/// What Microsoft says in an answer that is no success.
struct AzureError {
  std::string code;  ///< in its own words, such as AuthorizationFailed
  std::string message;

  /// Whether it says anything; otherwise it is no answer of Microsoft.
  bool says() const { return !code.empty() || !message.empty(); }

  /// "code: message".
  std::string words() const;
};

/// Reads all forms: that of Resource Manager, that of token endpoints (RFC 6749, 5.2), and that of App Service. Pure.
AzureError ReadError(const std::string& body);

/// Of the HTTP status and what it came with. Source: "Understand how Azure Resource Manager throttles requests" and "Common error
/// codes", Microsoft Learn. Pure.
Blame BlameOf(int status, const AzureError& error);

/// Of an answer of Resource Manager. Where Azure says which action is not allowed, the advice names it. Pure.
Refusal RefusalOf(const rest::Response& response);

}  // namespace slipway::cloud::azure
