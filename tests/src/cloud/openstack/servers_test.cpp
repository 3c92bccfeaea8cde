#include "src/cloud/openstack/servers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"

namespace slipway::cloud::openstack {
namespace {

using nlohmann::json;
using runtime::MachineState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kId = "9f2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c11";
constexpr const char* kWeb = R"({
  "id": "9f2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c11", "name": "web 1", "status": "ACTIVE", "created": "2026-01-02T03:04:05Z",
  "metadata": {"role": "web"}, "tags": ["pet", "role"], "image": {"id": "4f4e8f4e-1111-4222-8333-444455556666"},
  "flavor": {"original_name": "m1.small", "vcpus": 1}, "OS-EXT-AZ:availability_zone": "az-1", "OS-EXT-STS:power_state": 1,
  "addresses": {
    "dmz": [{"version": 4, "addr": "10.1.0.7", "OS-EXT-IPS:type": "fixed"}],
    "private": [{"version": 6, "addr": "fd00::7", "OS-EXT-IPS:type": "fixed"},
                {"version": 4, "addr": "203.0.113.7", "OS-EXT-IPS:type": "floating"},
                {"version": 4, "addr": "10.0.0.7", "OS-EXT-IPS:type": "fixed"}]}
})";

json PageOf(const json& server) { return {{"servers", json::array({server})}}; }

Result<ServerPage> Read(const json& page, const api::OpenstackProvider& provider = {}) {
  return ReadServers(PrintJson(page), provider, "RegionOne");
}

std::string Complaint(const json& page) {
  const auto read = Read(page);
  return read.has_value() ? "" : read.error().message;
}

/// The page of one server, with something in it changed.
std::string ComplaintWith(const char* pointer, const json& value) {
  json page = PageOf(json::parse(kWeb));
  page[json::json_pointer(pointer)] = value;
  return Complaint(page);
}

runtime::ListedServer OnlyServer(const json& server, const api::OpenstackProvider& provider = {}) {
  const auto page = Read(PageOf(server), provider);
  EXPECT_TRUE(page.has_value()) << page.error().message;
  EXPECT_THAT(page.value().servers, SizeIs(1));
  return page.value().servers.front();
}

bool IsIn(const api::OpenstackProvider& provider) {
  const auto page = Read(PageOf(json::parse(kWeb)), provider);
  EXPECT_THAT(page.value().ids, ElementsAre(kId)) << "it is there, also where it does not fit";
  return !page.value().servers.empty();
}

TEST(OpenstackServers, AMachineBecomesAServer) {
  const runtime::ListedServer server = OnlyServer(json::parse(kWeb));
  EXPECT_EQ(server.name, kId);
  EXPECT_EQ(server.provider_id, std::string("openstack:///") + kId);
  EXPECT_EQ(server.address, "10.1.0.7") << "of the first network by name";
  EXPECT_EQ(server.state, MachineState::kRunning);
  std::map<std::string, std::string> labels = server.labels.ToMap();
  EXPECT_THAT(labels["instance.slipway.dev/name"], HasSubstr("web_1--"));
  labels.erase("instance.slipway.dev/name");
  EXPECT_EQ(labels, (std::map<std::string, std::string>{
                        {"tag.slipway.dev/role", "web"},
                        {"tag.slipway.dev/pet", ""},
                        {"topology.kubernetes.io/region", "RegionOne"},
                        {"topology.kubernetes.io/zone", "az-1"},
                        {"node.kubernetes.io/instance-type", "m1.small"},
                        {"instance.slipway.dev/image", "4f4e8f4e-1111-4222-8333-444455556666"},
                        {"instance.slipway.dev/launched", "2026-01-02T030405Z"}}));
}

TEST(OpenstackServers, TheAddressIsTheOneThatIsWanted) {
  const json web = json::parse(kWeb);
  using api::AddressChoice;
  EXPECT_EQ(OnlyServer(web, {.address = AddressChoice::kPublic}).address, "203.0.113.7");
  EXPECT_EQ(OnlyServer(web, {.address = AddressChoice::kIPv6}).address, "fd00::7");
  EXPECT_EQ(OnlyServer(web, {.networks = {"none", "private", "dmz"}}).address, "10.0.0.7");
  EXPECT_EQ(OnlyServer(web, {.networks = {"dmz"}, .address = AddressChoice::kPublic}).address, "");
  EXPECT_EQ(OnlyServer({{"id", kId}, {"name", ""}, {"status", "BUILD"}}).address, "");
  json odd = web;
  odd["addresses"]["dmz"] = {"10.1.0.7", 7, {{"version", "4"}, {"addr", "10.1.0.7"}}};
  EXPECT_EQ(OnlyServer(odd).address, "10.0.0.7") << "what is no address is none";
}

