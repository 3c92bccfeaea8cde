#include "reconciler/base/error.hpp"

#include "reconciler/base/assert.hpp"

namespace slipway {

int HttpStatus(Code code) {
  switch (code) {
    case Code::kBadRequest:
      return 400;
    case Code::kUnauthorized:
      return 401;
    case Code::kForbidden:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kMethodNotAllowed:
      return 405;
    case Code::kAlreadyExists:
    case Code::kConflict:
      return 409;
    case Code::kExpired:
      return 410;
    case Code::kTooLarge:
      return 413;
    case Code::kUnsupportedMediaType:
      return 415;
    case Code::kInvalid:
    case Code::kUnprocessable:
      return 422;
    case Code::kTooManyRequests:
      return 429;
    case Code::kInternal:
    case Code::kUnexplained:
      return 500;
    case Code::kUnavailable:
      return 503;
    case Code::kTimeout:
      return 504;
  }
  SLIPWAY_UNREACHABLE("error code outside the enum");
}

const char* Reason(Code code) {
  switch (code) {
    case Code::kBadRequest:
      return "BadRequest";
    case Code::kUnauthorized:
      return "Unauthorized";
    case Code::kForbidden:
      return "Forbidden";
    case Code::kNotFound:
      return "NotFound";
    case Code::kMethodNotAllowed:
      return "MethodNotAllowed";
    case Code::kAlreadyExists:
      return "AlreadyExists";
    case Code::kConflict:
      return "Conflict";
    case Code::kExpired:
      return "Expired";
    case Code::kTooLarge:
      return "RequestEntityTooLarge";
    case Code::kUnsupportedMediaType:
      return "UnsupportedMediaType";
    case Code::kInvalid:
    case Code::kUnprocessable:
      return "Invalid";
    case Code::kTooManyRequests:
      return "TooManyRequests";
    case Code::kInternal:
      return "InternalError";
    case Code::kUnexplained:
      return "";
    case Code::kUnavailable:
      return "ServiceUnavailable";
    case Code::kTimeout:
      return "Timeout";
  }
  SLIPWAY_UNREACHABLE("error code outside the enum");
}

Disposition DispositionOf(Code code) {
  switch (code) {
    case Code::kInternal:
    case Code::kTimeout:
    case Code::kTooManyRequests:
    case Code::kUnavailable:
      return Disposition::kRetry;
    case Code::kAlreadyExists:
    case Code::kConflict:
    case Code::kExpired:
    case Code::kNotFound:
      return Disposition::kWait;
    case Code::kBadRequest:
    case Code::kForbidden:
    case Code::kInvalid:
    case Code::kMethodNotAllowed:
    case Code::kTooLarge:
    case Code::kUnauthorized:
    case Code::kUnexplained:
    case Code::kUnprocessable:
    case Code::kUnsupportedMediaType:
      return Disposition::kTerminal;
  }
  SLIPWAY_UNREACHABLE("error code outside the enum");
}

}  // namespace slipway
