#include "src/cloud/aws/aws_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "tests/src/cloud/fake_rest_client.hpp"

// The whole way from a Fleet's provider to a list, with an API that misbehaves in every way it can.
namespace slipway::cloud::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string InstanceXml(const std::string& id) {
  return "<item><instancesSet><item><instanceId>" + id +
         "</instanceId><instanceState><name>running</name></instanceState></item></instancesSet></"
         "item>";
}

rest::Response Page(const std::vector<std::string>& ids, const std::string& token = "") {
  std::string items;
  for (const std::string& id : ids) {
    items += InstanceXml(id);
  }
  return {.status = 200,
          .headers = {},
          .body = "<DescribeInstancesResponse><reservationSet>" + items +
                  "</reservationSet><nextToken>" + token +
                  "</nextToken></DescribeInstancesResponse>"};
}

/// A page of instances that are in the Auto Scaling group "web/eu".
rest::Response PageInGroup(const std::vector<std::string>& ids) {
  rest::Response page = Page(ids);
  const std::string tag =
      "<tagSet><item><key>aws:autoscaling:groupName</key><value>web/eu</value></item></tagSet></"
      "item></instancesSet>";
  for (std::size_t at = 0; (at = page.body.find("</item></instancesSet>", at)) != std::string::npos;
       at += tag.size()) {
    page.body.replace(at, std::string_view("</item></instancesSet>").size(), tag);
  }
  return page;
}

/// What Auto Scaling says of it.
rest::Response Group(const std::map<std::string, std::string>& states) {
  std::string members;
  for (const auto& [instance, state] : states) {
    members += "<member><InstanceId>" + instance + "</InstanceId><LifecycleState>" + state +
               "</LifecycleState></member>";
  }
  return {.status = 200,
          .headers = {},
          .body =
              "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
              "<AutoScalingGroups><member><AutoScalingGroupName>web/eu</"
              "AutoScalingGroupName><Instances>" +
              members +
              "</Instances></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
              "</DescribeAutoScalingGroupsResponse>"};
}

rest::Response Refusal(int status, const std::string& code, const std::string& message = "no") {
  return {.status = status,
          .headers = {{"date", "Thu, 01 Jan 1970 00:16:40 GMT"}},
          .body = "<Response><Errors><Error><Code>" + code + "</Code><Message>" + message +
                  "</Message></Error></Errors><RequestID>req-7</RequestID></Response>"};
}

/// What STS answers.
rest::Response RoleGiven() {
  return {.status = 200,
          .headers = {},
          .body =
              "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</"
              "AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
              "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
              "</AssumeRoleResponse>"};
}

class AwsCloudTest : public ::testing::Test, protected Clock {
 protected:
  AwsCloudTest() { provider_.aws = api::AwsProvider{.regions = {"eu-west-1"}}; }

  Time Now() const override { return Time(now_.since_start); }
  MonoTime Mono() const override { return now_; }

  Result<rest::Response> Next() {
    if (answers_.empty()) {
      return Fail(Code::kUnavailable, "https://somewhere: there is no answer any more");
    }
    Result<rest::Response> next = answers_.front();
    answers_.pop_front();
    return next;
  }

  Result<std::vector<runtime::ListedServer>> List(const SecretData& secret = {}) {
    return cloud_.List(provider_, secret);
  }

  /// "Reason: message" of the error.
  std::string Failure(const SecretData& secret = {}) {
    const auto listed = List(secret);
    if (listed.has_value()) {
      return "it listed " + std::to_string(listed.value().size());
    }
    EXPECT_THAT(listed.error().message,
                AllOf(Not(HasSubstr(kSecret)), Not(HasSubstr("session-of-the-test"))));
    return runtime::ReasonOf(listed.error()) + ": " + listed.error().message;
  }

  std::size_t asked() const { return client_.requests().size(); }

