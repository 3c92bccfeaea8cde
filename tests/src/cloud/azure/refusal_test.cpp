#include "src/cloud/azure/refusal.hpp"

#include <gtest/gtest.h>

namespace slipway::cloud::azure {
namespace {

TEST(AzureRefusal, AllFormsAreRead) {
  EXPECT_EQ(ReadError(R"({"error": {"code": "AuthorizationFailed", "message": "No."}})").words(),
            "AuthorizationFailed: No.");
  EXPECT_EQ(ReadError(R"({"error": "invalid_client", "error_description": "AADSTS7"})").words(),
            "invalid_client: AADSTS7");
  EXPECT_EQ(ReadError(R"({"code": "Throttled", "message": "Wait."})").words(), "Throttled: Wait.");
  EXPECT_EQ(ReadError(R"({"statusCode": 400, "message": "No identity"})").words(), "No identity");
  EXPECT_EQ(ReadError(R"({"error": {"code": "Odd"}})").words(), "Odd");
}

TEST(AzureRefusal, WhatIsNoneOfMicrosoftSaysNothing) {
  for (const char* other :
       {"", "<html>", "[]", "{}", R"({"error": 7})", R"({"error": {"code": 7}})"}) {
    EXPECT_FALSE(ReadError(other).says()) << other;
  }
}

TEST(AzureRefusal, StatusAndCodeSayWhatItIsAbout) {
  const auto blame = [](int status, const std::string& code) {
    return BlameOf(status, AzureError{.code = code, .message = ""});
  };
  EXPECT_EQ(blame(429, ""), Blame::kThrottled);
  EXPECT_EQ(blame(503, ""), Blame::kService);
  EXPECT_EQ(blame(408, "Timeout"), Blame::kService);
  EXPECT_EQ(blame(401, "ExpiredAuthenticationToken"), Blame::kCredentials);
  EXPECT_EQ(blame(403, "AuthorizationFailed"), Blame::kDenied);
  EXPECT_EQ(blame(404, "ResourceNotFound"), Blame::kAbsent);
  EXPECT_EQ(blame(404, "ParentResourceNotFound"), Blame::kAbsent);
  EXPECT_EQ(blame(404, "NotFound"), Blame::kAbsent);
  EXPECT_EQ(blame(404, "ResourceGroupNotFound"), Blame::kPlaceAbsent);
  EXPECT_EQ(blame(404, "SubscriptionNotFound"), Blame::kRequest) << "its machines are not gone";
  EXPECT_EQ(blame(404, "InvalidResourceType"), Blame::kRequest);
  EXPECT_EQ(blame(409, "ReadOnlyDisabledSubscription"), Blame::kRequest);
  EXPECT_EQ(blame(302, "x"), Blame::kRequest);
  for (const int status : {401, 403, 404}) {
    EXPECT_EQ(blame(status, ""), Blame::kRequest) << "it is somebody else who says so";
  }
}

TEST(AzureRefusal, AdviceNamesTheActionThatAzureNames) {
  const auto advice = [](const std::string& code, const std::string& message) {
    return RefusalOf({.status = 403,
                      .headers = {{"x-ms-request-id", "r-7"}},
                      .body = R"({"error": {"code": ")" + code + R"(", "message": ")" + message +
                              R"("}})"})
        .advice;
  };
  EXPECT_EQ(
      advice("AuthorizationFailed", "not allowed to perform action 'a/b/read' over scope 's'"),
      "Allow a/b/read, as the role Reader does");
  EXPECT_EQ(advice("AuthorizationFailed", "not allowed to perform action 'a/b/read"),
            "Allow a/b/read, as the role Reader does");
  EXPECT_EQ(advice("AuthorizationFailed", "perform action 'all; now' over"), "");
  EXPECT_EQ(advice("AuthorizationFailed", "no"), "");
  EXPECT_EQ(advice("RequestDisallowedByPolicy", "to perform action 'a/b/read' over"), "");
  EXPECT_EQ(
      RefusalOf({.status = 403, .headers = {{"x-ms-request-id", "r-7"}}, .body = ""}).request_id,
      "r-7");
}

}  // namespace
}  // namespace slipway::cloud::azure