TEST(OpenstackServers, EveryFieldNarrows) {
  EXPECT_TRUE(IsIn({.metadata = {{"role", "web"}}}));
  EXPECT_FALSE(IsIn({.metadata = {{"role", "db"}}}));
  EXPECT_FALSE(IsIn({.metadata = {{"role", "web"}, {"pet", ""}}})) << "a tag is no metadata";
  EXPECT_TRUE(IsIn({.availability_zones = {"az-2", "az-1"}}));
  EXPECT_FALSE(IsIn({.availability_zones = {"az-2"}}));
  EXPECT_TRUE(IsIn({.networks = {"private", "none"}}));
  EXPECT_FALSE(IsIn({.networks = {"none"}}));
  EXPECT_FALSE(IsIn({.metadata = {{"role", "web"}}, .networks = {"none"}})) << "all must fit";
}

TEST(OpenstackServers, EachStatusIsAState) {
  const auto state = [](const char* status) {
    json server = json::parse(kWeb);
    server["status"] = status;
    return OnlyServer(server).state;
  };
  for (const char* status : {"ACTIVE", "BUILD", "HARD_REBOOT", "MIGRATING", "PASSWORD", "REBOOT",
                             "REBUILD", "RESCUE", "RESIZE", "REVERT_RESIZE", "VERIFY_RESIZE"}) {
    EXPECT_EQ(state(status), MachineState::kRunning) << status;
  }
  for (const char* status : {"PAUSED", "SHELVED", "SHELVED_OFFLOADED", "SHUTOFF", "SUSPENDED"}) {
    EXPECT_EQ(state(status), MachineState::kStopped) << status;
  }
  EXPECT_EQ(state("DELETED"), MachineState::kTerminated);
  EXPECT_EQ(state("SOFT_DELETED"), MachineState::kTerminated);
}

TEST(OpenstackServers, AnErrorStopsOnlyWhatWasNeverLaunched) {
  json server = json::parse(kWeb);
  server["status"] = "ERROR";
  EXPECT_EQ(OnlyServer(server).state, MachineState::kRunning) << "nobody says that it was not";
  for (const int power : {0, 1, 4}) {
    server["OS-EXT-STS:power_state"] = power;
    server["OS-SRV-USG:launched_at"] = "2026-01-02T03:04:05.000000";
    EXPECT_EQ(OnlyServer(server).state, MachineState::kRunning) << power;
    server["OS-SRV-USG:launched_at"] = nullptr;
    EXPECT_EQ(OnlyServer(server).state, MachineState::kStopped) << power;
  }
}

TEST(OpenstackServers, AnUnknownStatusMattersOnlyWhereTheServerFits) {
  const std::string said = std::string("server ") + kId + " has the status ";
  EXPECT_EQ(ComplaintWith("/servers/0/status", "UNKNOWN"),
            said + "\"UNKNOWN\", which nobody here knows");
  EXPECT_EQ(ComplaintWith("/servers/0/status", nullptr), said + "\"\", which nobody here knows");
  json server = json::parse(kWeb);
  server["status"] = "UNKNOWN";
  const auto page = Read(PageOf(server), {.metadata = {{"role", "db"}}});
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(page.value().servers, IsEmpty());
}

TEST(OpenstackServers, AServerOfACellThatDoesNotAnswerSpoilsTheList) {
  const json partial = {{"id", kId}, {"status", "UNKNOWN"}, {"created", "2026-01-02T03:04:05Z"}};
  const auto read = Read(PageOf(partial), {.metadata = {{"role", "db"}}});
  ASSERT_FALSE(read.has_value()) << "nobody knows whether it fits";
  EXPECT_EQ(read.error().message, std::string("server ") + kId +
                                      " is only named, because its cell of Nova does not answer");
}

