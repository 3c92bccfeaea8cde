#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/src/cloud/aws/aws_cloud_fixture.hpp"

// As whom a list is made, who shares that, and what becomes of it while the list is made.
namespace slipway::cloud::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

using AwsIdentityTest = AwsCloudTest;

TEST_F(AwsIdentityTest, WhoActsAsTheSameWaitsTooWhateverItsFirstRegionOrItsSecretIsCalled) {
  const std::map<std::string, std::string> keys = {{"accessKeyID", "AKIDS"},
                                                   {"secretAccessKey", "s"}};
  rest::Response slow = Refusal(503, "RequestLimitExceeded");
  slow.headers["retry-after"] = "100";
  for (const bool by_secret : {false, true}) {
    const std::size_t before = asked();
    const SecretData secret = by_secret ? keys : SecretData();
    const auto name = [&](const char* text) {
      provider_.aws->secret_ref =
          by_secret ? std::optional(api::SecretRef{.name = text}) : std::nullopt;
    };
    answers_ = {slow, Page({"i-1"})};
    name("one");
    provider_.aws->regions = {"eu-west-1"};
    EXPECT_THAT(Failure(secret), HasSubstr("Throttled: EC2 of eu-west-1"));
    name("another");
    provider_.aws->regions = {"eu-west-2", "eu-west-1"};
    EXPECT_THAT(Failure(secret), HasSubstr("Throttled: EC2 of eu-west-1"));
    ASSERT_EQ(asked(), before + 2);
    EXPECT_EQ(client_.requests().back().url, "https://ec2.eu-west-2.amazonaws.com/");
  }
}

TEST_F(AwsIdentityTest, ARoleIsOnePrincipalWhoeverTakesIt) {
  provider_.aws->role_arn = "arn:aws:iam::123456789012:role/r";
  rest::Response slow = Refusal(503, "RequestLimitExceeded");
  slow.headers["retry-after"] = "100";
  answers_ = {RoleGiven(), slow, RoleGiven()};
  for (const char* key : {"AKIDA", "AKIDB"}) {
    provider_.aws->secret_ref = api::SecretRef{.name = key};
    EXPECT_THAT(Failure({{"accessKeyID", key}, {"secretAccessKey", "s"}}),
                HasSubstr("Throttled: EC2 of eu-west-1"));
  }
  EXPECT_EQ(asked(), 2U);
}

TEST_F(AwsIdentityTest, CredentialsAreSharedByFleetsOfOtherRegions) {
  Environment environment = in_container_;
  environment["AWS_REGION"] = "us-east-1";
  AwsCloud cloud = CloudIn(environment);
  for (const char* region : {"eu-west-1", "eu-west-2"}) {
    provider_.aws->regions = {region};
    answers_ = {Page({"i-1"})};
    EXPECT_TRUE(cloud.List(provider_, {}).has_value());
  }
  EXPECT_EQ(keys_given_, 1);
}

TEST_F(AwsIdentityTest, CredentialsThatEndHalfWayAreRenewedOnce) {
  answers_ = {Page({"i-1"}, "a"), Refusal(400, "ExpiredToken"), Page({"i-2"})};
  EXPECT_EQ(Failure(), "it listed 2");
  EXPECT_EQ(keys_given_, 2);
  EXPECT_THAT(client_.requests().back().headers.at("Authorization"),
              HasSubstr("Credential=AKID1/"));
  answers_ = {Refusal(401, "AuthFailure", "AWS was not able to validate"),
              Refusal(401, "AuthFailure", "AWS was not able to validate")};
  EXPECT_EQ(Failure(),
            "CredentialsRefused: EC2 of eu-west-1 answers AuthFailure: AWS was not able to "
            "validate (request req-7). "
            "The credentials are those of the container.");
}

TEST_F(AwsIdentityTest, AClockThatIsWrongIsCorrectedByTheirs) {
  now_ = MonoTime{std::chrono::hours(5)};
  answers_ = {Refusal(401, "AuthFailure"), Page({"i-1"})};
  EXPECT_EQ(Failure(), "it listed 1");
  EXPECT_EQ(keys_given_, 1) << "it was not the keys";
  EXPECT_EQ(client_.requests().back().headers.at("x-amz-date"), "19700101T001640Z");
  answers_ = {Page({"i-1"})};
  EXPECT_EQ(Failure(), "it listed 1");
  EXPECT_EQ(client_.requests().back().headers.at("x-amz-date"), "19700101T001640Z")
      << "and stays so";
}

/// A file of lasting keys, which may become those of another account.
class KeysInAFile : public AwsCloudTest {
 protected:
  KeysInAFile() { Write("OLD"); }
  ~KeysInAFile() override { std::filesystem::remove(path_); }

