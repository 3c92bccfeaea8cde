#include "src/cloud/azure/machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace slipway::cloud::azure {
namespace {

using nlohmann::json;
using runtime::MachineState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kVmId = "f5f1c3a4-2f6e-4b56-9a8e-0d6f1f2b3c4d";
constexpr const char* kAlone = R"({
  "id": "/subscriptions/s-1/resourceGroups/SHOP-Prod/providers/Microsoft.Compute/virtualMachines/Web_1",
  "name": "Web_1", "type": "Microsoft.Compute/virtualMachines", "location": "westeurope",
  "zones": ["2"], "tags": {"Role": "web", "owner": ""},
  "properties": {
    "vmId": "F5F1C3A4-2F6E-4B56-9A8E-0D6F1F2B3C4D", "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
    "provisioningState": "Succeeded", "timeCreated": "2026-01-02T03:04:05.6789012+00:00",
    "virtualMachineScaleSet": {"id": "/subscriptions/s-1/resourceGroups/shop-prod/providers/Microsoft.Compute/virtualMachineScaleSets/Flex"},
    "networkProfile": {"networkInterfaces": [
      {"id": "/subscriptions/s-1/n/b", "properties": {"primary": false}},
      {"id": "/subscriptions/s-1/n/a", "properties": {"primary": true}}]}}
})";
constexpr const char* kOfSet = R"({
  "id": "/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Compute/virtualMachineScaleSets/Web/virtualMachines/7",
  "name": "Web_7", "instanceId": "7", "location": "westeurope", "sku": {"name": "Standard_B2s"},
  "properties": {
    "vmId": "f5f1c3a4-2f6e-4b56-9a8e-0d6f1f2b3c4d",
    "instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]}}
})";

json Described(const char* text) { return json::parse(text); }

Machine Read(const json& described, const api::AzureProvider& provider = {}) {
  auto read = ReadMachine(described, provider);
  EXPECT_TRUE(read.has_value() && read.value()) << (read.has_value() ? "" : read.error().message);
  return read.has_value() && read.value() ? *read.value() : Machine();
}

std::string Complaint(const json& described, const api::AzureProvider& provider = {}) {
  const auto read = ReadMachine(described, provider);
  return read.has_value() ? "" : read.error().message;
}

TEST(AzureMachines, AMachineIsReadWhole) {
  const Machine read = Read(Described(kAlone));
  EXPECT_EQ(read.server.name, std::string("web-1-") + kVmId);
  EXPECT_EQ(read.server.provider_id,
            "azure:///subscriptions/s-1/resourceGroups/shop-prod/providers/Microsoft.Compute/"
            "virtualMachines/Web_1");
  const std::map<std::string, std::string> labels = {
      {"topology.kubernetes.io/region", "westeurope"},
      {"topology.kubernetes.io/zone", "westeurope-2"},
      {"node.kubernetes.io/instance-type", "Standard_D2s_v5"},
      {"instance.slipway.dev/group", "Flex"},
      {"instance.slipway.dev/launched", "2026-01-02T030405Z"},
      {"tag.slipway.dev/Role", "web"},
      {"tag.slipway.dev/owner", ""}};
  EXPECT_EQ(read.server.labels.ToMap(), labels);
  EXPECT_THAT(read.interfaces, ElementsAre("/subscriptions/s-1/n/a", "/subscriptions/s-1/n/b"))
      << "the primary one first";
  EXPECT_EQ(read.provisioning, "succeeded");
  EXPECT_FALSE(read.codes.has_value());
}

TEST(AzureMachines, AnInstanceOfAUniformScaleSetIsReadWhole) {
  const Machine read = Read(Described(kOfSet));
  EXPECT_EQ(read.server.name, std::string("web-7-") + kVmId);
  EXPECT_EQ(read.server.provider_id,
            "azure:///subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Compute/"
            "virtualMachineScaleSets/Web/virtualMachines/7");
  const auto labels = read.server.labels.ToMap();
  EXPECT_EQ(labels.at("instance.slipway.dev/group"), "Web");
  EXPECT_EQ(labels.at("node.kubernetes.io/instance-type"), "Standard_B2s");
  EXPECT_FALSE(labels.contains("topology.kubernetes.io/zone"));
  EXPECT_THAT(read.interfaces, IsEmpty());
  EXPECT_THAT(*read.codes, ElementsAre("ProvisioningState/succeeded", "PowerState/running"));
}

