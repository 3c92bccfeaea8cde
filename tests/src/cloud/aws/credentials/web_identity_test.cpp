#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// Service accounts of Kubernetes, and whoever else holds a token of an identity provider.
namespace slipway::cloud::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WebIdentityTest : public AwsTest {
 protected:
  WebIdentityTest() {
    environment_["AWS_REGION"] = "eu-west-1";
    web_.On("POST https://sts.eu-west-1.amazonaws.com/",
            Answers(200, StsCredentials("AKIDWEB", "2026-11-26T01:00:00Z")));
  }
};

TEST_F(WebIdentityTest, ATokenGetsARoleAndNothingIsSigned) {
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = Write("token", "hush.web+identity\n");
  environment_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  const auto found = Chain().Get();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found.value().key_id, "AKIDWEB");
  ASSERT_THAT(web_.requests(), SizeIs(1));
  EXPECT_EQ(web_.requests().front().body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
            "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=slipway"
            "&WebIdentityToken=hush.web%2Bidentity");
  EXPECT_FALSE(web_.requests().front().headers.contains("Authorization"));
}

TEST_F(WebIdentityTest, TheTokenIsReadEachTime) {
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = Write("token", "hush-one");
  environment_["AWS_ROLE_ARN"] = "r";
  CredentialChain chain = Chain();
  EXPECT_TRUE(chain.Get().has_value());
  Write("token", "hush-two");
  clock_.mono.since_start += std::chrono::minutes(56);
  EXPECT_TRUE(chain.Get().has_value());
  ASSERT_THAT(web_.requests(), SizeIs(2));
  EXPECT_THAT(web_.requests().back().body, HasSubstr("hush-two"));
}

TEST_F(WebIdentityTest, AProfileMaySayItAndTheEnvironmentGoesFirst) {
  const std::string path = Write("token", "hush-identity");
  Write(".aws/config",
        "[default]\nrole_arn = mine\nrole_session_name = me\n"
        "web_identity_token_file = " +
            path + "\n");
  EXPECT_EQ(SourceOf(), "role mine by the web identity in " + path);
  EXPECT_THAT(web_.requests().back().body, HasSubstr("RoleSessionName=me&"));
  environment_["AWS_ROLE_ARN"] = "theirs";
  environment_["AWS_ROLE_SESSION_NAME"] = "they";
  EXPECT_EQ(SourceOf(), "role theirs by the web identity in " + path);
  EXPECT_THAT(web_.requests().back().body, HasSubstr("RoleSessionName=they&"));
  profile_ = "default";
  EXPECT_EQ(SourceOf(), "role mine by the web identity in " + path);
}

TEST_F(WebIdentityTest, EachTroubleSaysWhatIsMissing) {
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = Home("token");
  EXPECT_THAT(Trouble(), HasSubstr("a web identity: there is a token file, and nothing says for "
                                   "which role: set AWS_ROLE_ARN, or role_arn in profile"));
  environment_["AWS_ROLE_ARN"] = "r";
  EXPECT_THAT(Trouble(), HasSubstr(Home("token") + " is not there"));
  Write("token", " \n");
  EXPECT_THAT(Trouble(), HasSubstr(Home("token") + " is empty"));
  Write("token", std::string(100'000, 'x'));
  EXPECT_THAT(Trouble(), HasSubstr(Home("token") + " has more than 65536 bytes"));
  Write("token", "hush-identity");
  environment_.erase("AWS_REGION");
  EXPECT_THAT(Trouble(),
              HasSubstr("role r cannot be taken: nothing says in which region STS is to be "
                        "asked: set AWS_REGION, or region in the profile"));
  EXPECT_THAT(web_.requests(), IsEmpty());
}

TEST_F(WebIdentityTest, ATokenDoesNotGoOverTheNetworkForAllToRead) {
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = Write("token", "hush-identity");
  environment_["AWS_ROLE_ARN"] = "r";
  environment_["AWS_ENDPOINT_URL"] = "http://192.0.2.7";
  EXPECT_THAT(
      Trouble(),
      HasSubstr(
          "a web identity: role r cannot be taken: A token would go over the network for all to "
          "read: make the URL in AWS_ENDPOINT_URL begin with https://."));
  EXPECT_THAT(web_.requests(), IsEmpty());
  EXPECT_THAT(metadata_.requests(), IsEmpty());
}

TEST_F(WebIdentityTest, WhatStsSaysIsSaidWithoutTheToken) {
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = Write("token", "hush-identity");
  environment_["AWS_ROLE_ARN"] = "r";
  web_.On("POST https://sts.eu-west-1.amazonaws.com/",
          Answers(400, StsTrouble("InvalidIdentityToken", "No provider for hush-identity")));
  EXPECT_THAT(Trouble(),
              HasSubstr("role r cannot be taken: STS of eu-west-1 answers InvalidIdentityToken: No "
                        "provider for [secret] (request f00d-1). The credentials are those of the "
                        "web identity."));
}

}  // namespace
}  // namespace slipway::cloud::aws