  void Write(const std::string& key) const {
    std::ofstream(path_) << "[default]\naws_access_key_id = " << key
                         << "\naws_secret_access_key = s\n";
  }

  std::string LastSigner() const {
    const std::string& signature = client_.requests().back().headers.at("Authorization");
    const std::size_t begin = signature.find("Credential=") + 11;
    return signature.substr(begin, signature.find('/', begin) - begin);
  }

  const std::string path_ = ::testing::TempDir() + "slipway-keys-" + std::to_string(::getpid());
  AwsCloud cloud_of_file_ =
      CloudIn({{"AWS_SHARED_CREDENTIALS_FILE", path_}, {"AWS_CONFIG_FILE", "/nonexistent"}});
};

TEST_F(KeysInAFile, AreReadAgainForTheNextListAfterADenial) {
  answers_ = {Refusal(403, "UnauthorizedOperation"), Page({"i-1"}), Page({"i-1"})};
  EXPECT_EQ(runtime::ReasonOf(cloud_of_file_.List(provider_, {}).error()), "AccessDenied");
  EXPECT_EQ(asked(), 1U) << "never within the list: it might go on as another account";
  Write("NEW");
  EXPECT_TRUE(cloud_of_file_.List(provider_, {}).has_value());
  EXPECT_EQ(LastSigner(), "NEW");
  Write("NEWEST");
  EXPECT_TRUE(cloud_of_file_.List(provider_, {}).has_value());
  EXPECT_EQ(LastSigner(), "NEW") << "without a reason they are not read again";
}

TEST_F(KeysInAFile, DoNotGoOnWithTheListOfOthers) {
  meanwhile_ = [this] { Write("NEW"); };
  answers_ = {Page({"i-1"}, "a"), Refusal(400, "ExpiredToken"), Page({"i-2"})};
  const auto mixed = cloud_of_file_.List(provider_, {});
  ASSERT_FALSE(mixed.has_value());
  EXPECT_EQ(runtime::ReasonOf(mixed.error()), "ServiceUnavailable");
  EXPECT_EQ(mixed.error().message,
            "EC2 of eu-west-1 is not asked: the credentials, those of profile \"default\" of " +
                path_ +
                ", are others than those that the list was begun with. The next list begins with "
                "them.");
  EXPECT_EQ(asked(), 2U);
  EXPECT_TRUE(cloud_of_file_.List(provider_, {}).has_value());
  EXPECT_EQ(LastSigner(), "NEW");
}

TEST_F(KeysInAFile, MayBeReplacedBeforeTheFirstAnswer) {
  meanwhile_ = [this] { Write("NEW"); };
  answers_ = {Refusal(400, "ExpiredToken"), Page({"i-2"})};
  EXPECT_TRUE(cloud_of_file_.List(provider_, {}).has_value());
  EXPECT_EQ(LastSigner(), "NEW");
}

TEST_F(AwsIdentityTest, ARefusalThatQuotesTheRequestShowsNoCredentials) {
  answers_ = {Refusal(400, "Whatever",
                      std::string("x-amz-security-token:session-of-the-test and ") + kSecret)};
  EXPECT_THAT(Failure(), HasSubstr("x-amz-security-token:[secret] and [secret]"));
  answers_ = {Refusal(400, std::string("Bad") + kSecret + "\n\xff")};
  EXPECT_EQ(Failure(),
            "InvalidRequest: EC2 of eu-west-1 answers Bad[secret] ?: no (request req-7)");
  rest::Response refused = Refusal(400, "Whatever");
  refused.body.replace(refused.body.find("req-7"), 5, "session-of-the-test\x7f!");
  answers_ = {refused};
  EXPECT_EQ(Failure(),
            "InvalidRequest: EC2 of eu-west-1 answers Whatever: no (request [secret] !)");
  EXPECT_EQ(client_.requests().size(), 3U);
}

TEST_F(AwsIdentityTest, KeysOfASecretSignAndMissingOnesAreNamed) {
  provider_.aws->secret_ref = api::SecretRef{.name = "keys"};
  EXPECT_THAT(Failure({{"accessKeyID", "AKIDS"}}),
              HasSubstr("SecretInvalid: The Secret keys needs accessKeyID and secretAccessKey"));
  EXPECT_THAT(Failure({{"accessKeyID", "AKI DS"}, {"secretAccessKey", "s"}}),
              HasSubstr("SecretInvalid: The Secret keys cannot be used: "));
  answers_ = {Page({"i-1"})};
  EXPECT_EQ(Failure({{"accessKeyID", "AKIDS"}, {"secretAccessKey", "s"}, {"sessionToken", "t"}}),
            "it listed 1");
  EXPECT_THAT(client_.requests().back().headers.at("Authorization"),
              HasSubstr("Credential=AKIDS/"));
  EXPECT_EQ(client_.requests().back().headers.at("x-amz-security-token"), "t");
}

