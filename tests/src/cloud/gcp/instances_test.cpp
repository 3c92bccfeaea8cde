#include "src/cloud/gcp/instances.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"

namespace slipway::cloud::gcp {
namespace {

using nlohmann::json;
using runtime::MachineState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kWeb = R"({
  "kind": "compute#instance", "id": "4520031799277581759", "name": "web-1",
  "creationTimestamp": "2026-01-02T03:04:05.678-08:00", "status": "RUNNING",
  "zone": "https://www.googleapis.com/compute/v1/projects/shop-prod/zones/europe-west1-b",
  "machineType": "https://www.googleapis.com/compute/v1/projects/shop-prod/zones/europe-west1-b/machineTypes/n2-standard-2",
  "labels": {"role": "web", "größe": "sehr groß"},
  "metadata": {"items": [{"key": "startup-script", "value": "x"}, {"key": "created-by",
    "value": "projects/1/zones/europe-west1-b/instanceGroupManagers/web-group"}]},
  "disks": [{"boot": true, "source": "https://…/disks/web-1"}],
  "networkInterfaces": [
    {"network": "https://www.googleapis.com/compute/v1/projects/net-prod/global/networks/shared"},
    {"network": "https://www.googleapis.com/compute/v1/projects/shop-prod/global/networks/default",
     "networkIP": "10.0.0.7", "accessConfigs": [{"type": "ONE_TO_ONE_NAT"}, {"natIP": "203.0.113.7"}],
     "ipv6AccessConfigs": [{"externalIpv6": "2001:db8::7"}]}]
})";

const api::GcpProvider& Everybody() {
  static const api::GcpProvider kProvider{.project = "shop-prod"};
  return kProvider;
}

json Instance(const std::string& status = "RUNNING") {
  return {{"id", "1"}, {"name", "a"}, {"status", status}};
}

/// A page with one instance.
json PageOf(const json& instance) {
  return {{"kind", "compute#instanceAggregatedList"},
          {"items",
           {{"zones/europe-west1-b", {{"instances", json::array({instance})}}},
            {"zones/europe-west1-c", {{"warning", {{"code", "NO_RESULTS_ON_PAGE"}}}}}}}};
}

/// A page, read to its end.
struct Whole {
  std::vector<runtime::ListedServer> servers;
  std::string next;
};

Result<Whole> ReadInstances(const std::string& text, const api::GcpProvider& provider) {
  SLIPWAY_TRY(page, InstancePage::Parse(text));
  SLIPWAY_TRY(servers, page.Servers(provider));
  return Whole{.servers = std::move(servers), .next = page.next()};
}

Result<Whole> Read(const json& page, const api::GcpProvider& provider = Everybody()) {
  return ReadInstances(PrintJson(page), provider);
}

std::string Complaint(const json& page) {
  const auto read = Read(page);
  return read.has_value() ? "" : read.error().message;
}

/// The page of one instance, with something in it changed.
std::string ComplaintWith(const char* pointer, const json& value) {
  json page = PageOf(json::parse(kWeb));
  page[json::json_pointer(pointer)] = value;
  return Complaint(page);
}

TEST(GcpInstances, AnInstanceBecomesAServer) {
  json text = PageOf(json::parse(kWeb));
  text["nextPageToken"] = "next==";
  const auto page = Read(text);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page.value().next, "next==");
  ASSERT_THAT(page.value().servers, SizeIs(1));
  const runtime::ListedServer& server = page.value().servers.front();
  EXPECT_EQ(server.name, "web-1-4520031799277581759");
  EXPECT_EQ(server.address, "10.0.0.7");
  EXPECT_EQ(server.provider_id, "gce://shop-prod/europe-west1-b/web-1");
  EXPECT_EQ(server.state, MachineState::kRunning);
  std::map<std::string, std::string> labels;
  for (const auto& [key, value] : server.labels.ToMap()) {
    if (key.starts_with("tag.slipway.dev/gr")) {
      EXPECT_THAT(value, HasSubstr("sehr_gro__-"));
    } else {
      labels[key] = value;
    }
  }
  EXPECT_EQ(labels, (std::map<std::string, std::string>{
                        {"tag.slipway.dev/role", "web"},
                        {"topology.kubernetes.io/region", "europe-west1"},
                        {"topology.kubernetes.io/zone", "europe-west1-b"},
                        {"node.kubernetes.io/instance-type", "n2-standard-2"},
                        {"instance.slipway.dev/group", "web-group"},
                        {"instance.slipway.dev/launched", "2026-01-02T110405Z"}}));
}

