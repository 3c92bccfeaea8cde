#include "src/cloud/aws/credentials/config_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/cloud/aws/credentials/shared_config.hpp"
#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// The shared files, as botocore's parser reads them.
namespace slipway::cloud::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Profiles Parsed(const std::string& text, FileKind kind = FileKind::kConfig) {
  const auto profiles = ParseProfiles(text, kind);
  EXPECT_TRUE(profiles.has_value()) << profiles.error().message;
  return profiles.has_value() ? profiles.value() : Profiles();
}

std::string Wrong(const std::string& text) {
  const auto profiles = ParseProfiles(text, FileKind::kConfig);
  EXPECT_FALSE(profiles.has_value()) << text;
  return profiles.has_value() ? "" : WithoutSecrets(profiles.error().message);
}

TEST(ConfigFile, SectionsOfTheConfigFileAreProfilesByName) {
  const Profiles profiles = Parsed(
      "[default]\na=1\n[profile shop]\na=2\n[ profile\t\"two words\" ]\na=3\n[profile 'q']\na=4\n"
      "[shop]\na=5\n[sso-session s]\na=6\n[profile]\na=7\n[profiles x]\na=8\n[profile a b]\na=9\n");
  EXPECT_THAT(profiles, UnorderedElementsAre(Pair("default", ElementsAre(Pair("a", "1"))),
                                             Pair("shop", ElementsAre(Pair("a", "2"))),
                                             Pair("two words", ElementsAre(Pair("a", "3"))),
                                             Pair("q", ElementsAre(Pair("a", "4")))));
}

TEST(ConfigFile, SectionsOfTheCredentialsFileAreProfilesAsTheyAre) {
  EXPECT_THAT(Parsed("[default]\na=1\n[shop]\na=2\n[profile x]\na=3", FileKind::kCredentials),
              UnorderedElementsAre(Pair("default", ElementsAre(Pair("a", "1"))),
                                   Pair("shop", ElementsAre(Pair("a", "2"))),
                                   Pair("profile x", ElementsAre(Pair("a", "3")))));
}

TEST(ConfigFile, SpaceAndCommentsAndCaseAreAsInOtherTools) {
  const Profiles profiles = Parsed(
      "\xEF\xBB\xBF# a comment\r\n; another\r\n\r\n[default] # mine\r\n"
      "  Region\t =  eu-west-1  \r\n  output:json\r\n# c\r\nsecret = a=b#c;d \r\nempty =\r\n");
  EXPECT_THAT(profiles.at("default"),
              UnorderedElementsAre(Pair("region", "eu-west-1"), Pair("output", "json"),
                                   Pair("secret", "a=b#c;d"), Pair("empty", "")));
}

