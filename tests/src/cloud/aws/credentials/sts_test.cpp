#include "src/cloud/aws/credentials/sts.hpp"

#include "reconciler/runtime/effect.hpp"
#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// Where STS is, and what it may answer.
namespace slipway::cloud::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StsTest : public AwsTest {
 protected:
  Result<Credentials> Ask(const std::string& region) {
    return Sts(doors(), environment_, region)
        .AssumeRole({.key_id = "AKID",
                     .secret = "hush-secret",
                     .session_token = "hush-token",
                     .expires = std::nullopt,
                     .source = "a test"},
                    {.arn = "r", .external_id = "", .session_name = "", .duration_seconds = {}});
  }

  std::string Url(const std::string& region) {
    EXPECT_FALSE(Ask(region).has_value());
    return web_.requests().back().url;
  }

  Error TroubleWith(const rest::Response& response) {
    web_.On("POST https://sts.eu-west-1.amazonaws.com/", response);
    const auto found = Ask("eu-west-1");
    EXPECT_FALSE(found.has_value());
    WithoutSecrets(found.error().message);
    return found.error();
  }
};

TEST_F(StsTest, EachRegionHasItsEndpoint) {
  EXPECT_EQ(Url("eu-west-1"), "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(Url("us-gov-west-1"), "https://sts.us-gov-west-1.amazonaws.com/");
  EXPECT_EQ(Url("cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(Url("eusc-de-east-1"), "https://sts.eusc-de-east-1.amazonaws.eu/");
  EXPECT_EQ(Url("us-iso-east-1"), "https://sts.us-iso-east-1.c2s.ic.gov/");
  EXPECT_EQ(Url("us-isob-east-1"), "https://sts.us-isob-east-1.sc2s.sgov.gov/");
}

TEST_F(StsTest, TheEnvironmentMayNameAnother) {
  environment_["AWS_ENDPOINT_URL"] = "http://localhost:4566/";
  EXPECT_FALSE(Ask("eu-west-1").has_value());
  EXPECT_EQ(metadata_.requests().back().url, "http://localhost:4566/")
      << "no proxy sees what stays on this machine";
  environment_["AWS_ENDPOINT_URL_STS"] = "https://sts.internal";
  EXPECT_EQ(Url("eu-west-1"), "https://sts.internal/");
  EXPECT_THAT(web_.requests().back().headers.at("Authorization"),
              HasSubstr("/eu-west-1/sts/aws4_request"));
}

TEST_F(StsTest, WhatIsNoRegionIsNotAsked) {
  for (const char* region : {"", "eu west", "evil.example/", "EU-WEST-1",
                             "a-region-that-is-longer-than-any-region-is-1"}) {
    EXPECT_EQ(Ask(region).error().code, Code::kInvalid) << region;
  }
  EXPECT_THAT(web_.requests(), IsEmpty());
}

TEST_F(StsTest, NothingGoesOverTheNetworkForAllToRead) {
  for (const char* variable : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
    for (const char* url :
         {"http://192.0.2.7", "http://localhost.evil.example", "ftp://hush", "sts.internal"}) {
      environment_ = {{variable, url}};
      const Error error = Ask("eu-west-1").error();
      EXPECT_EQ(runtime::ReasonOf(error), "EndpointInvalid") << url;
      EXPECT_EQ(WithoutSecrets(error.message),
                "A token would go over the network for all to read: make the URL in " +
                    std::string(variable) + " begin with https://.");
    }
  }
  EXPECT_THAT(web_.requests(), IsEmpty());
  EXPECT_THAT(metadata_.requests(), IsEmpty());
}

TEST_F(StsTest, EachKindOfTroubleHasItsCode) {
  const auto code = [&](int status, const std::string& name) {
    return TroubleWith(Answers(status, StsTrouble(name, "Words"))).code;
  };
  EXPECT_EQ(code(403, "AccessDenied"), Code::kForbidden);
  EXPECT_EQ(code(403, "ExpiredToken"), Code::kUnauthorized);
  EXPECT_EQ(code(403, "InvalidClientTokenId"), Code::kUnauthorized);
  EXPECT_EQ(code(403, "SignatureDoesNotMatch"), Code::kUnauthorized);
  EXPECT_EQ(code(400, "Throttling"), Code::kTooManyRequests);
  EXPECT_EQ(code(429, ""), Code::kTooManyRequests);
  EXPECT_EQ(code(400, "ValidationError"), Code::kInvalid);
  EXPECT_EQ(code(301, ""), Code::kInvalid);
  EXPECT_EQ(code(503, "ServiceUnavailable"), Code::kUnavailable);
}

TEST_F(StsTest, AnAnswerThatNobodyCanReadIsAnError) {
  const auto said = [&](int status, const std::string& body) {
    return TroubleWith(Answers(status, body)).message;
  };
  EXPECT_EQ(said(500, ""), "STS does not give role r: HTTP status 500");
  EXPECT_EQ(said(500, "<html>hush"), "STS does not give role r: HTTP status 500");
  EXPECT_EQ(said(200, ""), "STS does not give role r: the answer is no XML");
  EXPECT_EQ(said(200, "hush"), "STS does not give role r: the answer is no XML");
  const std::string none =
      "STS does not give role r: the answer has no credentials with a SessionToken and an "
      "Expiration";
  EXPECT_EQ(said(200, "<AssumeRoleResponse/>"), none);
  EXPECT_EQ(said(200, StsCredentials("AKID", "hush")), none);
  EXPECT_EQ(said(200, StsCredentials("", "2026-11-26T01:00:00Z")), "the id of the key is empty");
  EXPECT_THAT(said(200, StsCredentials("A&#10;KID", "2026-11-26T01:00:00Z")),
              HasSubstr("the id of the key holds a space"));
  rest::Response bare = Answers(502, "");
  bare.headers["x-amzn-requestid"] = "f00d-2";
  EXPECT_EQ(TroubleWith(bare).message,
            "STS does not give role r: HTTP status 502 (request id f00d-2)");
}

TEST_F(StsTest, WhoCannotBeReachedIsNamed) {
  const Error error = Ask("eu-west-1").error();
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.message,
            "STS does not give role r: https://sts.eu-west-1.amazonaws.com cannot be reached");
}

}  // namespace
}  // namespace slipway::cloud::aws