TEST(GcpInstances, TheFleetChoosesTheAddress) {
  const auto address = [](api::AddressChoice choice, const json& instance) {
    const api::GcpProvider provider{.project = "shop-prod", .address = choice};
    return Read(PageOf(instance), provider).value().servers.front().address;
  };
  json web = json::parse(kWeb);
  EXPECT_EQ(address(api::AddressChoice::kPublic, web), "203.0.113.7");
  EXPECT_EQ(address(api::AddressChoice::kIPv6, web), "2001:db8::7");
  web["networkInterfaces"][0]["ipv6Address"] = "fd20::1";
  EXPECT_EQ(address(api::AddressChoice::kIPv6, web), "fd20::1");
  EXPECT_EQ(address(api::AddressChoice::kPrivate, Instance()), "")
      << "one without is a server all the same";
}

TEST(GcpInstances, EveryStateMeansSomething) {
  const std::map<std::string, MachineState> meanings = {
      {"PENDING", MachineState::kRunning},    {"PROVISIONING", MachineState::kRunning},
      {"STAGING", MachineState::kRunning},    {"RUNNING", MachineState::kRunning},
      {"REPAIRING", MachineState::kRunning},  {"PENDING_STOP", MachineState::kStopped},
      {"STOPPING", MachineState::kStopped},   {"STOPPED", MachineState::kStopped},
      {"SUSPENDING", MachineState::kStopped}, {"SUSPENDED", MachineState::kStopped},
      {"TERMINATED", MachineState::kStopped}, {"DEPROVISIONING", MachineState::kStopped}};
  for (const auto& [name, meaning] : meanings) {
    EXPECT_EQ(Read(PageOf(Instance(name))).value().servers.front().state, meaning) << name;
  }
}

TEST(GcpInstances, APageMayBeEmptyAndNotTheLast) {
  const auto page = Read({{"kind", "compute#instanceAggregatedList"}, {"nextPageToken", "more"}});
  ASSERT_TRUE(page.has_value());
  EXPECT_THAT(page.value().servers, IsEmpty());
  EXPECT_EQ(page.value().next, "more");
}

TEST(GcpInstances, WhatIsNoWholePageIsAnError) {
  EXPECT_EQ(ReadInstances("", Everybody()).error().message, "it is no JSON");
  EXPECT_EQ(ReadInstances("<html/>", Everybody()).error().message, "it is no JSON");
  const std::string whole = PrintJson(PageOf(json::parse(kWeb)));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_FALSE(ReadInstances(whole.substr(0, length), Everybody()).has_value())
        << length << " of " << whole.size() << " bytes";
  }
  for (const json& other :
       {json::object(), json::array(), json("text"), json(nullptr),
        json{{"kind", "compute#instanceList"}, {"items", json::array()}},
        json{{"kind", "compute#instanceAggregatedList"}, {"items", json::array()}},
        json{{"kind", "compute#instanceAggregatedList"}, {"nextPageToken", 7}}}) {
    EXPECT_EQ(Complaint(other), "it is no list of instances") << PrintJson(other);
  }
}