TEST(AzureMachines, EveryFieldNarrowsDown) {
  const auto fits = [](const char* described, const api::AzureProvider& provider) {
    const auto read = ReadMachine(Described(described), provider);
    return read.has_value() && read.value().has_value();
  };
  EXPECT_TRUE(fits(kAlone, {.resource_groups = {"other", "shop-PROD"}}));
  EXPECT_FALSE(fits(kAlone, {.resource_groups = {"shop"}}));
  EXPECT_TRUE(fits(kAlone, {.locations = {"westeurope"}}));
  EXPECT_FALSE(fits(kAlone, {.locations = {"northeurope"}}));
  EXPECT_TRUE(fits(kAlone, {.tags = {{"ROLE", "web"}, {"Owner", ""}}}));
  EXPECT_FALSE(fits(kAlone, {.tags = {{"role", "Web"}}})) << "values are as they are";
  EXPECT_FALSE(fits(kAlone, {.tags = {{"role", "web"}, {"tier", "1"}}}));
  EXPECT_TRUE(fits(kAlone, {.scale_set = "FLEX"}));
  EXPECT_FALSE(fits(kAlone, {.scale_set = "fle"}));
  EXPECT_TRUE(fits(kOfSet, {.scale_set = "web"}));
  EXPECT_FALSE(fits(kOfSet, {.scale_set = "7"}));
  EXPECT_FALSE(fits(kOfSet, {.tags = {{"role", "web"}}}));
}

TEST(AzureMachines, WhatIsNotDescribedAsAMachineIsAnError) {
  const auto with = [](const char* pointer, const json& value) {
    json described = Described(kAlone);
    described[json::json_pointer(pointer)] = value;
    return Complaint(described);
  };
  for (const json& id : {json("x"), json(""), json(7), json(nullptr),
                         json("subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/"
                              "virtualMachines/v"),
                         json("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/"
                              "virtualMachines/"),
                         json("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/"
                              "virtualMachines/v/extensions/e"),
                         json("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
                              "virtualMachines/v")}) {
    EXPECT_EQ(with("/id", id), "one of its machines has no id") << id;
  }
  const std::string which =
      "azure:///subscriptions/s-1/resourceGroups/shop-prod/providers/Microsoft.Compute/"
      "virtualMachines/Web_1 ";
  EXPECT_EQ(with("/tags", json::array()), which + "is not described as machines are");
  EXPECT_EQ(with("/tags/Role", 7), which + "has a tag that is no text");
  for (const json& id : {json(7), json(""), json("f5f1c3a4-2f6e-4b56-9a8e-0d6f1f2b3c4"),
                         json("f5f1c3a42f6e-4b56-9a8e-0d6f1f2b3c4d-"),
                         json("../../../-2f6e-4b56-9a8e-0d6f1f2b3c4d")}) {
    EXPECT_EQ(with("/properties/vmId", id), which + "has no vmId, or no name") << id;
  }
  EXPECT_EQ(with("/name", json()), which + "has no vmId, or no name");
  EXPECT_EQ(with("/properties", 7), which + "has no vmId, or no name");
  EXPECT_EQ(with("/properties/networkProfile/networkInterfaces", 7),
            which + "is not described as machines are");
  EXPECT_EQ(with("/properties/networkProfile/networkInterfaces/0", 7),
            which + "has a network interface without an id");
  json many = json::array();
  for (int number = 0; number < 65; ++number) {
    many.push_back({{"id", std::to_string(number)}, {"properties", {{"primary", true}}}});
  }
  EXPECT_EQ(with("/properties/networkProfile/networkInterfaces", many),
            which + "has more than 64 network interfaces");
  many.erase(0);
  EXPECT_EQ(with("/properties/networkProfile/networkInterfaces", many), "");
  for (const json& other : {json(7), json("x"), json::array(), json(nullptr)}) {
    EXPECT_EQ(Complaint(other), "one of its machines has no id") << other;
  }
}

TEST(AzureMachines, OnlyThoseThatFitHaveToBeWhole) {
  json described = Described(kAlone);
  described["properties"]["vmId"] = 7;
  EXPECT_EQ(Complaint(described, {.locations = {"northeurope"}}), "");
  described = Described(kAlone);
  described["tags"] = 7;
  EXPECT_EQ(Complaint(described, {.locations = {"northeurope"}, .tags = {{"role", "web"}}}), "");
  EXPECT_THAT(Complaint(described, {.tags = {{"role", "web"}}}),
              HasSubstr("is not described as machines are"));
}

TEST(AzureMachines, OddLabelsAndTimesAreNoTrouble) {
  json described = Described(kAlone);
  described["zones"] = json::array({7});
  described["properties"]["timeCreated"] = "yesterday";
  described["location"] = 7;
  described["tags"] = nullptr;
  EXPECT_EQ(Read(described).server.labels.ToMap().size(), 2U);
}

