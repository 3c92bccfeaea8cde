#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/base/time.hpp"

namespace slipway {

/// What kind of trouble it is. Mirrors the reasons of a Kubernetes `Status`, so that one function
/// maps each to HTTP.
enum class Code : std::uint8_t {
  kBadRequest,            ///< 400: malformed; the caller must send something else
  kUnauthorized,          ///< 401: nobody knows who is asking
  kForbidden,             ///< 403: known, and not allowed
  kNotFound,              ///< 404
  kMethodNotAllowed,      ///< 405
  kAlreadyExists,         ///< 409: create of a name that is taken
  kConflict,              ///< 409: the object has been modified, or a precondition failed
  kExpired,               ///< 410: the revision has been compacted; list again
  kTooLarge,              ///< 413
  kUnsupportedMediaType,  ///< 415
  kInvalid,               ///< 422: understood and refused; `causes` says everything that is wrong
  kUnprocessable,         ///< 422: a patch that cannot be applied to the object as it is
  kTooManyRequests,       ///< 429: `retry_after` says when
  kInternal,              ///< 500: our own fault
  kUnexplained,  ///< 500 without a reason: an applied configuration that does not fit its schema
  kUnavailable,  ///< 503: the other side cannot be reached or is not ready; try again
  kTimeout,      ///< 504: no answer within the deadline; the outcome is unknown
};

/// One thing that is wrong with a document.
struct Cause {
  std::string field;    ///< path, such as `spec.strategy.waves[1].upTo`
  std::string message;  ///< `"ten": must be a count or a percentage, such as 3 or 25%`
  std::string reason;   ///< Kubernetes cause type, such as `FieldValueInvalid`

  bool operator==(const Cause&) const = default;
};

/// An error as a value. The message says what the caller does not know already, and what to do.
struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::optional<Duration> retry_after = std::nullopt;
  std::vector<Cause> causes = {};
  std::vector<std::string> warnings = {};  ///< besides: what a success would warn of
  std::string about = {};                  ///< `Kind.group`, where that is not what was asked for

  bool operator==(const Error&) const = default;
};

/// What a controller does after an error.
enum class Disposition : std::uint8_t {
  kRetry,     ///< the same call may succeed later: back off and try again
  kWait,      ///< only newer objects can help: wait for news
  kTerminal,  ///< only a change of the input can help: report it
};

/// HTTP status code of an error, 400 to 504.
int HttpStatus(Code code);

/// The `reason` of a Kubernetes Status, such as "AlreadyExists"; "" for kUnexplained.
const char* Reason(Code code);

/// What a controller does after an error with this code.
Disposition DispositionOf(Code code);

}  // namespace slipway
