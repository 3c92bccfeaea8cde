#include "reconciler/base/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// What each code is to a client and to a controller. The table is the contract: docs and clients rely on it.
namespace slipway {
namespace {

struct Row {
  Code code;
  int http;
  std::string reason;
  Disposition disposition;
};

const std::vector<Row>& Table() {
  using enum Code;
  using enum Disposition;
  static const std::vector<Row> table = {
      {kBadRequest, 400, "BadRequest", kTerminal},
      {kUnauthorized, 401, "Unauthorized", kTerminal},
      {kForbidden, 403, "Forbidden", kTerminal},
      {kNotFound, 404, "NotFound", kWait},
      {kMethodNotAllowed, 405, "MethodNotAllowed", kTerminal},
      {kAlreadyExists, 409, "AlreadyExists", kWait},
      {kConflict, 409, "Conflict", kWait},
      {kExpired, 410, "Expired", kWait},
      {kTooLarge, 413, "RequestEntityTooLarge", kTerminal},
      {kUnsupportedMediaType, 415, "UnsupportedMediaType", kTerminal},
      {kInvalid, 422, "Invalid", kTerminal},
      {kTooManyRequests, 429, "TooManyRequests", kRetry},
      {kInternal, 500, "InternalError", kRetry},
      {kUnavailable, 503, "ServiceUnavailable", kRetry},
      {kTimeout, 504, "Timeout", kRetry},
  };
  return table;
}

TEST(Code, HasItsHttpStatusReasonAndDisposition) {
  for (const Row& row : Table()) {
    EXPECT_EQ(HttpStatus(row.code), row.http) << row.reason;
    EXPECT_EQ(Reason(row.code), row.reason);
    EXPECT_EQ(DispositionOf(row.code), row.disposition) << row.reason;
  }
}

}  // namespace
}  // namespace slipway
