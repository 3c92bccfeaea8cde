#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// The metadata service of EC2: version 2 of it, or none.
namespace slipway::cloud::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kService = "http://169.254.169.254/latest/";
constexpr const char* kInSixHours = "2026-11-26T06:00:00Z";

class InstanceTest : public AwsTest {
 protected:
  std::vector<std::string> Asked() const {
    std::vector<std::string> all;
    for (const rest::Request& request : metadata_.requests()) {
      all.push_back(request.method + " " + request.url);
    }
    return all;
  }
};

TEST_F(InstanceTest, ATokenThenTheRoleThenItsCredentials) {
  BeInstance("web-server", JsonCredentials("AKIDEC2", kInSixHours));
  const auto found = Chain().Get();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found.value(), (Credentials{.key_id = "AKIDEC2",
                                        .secret = "hush-secret",
                                        .session_token = "hush-token",
                                        .expires = In(std::chrono::hours(6)),
                                        .source = "role web-server of this instance"}));
  const std::string roles = std::string(kService) + "meta-data/iam/security-credentials/";
  EXPECT_THAT(Asked(), ElementsAre(std::string("PUT ") + kService + "api/token", "GET " + roles,
                                   "GET " + roles + "web-server"));
  EXPECT_EQ(metadata_.requests().front().headers.at("x-aws-ec2-metadata-token-ttl-seconds"),
            "21600");
  EXPECT_THAT(web_.requests(), IsEmpty()) << "no proxy may see it";
}

TEST_F(InstanceTest, WithoutATokenNothingElseIsAsked) {
  for (const int status : {400, 403, 404, 405, 500}) {
    metadata_.On(std::string("PUT ") + kService + "api/token", Answers(status, "hush"));
    EXPECT_THAT(Trouble(),
                HasSubstr("the instance (its metadata service gives no token (HTTP status " +
                          std::to_string(status) +
                          "): turn on its version 2, Slipway does not use version 1)"));
  }
  for (const std::string body : {"", "hush\r\nhush", "hush hush"}) {
    metadata_.On(std::string("PUT ") + kService + "api/token", Answers(200, body));
    EXPECT_THAT(Trouble(), HasSubstr("gives no token (HTTP status 200)"));
  }
  for (const std::string& asked : Asked()) {
    EXPECT_EQ(asked, std::string("PUT ") + kService + "api/token");
  }
}

TEST_F(InstanceTest, EachTroubleIsTold) {
  const std::string role = std::string("GET ") + kService + "meta-data/iam/security-credentials/";
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"", "the answer is no JSON object"},
      {"hush", "the answer is no JSON object"},
      {R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume it, hush-metadata"})",
       "AssumeRoleUnauthorizedAccess: EC2 cannot assume it, [secret]"},
      {R"({"Code":"Success","AccessKeyId":"A"})", "the answer has no SecretAccessKey"},
      {JsonCredentials("A", "hush"), "the Expiration in the answer is no time"},
  };
  for (const auto& [body, says] : answers) {
    BeInstance("r", body);
    EXPECT_THAT(Trouble(), HasSubstr("the instance (the service gives none for role r: " + says));
  }
  metadata_.On(role + "r", Answers(500, "hush"));
  EXPECT_THAT(Trouble(), HasSubstr("HTTP status 500 when asked for the credentials of role r"));
  BeInstance("../../user-data", "{}");
  EXPECT_THAT(Trouble(), HasSubstr("the service names no role"));
  metadata_.On(role, Answers(200, " \n"));
  EXPECT_THAT(Trouble(), HasSubstr("the service names no role: attach an instance profile"));
  metadata_.On(role, Answers(404, "hush"));
  EXPECT_THAT(Trouble(), HasSubstr("HTTP status 404 when asked for the role: attach an instance "
                                   "profile to the instance"));
  BeInstance("r", JsonCredentials("A", "2026-11-25T00:00:00Z"));
  EXPECT_THAT(Trouble(), HasSubstr("role r of this instance ended at 2026-11-25T00:00:00Z"));
}

TEST_F(InstanceTest, TheServiceIsWhereTheEnvironmentOrTheProfileSays) {
  const auto asked = [&] {
    Trouble();
    return metadata_.requests().back().url;
  };
  EXPECT_EQ(asked(), "http://169.254.169.254/latest/api/token");
  Write(".aws/config", "[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1338/\n");
  EXPECT_EQ(asked(), "http://127.0.0.1:1338/latest/api/token");
  environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://localhost:9";
  EXPECT_EQ(asked(), "http://localhost:9/latest/api/token");
  environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "localhost:9";
  EXPECT_THAT(Trouble(),
              HasSubstr("AWS_EC2_METADATA_SERVICE_ENDPOINT is no http:// or https:// URL"));
  environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  EXPECT_THAT(Trouble(), HasSubstr("ENDPOINT_MODE is not IPv4, and Slipway asks by no other"));
}

TEST_F(InstanceTest, ItIsNotAskedWhereItIsTurnedOff) {
  BeInstance("r", JsonCredentials("A", kInSixHours));
  environment_["AWS_EC2_METADATA_DISABLED"] = "True";
  EXPECT_THAT(Trouble(), HasSubstr("the instance (AWS_EC2_METADATA_DISABLED is true)"));
  EXPECT_THAT(metadata_.requests(), IsEmpty());
  environment_["AWS_EC2_METADATA_DISABLED"] = "false";
  EXPECT_EQ(SourceOf(), "role r of this instance");
}

}  // namespace
}  // namespace slipway::cloud::aws