TEST(GcpInstances, APageThatLacksAPartIsAnError) {
  EXPECT_EQ(ComplaintWith("/unreachables", {"projects/p/zones/us-east1-b"}),
            "it lacks what could not be reached: projects/p/zones/us-east1-b");
  EXPECT_EQ(ComplaintWith("/unreachables", {7}), "it lacks what could not be reached: something");
  EXPECT_EQ(ComplaintWith("/unreachables", json::array()), "");
  EXPECT_EQ(ComplaintWith("/warning", {{"code", "UNREACHABLE"}, {"message", "A zone is away."}}),
            "it may lack instances: UNREACHABLE: A zone is away.");
  EXPECT_EQ(ComplaintWith("/items/zones~1europe-west1-c/warning/code", "UNREACHABLE"),
            "zones/europe-west1-c may lack instances: UNREACHABLE: ");
  EXPECT_EQ(ComplaintWith("/items/zones~1europe-west1-c/warning", "none"),
            "zones/europe-west1-c may lack instances: : ");
  EXPECT_EQ(ComplaintWith("/items/zones~1europe-west1-c", "none"),
            "zones/europe-west1-c is not described as zones are");
  EXPECT_EQ(ComplaintWith("/items/zones~1europe-west1-c/instances", json::object()),
            "zones/europe-west1-c is no zone with instances");
  EXPECT_EQ(ComplaintWith("/items/global", {{"instances", json::array()}}),
            "global is no zone with instances");
}

TEST(GcpInstances, AnInstanceThatCannotBeReadSpoilsThePage) {
  constexpr const char* kNobody = "one of its instances has no id, or no name";
  const std::string at = "/items/zones~1europe-west1-b/instances/0";
  for (const json& id : {json(), json(42), json(""), json("4 2"), json(std::string(21, '1'))}) {
    EXPECT_EQ(ComplaintWith((at + "/id").c_str(), id), kNobody) << id;
  }
  for (const json& name : {json(), json(42), json(""), json("Web"), json("we b"), json("größe")}) {
    EXPECT_EQ(ComplaintWith((at + "/name").c_str(), name), kNobody) << name;
  }
  EXPECT_EQ(ComplaintWith(at.c_str(), "web"), kNobody);
  EXPECT_EQ(
      ComplaintWith((at + "/status").c_str(), "UNDEFINED_STATUS"),
      "instance web-1 in europe-west1-b has the status \"UNDEFINED_STATUS\", which nobody here "
      "knows");
  EXPECT_THAT(ComplaintWith((at + "/status").c_str(), 1), HasSubstr("has the status \"\""));
  for (const char* part : {"/labels", "/metadata", "/metadata/items", "/networkInterfaces"}) {
    EXPECT_EQ(ComplaintWith((at + part).c_str(), "text"),
              "instance web-1 in europe-west1-b is not described as instances are")
        << part;
  }
  EXPECT_THAT(ComplaintWith((at + "/labels/role").c_str(), 1),
              HasSubstr("a label that is no text"));
}

/// A page with one instance, of which these fields are told besides.
std::string PageWith(const std::string& fields) {
  return R"({"kind":"compute#instanceAggregatedList","items":{"zones/europe-west1-b":{"instances":[
    {"id":"1","name":"a","status":"RUNNING")" +
         fields + "}]}}}";
}

std::string Nested(std::size_t deep) { return std::string(deep, '[') + std::string(deep, ']'); }