TEST(OpenstackServers, WhatIsNoListIsRefused) {
  EXPECT_EQ(ReadServers("<html>", {}, "").error().message, "it is no JSON");
  for (const char* text : {"[]", "{}", "7", R"({"servers": {}})", R"({"servers": null})",
                           R"({"servers": [], "servers_links": {}})"}) {
    EXPECT_EQ(ReadServers(text, {}, "").error().message, "it is no list of servers") << text;
  }
  EXPECT_EQ(ComplaintWith("/servers/0", 7), "one of its servers has no id");
  for (const json& id : {json(nullptr), json(7), json(""), json("web-1"),
                         json("9F2B7A40-0d7e-4a3c-8f51-6f2f1c3f7c11"),
                         json("../../../../../../../../../etc/passwd0"),
                         json("------------------------------------")}) {
    EXPECT_EQ(ComplaintWith("/servers/0/id", id), "one of its servers has no id") << id;
  }
  const std::string which = std::string("server ") + kId + " ";
  EXPECT_EQ(ComplaintWith("/servers/0/metadata", "x"), which + "is not described as servers are");
  EXPECT_EQ(ComplaintWith("/servers/0/metadata/a", 1), which + "has metadata that is no text");
  EXPECT_EQ(ComplaintWith("/servers/0/tags", "x"), which + "is not described as servers are");
  EXPECT_EQ(ComplaintWith("/servers/0/addresses", {1}), which + "is not described as servers are");
  EXPECT_EQ(ComplaintWith("/servers/0/addresses/dmz", {{"a", 1}}),
            which + "is not described as servers are");
  EXPECT_EQ(ComplaintWith("/servers/0/flavor", 7), "") << "a label less";
  EXPECT_EQ(ComplaintWith("/servers/0/image", ""), "") << "it boots from a volume";
}

TEST(OpenstackServers, WhoIsDeletedOrOfAnotherProjectIsOnNoList) {
  const auto is_on_lists = [](const json& server) {
    const auto there = IsOnLists(PrintJson({{"server", server}}), kId, "p1");
    return there.has_value() ? std::to_string(static_cast<int>(there.value()))
                             : there.error().message;
  };
  EXPECT_EQ(is_on_lists({{"id", kId}, {"status", "ACTIVE"}, {"tenant_id", "p1"}}), "1");
  EXPECT_EQ(is_on_lists({{"id", kId}, {"status", "UNKNOWN"}}), "1");
  EXPECT_EQ(is_on_lists({{"id", kId}}), "1") << "what is not known is no deletion";
  EXPECT_EQ(is_on_lists({{"id", kId}, {"status", "DELETED"}, {"tenant_id", "p1"}}), "0");
  EXPECT_EQ(is_on_lists({{"id", kId}, {"status", "SOFT_DELETED"}}), "0");
  EXPECT_EQ(is_on_lists({{"id", kId}, {"status", "ACTIVE"}, {"tenant_id", "p2"}}), "0");
  const std::string odd = std::string("what it says of server ") + kId + " is no server of that id";
  EXPECT_EQ(is_on_lists({{"status", "DELETED"}}), odd);
  EXPECT_EQ(is_on_lists(7), odd);
  EXPECT_EQ(IsOnLists("<html>", kId, "p1").error().message, odd);
}

TEST(OpenstackServers, OnlyTheMarkerOfALinkIsUsed) {
  const auto next = [](const json& links) {
    const auto page = Read({{"servers", json::array()}, {"servers_links", links}});
    return page.has_value() ? page.value().next : "not so: " + page.error().message;
  };
  const auto link = [](const std::string& href) {
    return json::array({{{"rel", "next"}, {"href", href}}});
  };
  const std::string id = kId;
  EXPECT_EQ(next(json::array()), "");
  EXPECT_EQ(next(json::array({{{"rel", "self"}, {"href", "?marker=" + id}}})), "");
  EXPECT_EQ(next(link("http://elsewhere.example.org/v2.1/servers/detail?marker=" + id)), id);
  EXPECT_EQ(next(link("/servers/detail?limit=5&marker=" + id + "&deleted=False")), id);
  for (const std::string& href : {std::string(), "marker=" + id, std::string("http://e/?marker="),
                                  std::string("http://e/?marker=../../etc"), "/s?mark=" + id}) {
    EXPECT_EQ(next(link(href)), "not so: it has a next page, and does not say which") << href;
  }
}

TEST(OpenstackServers, NothingIsAskedThatWouldHideACell) {
  EXPECT_EQ(ServersPath(""), "/servers/detail");
  EXPECT_EQ(ServersPath(kId), std::string("/servers/detail?marker=") + kId);
  EXPECT_EQ(ServerPath(kId), std::string("/servers/") + kId);
}

}  // namespace
}  // namespace slipway::cloud::openstack
