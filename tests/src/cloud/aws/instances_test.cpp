#include "src/cloud/aws/instances.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::cloud::aws {
namespace {

using runtime::MachineState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string PageOf(const std::string& items, const std::string& token = "") {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>8f7724cf</requestId><reservationSet>)" +
         items + "</reservationSet>" +
         (token.empty() ? "" : "<nextToken>" + token + "</nextToken>") +
         "</DescribeInstancesResponse>";
}

std::string Reservation(const std::string& instances) {
  return "<item><reservationId>r-1</reservationId><instancesSet>" + instances +
         "</instancesSet></item>";
}

constexpr const char* kWeb = R"(<item>
  <instanceId>i-0a1b2c3d4e5f60718</instanceId>
  <imageId>ami-0abcdef1234567890</imageId>
  <instanceState><code>16</code><name>running</name></instanceState>
  <instanceType>m7g.large</instanceType>
  <launchTime>2026-01-02T03:04:05.000Z</launchTime>
  <placement><availabilityZone>eu-west-1b</availabilityZone><tenancy>default</tenancy></placement>
  <privateIpAddress>10.0.0.7</privateIpAddress>
  <ipAddress>203.0.113.7</ipAddress>
  <networkInterfaceSet>
    <item><networkInterfaceId>eni-1</networkInterfaceId></item>
    <item><ipv6AddressesSet><item><ipv6Address>2001:db8::7</ipv6Address></item></ipv6AddressesSet></item>
  </networkInterfaceSet>
  <tagSet>
    <item><key>Name</key><value>web one</value></item>
    <item><key>role</key><value>web</value></item>
    <item><key>aws:autoscaling:groupName</key><value>web-group</value></item>
    <item><key>aws:cloudformation:stack-id</key><value>arn:aws:…</value></item>
  </tagSet>
</item>)";

std::string InState(const std::string& state) {
  return "<item><instanceId>i-1</instanceId><instanceState><name>" + state +
         "</name></instanceState></item>";
}

Result<InstancePage> Read(const std::string& xml,
                          api::AddressChoice choice = api::AddressChoice::kPrivate) {
  return ReadInstances(xml, "eu-west-1", choice);
}

std::string Complaint(const std::string& xml) {
  const auto page = Read(xml);
  return page.has_value() ? "" : page.error().message;
}

TEST(Instances, AnInstanceBecomesAServer) {
  const auto page = Read(PageOf(Reservation(kWeb), "next=="));
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page.value().next, "next==");
  ASSERT_THAT(page.value().servers, SizeIs(1));
  const runtime::ListedServer& server = page.value().servers.front();
  EXPECT_EQ(server.name, "i-0a1b2c3d4e5f60718");
  EXPECT_EQ(server.address, "10.0.0.7");
  EXPECT_EQ(server.provider_id, "aws:///eu-west-1b/i-0a1b2c3d4e5f60718");
  EXPECT_EQ(server.state, MachineState::kRunning);
  EXPECT_EQ(page.value().groups, (std::map<std::string, std::string>{{server.name, "web-group"}}));
  auto labels = server.labels.ToMap();
  EXPECT_THAT(labels["tag.slipway.dev/Name"], HasSubstr("web_one--"));
  labels.erase("tag.slipway.dev/Name");
  EXPECT_EQ(labels, (std::map<std::string, std::string>{
                        {"tag.slipway.dev/role", "web"},
                        {"topology.kubernetes.io/region", "eu-west-1"},
                        {"topology.kubernetes.io/zone", "eu-west-1b"},
                        {"node.kubernetes.io/instance-type", "m7g.large"},
                        {"instance.slipway.dev/image", "ami-0abcdef1234567890"},
                        {"instance.slipway.dev/group", "web-group"},
                        {"instance.slipway.dev/launched", "2026-01-02T030405Z"}}));
}

TEST(Instances, TheFleetChoosesTheAddress) {
  const std::string xml = PageOf(Reservation(kWeb));
  EXPECT_EQ(Read(xml, api::AddressChoice::kPublic).value().servers.front().address, "203.0.113.7");
  EXPECT_EQ(Read(xml, api::AddressChoice::kIPv6).value().servers.front().address, "2001:db8::7");
  EXPECT_EQ(Read(PageOf(Reservation(InState("running")))).value().servers.front().address, "")
      << "one without is a server all the same";
}

TEST(Instances, EveryStateMeansSomething) {
  const std::map<std::string, MachineState> meanings = {
      {"pending", MachineState::kRunning},          {"running", MachineState::kRunning},
      {"stopping", MachineState::kStopped},         {"stopped", MachineState::kStopped},
      {"shutting-down", MachineState::kTerminated}, {"terminated", MachineState::kTerminated}};
  for (const auto& [name, meaning] : meanings) {
    EXPECT_EQ(Read(PageOf(Reservation(InState(name)))).value().servers.front().state, meaning)
        << name;
  }
}

