#pragma once

#include <string>
#include <vector>

#include "src/cloud/api_client.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud::gcp {

/// What Google says in an answer that is no success.
struct GoogleError {
  std::vector<std::string>
      reasons;  ///< in its own words, such as forbidden; empty: it is no answer of Google
  std::string message;

  bool Has(const std::string& reason) const;
};

/// Reads all forms: that of the APIs, and that of token endpoints (RFC 6749, 5.2). Pure.
GoogleError ReadError(const std::string& body);

/// Of the HTTP status and what it came with. Source: "Troubleshooting API errors", Compute Engine documentation, and the retry rules of
/// Google's own libraries. Pure.
Blame BlameOf(int status, const GoogleError& error);

/// Of an answer of Compute Engine to somebody who needs `permission`. Pure.
Refusal RefusalOf(const rest::Response& response, const std::string& permission);

}  // namespace slipway::cloud::gcp
