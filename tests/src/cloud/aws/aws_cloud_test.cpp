#include <algorithm>

#include "tests/src/cloud/aws/aws_cloud_fixture.hpp"

// The whole way from a Fleet's provider to a list.
namespace slipway::cloud::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

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

}  // namespace
}  // namespace slipway::cloud::aws
