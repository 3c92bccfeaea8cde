#pragma once

#include <cstdint>
#include <string>

namespace slipway::cloud::aws {

/// What AWS says in an answer that is no success.
struct Refusal {
  std::string
      code;  ///< in its own words, such as UnauthorizedOperation; empty: it is no answer of AWS
  std::string message;
  std::string request_id;
};

/// Reads both forms: that of EC2, and that of all others. Pure.
Refusal ReadRefusal(const std::string& body);

/// What a refusal is about.
enum class Blame : std::uint8_t {
  kRequest,      ///< what was asked
  kDenied,       ///< a permission
  kCredentials,  ///< they are wrong, or have ended
  kSignature,    ///< they, or a clock that is wrong
  kThrottled,    ///< too many calls
  kService,      ///< AWS itself: it may pass
};

/// Of the HTTP status and the code of a Refusal. Source: "Common client error codes", Amazon EC2 API Reference, and the retry rules of
/// AWS's own SDKs. Pure.
Blame BlameOf(int status, const std::string& code);

}  // namespace slipway::cloud::aws