TEST(ConfigFile, WhatIsIndentedBelowASettingIsLeftOut) {
  const Profiles profiles = Parsed(
      "[default]\ns3 =\n  max_queue_size = 10\n\n  # c\n  endpoint\nregion = r\n"
      "[profile indented]\n    a = 1\n    b = 2\n      more = 3\n");
  EXPECT_THAT(profiles.at("default"), UnorderedElementsAre(Pair("s3", ""), Pair("region", "r")));
  EXPECT_THAT(profiles.at("indented"), UnorderedElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(ConfigFile, WhatIsThereTwiceIsTakenFromTheLater) {
  EXPECT_THAT(Parsed("[default]\na=1\nb=1\na=2\n[profile x]\n[default]\nb=3\nc=3\n").at("default"),
              UnorderedElementsAre(Pair("a", "2"), Pair("b", "3"), Pair("c", "3")));
}

TEST(ConfigFile, ALineThatNobodyCanReadIsNamedAndNotShown) {
  EXPECT_EQ(Wrong("[default]\n\nhush\n"),
            "line 3: this is neither [profile NAME] nor name = value");
  EXPECT_EQ(Wrong("[default]\n= hush\n"),
            "line 2: this is neither [profile NAME] nor name = value");
  EXPECT_EQ(Wrong("hush = 1\n"), "line 1: a setting comes before the first [section]");
  EXPECT_EQ(Wrong("[hush\n"), "line 1: a [section] has no ]");
  EXPECT_THAT(Wrong("[default] hush = 1\n"), HasSubstr("line 1: there is something after the ]"));
  EXPECT_EQ(Wrong(std::string("[default]\na = hu\0sh\n", 20)),
            "line 2: there is a control character");
  EXPECT_EQ(Wrong("[default]\na = hush\r more\n"), "line 2: there is a control character");
}

TEST(ConfigFile, AnEmptyOneHasNoProfiles) {
  EXPECT_THAT(Parsed(""), IsEmpty());
  EXPECT_THAT(Parsed("\n\n#"), IsEmpty());
}

class ConfigFileTest : public AwsTest {
 protected:
  Error Refused(const std::string& path) const {
    const auto profiles = ReadProfiles(path, FileKind::kConfig);
    EXPECT_FALSE(profiles.has_value());
    return profiles.has_value() ? Error() : profiles.error();
  }
};

TEST_F(ConfigFileTest, AFileThatIsNotThereIsNoError) {
  const auto profiles = ReadProfiles(Home("no/such"), FileKind::kConfig);
  ASSERT_TRUE(profiles.has_value());
  EXPECT_FALSE(profiles.value().has_value());
  const auto none = ReadProfiles("/dev/null", FileKind::kConfig);
  ASSERT_TRUE(none.has_value());
  EXPECT_THAT(none.value().value(), IsEmpty());
}

TEST_F(ConfigFileTest, ErrorsNameTheFile) {
  EXPECT_EQ(Refused(Write("broken", "[default]\nx")).message,
            Home("broken") + ", line 2: this is neither [profile NAME] nor name = value");
  EXPECT_EQ(Refused(home_).message, home_.string() + " is no file");
  EXPECT_EQ(Refused(Write("big", std::string(kMaxConfigFileBytes + 1, '#'))).code, Code::kTooLarge);
  EXPECT_EQ(Refused("/dev/zero").message, "/dev/zero has more than 1048576 bytes");
  EXPECT_TRUE(ReadProfiles(Write("most", std::string(kMaxConfigFileBytes, '#')), FileKind::kConfig)
                  .has_value());
}

TEST_F(ConfigFileTest, FilesAreWhereTheEnvironmentSays) {
  Write(".aws/config", "[default]\nregion = home\na = config\nb = config");
  Write(".aws/credentials", "[default]\na = credentials");
  const auto shared = ReadSharedConfig(environment_);
  ASSERT_TRUE(shared.has_value()) << shared.error().message;
  EXPECT_THAT(
      shared.value().Merged("default"),
      UnorderedElementsAre(Pair("a", "credentials"), Pair("b", "config"), Pair("region", "home")));
  Write("other", "[default]\nregion = other");
  environment_["AWS_CONFIG_FILE"] = "~/other";
  EXPECT_EQ(DefaultRegion(environment_), "other");
  environment_.erase("HOME");
  EXPECT_EQ(DefaultRegion(environment_), "");
  environment_["AWS_CONFIG_FILE"] = Home("other");
  EXPECT_EQ(DefaultRegion(environment_), "other");
}

TEST_F(ConfigFileTest, TheRegionIsTheFirstThatIsSaid) {
  EXPECT_EQ(DefaultRegion(environment_), "");
  Write(".aws/config",
        "[default]\nregion = r1\n[profile p]\nregion = r2\n[profile q]\nregion = r3");
  EXPECT_EQ(DefaultRegion(environment_), "r1");
  environment_["AWS_PROFILE"] = "p";
  EXPECT_EQ(DefaultRegion(environment_), "r2");
  environment_["AWS_DEFAULT_PROFILE"] = "q";
  EXPECT_EQ(DefaultRegion(environment_), "r3") << "it goes first in botocore";
  environment_["AWS_DEFAULT_REGION"] = "r4";
  EXPECT_EQ(DefaultRegion(environment_), "r4");
  environment_["AWS_REGION"] = "r5";
  EXPECT_EQ(DefaultRegion(environment_), "r5");
  Write(".aws/config", "broken");
  EXPECT_EQ(DefaultRegion(environment_), "r5");
  environment_["AWS_REGION"] = environment_["AWS_DEFAULT_REGION"] = "";
  EXPECT_EQ(DefaultRegion(environment_), "");
}

}  // namespace
}  // namespace slipway::cloud::aws
