#include "src/cloud/exec/inventory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace slipway::cloud {
namespace {

using runtime::ListedServer;
using runtime::MachineState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::vector<ListedServer> Read(const std::string& text) {
  auto servers = ReadInventory(text);
  EXPECT_TRUE(servers.has_value()) << servers.error().message;
  return servers.has_value() ? std::move(servers.value()) : std::vector<ListedServer>();
}

std::string Refusal(const std::string& text) {
  const auto servers = ReadInventory(text);
  EXPECT_FALSE(servers.has_value());
  return servers.has_value() ? "" : servers.error().message;
}

TEST(Inventory, OurFormSaysEverythingThatThereIs) {
  const auto servers = Read(R"({"servers": [
      {"name": "web-1", "address": "10.0.0.1", "id": "i-1", "labels": {"role": "web"}},
      {"address": "10.0.0.2", "state": "stopped"},
      {"name": "web-3", "state": "terminated"}]})");
  ASSERT_THAT(servers, SizeIs(3));
  EXPECT_EQ(servers[0], (ListedServer{.name = "web-1",
                                      .address = "10.0.0.1",
                                      .provider_id = "exec://i-1",
                                      .labels = {{"role", "web"}}}));
  EXPECT_EQ(servers[1].name, "10-0-0-2");
  EXPECT_EQ(servers[1].state, MachineState::kStopped);
  EXPECT_EQ(servers[2].state, MachineState::kTerminated);
}

TEST(Inventory, NoServersIsAList) { EXPECT_THAT(Read(R"({"servers": []})"), IsEmpty()); }

TEST(Inventory, AnsibleHostsAreServersAndGroupsAreLabels) {
  const auto servers = Read(R"({
      "_meta": {"hostvars": {"web1.example.org": {"ansible_host": "10.0.0.1", "x": 1}, "lone": {}}},
      "all": {"children": ["ungrouped", "prod"]},
      "ungrouped": {"hosts": ["lone"]},
      "prod": {"children": ["web", "prod"], "vars": {"a": "b"}},
      "web": {"hosts": ["web1.example.org"]},
      "old": ["db-1"]})");
  ASSERT_THAT(servers, SizeIs(3));
  const auto web = std::ranges::find(servers, "web1-example-org", &ListedServer::name);
  ASSERT_NE(web, servers.end());
  EXPECT_EQ(web->address, "10.0.0.1");
  EXPECT_EQ(web->provider_id, "exec://web1.example.org");
  EXPECT_THAT(web->labels.ToMap(), UnorderedElementsAre(Pair("group.slipway.dev/web", "true"),
                                                        Pair("group.slipway.dev/prod", "true")));
  const auto lone = std::ranges::find(servers, "lone", &ListedServer::name);
  EXPECT_EQ(lone->address, "lone");
  EXPECT_TRUE(lone->labels.empty());
}

TEST(Inventory, AGroupIsALabelWhateverItIsCalled) {
  const std::string long_name(80, 'g');
  const auto servers =
      Read(R"({"_web": ["a"], "web!": ["a"], "web": ["a"], "Größe 7": ["a"], "/": ["a"],
      ")" + long_name +
           R"(": ["a"]})");
  ASSERT_THAT(servers, SizeIs(1));
  const auto labels = servers.front().labels.ToMap();
  EXPECT_THAT(labels, SizeIs(6)) << "no two are one";
  const std::string prefix = "group.slipway.dev/";
  EXPECT_TRUE(labels.contains(prefix + "web"));
  EXPECT_TRUE(labels.contains(prefix + "web--64dd9201c7")) << "_web";
  EXPECT_TRUE(labels.contains(prefix + "web_--51f72a3ac4")) << "web!";
}

TEST(Inventory, OneBadEntrySpoilsTheList) {
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1"}, {"labels": {}}]})"),
              HasSubstr("servers[1]: needs a name"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "Web 1"}]})"), HasSubstr("servers[0].name"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1", "adress": "10.0.0.1"}]})"),
              HasSubstr("no field adress"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": 7}]})"), HasSubstr("name must be a text"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1", "state": "asleep"}]})"),
              HasSubstr("must be running, standby, stopped or terminated"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1", "labels": {"a b": "c"}}]})"),
              HasSubstr("label \"a b\""));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1", "labels": {"a": "b c"}}]})"),
              HasSubstr("is no value of a label"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1", "labels": {"slipway.dev/fleet": "x"}}]})"),
              HasSubstr("not of slipway.dev"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1", "address": "a b"}]})"),
              HasSubstr("servers[0].address"));
  EXPECT_THAT(Refusal(R"({"servers": ["web-1", {"name": "web-2"}]})"), HasSubstr("list of names"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1"}, 7]})"), HasSubstr("must be an object"));
}

TEST(Inventory, WhatIsNoListIsRefused) {
  EXPECT_THAT(Refusal(""), HasSubstr("JSON"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "web-1"})"), HasSubstr("JSON")) << "cut off";
  EXPECT_THAT(Refusal("[]"), HasSubstr("must be a JSON object"));
  EXPECT_THAT(Refusal(R"({"servers": [], "next": "page-2"})"), HasSubstr("nothing beside servers"));
  EXPECT_THAT(Refusal("{}"), HasSubstr("where there are no servers, it must say so"));
  EXPECT_THAT(Refusal(R"({"error": {"code": 429, "message": "slow down"}})"),
              HasSubstr("error: has no field code"));
  EXPECT_THAT(Refusal(R"({"web": {"host": ["web-1"]}})"), HasSubstr("web: has no field host;"));
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "a"}], "servers": []})"),
              HasSubstr("servers: stands there twice"));
  EXPECT_THAT(Refusal(R"({"web": "web-1"})"), HasSubstr("web: must be a group"));
  EXPECT_THAT(Refusal(R"({"web": {"hosts": "web-1"}})"), HasSubstr("web.hosts"));
  EXPECT_THAT(Refusal(R"({"_meta": {"hostvars": []}})"), HasSubstr("hostvars"));
  EXPECT_THAT(Refusal(R"({"web": {"hosts": ["web-1"]}, "_meta": {"hostvars": {"web-1": 7}}})"),
              HasSubstr("variables must be an object"));
}

TEST(Inventory, HasBounds) {
  EXPECT_THAT(Refusal(R"({"servers": [{"name": "a", "id": ")" + std::string(501, 'x') + R"("}]})"),
              HasSubstr("its id is longer than 500 bytes"));
  std::string chain = "{";
  for (int i = 0; i < 200'000; ++i) {
    chain += (i == 0 ? "\"g" : ",\"g") + std::to_string(i) + R"(":{"children":["g)" +
             std::to_string(i + 1) + R"("]})";
  }
  EXPECT_THAT(Refusal(chain + "}"), HasSubstr("more than 1000 groups"));
  std::string many = R"({"servers": [{"name": "a"})";
  for (int i = 0; i < 10'000; ++i) {
    many += R"(,{"name":"a)" + std::to_string(i) + R"("})";
  }
  EXPECT_THAT(Refusal(many + "]}"), HasSubstr("more than 10000 servers"));
}

}  // namespace
}  // namespace slipway::cloud
