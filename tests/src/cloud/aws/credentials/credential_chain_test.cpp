#include "src/cloud/aws/credentials/credential_chain.hpp"

#include "reconciler/api/scalars.hpp"
#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// Who is asked before whom, and what is said where nobody has any.
namespace slipway::cloud::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kLater = "2026-11-26T06:00:00Z";

class ChainTest : public AwsTest {
 protected:
  /// Every source there is, each to be taken away.
  void SetUpAll() {
    environment_["AWS_REGION"] = "eu-west-1";
    environment_["AWS_ACCESS_KEY_ID"] = "AKIDENV";
    environment_["AWS_SECRET_ACCESS_KEY"] = "hush-env";
    Settle({"role_arn = arn:r", "credential_source = EcsContainer",
            "credential_process = " + Program(), "aws_access_key_id = AKIDCONFIG",
            "aws_secret_access_key = hush-config"});
    Write(".aws/credentials",
          "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = hush-file\n");
    environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = Write("token", "hush-identity");
    environment_["AWS_ROLE_ARN"] = "arn:web";
    environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials";
    metadata_.On("GET http://169.254.170.2/v2/credentials",
                 Answers(200, JsonCredentials("AKIDECS", kLater)));
    BeInstance("web-server", JsonCredentials("AKIDEC2", kLater));
    web_.On("POST https://sts.eu-west-1.amazonaws.com/",
            Answers(200, StsCredentials("AKIDSTS", kLater)));
  }

  void Settle(const std::vector<std::string>& settings) {
    std::string text = "[default]\n";
    for (const std::string& setting : settings) {
      text += setting + "\n";
    }
    Write(".aws/config", text);
  }

  std::string Program() {
    return "cat " +
           Write("process.json",
                 R"({"Version":1,"AccessKeyId":"AKIDPROC","SecretAccessKey":"hush-process"})");
  }
};