TEST(Instances, APageMayBeEmptyAndNotTheLast) {
  const auto page = Read(PageOf("", "more"));
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(page.value().servers, IsEmpty());
  EXPECT_EQ(page.value().next, "more");
}

TEST(Instances, WhatIsNoWholePageIsAnError) {
  EXPECT_THAT(Complaint(""), HasSubstr("it is no XML"));
  EXPECT_THAT(Complaint("<html><body>Welcome</body></html>"),
              HasSubstr("it is no list of instances"));
  EXPECT_THAT(Complaint("<DescribeInstancesResponse/>"), HasSubstr("it is no list of instances"));
  EXPECT_THAT(Complaint(PageOf(Reservation("<item/>"))), HasSubstr("has no id"));
  for (const char* reservation :
       {"<item/>", "<item><reservationId/></item>", "<item><instancesSet/></item>"}) {
    EXPECT_THAT(Complaint(PageOf(reservation)), HasSubstr("holds no instances")) << reservation;
  }
  EXPECT_THAT(Complaint(PageOf(Reservation(InState("hibernating")))),
              HasSubstr("i-1 has the state \"hibernating\""));
  EXPECT_THAT(Complaint(PageOf(Reservation(InState("")))), HasSubstr("i-1 has the state"));
  EXPECT_THAT(Complaint(PageOf("</reservationSet><reservationSet>")),
              HasSubstr("two pages in one"));
  EXPECT_THAT(
      Complaint(PageOf(
          "</reservationSet><nextToken>a</nextToken><nextToken>b</nextToken><reservationSet>")),
      HasSubstr("two pages in one"));
  const std::string whole = PageOf(Reservation(kWeb));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_NE(Complaint(whole.substr(0, length)), "")
        << length << " of " << whole.size() << " bytes";
  }
}

TEST(Instances, OneByteThatIsNoTextSpoilsThePageAndNoMessage) {
  const auto with = [](std::string_view part, std::string_view instead) {
    std::string xml = PageOf(Reservation(kWeb));
    return xml.replace(xml.find(part), part.size(), instead);
  };
  EXPECT_THAT(Complaint(with("i-0a1b2c3d4e5f60718", "i-0a1b\xff")), HasSubstr("has no id"));
  EXPECT_THAT(Complaint(with("i-0a1b2c3d4e5f60718", "i-0a/../b")), HasSubstr("has no id"));
  EXPECT_EQ(Complaint(with("eu-west-1b", "eu-west-1\xff")),
            "instance i-0a1b2c3d4e5f60718 is in \"eu-west-1?\", which is no zone");
  EXPECT_EQ(Complaint(with("eu-west-1b", "eu west/1b")),
            "instance i-0a1b2c3d4e5f60718 is in \"eu west/1b\", which is no zone");
  EXPECT_THAT(Complaint(with("running", "runn\xff")), HasSubstr("has the state \"runn?\""));
  const auto tagged = Read(with("web one", "web\xff"));
  ASSERT_TRUE(tagged.has_value());
  EXPECT_THAT(tagged.value().servers.front().labels.ToMap().at("tag.slipway.dev/Name"),
              HasSubstr("web_--"))
      << "a label holds what a label may";
}

TEST(Instances, EverythingThatNarrowsTheListIsAFilter) {
  const api::AwsProvider provider{
      .regions = {"eu-west-1"},
      .tags = {{"role", "w*b"}},
      .vpc = "vpc-1",
      .auto_scaling_group = "web",
      .filters = {{.name = "instance-type", .values = {"m7*", "t3.micro"}}}};
  const Query query = DescribeInstances(provider, "t");
  EXPECT_EQ(query.parameters, (std::vector<std::pair<std::string, std::string>>{
                                  {"MaxResults", "1000"},
                                  {"Filter.1.Name", "tag:role"},
                                  {"Filter.1.Value.1", "w\\*b"},
                                  {"Filter.2.Name", "vpc-id"},
                                  {"Filter.2.Value.1", "vpc-1"},
                                  {"Filter.3.Name", "tag:aws:autoscaling:groupName"},
                                  {"Filter.3.Value.1", "web"},
                                  {"Filter.4.Name", "instance-type"},
                                  {"Filter.4.Value.1", "m7*"},
                                  {"Filter.4.Value.2", "t3.micro"},
                                  {"NextToken", "t"}}));
}

}  // namespace
}  // namespace slipway::cloud::aws