TEST(GcpInstances, WhatIsNoJsonSpoilsThePageWhereverItStands) {
  const std::vector<std::string> good = {R"("größe \ud83d\ude00 \u0000")", "18446744073709551615",
                                         "-1.5e300", "[{}, [], null, true]", Nested(1'000)};
  for (const std::string& text : good) {
    const auto page = ReadInstances(PageWith(R"(,"description":)" + text), Everybody());
    EXPECT_TRUE(page.has_value()) << text;
  }
  const std::vector<std::string> bad = {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                                        "\"a\nb\"", R"("\ud83d")",  R"("\x41")",
                                        "01",       "+1",           ".5",
                                        "1e400",    "NaN",          "nul",
                                        "'a'",      "[1,]",         R"({"a" 1})",
                                        "{1:1}",    "/**/1",        "1 2"};
  for (const std::string& text : bad) {
    const auto page = ReadInstances(PageWith(R"(,"description":)" + text), Everybody());
    ASSERT_FALSE(page.has_value()) << text;
    EXPECT_EQ(page.error().message, "it is no JSON") << text;
  }
  const std::string page = PageWith("");
  for (const std::string& text : {page + page, page + "]", page + std::string(1, '\0')}) {
    EXPECT_FALSE(ReadInstances(text, Everybody()).has_value()) << text;
  }
}

TEST(GcpInstances, WhatGoogleNeverWritesIsNotRead) {
  EXPECT_FALSE(ReadInstances("\xef\xbb\xbf" + PageWith(""), Everybody()).has_value());
  for (const std::string& text : {std::string("18446744073709551616"), Nested(1'024)}) {
    EXPECT_FALSE(ReadInstances(PageWith(R"(,"description":)" + text), Everybody()).has_value())
        << text;
  }
}

TEST(GcpInstances, OfFieldsWithOneNameTheLastIsMeant) {
  const auto page = ReadInstances(
      PageWith(
          R"(,"name":"b","labels":null,"labels":{"role":"db","role":"web"},"status":"STOPPED")"),
      Everybody());
  ASSERT_TRUE(page.has_value()) << page.error().message;
  const runtime::ListedServer& server = page.value().servers.front();
  EXPECT_EQ(server.name, "b-1");
  EXPECT_EQ(server.state, MachineState::kStopped);
  EXPECT_EQ(server.labels.ToMap().at("tag.slipway.dev/role"), "web");
  EXPECT_FALSE(ReadInstances(PageWith(R"(,"name":null)"), Everybody()).has_value());
}

TEST(GcpInstances, AZoneThatIsThereTwiceSpoilsThePage) {
  const auto page = ReadInstances(R"({"kind":"compute#instanceAggregatedList","items":{
    "zones/b":{"instances":[{"id":"1","name":"a","status":"RUNNING"}]},"zones/c":{},"zones/b":{}}})",
                                  Everybody());
  ASSERT_FALSE(page.has_value()) << "one of the two would be lost";
  EXPECT_EQ(page.error().message, "it has zones/b twice");
}

TEST(GcpInstances, WhatNarrowsTheListIsLookedAtHere) {
  const auto fits = [](const api::GcpProvider& provider) {
    return Read(PageOf(json::parse(kWeb)), provider).value().servers.size() == 1;
  };
  EXPECT_TRUE(fits({.project = "shop-prod",
                    .zones = {"us-east1-b", "europe-west1-b"},
                    .labels = {{"role", "web"}, {"größe", "sehr groß"}},
                    .network = "default",
                    .managed_instance_group = "web-group"}));
  EXPECT_TRUE(fits({.network = "projects/net-prod/global/networks/shared"}));
  EXPECT_FALSE(fits({.network = "projects/shop-prod/global/networks/shared"}));
  EXPECT_FALSE(fits({.project = "shop-prod", .network = "shared"})) << "it is another project's";
  EXPECT_TRUE(fits({.project = "net-prod", .network = "shared"}));
  EXPECT_FALSE(fits({.project = "shop-prod", .network = "web"}));
  EXPECT_FALSE(fits({.zones = {"us-east1-b"}}));
  EXPECT_FALSE(fits({.labels = {{"role", "we"}}}));
  EXPECT_FALSE(fits({.labels = {{"owner", ""}}}));
  EXPECT_FALSE(fits({.managed_instance_group = "web"}));
}

TEST(GcpInstances, TheApiIsAskedForWhatItCanTell) {
  api::GcpProvider provider{.project = "example.com:shop-prod"};
  const std::string start =
      "/compute/v1/projects/example.com:shop-prod/aggregated/instances?maxResults=500"
      "&returnPartialSuccess=false";
  EXPECT_EQ(AggregatedList(provider, ""), start);
  EXPECT_EQ(AggregatedList(provider, "a+b="), start + "&pageToken=a%2Bb%3D");
  EXPECT_THAT(AggregatedList(provider, "", 100), HasSubstr("?maxResults=100&"));
  provider.labels = {{"role", "web"}, {"env", "prod"}, {"größe", "x"}, {"none", ""}};
  EXPECT_EQ(AggregatedList(provider, ""),
            start +
                "&filter=%28labels.env%20%3D%20%22prod%22%29%20AND%20%28labels.role%20%3D%20%22"
                "web%22%29");
  provider.filter = "status = RUNNING";
  EXPECT_EQ(AggregatedList(provider, ""), start + "&filter=status%20%3D%20RUNNING")
      << "an expression of its own stays alone";
}

}  // namespace
}  // namespace slipway::cloud::gcp
