#include "src/cloud/file/server_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace slipway::cloud {
namespace {

using runtime::ListedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<ListedServer> ServersIn(const std::string& text) {
  auto servers = ReadServerList(text);
  EXPECT_TRUE(servers.has_value()) << servers.error().message;
  return servers.has_value() ? std::move(servers.value()) : std::vector<ListedServer>();
}

std::string FaultOf(const std::string& text) {
  const auto servers = ReadServerList(text);
  EXPECT_FALSE(servers.has_value()) << text;
  return servers.has_value() ? "" : servers.error().message;
}

TEST(ServerList, ServersAreWrittenAsInAFleet) {
  const std::string yaml = R"(# of the rack
servers:
- name: web-1
  address: 10.0.0.1
  labels: {role: web, example.org/zone: a}
- address: Web-2.example.org
- {name: web-3}
)";
  const auto servers = ServersIn(yaml);
  EXPECT_THAT(
      servers,
      ElementsAre(ListedServer{.name = "web-1",
                               .address = "10.0.0.1",
                               .provider_id = "",
                               .labels = {{"role", "web"}, {"example.org/zone", "a"}}},
                  ListedServer{.name = "web-2-example-org",
                               .address = "Web-2.example.org",
                               .provider_id = "",
                               .labels = {}},
                  ListedServer{.name = "web-3", .address = "", .provider_id = "", .labels = {}}));
  EXPECT_EQ(servers, ServersIn(R"({"servers": [{"name": "web-1", "address": "10.0.0.1",
      "labels": {"role": "web", "example.org/zone": "a"}}, {"address": "Web-2.example.org"}, {"name": "web-3"}]})"));
}

TEST(ServerList, NothingIsNoListUnlessItSaysSo) {
  EXPECT_THAT(ServersIn("servers: []"), IsEmpty());
  for (const char* nothing : {"", "\n", "---\n", "# servers: []\n", "null"}) {
    EXPECT_THAT(FaultOf(nothing), HasSubstr("it is empty")) << nothing;
  }
  EXPECT_THAT(FaultOf("servers:"), HasSubstr("servers must be a list"));
  EXPECT_THAT(FaultOf("{}"), HasSubstr("must be a mapping with a list, servers"));
  EXPECT_THAT(FaultOf("[]"), HasSubstr("must be a mapping"));
  EXPECT_THAT(FaultOf("7"), HasSubstr("must be a mapping"));
}

TEST(ServerList, WhatIsHalfWrittenIsNoList) {
  EXPECT_THAT(FaultOf("servers:\n- name: web-1\n- name:"), HasSubstr("servers[1]"));
  EXPECT_THAT(FaultOf("servers:\n- name: web-1\n  address:"),
              HasSubstr("servers[0].address (web-1)"));
  EXPECT_THAT(FaultOf("servers:\n- name: web-1\n-"), HasSubstr("servers[1]"));
  EXPECT_THAT(FaultOf("servers:\n- {name: web-1,\n"), HasSubstr("line "));
  EXPECT_THAT(FaultOf(R"({"servers": [{"name": "web-1"})"), HasSubstr("line 1"));
}

TEST(ServerList, OneFaultSpoilsTheWholeListAndIsNamed) {
  EXPECT_EQ(FaultOf("servers:\n- name: web-1\n- name: web-2\n  colour: red\n"),
            "servers[1].colour (web-2): there is no such field");
  EXPECT_THAT(FaultOf("servers: [{name: web-1}, {name: web-1}]"),
              HasSubstr("\"web-1\": another server of this fleet has this name"));
  EXPECT_THAT(FaultOf("servers: [{name: Web_1}]"), HasSubstr("servers[0].name (Web_1): "));
  EXPECT_THAT(FaultOf("servers: [{address: 10.0.0.1, labels: {role: a b}}]"),
              HasSubstr("servers[0].labels.role (10.0.0.1): "));
  EXPECT_THAT(FaultOf("servers: [{name: a, labels: {slipway.dev/fleet: b}}]"),
              HasSubstr("labels of slipway.dev are set by Slipway"));
  EXPECT_THAT(FaultOf("servers: [{labels: {a: b}}]"), HasSubstr("must have a name or an address"));
  EXPECT_THAT(FaultOf("servers: [web-1]"), HasSubstr("servers[0]: "));
  EXPECT_THAT(FaultOf("servers: []\nfile: /etc/shadow\n"), HasSubstr("nothing beside servers"));
  EXPECT_THAT(FaultOf("servers: []\n---\nservers: []\n"), HasSubstr("one document, and holds 2"));
  EXPECT_THAT(FaultOf("servers:\n- name: web-1\n  name: web-2\n"), HasSubstr("line 3"));
  EXPECT_THAT(FaultOf("servers:\n  - name: web-1\n\t- x"), HasSubstr("line 3"));
}

TEST(ServerList, ALargeListIsReadAndALargerOneRefused) {
  std::string text = "servers:\n";
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    text += "- {name: web-" + number + ", address: web-" + number +
            ".example.org, labels: {role: web, zone: a, tier: b, size: m5.large, env: production, "
            "rack: r" +
            number + "}}\n";
  }
  EXPECT_EQ(ServersIn(text).size(), 10'000u);
  EXPECT_THAT(FaultOf(text + "- {name: one-more}\n"), HasSubstr("10000"));
}

}  // namespace
}  // namespace slipway::cloud
