#include "src/cloud/gcp/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::cloud::gcp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(GcpRefusal, BothFormsAreRead) {
  const GoogleError api = ReadError(
      R"({"error": {"code": 403, "message": "Required permission", "status": "PERMISSION_DENIED",
          "errors": [{"message": "Required permission", "domain": "global", "reason": "forbidden"}],
          "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IAM"}, 7]}})");
  EXPECT_THAT(api.reasons, ElementsAre("forbidden", "PERMISSION_DENIED", "IAM"));
  EXPECT_EQ(api.message, "Required permission");
  const GoogleError token = ReadError(R"({"error": "invalid_grant", "error_description": "Bad"})");
  EXPECT_THAT(token.reasons, ElementsAre("invalid_grant"));
  EXPECT_EQ(token.message, "Bad");
}

TEST(GcpRefusal, WhatIsNoneOfGoogleHasNoReason) {
  for (const char* other :
       {"", "<html>", "[]", "{}", R"({"error": 7})", R"({"error": {"errors": 7}})",
        R"({"error": {"errors": [7, {"reason": 8}], "details": {}}})"}) {
    EXPECT_THAT(ReadError(other).reasons, IsEmpty()) << other;
  }
}

TEST(GcpRefusal, StatusAndReasonSayWhatItIsAbout) {
  const auto blame = [](int status, std::vector<std::string> reasons) {
    return BlameOf(status, GoogleError{.reasons = std::move(reasons), .message = ""});
  };
  EXPECT_EQ(blame(429, {}), Blame::kThrottled);
  EXPECT_EQ(blame(403, {"rateLimitExceeded"}), Blame::kThrottled);
  EXPECT_EQ(blame(403, {"userRateLimitExceeded", "PERMISSION_DENIED"}), Blame::kThrottled);
  EXPECT_EQ(blame(403, {"forbidden"}), Blame::kDenied);
  EXPECT_EQ(blame(401, {"authError"}), Blame::kCredentials);
  EXPECT_EQ(blame(400, {"invalid"}), Blame::kRequest);
  EXPECT_EQ(blame(404, {"notFound"}), Blame::kRequest);
  EXPECT_EQ(blame(408, {}), Blame::kService);
  EXPECT_EQ(blame(503, {}), Blame::kService);
  EXPECT_EQ(blame(403, {}), Blame::kRequest) << "it is somebody else who says so";
  EXPECT_EQ(blame(302, {}), Blame::kRequest);
}

}  // namespace
}  // namespace slipway::cloud::gcp
