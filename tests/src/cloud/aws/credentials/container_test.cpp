#include "tests/src/cloud/aws/credentials/aws_world.hpp"

// The agents of ECS and EKS; whom a token is sent to, and whom not.
namespace slipway::cloud::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ContainerTest : public AwsTest {
 protected:
  /// Lets `url` have credentials.
  void Serve(const std::string& url) {
    metadata_.On("GET " + url, Answers(200, JsonCredentials("AKIDECS", "2026-11-26T01:00:00Z")));
  }
  void Full(const std::string& url) { environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url; }
};

TEST_F(ContainerTest, TheAgentOfATaskIsAskedAtItsAddress) {
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/x?y=z";
  Full("http://127.0.0.1/not-this-one");
  Serve("http://169.254.170.2/v2/credentials/x?y=z");
  const auto found = Chain().Get();
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found.value(), (Credentials{.key_id = "AKIDECS",
                                        .secret = "hush-secret",
                                        .session_token = "hush-token",
                                        .expires = In(std::chrono::hours(1)),
                                        .source = "the container"}));
  EXPECT_THAT(web_.requests(), IsEmpty()) << "no proxy may see it";
  EXPECT_FALSE(metadata_.requests().front().headers.contains("Authorization"));
}

TEST_F(ContainerTest, OnlyThisMachineIsAskedInClearText) {
  for (const char* url :
       {"http://localhost/c", "http://LOCALHOST:80/c", "http://127.0.0.1:51679/c",
        "http://127.255.0.9/c", "http://[::1]:80/c", "http://169.254.170.2/c",
        "http://169.254.170.23/v1/credentials", "http://[FD00:EC2::23]/v1/credentials",
        "https://anybody.example/c", "HTTPS://anybody.example/c"}) {
    Full(url);
    Serve(url);
    EXPECT_EQ(SourceOf(), "the container") << url;
  }
  const std::size_t asked = metadata_.requests().size();
  for (const char* url :
       {"http://anybody.example/c", "http://169.254.170.2.evil.example/", "http://128.0.0.1/",
        "http://[fd00:ec2::24]/", "http://localhost.evil.example/", "http://127.1/",
        "http://169.254.169.254/", "http://localhost@evil.example/hush", "http:///c",
        "http://[::1]x/", "http://[::1:80/", "http://127.0.0.1:80\\.evil.example/",
        "http://localhost\\@evil.example/", "http://localhost%2eevil.example/", "localhost/c",
        "ftp://localhost/", "file:///etc/passwd", "://"}) {
    Full(url);
    EXPECT_THAT(Trouble(), HasSubstr("the container: AWS_CONTAINER_CREDENTIALS_FULL_URI")) << url;
  }
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@evil.example/";
  EXPECT_THAT(Trouble(), HasSubstr("RELATIVE_URI does not begin with a slash"));
  EXPECT_THAT(metadata_.requests(), SizeIs(asked));
}

TEST_F(ContainerTest, AnAuthorizationTokenGoesWithTheRequest) {
  Full("http://169.254.170.23/v1/credentials");
  Serve("http://169.254.170.23/v1/credentials");
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic hush";
  SourceOf();
  EXPECT_EQ(metadata_.requests().back().headers.at("Authorization"), "Basic hush");
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = Write("token", "hush-file\n");
  SourceOf();
  EXPECT_EQ(metadata_.requests().back().headers.at("Authorization"), "hush-file");
}

TEST_F(ContainerTest, ATokenThatCannotBeSentIsAnError) {
  Full("http://localhost/c");
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "hush\r\nHost: evil";
  EXPECT_THAT(Trouble(), HasSubstr("AWS_CONTAINER_AUTHORIZATION_TOKEN holds a character that no "
                                   "header may have"));
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = Home("token");
  EXPECT_THAT(Trouble(), HasSubstr("TOKEN_FILE: " + Home("token") + " is not there"));
  Write("token", "\n");
  EXPECT_THAT(Trouble(), HasSubstr(Home("token") + " is empty"));
  Write("token", "hush\nhush");
  EXPECT_THAT(Trouble(), HasSubstr(Home("token") + " holds a character"));
  EXPECT_THAT(metadata_.requests(), IsEmpty());
}

TEST_F(ContainerTest, AnAgentThatDoesNotGiveCredentialsEndsTheSearch) {
  BeInstance("web-server", JsonCredentials("AKIDEC2", "2026-11-26T01:00:00Z"));
  Full("http://localhost/c");
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "hush-authorization";
  EXPECT_THAT(Trouble(),
              HasSubstr("the container: http://localhost cannot be reached. Tried before "
                        "it: the environment ("));
  const std::vector<std::pair<rest::Response, std::string>> cases = {
      {Answers(404, "hush"), "it answers with HTTP status 404. Look whether the task"},
      {Answers(500, JsonCredentials("hush", "x")), "it answers with HTTP status 500. Look"},
      {Answers(400, R"({"code":"ClientError","message":"no hush-authorization here"})"),
       "it answers with HTTP status 400: ClientError: no [secret] here. Look"},
      {Answers(301, ""), "it answers with HTTP status 301"},
      {Answers(200, "hush"), "the answer is no JSON object"},
      {Answers(200, "{}"), "the answer has no AccessKeyId"},
      {Answers(200, R"({"AccessKeyId":"A","SecretAccessKey":"hush"})"), "the answer has no Token"},
      {Answers(200, JsonCredentials("A", "hush")), "the Expiration in the answer is no time"},
      {Answers(200, JsonCredentials("A", "2026-11-25T23:59:59Z")), "ended at 2026-11-25T23:59:59Z"},
      {Answers(200, R"({"Code":"Denied","Message":"by me"})"), "the container: Denied: by me"},
  };
  for (const auto& [response, says] : cases) {
    metadata_.On("GET http://localhost/c", response);
    EXPECT_THAT(Trouble(), AllOf(HasSubstr(says), Not(HasSubstr("the instance")))) << response.body;
  }
}

}  // namespace
}  // namespace slipway::cloud::aws
