#include "src/cloud/aws/credentials/sts.hpp"

#include "reconciler/runtime/effect.hpp"
#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// Where STS is, and what it may answer.
namespace slipway::cloud::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kSts = "POST https://sts.eu-west-1.amazonaws.com/";

class StsTest : public AwsTest {
 protected:
  Result<Credentials> Ask(const std::string& region) {
    FixedCredentials base({.key_id = "AKID",
                           .secret = "hush-secret",
                           .session_token = "hush-token",
                           .expires = std::nullopt,
                           .source = "a test"});
    return Sts(doors(), environment_, region, sts_)
        .AssumeRole(base,
                    {.arn = "r", .external_id = "", .session_name = "", .duration_seconds = {}});
  }

  std::string Url(const std::string& region) {
    EXPECT_FALSE(Ask(region).has_value());
    Rest();
    return web_.requests().back().url;
  }

  /// Until nobody has to wait.
  void Rest() { clock_.mono.since_start += std::chrono::minutes(3); }

  Error TroubleWith(const rest::Response& response) {
    web_.On(kSts, response);
    const auto found = Ask("eu-west-1");
    EXPECT_FALSE(found.has_value());
    WithoutSecrets(found.error().message);
    Rest();
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
                "role r cannot be taken: A token would go over the network for all to read: make "
                "the URL in " +
                    std::string(variable) + " begin with https://.");
    }
  }
  EXPECT_THAT(web_.requests(), IsEmpty());
  EXPECT_THAT(metadata_.requests(), IsEmpty());
}

TEST_F(StsTest, EachKindOfTroubleHasItsReason) {
  const auto reason = [&](int status, const std::string& name) {
    return runtime::ReasonOf(TroubleWith(Answers(status, StsTrouble(name, "Words"))));
  };
  EXPECT_EQ(reason(403, "AccessDenied"), "AccessDenied");
  EXPECT_EQ(reason(403, "ExpiredToken"), "CredentialsRefused");
  EXPECT_EQ(reason(403, "InvalidClientTokenId"), "CredentialsRefused");
  EXPECT_EQ(reason(403, "SignatureDoesNotMatch"), "CredentialsRefused");
  EXPECT_EQ(reason(400, "InvalidIdentityToken"), "CredentialsRefused");
  EXPECT_EQ(reason(400, "Throttling"), "Throttled");
  EXPECT_EQ(reason(429, ""), "Throttled");
  EXPECT_EQ(reason(400, "ValidationError"), "InvalidRequest");
  EXPECT_EQ(reason(301, ""), "EndpointInvalid");
  EXPECT_EQ(reason(503, "ServiceUnavailable"), "ServiceUnavailable");
  EXPECT_EQ(reason(400, "IDPCommunicationError"), "ServiceUnavailable");
}

TEST_F(StsTest, WhatMayPassIsTriedAgainAndWhatStaysIsNot) {
  web_.On(kSts, [this](const rest::Request&) -> Result<rest::Response> {
    switch (web_.requests().size()) {
      case 1:
        return Answers(503, "");
      case 2:
        return Fail(Code::kTimeout, "slow");
      case 3:
        return Answers(400, StsTrouble("Throttling", "Rate exceeded"));
      default:
        return Answers(200, StsCredentials("AKIDSTS", "2026-11-26T01:00:00Z"));
    }
  });
  EXPECT_EQ(Ask("eu-west-1").value().key_id, "AKIDSTS");
  EXPECT_THAT(web_.requests(), SizeIs(4));
  web_.On(kSts, Answers(403, StsTrouble("AccessDenied", "no")));
  EXPECT_FALSE(Ask("eu-west-1").has_value());
  EXPECT_THAT(web_.requests(), SizeIs(5));
}

TEST_F(StsTest, WhoIsToldToWaitWaits) {
  rest::Response slow = Answers(503, StsTrouble("Throttling", "Rate exceeded"));
  slow.headers["retry-after"] = "100";
  web_.On(kSts, slow);
  for (int call = 0; call < 2; ++call) {
    const Error error = Ask("eu-west-1").error();
    EXPECT_EQ(runtime::ReasonOf(error), "Throttled");
    EXPECT_EQ(error.message,
              "role r cannot be taken: STS of eu-west-1 answers Throttling: Rate exceeded (request "
              "f00d-1)");
  }
  EXPECT_THAT(web_.requests(), SizeIs(1));
}

