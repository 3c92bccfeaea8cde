#include "src/cloud/aws/groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace slipway::cloud::aws {
namespace {

using ::testing::HasSubstr;

std::string GroupXml(const std::string& instances, const std::string& token = "") {
  return "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><"
         "member>"
         "<AutoScalingGroupName>web</AutoScalingGroupName><Instances>" +
         instances + "</Instances></member></AutoScalingGroups><NextToken>" + token +
         "</NextToken></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
}

std::string InstanceIn(const std::string& id, const std::string& state) {
  return "<member><InstanceId>" + id + "</InstanceId><LifecycleState>" + state +
         "</LifecycleState></member>";
}

TEST(Groups, AnInstanceIsWhereItsGroupSays) {
  const auto page = ReadGroups(
      GroupXml(InstanceIn("i-1", "Pending:Wait") + InstanceIn("i-2", "InService"), "more"));
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page.value().members,
            (std::map<std::string, GroupMember>{{"i-1", {.group = "web", .state = "Pending:Wait"}},
                                                {"i-2", {.group = "web", .state = "InService"}}}));
  EXPECT_EQ(page.value().next, "more");
}

TEST(Groups, ALaunchIsCompletedWithEverythingThatNamesIt) {
  const Query query = CompleteLaunchAction({.hook = "bring-up", .group = "web", .instance = "i-1"});
  EXPECT_EQ(query.action, "CompleteLifecycleAction");
  EXPECT_EQ(query.parameters,
            (std::vector<std::pair<std::string, std::string>>{{"AutoScalingGroupName", "web"},
                                                              {"InstanceId", "i-1"},
                                                              {"LifecycleActionResult", "CONTINUE"},
                                                              {"LifecycleHookName", "bring-up"}}));
  EXPECT_TRUE(
      IsCompleted("<CompleteLifecycleActionResponse><CompleteLifecycleActionResult/>"
                  "</CompleteLifecycleActionResponse>"));
  EXPECT_FALSE(IsCompleted("<html/>"));
  EXPECT_FALSE(IsCompleted(""));
}

TEST(Groups, ANameThatIsNoTextIsAnError) {
  std::string xml = GroupXml(InstanceIn("i-1", "InService"));
  const std::string name = "<AutoScalingGroupName>web";
  xml.replace(xml.find(name), name.size(),
              "<AutoScalingGroupName>w\xff"
              "b");
  EXPECT_THAT(ReadGroups(xml).error().message, HasSubstr("an Auto Scaling group has no name"));
}

TEST(Groups, WhatIsNoPageIsAnError) {
  EXPECT_THAT(ReadGroups("").error().message, HasSubstr("no XML"));
  EXPECT_THAT(ReadGroups("<html/>").error().message, HasSubstr("no list of Auto Scaling groups"));
  EXPECT_THAT(ReadGroups(GroupXml(InstanceIn("i-1", ""))).error().message,
              HasSubstr("an instance of group web has no id or no state"));
  EXPECT_THAT(ReadGroups(GroupXml(InstanceIn("", "InService"))).error().message,
              HasSubstr("no id or no state"));
  EXPECT_THAT(ReadGroups("<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
                         "<AutoScalingGroups><member/></AutoScalingGroups>"
                         "</DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>")
                  .error()
                  .message,
              HasSubstr("an Auto Scaling group has no name"));
}

TEST(Groups, TheQuestionNamesThem) {
  const std::vector<std::string> names = {"web", "db"};
  EXPECT_EQ(
      DescribeGroups(names, "t").parameters,
      (std::vector<std::pair<std::string, std::string>>{{"MaxRecords", "50"},
                                                        {"AutoScalingGroupNames.member.1", "web"},
                                                        {"AutoScalingGroupNames.member.2", "db"},
                                                        {"NextToken", "t"}}));
}

}  // namespace
}  // namespace slipway::cloud::aws