  MonoTime now_{Duration(1'000'000)};
  api::Provider provider_;
  std::deque<Result<rest::Response>> answers_;
  FakeRestClient client_{[this](const rest::Request&) { return Next(); }};
  int keys_given_ = 0;
  bool keys_ = true;
  /// The container that Slipway runs in: gives other keys each time.
  FakeRestClient metadata_{[this](const rest::Request&) -> Result<rest::Response> {
    if (!keys_) {
      return rest::Response{.status = 404, .headers = {}, .body = "no role"};
    }
    return rest::Response{
        .status = 200,
        .headers = {},
        .body = R"({"AccessKeyId":"AKID)" + std::to_string(keys_given_++) +
                R"(","SecretAccessKey":")" + kSecret +
                R"(","Token":"session-of-the-test","Expiration":"2100-01-01T00:00:00Z"})"};
  }};
  process::PosixProcessRunner processes_;
  const Environment in_container_ = {
      {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/keys"}};

  AwsCloud CloudIn(Environment environment) {
    return {{.web = client_, .metadata = metadata_, .processes = processes_, .clock = *this},
            {.environment = std::move(environment), .limits = {}, .seed = 3},
            [this](Duration length) {
              now_ = now_ + length;
              return true;
            }};
  }

  AwsCloud cloud_ = CloudIn(in_container_);
};

TEST_F(AwsCloudTest, EveryPageOfEveryRegionIsListed) {
  provider_.aws->regions = {"eu-west-1", "cn-north-1"};
  answers_ = {Page({"i-1", "i-2"}, "a"), Page({}, "b"), Page({"i-2", "i-3"}), Page({"i-4"})};
  const auto listed = List();
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_THAT(listed.value(), SizeIs(4)) << "one that is on two pages is there once";
  const auto requests = client_.requests();
  EXPECT_EQ(requests[0].url, "https://ec2.eu-west-1.amazonaws.com/");
  EXPECT_THAT(requests[2].body, HasSubstr("&NextToken=b"));
  EXPECT_EQ(requests[3].url, "https://ec2.cn-north-1.amazonaws.com.cn/");
  EXPECT_THAT(requests[3].headers.at("Authorization"), HasSubstr("/cn-north-1/ec2/aws4_request"));
}

TEST_F(AwsCloudTest, EachPartOfAwsHasItsDomain) {
  provider_.aws->regions = {"eusc-de-east-1"};
  answers_ = {PageInGroup({"i-1"}), Group({{"i-1", "InService"}})};
  EXPECT_EQ(Failure(), "it listed 1");
  EXPECT_EQ(client_.requests().front().url, "https://ec2.eusc-de-east-1.amazonaws.eu/");
  EXPECT_EQ(client_.requests().back().url, "https://autoscaling.eusc-de-east-1.amazonaws.eu/");
}

TEST_F(AwsCloudTest, OneRegionThatDoesNotAnswerSpoilsTheList) {
  provider_.aws->regions = {"eu-west-1", "eu-west-2"};
  answers_ = {Page({"i-1"})};
  EXPECT_THAT(Failure(), AllOf(HasSubstr("ServiceUnavailable: EC2 of eu-west-2: "),
                               HasSubstr("Is eu-west-2 a region")));
  EXPECT_GE(asked(), 4U) << "tried several times";
}

TEST_F(AwsCloudTest, WhatMayPassIsTriedAgainAndAnswersInTheEnd) {
  answers_ = {Refusal(503, "RequestLimitExceeded"), Fail(Code::kTimeout, "slow"),
              rest::Response{.status = 502, .headers = {}, .body = "<html>bad gateway</html>"},
              Page({"i-1"})};
  EXPECT_EQ(Failure(), "it listed 1");
  EXPECT_GT(now_.since_start, Duration(1'000'000)) << "with waits";
}

TEST_F(AwsCloudTest, ThrottlingIsWaitedForAsAskedAndSaidInTheEnd) {
  rest::Response slow = Refusal(429, "Throttling", "Rate exceeded");
  slow.headers["retry-after"] = "5";
  answers_ = {slow, slow, slow, slow, slow};
  EXPECT_EQ(Failure(),
            "Throttled: EC2 of eu-west-1 answers Throttling: Rate exceeded (request req-7)");
  EXPECT_GE(now_.since_start, Duration(1'000'000 + 5'000));
}

TEST_F(AwsCloudTest, AnApiThatTakesItsWholeTimeIsAskedTwiceAtMost) {
  answers_ = {Fail(Code::kTimeout, "slow"), Fail(Code::kTimeout, "slow"), Page({"i-1"})};
  EXPECT_THAT(Failure(), HasSubstr("Timeout: EC2 of eu-west-1: slow"));
}

TEST_F(AwsCloudTest, AnotherFleetOfTheAccountWaitsTooAndNoThreadSleepsMeanwhile) {
  rest::Response slow = Refusal(503, "RequestLimitExceeded");
  slow.headers["retry-after"] = "600";
  answers_ = {slow, Page({"i-1"})};
  EXPECT_THAT(Failure(), HasSubstr("Throttled: EC2 of eu-west-1 answers RequestLimitExceeded"));
  provider_.aws->tags = {{"role", "web"}};
  EXPECT_THAT(Failure(), HasSubstr("Throttled: EC2 of eu-west-1 answers RequestLimitExceeded"))
      << "it says what the other was told";
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(now_.since_start, Duration(1'000'000));
  now_ = now_ + std::chrono::minutes(2);
  EXPECT_EQ(Failure(), "it listed 1");
}

TEST_F(AwsCloudTest, WhoActsAsTheSameWaitsTooWhateverItsFirstRegionOrItsSecretIsCalled) {
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

TEST_F(AwsCloudTest, ARoleIsOnePrincipalWhoeverTakesIt) {
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

TEST_F(AwsCloudTest, CredentialsAreSharedByFleetsOfOtherRegions) {
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

TEST_F(AwsCloudTest, WhoeverAnswersElsewhereMakesNobodyWaitHere) {
  rest::Response slow = Refusal(503, "RequestLimitExceeded");
  slow.headers["retry-after"] = "600";
  slow.headers["date"] = "Thu, 01 Jan 2099 00:00:00 GMT";
  answers_ = {slow, Page({"i-1"})};
  provider_.aws->endpoint = "https://evil.example";
  EXPECT_THAT(Failure(), HasSubstr("Throttled"));
  provider_.aws->endpoint = "";
  EXPECT_EQ(Failure(), "it listed 1");
}

TEST_F(AwsCloudTest, CredentialsThatEndHalfWayAreRenewedOnce) {
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

TEST_F(AwsCloudTest, AClockThatIsWrongIsCorrectedByTheirs) {
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

TEST_F(AwsCloudTest, ADenialSaysWhatToAllow) {
  answers_ = {
      Refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")};
  EXPECT_EQ(Failure(),
            "AccessDenied: EC2 of eu-west-1 answers UnauthorizedOperation: You are not authorized "
            "to perform this "
            "operation. (request req-7). Allow ec2:DescribeInstances. The credentials are those of "
            "the container.");
  EXPECT_EQ(asked(), 1U);
}

TEST_F(AwsCloudTest, AFilterThatIsNoneIsSaidInTheirWords) {
  answers_ = {Refusal(400, "InvalidParameterValue", "The filter 'instanc-type' is invalid")};
  EXPECT_EQ(Failure(),
            "InvalidRequest: EC2 of eu-west-1 answers InvalidParameterValue: The filter "
            "'instanc-type' is invalid (request "
            "req-7)");
}

TEST_F(AwsCloudTest, WhatIsNotEc2IsRefused) {
  answers_ = {rest::Response{
      .status = 301, .headers = {{"location", "https://elsewhere"}}, .body = "<html/>"}};
  EXPECT_THAT(
      Failure(),
      HasSubstr(
          "EndpointInvalid: https://ec2.eu-west-1.amazonaws.com answers with HTTP status 301"));
  answers_ = {rest::Response{.status = 200, .headers = {}, .body = "<html><p>Welcome</p></html>"}};
  EXPECT_THAT(
      Failure(),
      HasSubstr(
          "ListInvalid: The answer of https://ec2.eu-west-1.amazonaws.com cannot be believed"));
  answers_ = {Fail(Code::kForbidden, "https://ec2: its certificate is for another name")};
  EXPECT_THAT(Failure(),
              HasSubstr("EndpointInvalid: EC2 of eu-west-1: https://ec2: its certificate"));
  answers_ = {Fail(Code::kTooLarge, "https://ec2: more than 16 MiB")};
  EXPECT_THAT(Failure(), HasSubstr("ListInvalid"));
}

TEST_F(AwsCloudTest, AnAddressThatIsNoneIsNotBelieved) {
  rest::Response page = Page({"i-1"});
  page.body.insert(page.body.find("<instanceState>"),
                   "<privateIpAddress>10.0.0.\xff</privateIpAddress>");
  answers_ = {page};
  EXPECT_EQ(
      Failure(),
      "ListInvalid: The answer of https://ec2.eu-west-1.amazonaws.com cannot be believed: the "
      "address of i-1 is \"10.0.0.?\", which is none.");
}

TEST_F(AwsCloudTest, PagesThatGoRoundEndInAnError) {
  answers_ = {Page({"i-1"}, "a"), Page({"i-2"}, "b"), Page({"i-3"}, "a")};
  EXPECT_THAT(Failure(), HasSubstr("ListInvalid: The answer of https://ec2.eu-west-1.amazonaws.com "
                                   "cannot be believed: its pages go round"));
}

TEST_F(AwsCloudTest, ARefusalThatQuotesTheRequestShowsNoCredentials) {
  answers_ = {Refusal(400, "Whatever",
                      std::string("x-amz-security-token:session-of-the-test and ") + kSecret)};
  EXPECT_THAT(Failure(), HasSubstr("x-amz-security-token:[secret] and [secret]"));
}

TEST_F(AwsCloudTest, KeysOfASecretSignAndMissingOnesAreNamed) {
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

TEST_F(AwsCloudTest, ARoleIsAssumedOnceAndKept) {
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

TEST_F(AwsCloudTest, ARoleIsTakenWhateverTheClockOfThisMachineSays) {
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

TEST_F(AwsCloudTest, WhatStsSaysIsTheReasonOfTheList) {
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

TEST_F(AwsCloudTest, WhatItsGroupHasNotInServiceStandsBy) {
  const rest::Response page = PageInGroup({"i-1", "i-2", "i-3"});
  answers_ = {page, Group({{"i-1", "Terminating:Wait"}, {"i-2", "InService"}})};
  const auto listed = List();
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  ASSERT_THAT(listed.value(), SizeIs(3));
  EXPECT_EQ(listed.value()[0].state, runtime::MachineState::kStandby);
  EXPECT_EQ(listed.value()[1].state, runtime::MachineState::kRunning);
  EXPECT_EQ(listed.value()[2].state, runtime::MachineState::kRunning) << "detached meanwhile";
  EXPECT_EQ(client_.requests().back().url, "https://autoscaling.eu-west-1.amazonaws.com/");
  EXPECT_THAT(client_.requests().back().headers.at("Authorization"),
              HasSubstr("/eu-west-1/autoscaling/aws4_request"));
  answers_ = {page, Refusal(403, "AccessDenied")};
  EXPECT_THAT(
      Failure(),
      HasSubstr(
          "AccessDenied: Auto Scaling of eu-west-1 answers AccessDenied: no (request req-7). Allow "
          "autoscaling:DescribeAutoScalingGroups."));
}

TEST_F(AwsCloudTest, WhatWaitsAtTheLaunchHookJoinsAndNothingElseDoes) {
  const std::vector<std::string> elsewhere = {
      "Pending",     "Pending:Proceed",  "Standby",        "EnteringStandby",
      "Terminating", "Terminating:Wait", "Warmed:Running", "Warmed:Pending:Wait",
      "Detaching",   "Quarantined"};
  const rest::Response page = PageInGroup({"i-1", "i-2"});
  for (const std::string& state : elsewhere) {
    provider_.aws->launch_hook = "bring-up";
    answers_ = {page, Group({{"i-1", state}, {"i-2", "Pending:Wait"}})};
    const auto listed = List();
    ASSERT_TRUE(listed.has_value()) << listed.error().message;
    EXPECT_EQ(listed.value()[0].state, runtime::MachineState::kStandby) << state;
    EXPECT_EQ(listed.value()[0].launch, "");
    EXPECT_EQ(listed.value()[1].state, runtime::MachineState::kJoining);
    EXPECT_EQ(listed.value()[1].launch, "eu-west-1/web/eu");
  }
  provider_.aws->launch_hook.clear();
  answers_ = {page, Group({{"i-1", "InService"}, {"i-2", "Pending:Wait"}})};
  EXPECT_EQ(List().value()[1].state, runtime::MachineState::kStandby) << "nobody named a hook";
}

TEST_F(AwsCloudTest, WhoCameToTheGroupAfterEc2HadAnsweredJoinsAsWell) {
  provider_.aws->launch_hook = "bring-up";
  rest::Response page = PageInGroup({"i-1"});
  page.body.insert(page.body.find("</reservationSet>"), InstanceXml("i-2"));
  answers_ = {page, Group({{"i-1", "InService"}, {"i-2", "Pending:Wait"}})};
  const auto listed = List();
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_EQ(listed.value()[1].state, runtime::MachineState::kJoining);
  EXPECT_EQ(listed.value()[1].launch, "eu-west-1/web/eu");
}

TEST_F(AwsCloudTest, ALaunchIsCompletedWhereItsGroupIs) {
  provider_.aws->regions = {"us-east-2", "eu-west-1"};
  provider_.aws->launch_hook = "bring-up";
  const runtime::CompleteLaunch launch{.provider = provider_,
                                       .server = "i-1",
                                       .provider_id = "aws:///eu-west-1a/i-1",
                                       .launch = "eu-west-1/web/eu",
                                       .listing = {}};
  answers_ = {
      rest::Response{.status = 200, .headers = {}, .body = "<CompleteLifecycleActionResponse/>"}};
  EXPECT_TRUE(cloud_.CompleteLaunch(launch, {}, now_ + std::chrono::seconds(10)).has_value());
  const rest::Request request = client_.requests().back();
  EXPECT_EQ(request.url, "https://autoscaling.eu-west-1.amazonaws.com/");
  EXPECT_EQ(request.body,
            "Action=CompleteLifecycleAction&Version=2011-01-01&AutoScalingGroupName=web%2Feu"
            "&InstanceId=i-1&LifecycleActionResult=CONTINUE&LifecycleHookName=bring-up");
  EXPECT_THAT(request.headers.at("Authorization"),
              HasSubstr("/eu-west-1/autoscaling/aws4_request"));
  answers_ = {Refusal(400, "ValidationError", "No active Lifecycle Action found")};
  const auto late = cloud_.CompleteLaunch(launch, {}, now_ + std::chrono::seconds(10));
  EXPECT_EQ(runtime::ReasonOf(late.error()), "NotWaiting");
  EXPECT_THAT(late.error().message,
              HasSubstr("ValidationError: No active Lifecycle Action found (request req-7)"));
  answers_ = {Refusal(403, "AccessDenied")};
  EXPECT_THAT(cloud_.CompleteLaunch(launch, {}, now_ + std::chrono::seconds(10)).error().message,
              HasSubstr("Allow autoscaling:CompleteLifecycleAction."));
  answers_ = {rest::Response{.status = 200, .headers = {}, .body = "<html>Please log in</html>"}};
  EXPECT_EQ(
      runtime::ReasonOf(cloud_.CompleteLaunch(launch, {}, now_ + std::chrono::seconds(10)).error()),
      "EndpointInvalid");
}

TEST_F(AwsCloudTest, ALaunchIsCompletedInTimeOrNotAtAllAndNotTriedAgain) {
  provider_.aws->launch_hook = "bring-up";
  const runtime::CompleteLaunch launch{.provider = provider_,
                                       .server = "i-1",
                                       .provider_id = "aws:///eu-west-1a/i-1",
                                       .launch = "eu-west-1/web",
                                       .listing = {}};
  const rest::Response done{
      .status = 200, .headers = {}, .body = "<CompleteLifecycleActionResponse/>"};
  answers_ = {Refusal(503, "ServiceUnavailable"), done};
  const auto refused = cloud_.CompleteLaunch(launch, {}, now_ + std::chrono::seconds(10));
  EXPECT_EQ(runtime::ReasonOf(refused.error()), "ServiceUnavailable");
  EXPECT_EQ(asked(), 1U);
  now_ = now_ + std::chrono::minutes(1);
  EXPECT_FALSE(cloud_.CompleteLaunch(launch, {}, now_).has_value());
  EXPECT_EQ(asked(), 1U);
  EXPECT_TRUE(cloud_.CompleteLaunch(launch, {}, now_ + std::chrono::seconds(3)).has_value());
  EXPECT_LE(client_.requests().back().deadline, std::chrono::seconds(3));
}

TEST_F(AwsCloudTest, AnotherEndpointIsThatOfTheFleet) {
  provider_.aws->endpoint = "https://vpce-1.example/";
  answers_ = {Page({})};
  EXPECT_EQ(Failure(), "it listed 0");
  EXPECT_EQ(client_.requests().back().url, "https://vpce-1.example/");
}

TEST_F(AwsCloudTest, WhatTheEnvironmentNamesIsAskedOverTlsOrOnThisMachine) {
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

TEST_F(AwsCloudTest, WithoutCredentialsNobodyIsAsked) {
  keys_ = false;
  EXPECT_THAT(Failure(), HasSubstr("CredentialsMissing: "));
  EXPECT_EQ(asked(), 0U);
}

}  // namespace
}  // namespace slipway::cloud::aws