TEST_F(ChainTest, SourcesAreAskedInTheOrderOfBotocore) {
  SetUpAll();
  EXPECT_EQ(SourceOf(), "the environment");
  environment_.erase("AWS_ACCESS_KEY_ID");
  EXPECT_EQ(SourceOf(), "role arn:r of profile \"default\"");
  const std::string process = "credential_process = " + Program();
  Settle({process, "aws_access_key_id = AKIDCONFIG", "aws_secret_access_key = hush-config"});
  EXPECT_EQ(SourceOf(), "role arn:web by the web identity in " + Home("token"));
  environment_.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  EXPECT_EQ(SourceOf(), "profile \"default\" of " + Home(".aws/credentials"));
  std::filesystem::remove(Home(".aws/credentials"));
  EXPECT_EQ(SourceOf(), "credential_process of profile \"default\"");
  Settle({"aws_access_key_id = AKIDCONFIG", "aws_secret_access_key = hush-config"});
  EXPECT_EQ(SourceOf(), "profile \"default\" of " + Home(".aws/config"));
  std::filesystem::remove(Home(".aws/config"));
  EXPECT_EQ(SourceOf(), "the container");
  environment_.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  EXPECT_EQ(SourceOf(), "role web-server of this instance");
  environment_["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_THAT(Trouble(), HasSubstr("AWS_EC2_METADATA_DISABLED is true"));
}

TEST_F(ChainTest, WhereNobodyHasAnyItSaysWhomItAskedAndWhatToDo) {
  EXPECT_EQ(
      Trouble(),
      "There are no credentials for AWS: tried, in this order: "
      "the environment (AWS_ACCESS_KEY_ID is not set); "
      "a role (profile \"default\" sets no role_arn); "
      "a web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set); "
      "keys in " +
          Home(".aws/credentials") +
          " (no such file); "
          "credential_process (profile \"default\" sets none); "
          "keys in " +
          Home(".aws/config") +
          " (no such file); "
          "the container (neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
          "AWS_CONTAINER_CREDENTIALS_FULL_URI is set); "
          "the instance (its metadata service gives no token, which is so where this is no EC2 "
          "instance, and in a container where the hop limit of the service is 1: "
          "http://169.254.169.254 cannot be reached). "
          "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in AWS_PROFILE, or "
          "give a role to the machine, container or service account that Slipway runs with");
  environment_.erase("HOME");
  EXPECT_THAT(Trouble(), HasSubstr("keys in ~/.aws/credentials (HOME is not set) (no such file)"));
}

TEST_F(ChainTest, CredentialsOfTheEnvironmentAreTakenWhole) {
  environment_["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "hush-env";
  environment_["AWS_SESSION_TOKEN"] = "hush-session";
  environment_["AWS_CREDENTIAL_EXPIRATION"] = kLater;
  const auto found = Chain().Get();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found.value(), (Credentials{.key_id = "AKIDENV",
                                        .secret = "hush-env",
                                        .session_token = "hush-session",
                                        .expires = api::ParseTime(kLater).value(),
                                        .source = "the environment"}));
}

struct BadEnvironment {
  Environment variables;
  std::string says;
};

TEST_F(ChainTest, AnEnvironmentThatIsHalfSetIsAnError) {
  const Environment keys = {{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "hush"}};
  const auto with = [&](const std::string& name, const std::string& value) {
    Environment changed = keys;
    changed[name] = value;
    return changed;
  };
  const std::vector<BadEnvironment> cases = {
      {with("AWS_SECRET_ACCESS_KEY", ""), "AWS_SECRET_ACCESS_KEY is not"},
      {with("AWS_ACCESS_KEY_ID", "A KID"), "the id of the key holds a space"},
      {with("AWS_SECRET_ACCESS_KEY", "hush\n"), "the secret of the key holds a space"},
      {with("AWS_SESSION_TOKEN", "hush\r\nX: y"), "the session token holds a space"},
      {with("AWS_CREDENTIAL_EXPIRATION", "hush"), "AWS_CREDENTIAL_EXPIRATION is no time"},
      {with("AWS_CREDENTIAL_EXPIRATION", "2026-11-26T00:00:00Z"),
       "ended at 2026-11-26T00:00:00Z, and it is 2026-11-26T00:00:00Z by the clock"},
  };
  BeInstance("web-server", JsonCredentials("AKIDEC2", kLater));
  const Environment before = environment_;
  for (const BadEnvironment& bad : cases) {
    environment_ = before;
    environment_.insert(bad.variables.begin(), bad.variables.end());
    EXPECT_THAT(Trouble(), HasSubstr(bad.says));
  }
  EXPECT_THAT(metadata_.requests(), IsEmpty()) << "nobody else is asked";
}

TEST_F(ChainTest, AProfileOfTheEnvironmentDoesNotGoBeforeKeysInIt) {
  SetUpAll();
  Write(".aws/config", "[profile shop]\naws_access_key_id = A\naws_secret_access_key = hush");
  environment_["AWS_PROFILE"] = "shop";
  EXPECT_EQ(SourceOf(), "the environment");
  environment_.erase("AWS_ACCESS_KEY_ID");
  environment_.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  EXPECT_EQ(SourceOf(), "profile \"shop\" of " + Home(".aws/config"));
}

TEST_F(ChainTest, AProfileThatIsChosenGoesBeforeTheEnvironment) {
  SetUpAll();
  Write(".aws/config", "[profile shop]\naws_access_key_id = A\naws_secret_access_key = hush");
  profile_ = "shop";
  EXPECT_EQ(SourceOf(), "profile \"shop\" of " + Home(".aws/config"));
  Write(".aws/config", "[profile shop]\nregion = r");
  EXPECT_EQ(SourceOf(), "the container") << "and what comes after profiles counts still";
}

TEST_F(ChainTest, AProfileThatIsNotThereIsAnError) {
  BeInstance("web-server", JsonCredentials("AKIDEC2", kLater));
  environment_["AWS_PROFILE"] = "shpo";
  EXPECT_EQ(Trouble(),
            "There are no credentials for AWS: profile \"shpo\": the environment names it "
            "(AWS_PROFILE), and neither " +
                Home(".aws/config") + " (no such file) nor " + Home(".aws/credentials") +
                " (no such file) has it. Tried before it: the environment (AWS_ACCESS_KEY_ID is "
                "not set)");
  profile_ = "shop";
  EXPECT_THAT(Trouble(),
              AllOf(HasSubstr("profile \"shop\": it was chosen"), Not(HasSubstr("Tried before"))));
}

TEST_F(ChainTest, AFileThatCannotBeReadIsAnErrorOnlyWhereItIsNeeded) {
  Write(".aws/config", "[default]\nhush\n");
  BeInstance("web-server", JsonCredentials("AKIDEC2", kLater));
  EXPECT_THAT(Trouble(), StartsWith("There are no credentials for AWS: the shared files: " +
                                    Home(".aws/config") + ", line 2: "));
  environment_["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "hush-env";
  EXPECT_EQ(SourceOf(), "the environment");
}

TEST_F(ChainTest, HalfAKeyInAFileIsAnError) {
  BeInstance("web-server", JsonCredentials("AKIDEC2", kLater));
  for (const char* file : {".aws/config", ".aws/credentials"}) {
    Write(file, "[default]\naws_access_key_id = hush\n");
    EXPECT_THAT(
        Trouble(),
        HasSubstr("profile \"default\" sets aws_access_key_id and no aws_secret_access_key"));
    Write(file, "[default]\naws_access_key_id = A KID\naws_secret_access_key = hush\n");
    EXPECT_THAT(Trouble(), HasSubstr("the id of the key holds a space"));
    std::filesystem::remove(Home(file));
  }
}

TEST_F(ChainTest, FoundOnceItIsFoundUntilForgotten) {
  Write(".aws/credentials", "[default]\naws_access_key_id = OLD\naws_secret_access_key = hush");
  CredentialChain chain = Chain();
  EXPECT_EQ(chain.Get().value().key_id, "OLD");
  Write(".aws/credentials", "[default]\naws_access_key_id = NEW\naws_secret_access_key = hush");
  clock_.mono.since_start += std::chrono::hours(1000);
  EXPECT_EQ(chain.Get().value().key_id, "OLD") << "they never end";
  chain.Forget();
  EXPECT_EQ(chain.Get().value().key_id, "NEW");
}

TEST_F(ChainTest, GivenCredentialsAreGiven) {
  const Credentials given = {.key_id = "AKID",
                             .secret = "hush",
                             .session_token = "",
                             .expires = std::nullopt,
                             .source = "Secret aws"};
  FixedCredentials fixed(given);
  fixed.Forget();
  EXPECT_EQ(fixed.Get().value(), given);
  FixedCredentials none({});
  EXPECT_EQ(none.Get().error().message, "the id of the key is empty");
}

}  // namespace
}  // namespace slipway::cloud::aws