TEST_F(AwsIdentityTest, ARoleIsAssumedOnceAndKept) {
  provider_.aws->role_arn = "arn:aws:iam::123456789012:role/r";
  provider_.aws->external_id = "ours";
  answers_ = {RoleGiven(), Page({"i-1"}), Page({"i-1"})};
  EXPECT_EQ(Failure(), "it listed 1");
  EXPECT_EQ(Failure(), "it listed 1");
  const auto requests = client_.requests();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_THAT(requests[0].url, HasSubstr("https://sts.eu-west-1.amazonaws.com"));
  EXPECT_THAT(requests[0].body, HasSubstr("ExternalId=ours"));
  EXPECT_THAT(requests[2].headers.at("Authorization"), HasSubstr("Credential=ASIAROLE/"));
}

TEST_F(AwsIdentityTest, ARoleIsTakenWhateverTheClockOfThisMachineSays) {
  now_ = MonoTime{std::chrono::hours(5)};
  provider_.aws->role_arn = "arn:aws:iam::123456789012:role/r";
  rest::Response role = RoleGiven();
  role.body.replace(role.body.find("2100-01-01T00:00:00Z"), 20, "1970-01-01T01:16:40Z");
  answers_ = {Refusal(403, "SignatureDoesNotMatch"), role, Refusal(400, "RequestExpired"),
              Page({"i-1"}), Page({"i-1"})};
  EXPECT_EQ(Failure(), "it listed 1");
  now_ = now_ + std::chrono::minutes(54);
  EXPECT_EQ(Failure(), "it listed 1");
  EXPECT_THAT(client_.requests(), SizeIs(5)) << "it was not taken anew before its end";
  now_ = now_ + std::chrono::minutes(2);
  answers_ = {role, Page({"i-1"})};
  EXPECT_EQ(Failure(), "it listed 1");
  EXPECT_THAT(client_.requests(), SizeIs(7));
}

TEST_F(AwsIdentityTest, WhatStsSaysIsTheReasonOfTheList) {
  provider_.aws->role_arn = "arn:aws:iam::123456789012:role/r";
  const std::map<std::string, std::string> reasons = {{"Throttling", "Throttled: "},
                                                      {"InternalFailure", "ServiceUnavailable: "},
                                                      {"ExpiredToken", "CredentialsRefused: "},
                                                      {"AccessDenied", "AccessDenied: "}};
  for (const auto& [code, reason] : reasons) {
    const int status = code == "InternalFailure" ? 500 : 403;
    answers_.assign(5, Refusal(status, code));
    EXPECT_THAT(Failure(), HasSubstr(reason +
                                     "role arn:aws:iam::123456789012:role/r cannot be taken: STS "
                                     "of eu-west-1 answers " +
                                     code));
    now_ = now_ + std::chrono::minutes(3);
  }
}

TEST_F(AwsIdentityTest, WhatTheEnvironmentNamesIsAskedOverTlsOrOnThisMachine) {
  for (const char* variable :
       {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_AUTO_SCALING"}) {
    Environment environment = in_container_;
    environment[variable] = "http://192.0.2.7";
    AwsCloud cloud = CloudIn(environment);
    answers_ = {PageInGroup({"i-1"})};
    const auto listed = cloud.List(provider_, {});
    ASSERT_FALSE(listed.has_value()) << variable;
    EXPECT_EQ(runtime::ReasonOf(listed.error()), "EndpointInvalid");
    EXPECT_EQ(listed.error().message,
              "A token would go over the network for all to read: make the URL in " +
                  std::string(variable) + " begin with https://.");
    const Examination examined = cloud.Examine(provider_, {});
    EXPECT_TRUE(std::ranges::any_of(examined.checks, [&](const Check& check) {
      return check.trouble && check.trouble->message == listed.error().message;
    }));
  }
  for (const rest::Request& request : client_.requests()) {
    EXPECT_THAT(request.url, HasSubstr(".amazonaws.com/"));
  }
}

TEST_F(AwsIdentityTest, WithoutCredentialsNobodyIsAsked) {
  keys_ = false;
  EXPECT_THAT(Failure(), HasSubstr("CredentialsMissing: "));
  EXPECT_EQ(asked(), 0U);
}

}  // namespace
}  // namespace slipway::cloud::aws
