#include "reconciler/runtime/effect.hpp"
#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// A role on top of another source, as a Fleet may name one.
namespace slipway::cloud::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kSts = "POST https://sts.eu-west-1.amazonaws.com/";

/// Gives one key after the other, each until it is forgotten.
class CountingSource final : public CredentialSource {
 public:
  Result<Credentials> Get() override {
    if (failing) {
      return Fail(Code::kUnauthorized, "There are no credentials for AWS.");
    }
    return Credentials{.key_id = "BASE" + std::to_string(forgotten),
                       .secret = "hush-base",
                       .session_token = "",
                       .expires = std::nullopt,
                       .source = "a test"};
  }
  void Forget() override { ++forgotten; }

  int forgotten = 0;
  bool failing = false;
};

class AssumedRoleTest : public AwsTest {
 protected:
  AssumedRoleTest() {
    web_.On(kSts, [this](const rest::Request&) {
      return Answers(200, StsCredentials("ROLE" + std::to_string(web_.requests().size()),
                                         "2026-11-26T01:00:00Z"));
    });
  }

  CountingSource base_;
  AssumedRole role_{
      base_,
      {.arn = "arn:fleet", .external_id = "outside", .session_name = "", .duration_seconds = {}},
      Sts(doors(), {}, "eu-west-1", sts_),
      clock_};
};

TEST_F(AssumedRoleTest, IsAssumedWithWhatTheBaseGivesAndKept) {
  const auto found = role_.Get();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found.value().key_id, "ROLE1");
  EXPECT_EQ(found.value().source, "role arn:fleet");
  EXPECT_TRUE(role_.Get().has_value());
  ASSERT_THAT(web_.requests(), SizeIs(1));
  EXPECT_THAT(web_.requests().front().body,
              HasSubstr("RoleArn=arn%3Afleet&RoleSessionName=slipway&ExternalId=outside"));
  EXPECT_THAT(web_.requests().front().headers.at("Authorization"), HasSubstr("Credential=BASE0/"));
  role_.Forget();
  EXPECT_EQ(role_.Get().value().key_id, "ROLE2");
  EXPECT_EQ(base_.forgotten, 0) << "they were not at fault";
}

TEST_F(AssumedRoleTest, ABaseWhoseKeysHaveEndedIsAskedForOthers) {
  web_.On(kSts, Answers(403, StsTrouble("ExpiredToken", "The token has ended")));
  EXPECT_EQ(
      WithoutSecrets(role_.Get().error().message),
      "role arn:fleet cannot be taken: STS of eu-west-1 answers ExpiredToken: The token has ended "
      "(request f00d-1). The credentials are those of a test.");
  EXPECT_EQ(base_.forgotten, 1);
  web_.On(kSts, Answers(403, StsTrouble("AccessDenied", "No")));
  EXPECT_EQ(role_.Get().error().code, Code::kForbidden);
  EXPECT_THAT(web_.requests().back().headers.at("Authorization"), HasSubstr("Credential=BASE1/"));
  EXPECT_EQ(base_.forgotten, 2) << "who is denied may be set up otherwise before the next time";
}

TEST_F(AssumedRoleTest, ErrorsOfTheBaseAreItsOwn) {
  base_.failing = true;
  const Error error = role_.Get().error();
  EXPECT_EQ(error.message, "role arn:fleet cannot be taken: There are no credentials for AWS.");
  EXPECT_EQ(runtime::ReasonOf(error), "CredentialsMissing");
}

TEST_F(AssumedRoleTest, WhatHasEndedAlreadyIsAnError) {
  web_.On(kSts, Answers(200, StsCredentials("ROLE", "2026-11-25T00:00:00Z")));
  EXPECT_THAT(WithoutSecrets(role_.Get().error().message),
              HasSubstr("role arn:fleet ended at 2026-11-25T00:00:00Z"));
}

}  // namespace
}  // namespace slipway::cloud::aws
