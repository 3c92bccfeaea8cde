#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// Roles of profiles, and what they are assumed with.
namespace slipway::cloud::aws {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kSoon = "2026-11-26T01:00:00Z";
constexpr const char* kKeys = "aws_access_key_id = AKIDKEYS\naws_secret_access_key = hush-keys\n";

class ProfileTest : public AwsTest {
 protected:
  ProfileTest() {
    environment_["AWS_REGION"] = "eu-west-1";
    web_.On("POST https://sts.eu-west-1.amazonaws.com/", [](const rest::Request& request) {
      // Each role gives keys that are named after it, so the next request says whose keys it is signed with.
      const std::size_t begin = request.body.find("RoleArn=") + 8;
      const std::string role = request.body.substr(begin, request.body.find('&', begin) - begin);
      return Answers(200, StsCredentials("OF-" + role, kSoon));
    });
  }

  std::string Config(const std::string& text) { return Write(".aws/config", text); }

  /// Who signed each request to STS for which role, such as "AKIDKEYS: base".
  std::vector<std::string> Assumed() const {
    std::vector<std::string> all;
    for (const rest::Request& request : web_.requests()) {
      const std::string& signature = request.headers.at("Authorization");
      const std::size_t key = signature.find("Credential=") + 11;
      const std::size_t role = request.body.find("RoleArn=") + 8;
      all.push_back(signature.substr(key, signature.find('/', key) - key) + ": " +
                    request.body.substr(role, request.body.find('&', role) - role));
    }
    return all;
  }
};

TEST_F(ProfileTest, ARoleIsAssumedWithTheKeysOfItsSource) {
  Config(std::string("[default]\nrole_arn = shop\nsource_profile = base\nexternal_id = e=x\n"
                     "role_session_name = me\nduration_seconds = 900\n[profile base]\n") +
         kKeys + "aws_session_token = hush-session\n");
  const auto found = Chain().Get();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found.value().source, "role shop of profile \"default\"");
  EXPECT_EQ(found.value().key_id, "OF-shop");
  EXPECT_EQ(found.value().secret, "hush-sts-secret");
  EXPECT_EQ(found.value().session_token, "hush-sts-token");
  EXPECT_EQ(found.value().expires, In(std::chrono::hours(1)));
  ASSERT_THAT(web_.requests(), SizeIs(1));
  const rest::Request request = web_.requests().front();
  EXPECT_EQ(request.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=shop&RoleSessionName=me&ExternalId=e%3Dx"
            "&DurationSeconds=900");
  EXPECT_EQ(request.headers.at("x-amz-security-token"), "hush-session");
  EXPECT_EQ(request.headers.at("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
}

TEST_F(ProfileTest, RolesStandOneBehindTheOther) {
  Config(
      "[default]\nrole_arn = three\nsource_profile = b\n[profile b]\nrole_arn = two\n"
      "source_profile = c\n[profile c]\nrole_arn = one\nsource_profile = keys\n");
  Write(".aws/credentials", std::string("[keys]\n") + kKeys);
  EXPECT_EQ(SourceOf(), "role three of profile \"default\"");
  EXPECT_THAT(Assumed(), ElementsAre("AKIDKEYS: one", "OF-one: two", "OF-two: three"));
}

TEST_F(ProfileTest, KeysOfASourceGoBeforeItsRole) {
  Config(std::string("[default]\nrole_arn = two\nsource_profile = b\n[profile b]\n"
                     "role_arn = one\nsource_profile = c\n") +
         kKeys);
  EXPECT_EQ(SourceOf(), "role two of profile \"default\"");
  EXPECT_THAT(Assumed(), ElementsAre("AKIDKEYS: two"));
}

TEST_F(ProfileTest, ARoleOfTheProfileGoesBeforeItsKeys) {
  Config(std::string("[default]\nrole_arn = own\nsource_profile = default\n") + kKeys);
  EXPECT_EQ(SourceOf(), "role own of profile \"default\"") << "it may name itself";
  EXPECT_THAT(Assumed(), ElementsAre("AKIDKEYS: own"));
}

TEST_F(ProfileTest, ASourceMayRunAProgram) {
  const std::string path = Write(
      "out",
      R"({"Version":1,"AccessKeyId":"AKIDPROC","SecretAccessKey":"hush","SessionToken":null})");
  Config("[default]\nrole_arn = r\nsource_profile = b\n[profile b]\ncredential_process = cat " +
         path);
  EXPECT_EQ(SourceOf(), "role r of profile \"default\"");
  EXPECT_THAT(Assumed(), ElementsAre("AKIDPROC: r"));
}

TEST_F(ProfileTest, AWebIdentityInTheEnvironmentIsNotThatOfASource) {
  Config("[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nregion = x\n");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = Write("token", "hush-identity");
  environment_["AWS_ROLE_ARN"] = "web";
  EXPECT_THAT(Trouble(), AllOf(HasSubstr("profile \"b\" sets no web_identity_token_file"),
                               HasSubstr("Give profile \"b\" keys or a credential_process")));
  EXPECT_THAT(web_.requests(), IsEmpty());
}

TEST_F(ProfileTest, ACredentialSourceIsAskedInsteadOfAProfile) {
  Config("[default]\nrole_arn = r\ncredential_source = Environment\n");
  environment_["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "hush-env";
  profile_ = "default";
  EXPECT_EQ(SourceOf(), "role r of profile \"default\"");
  Config("[default]\nrole_arn = r\ncredential_source = Ec2InstanceMetadata\n");
  BeInstance("web-server", JsonCredentials("AKIDEC2", kSoon));
  SourceOf();
  Config("[default]\nrole_arn = r\ncredential_source = EcsContainer\n");
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/c";
  metadata_.On("GET http://localhost/c", Answers(200, JsonCredentials("AKIDECS", kSoon)));
  SourceOf();
  EXPECT_THAT(Assumed(), ElementsAre("AKIDENV: r", "AKIDEC2: r", "AKIDECS: r"));
}

TEST_F(ProfileTest, EachTroubleSaysWhichSettingIsWrong) {
  const std::string keys = std::string("[profile keys]\n") + kKeys;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"role_arn = r\n",
       "a role: profile \"default\" sets role_arn, but neither source_profile nor "
       "credential_source: set one of them"},
      {"role_arn = r\nsource_profile = keys\ncredential_source = Environment\n",
       "profile \"default\" sets both source_profile and credential_source: set one of them"},
      {"role_arn = \nsource_profile = keys\n", "profile \"default\" sets role_arn to nothing"},
      {"role_arn = r\nsource_profile = nobody\n",
       "source_profile of profile \"default\" is \"nobody\", and there is no such profile in " +
           Home(".aws/config") + " or " + Home(".aws/credentials")},
      {"role_arn = r\nsource_profile = default\n",
       "source_profile goes in a circle: default -> default"},
      {"role_arn = r\nsource_profile = x\n[profile x]\nrole_arn = s\nsource_profile = default\n",
       "source_profile goes in a circle: default -> x -> default"},
      {"role_arn = r\ncredential_source = Moon\n",
       "credential_source of profile \"default\" is Moon: it must be Environment, EcsContainer or "
       "Ec2InstanceMetadata"},
      {"role_arn = r\ncredential_source = Environment\n",
       "credential_source of profile \"default\" is Environment, which has none: "
       "AWS_ACCESS_KEY_ID is not set"},
      {"role_arn = r\ncredential_source = EcsContainer\n", "is EcsContainer, which has none: "},
      {"role_arn = r\ncredential_source = Ec2InstanceMetadata\n",
       "is Ec2InstanceMetadata, which has none: its metadata service gives no token"},
      {"role_arn = r\nsource_profile = keys\nduration_seconds = 1h\n",
       "duration_seconds of profile \"default\" is no number of seconds"},
      {"role_arn = r\nsource_profile = keys\nduration_seconds = -5\n", "is no number of seconds"},
      {"role_arn = r\nsource_profile = keys\nmfa_serial = arn:mfa\n",
       "profile \"default\" wants a code of a device (mfa_serial), and Slipway cannot ask a "
       "person"},
      {"role_arn = r\nsource_profile = x\n[profile x]\naws_access_key_id = hush\n",
       "source_profile of profile \"default\" is \"x\": keys in " + Home(".aws/config") +
           ": profile \"x\" sets aws_access_key_id and no aws_secret_access_key"},
      {"sso_session = s\nsso_account_id = 1\nsso_role_name = r\n",
       "the login of a person: profile \"default\" is for a person who signs in (sso_account_id), "
       "and Slipway has none"},
      {"login_session = arn\n", "is for a person who signs in (login_session)"},
  };
  for (const auto& [settings, says] : cases) {
    Config("[default]\n" + settings + keys);
    EXPECT_THAT(Trouble(), HasSubstr(says)) << settings;
  }
  EXPECT_THAT(web_.requests(), IsEmpty());
}

TEST_F(ProfileTest, AChainOfRolesHasAnEnd) {
  std::string text = "[default]\nrole_arn = r\nsource_profile = p0\n";
  for (int i = 0; i < 5'000; ++i) {
    text += "[profile p" + std::to_string(i) + "]\nrole_arn = r\nsource_profile = p" +
            std::to_string(i + 1) + "\n";
  }
  Config(text);
  EXPECT_THAT(Trouble(), HasSubstr("more than 10 roles stand one behind the other"));
}

TEST_F(ProfileTest, KeysBesideALoginAreUsed) {
  Config("[default]\nlogin_session = arn\n");
  Write(".aws/credentials", std::string("[default]\n") + kKeys);
  EXPECT_EQ(SourceOf(), "profile \"default\" of " + Home(".aws/credentials"));
}

TEST_F(ProfileTest, WhatStsSaysIsSaidWithoutSecrets) {
  Config(std::string("[default]\nrole_arn = shop\nsource_profile = base\n[profile base]\n") +
         kKeys + "aws_session_token = hush-session\n");
  web_.On("POST https://sts.eu-west-1.amazonaws.com/",
          Answers(403, StsTrouble("AccessDenied",
                                  "User: arn:u is not authorized; you sent hush-session and "
                                  "hush-keys")));
  EXPECT_THAT(
      Trouble(),
      AllOf(HasSubstr("a role: role shop cannot be taken: STS of eu-west-1 answers AccessDenied: "
                      "User: arn:u is not authorized; you sent [secret] and [secret] (request "
                      "f00d-1). Allow sts:AssumeRole to who is asking, and let the trust policy of "
                      "the role name them. The credentials are those of profile \"base\" of "),
            HasSubstr("Tried before it: the environment (AWS_ACCESS_KEY_ID is not set)"),
            Not(HasSubstr("the instance"))));
}

}  // namespace
}  // namespace slipway::cloud::aws