TEST_F(StsTest, AClockThatIsWrongIsCorrectedByTheirs) {
  rest::Response refused = Answers(
      403, StsTrouble("SignatureDoesNotMatch", "Signature expired: it is now later than that"));
  refused.headers["date"] = "Thu, 26 Nov 2026 08:00:00 GMT";
  web_.On(kSts, [refused](const rest::Request& request) {
    const bool right = request.headers.at("x-amz-date").starts_with("20261126T0800");
    return right ? Answers(200, StsCredentials("AKIDSTS", "2026-11-26T09:00:00Z")) : refused;
  });
  const auto given = Ask("eu-west-1");
  ASSERT_TRUE(given.has_value()) << given.error().message;
  EXPECT_EQ(given.value().expires, In(std::chrono::hours(1))) << "by the clock of this machine";
  EXPECT_THAT(web_.requests(), SizeIs(2));
  EXPECT_TRUE(Ask("eu-west-1").has_value());
  EXPECT_THAT(web_.requests(), SizeIs(3)) << "and stays so";
}

TEST_F(StsTest, WhatAWebIdentityGetsEndsByTheClockOfThisMachineToo) {
  rest::Response given = Answers(200, StsCredentials("AKIDSTS", "2026-11-25T20:00:00Z"));
  given.headers["date"] = "Wed, 25 Nov 2026 19:00:00 GMT";
  web_.On(kSts, given);
  const auto made = Sts(doors(), environment_, "eu-west-1", sts_)
                        .AssumeRoleWithWebIdentity("hush-identity", {.arn = "r"});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made.value().expires, In(std::chrono::hours(1)));
}

TEST_F(StsTest, AnAnswerThatNobodyCanReadIsAnError) {
  const auto said = [&](int status, const std::string& body) {
    const Error error = TroubleWith(Answers(status, body));
    return runtime::ReasonOf(error) + ": " + error.message;
  };
  const std::string begin = "role r cannot be taken: ";
  EXPECT_EQ(said(500, ""),
            "ServiceUnavailable: " + begin + "STS of eu-west-1 answers HTTP status 500");
  EXPECT_EQ(said(500, "<html>hush"),
            "ServiceUnavailable: " + begin + "STS of eu-west-1 answers HTTP status 500");
  EXPECT_EQ(said(200, ""), "EndpointInvalid: " + begin + "the answer is no XML");
  EXPECT_EQ(said(200, "hush"), "EndpointInvalid: " + begin + "the answer is no XML");
  const std::string none = "EndpointInvalid: " + begin +
                           "the answer has no credentials with a SessionToken and an Expiration";
  EXPECT_EQ(said(200, "<AssumeRoleResponse/>"), none);
  EXPECT_EQ(said(200, StsCredentials("AKID", "hush")), none);
  EXPECT_EQ(said(200, StsCredentials("", "2026-11-26T01:00:00Z")),
            "EndpointInvalid: " + begin + "the id of the key is empty");
  EXPECT_THAT(said(200, StsCredentials("A&#10;KID", "2026-11-26T01:00:00Z")),
              HasSubstr("the id of the key holds a space"));
  rest::Response bare = Answers(502, "");
  bare.headers["x-amzn-requestid"] = "f00d-2";
  EXPECT_EQ(TroubleWith(bare).message,
            begin + "STS of eu-west-1 answers HTTP status 502 (request f00d-2)");
}

TEST_F(StsTest, WhoCannotBeReachedIsNamed) {
  const Error error = Ask("eu-west-1").error();
  EXPECT_EQ(runtime::ReasonOf(error), "ServiceUnavailable");
  EXPECT_EQ(
      error.message,
      "role r cannot be taken: STS of eu-west-1: https://sts.eu-west-1.amazonaws.com cannot be "
      "reached. Is eu-west-1 a region, and can it be reached?");
}

}  // namespace
}  // namespace slipway::cloud::aws