TEST(AzureMachines, CodesAreThoseOfTheInstanceView) {
  EXPECT_FALSE(ReadCodes(Described(R"({"properties": {"instanceView": {"statuses": 7}}})")));
  EXPECT_FALSE(ReadCodes(json("x")));
  EXPECT_THAT(*ReadCodes(Described(
                  R"({"properties": {"instanceView": {"statuses": [7, {"code": "A/b"}]}}})")),
              ElementsAre("", "A/b"));
}

TEST(AzureMachines, AStateIsThePowerState) {
  const auto state = [](const std::vector<std::string>& codes,
                        const std::string& provisioning = "succeeded") {
    const auto read = StateOf(codes, provisioning);
    EXPECT_TRUE(read.has_value());
    return read.has_value() ? read.value() : MachineState::kStandby;
  };
  for (const char* running : {"running", "starting", "creating", "Running"}) {
    EXPECT_EQ(state({"ProvisioningState/updating", std::string("PowerState/") + running}),
              MachineState::kRunning);
  }
  for (const char* stopped : {"stopping", "stopped", "deallocating", "deallocated"}) {
    EXPECT_EQ(state({std::string("PowerState/") + stopped, "HibernationState/Hibernated"}),
              MachineState::kStopped);
  }
  EXPECT_EQ(state({"ProvisioningState/failed/x", "PowerState/running"}, "failed"),
            MachineState::kRunning)
      << "only its last change failed";
  EXPECT_EQ(state({"ProvisioningState/deleting", "PowerState/running"}), MachineState::kTerminated);
  EXPECT_EQ(state({"PowerState/running"}, "deleting"), MachineState::kTerminated);
  EXPECT_EQ(state({"ProvisioningState/creating"}), MachineState::kRunning);
  EXPECT_EQ(state({}, "creating"), MachineState::kRunning);
  EXPECT_EQ(state({"ProvisioningState/failed/AllocationFailed"}, "failed"), MachineState::kStopped);
}

TEST(AzureMachines, WhatNobodyKnowsIsNoState) {
  const auto complaint = [](const std::vector<std::string>& codes, const char* provisioning) {
    const auto read = StateOf(codes, provisioning);
    return read.has_value() ? "" : read.error().message;
  };
  EXPECT_EQ(complaint({"PowerState/unknown"}, "succeeded"),
            "has the power state \"unknown\", which nobody here knows");
  EXPECT_EQ(complaint({"ProvisioningState/succeeded"}, "succeeded"), "has no power state");
  EXPECT_EQ(complaint({}, "failed"), "has no power state") << "nobody has looked";
  EXPECT_EQ(complaint({}, ""), "has no power state");
}

TEST(AzureMachines, ScaleSetsSayWhereTheirInstancesAre) {
  const auto described = [](const json& mode) {
    return json{{"id",
                 "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/"
                 "VirtualMachineScaleSets/Web"},
                {"location", "westeurope"},
                {"properties", {{"orchestrationMode", mode}}}};
  };
  const auto read = [&](const json& mode, const api::AzureProvider& provider = {}) -> std::string {
    const auto set = ReadScaleSet(described(mode), provider);
    if (!set.has_value()) {
      return set.error().message;
    }
    return !set.value() ? "left out" : set.value()->uniform ? "uniform" : "flexible";
  };
  EXPECT_EQ(read("Uniform"), "uniform");
  EXPECT_EQ(read(nullptr), "uniform") << "older ones do not say it";
  EXPECT_EQ(read("flexible"), "flexible");
  EXPECT_EQ(read("Uniform", {.scale_set = "WEB"}), "uniform");
  EXPECT_EQ(read("Uniform", {.scale_set = "db"}), "left out");
  EXPECT_EQ(read("Uniform", {.locations = {"northeurope"}}), "left out");
  json odd = described("Uniform");
  odd["id"] =
      "/subscriptions/s/resourceGroups/virtualMachineScaleSets/providers/"
      "Microsoft.Compute/virtualMachineScaleSets/Web";
  const auto of_odd_group = ReadScaleSet(odd, {.scale_set = "web"});
  EXPECT_TRUE(of_odd_group.has_value() && of_odd_group.value())
      << "a resource group may have any name";
  EXPECT_THAT(read("Liquid"), HasSubstr("scale set Web has the orchestration mode \"liquid\""));
  EXPECT_EQ(read("Liquid", {.scale_set = "db"}), "left out");
  for (const json& other : {json(7), json(nullptr), json{{"id", "/x/virtualMachineScaleSets/a"}},
                            json{{"id", "/virtualMachineScaleSets/a/b"}, {"properties", {}}}}) {
    EXPECT_FALSE(ReadScaleSet(other, {}).has_value()) << other;
  }
}

}  // namespace
}  // namespace slipway::cloud::azure
