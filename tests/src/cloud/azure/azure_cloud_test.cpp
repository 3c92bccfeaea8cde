#include "src/cloud/azure/azure_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "src/cloud/text.hpp"
#include "tests/src/cloud/azure/azure_cloud_fixture.hpp"

// The whole way from a Fleet's provider to a list, with an API that misbehaves in every way it can.
namespace slipway::cloud::azure {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(AzureCloudTest, EveryPageOfEveryListIsRead) {
  answers_[machines_] = {Page({Vm("1")}, kManager + machines_ + "&$skiptoken=a%3D")};
  answers_[machines_ + "&$skiptoken=a%3D"] = {
      Page({}, "HTTPS://Management.Azure.com:443" + machines_ + "&$skiptoken=b")};
  answers_[machines_ + "&$skiptoken=b"] = {Page({Vm("1"), Vm("2")})};
  answers_[status_] = {Page({WithView(Vm("1"))}, kManager + status_ + "&$skiptoken=c")};
  answers_[status_ + "&$skiptoken=c"] = {Page({WithView(Vm("2"), "deallocated")})};
  EXPECT_EQ(Outcome(), "1@10.0.0.1 2@10.0.0.2!");
  for (const rest::Request& request : client_.requests()) {
    EXPECT_EQ(request.headers.at("authorization"), "Bearer hush0") << "one token serves all";
    EXPECT_THAT(request.url, HasSubstr("https://management.azure.com/subscriptions/"));
  }
}

TEST_F(AzureCloudTest, InstancesOfUniformScaleSetsAreListedWithTheirSet) {
  const std::string set = "/subscriptions/" + kFirst + "/resourceGroups/G%28x%29" + kCompute +
                          "virtualMachineScaleSets/Set";
  const std::string plain = "/subscriptions/" + kFirst + "/resourceGroups/G(x)" + kCompute +
                            "virtualMachineScaleSets/Set";
  answers_[machines_] = {Page({})};
  answers_[sets_] = {
      Page({{{"id", plain}, {"properties", {{"orchestrationMode", "Uniform"}}}},
            {{"id", plain + "-flex"}, {"properties", {{"orchestrationMode", "Flexible"}}}},
            {{"id", plain + "-gone"}, {"properties", json::object()}}})};
  json instance = WithView(Vm("3"));
  instance["id"] = plain + "/virtualMachines/3";
  const std::string interface = plain + "/virtualMachines/3/networkInterfaces/n";
  instance["properties"]["networkProfile"]["networkInterfaces"][0]["id"] = interface;
  answers_[set + "/virtualMachines?api-version=2024-07-01&$expand=instanceView"] = {
      Page({instance})};
  json described = Interface("3");
  described["id"] = interface;
  const std::string lower = "/subscriptions/" + kFirst + "/resourcegroups/g%28x%29" +
                            "/providers/microsoft.compute/virtualmachinescalesets/set";
  answers_[lower + "/networkInterfaces?api-version=2018-10-01"] = {Page({described})};
  EXPECT_EQ(Outcome(), "3@10.0.0.3");
  const std::string public_id = interface + "/ipConfigurations/c/publicIPAddresses/p";
  described["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"]["id"] = public_id;
  answers_[lower + "/networkInterfaces?api-version=2018-10-01"] = {Page({described})};
  answers_[lower + "/publicipaddresses?api-version=2018-10-01"] = {
      Page({{{"id", public_id}, {"properties", {{"ipAddress", "203.0.113.3"}}}}})};
  provider_.azure->address = api::AddressChoice::kPublic;
  EXPECT_EQ(Outcome(), "3@203.0.113.3");
}

TEST_F(AzureCloudTest, WhatAListLacksIsAskedForAndWhatIsGoneIsLeftOut) {
  answers_[status_] = {Page({})};
  const std::string single = "?api-version=2024-07-01&$expand=instanceView";
  answers_[IdOf("1") + single] = {Answer(WithView(Vm("1"), "stopped"))};
  EXPECT_EQ(Outcome(), "1@10.0.0.1!") << "2 was deleted while the lists were read";
  answers_[IdOf("2") + single] = {Answer(Vm("2"))};
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "),
                               HasSubstr("/virtualMachines/2 has no power state")));
  answers_[IdOf("2") + single] = {Refused(403, "AuthorizationFailed")};
  EXPECT_THAT(Outcome(), HasSubstr("AccessDenied: "));
  answers_[IdOf("2") + single] = {Refused(404, "SubscriptionNotFound")};
  EXPECT_THAT(Outcome(), HasSubstr("InvalidRequest: ")) << "that says nothing of the machine";
  answers_[IdOf("2") + single] = {Answer(WithView(Vm("2")))};
  answers_[interfaces_] = {Page({Interface("1")})};
  EXPECT_EQ(Outcome(), "1@10.0.0.1! 2@") << "its interface is gone";
  const std::string path = LowerCase(InterfaceOf("2")) + "?api-version=2024-05-01";
  answers_[path] = {Answer(Interface("2"))};
  EXPECT_EQ(Outcome(), "1@10.0.0.1! 2@10.0.0.2");
  answers_[path] = {Refused(403, "AuthorizationFailed", "not to perform action 'a/read' over")};
  EXPECT_THAT(Outcome(),
              AllOf(HasSubstr("AccessDenied: "), HasSubstr("Allow a/read, as the role")));
}

TEST_F(AzureCloudTest, AResourceGroupIsEnoughToRead) {
  provider_.azure->resource_groups = {"G"};
  const std::string scope = "/subscriptions/" + kFirst + "/resourceGroups/G";
  answers_.clear();
  answers_[scope + kCompute + "virtualMachines?api-version=2024-07-01"] = {
      Page({Vm("1"), Vm("2", "other")})};
  answers_[scope + kCompute + "virtualMachineScaleSets?api-version=2024-07-01"] = {Page({})};
  answers_[status_] = {Refused(403, "AuthorizationFailed")};
  answers_[IdOf("1") + "?api-version=2024-07-01&$expand=instanceView"] = {
      Answer(WithView(Vm("1")))};
  answers_["/subscriptions/" + kFirst + "/resourceGroups/g" + kNetwork +
           "networkInterfaces?api-version=2024-05-01"] = {Page({Interface("1")})};
  EXPECT_EQ(Outcome(), "1@10.0.0.1") << "what does not fit is looked at here as well";
  answers_[status_] = {Refused(403, "RequestDisallowedByPolicy")};
  EXPECT_EQ(Outcome(), "1@10.0.0.1");
  answers_[status_] = {Refused(400, "BadRequest")};
  EXPECT_THAT(Outcome(), HasSubstr("InvalidRequest: "));
}

TEST_F(AzureCloudTest, AResourceGroupMustBeInOneOfTheSubscriptions) {
  provider_.azure->resource_groups = {"g"};
  provider_.azure->subscriptions = {kFirst, kSecond};
  const auto scope = [](const std::string& subscription) {
    return "/subscriptions/" + subscription + "/resourceGroups/g" + kCompute;
  };
  const rest::Response absent =
      Refused(404, "ResourceGroupNotFound", "Resource group 'g' could not");
  for (const std::string& subscription : {kFirst, kSecond}) {
    answers_[scope(subscription) + "virtualMachines?api-version=2024-07-01"] = {absent};
  }
  EXPECT_EQ(Outcome(),
            "InvalidRequest: Azure Resource Manager of " + kSecond +
                " answers ResourceGroupNotFound: Resource group 'g' could not (request req-7)");
  answers_[scope(kFirst) + "virtualMachines?api-version=2024-07-01"] = {Page({})};
  answers_[scope(kFirst) + "virtualMachineScaleSets?api-version=2024-07-01"] = {Page({})};
  EXPECT_EQ(Outcome(), "");
}

TEST_F(AzureCloudTest, AResourceGroupThatIsFoundIsReadWhole) {
  provider_.azure->resource_groups = {"g"};
  provider_.azure->subscriptions = {kFirst, kSecond};
  const std::string first = "/subscriptions/" + kFirst + "/resourceGroups/g" + kCompute;
  const std::string second = "/subscriptions/" + kSecond + "/resourceGroups/g" + kCompute;
  const std::string version = "?api-version=2024-07-01";
  const std::string machines = second + "virtualMachines" + version;
  const std::string sets = second + "virtualMachineScaleSets" + version;
  for (const std::string& scope : {first, second}) {
    answers_[scope + "virtualMachines" + version] = {Page({})};
    answers_[scope + "virtualMachineScaleSets" + version] = {Page({})};
  }
  const rest::Response absent = Refused(404, "ResourceGroupNotFound", "no group");
  answers_[machines] = {Page({}, kManager + machines + "&$skiptoken=a")};
  answers_[machines + "&$skiptoken=a"] = {absent};
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "),
                               HasSubstr("a page that follows is not there: Azure Resource Manager "
                                         "of " +
                                         kSecond + " answers ResourceGroupNotFound: no group")));
  answers_[machines] = {Page({})};
  answers_[sets] = {absent};
  EXPECT_THAT(Outcome(), HasSubstr("InvalidRequest: Azure Resource Manager of " + kSecond));
  for (const char* code : {"NotFound", "ResourceNotFound", "ParentResourceNotFound"}) {
    answers_[machines] = {Refused(404, code)};
    EXPECT_THAT(Outcome(), HasSubstr(std::string("InvalidRequest: Azure Resource Manager of ") +
                                     kSecond + " answers " + code))
        << "that says nothing of the group";
  }
  answers_[machines] = {absent};
  EXPECT_EQ(Outcome(), "");
}

TEST_F(AzureCloudTest, NoPageOfAnyListMayBeAbsent) {
  provider_.azure->address = api::AddressChoice::kPublic;
  const std::string set =
      "/subscriptions/" + kFirst + "/resourceGroups/g" + kCompute + "virtualMachineScaleSets/set";
  const std::string version = "?api-version=2024-07-01";
  const json described = {{"id", set}, {"properties", json::object()}};
  const std::string instances = set + "/virtualMachines" + version + "&$expand=instanceView";
  const std::string addresses =
      "/subscriptions/" + kFirst + kNetwork + "publicIPAddresses?api-version=2024-05-01";
  json interface = Interface("1");
  interface["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"]["id"] = "/p";
  const json address = {{"id", "/p"}, {"properties", {{"ipAddress", "203.0.113.1"}}}};
  const std::map<std::string, json> things = {{machines_, Vm("1")}, {status_, WithView(Vm("1"))},
                                              {sets_, described},   {interfaces_, interface},
                                              {addresses, address}, {instances, json()}};
  answers_[set + version] = {Answer(described)};
  const auto reset = [&] {
    for (const auto& [list, thing] : things) {
      answers_[list] = {Page(thing.is_null() ? std::vector<json>() : std::vector<json>{thing})};
    }
  };
  reset();
  EXPECT_EQ(Outcome(), "1@203.0.113.1");
  for (const char* code :
       {"NotFound", "ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound"}) {
    for (const auto& [list, thing] : things) {
      answers_[list] = {Refused(404, code)};
      EXPECT_THAT(Outcome(), HasSubstr(std::string(" answers ") + code)) << list;
      const std::string next = list + "&$skiptoken=a";
      answers_[list] = {Page({}, kManager + next)};
      answers_[next] = {Refused(404, code)};
      EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "), HasSubstr("is not there"))) << list;
      answers_[next] = {Page({}, kManager + list + "&$skiptoken=b")};
      answers_[list + "&$skiptoken=b"] = {Refused(404, code)};
      EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "), HasSubstr("is not there"))) << list;
      reset();
    }
  }
  answers_[instances] = {Refused(404, "NotFound")};
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "),
                               HasSubstr("a scale set is there, and its instances are not: ")));
  answers_[set + version] = {Refused(404, "ResourceNotFound")};
  EXPECT_EQ(Outcome(), "1@203.0.113.1") << "it is gone, with its instances";
}

TEST_F(AzureCloudTest, AnAnswerIsAboutWhatWasAsked) {
  json other = Vm("1");
  other["id"] = "/subscriptions/" + kSecond + "/resourceGroups/g" + kCompute + "virtualMachines/1";
  answers_[machines_] = {Page({other})};
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "), HasSubstr("/virtualMachines/1 is not in "
                                                                     "/subscriptions/" +
                                                                     kFirst)));
  provider_.azure->locations = {"northeurope"};
  EXPECT_EQ(Outcome(), "") << "nobody wants it";
  provider_.azure->locations.clear();
  answers_[machines_] = {Page({Vm("1")})};
  answers_[status_] = {Page({})};
  const std::string single = "?api-version=2024-07-01&$expand=instanceView";
  json deleting = WithView(Vm("2"));
  deleting["properties"]["provisioningState"] = "Deleting";
  answers_[IdOf("1") + single] = {Answer(deleting)};
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "),
                               HasSubstr("it is about " + IdOf("2") + ", and not about ")));
  answers_[IdOf("1") + single] = {Answer({{"properties", deleting["properties"]}})};
  EXPECT_THAT(Outcome(), HasSubstr("ListInvalid: ")) << "nor about anything";
  deleting["id"] = LowerCase(IdOf("1"));
  answers_[IdOf("1") + single] = {Answer(deleting)};
  EXPECT_EQ(Outcome(), "1@10.0.0.1!");
}

TEST_F(AzureCloudTest, InstancesAreThoseOfTheirSet) {
  const std::string set =
      "/subscriptions/" + kFirst + "/resourceGroups/g" + kCompute + "virtualMachineScaleSets/set";
  answers_[sets_] = {Page({{{"id", set}, {"properties", json::object()}}})};
  json instance = WithView(Vm("3"));
  instance["id"] = set + "-2/virtualMachines/3";
  answers_[set + "/virtualMachines?api-version=2024-07-01&$expand=instanceView"] = {
      Page({instance})};
  EXPECT_THAT(Outcome(),
              AllOf(HasSubstr("ListInvalid: "), HasSubstr(" is not in " + LowerCase(set))));
}

TEST_F(AzureCloudTest, AResourceGroupMayBeCalledAsAKindIs) {
  json machine = Vm("1", "virtualMachineScaleSets");
  const std::string interface = "/subscriptions/" + kFirst +
                                "/resourceGroups/virtualMachineScaleSets" + kNetwork +
                                "networkInterfaces/1";
  machine["properties"]["networkProfile"]["networkInterfaces"][0]["id"] = interface;
  json described = Interface("1");
  described["id"] = interface;
  answers_[machines_] = {Page({machine})};
  answers_[status_] = {Page({WithView(machine)})};
  answers_[interfaces_] = {Page({described})};
  EXPECT_EQ(Outcome(), "1@10.0.0.1");
}

TEST_F(AzureCloudTest, MoreThanAControlPlaneIsBuiltForIsNotRead) {
  std::vector<json> machines;
  for (int number = 0; number < 100'001; ++number) {
    machines.push_back({{"id", IdOf(std::to_string(number))},
                        {"name", "x"},
                        {"properties", {{"vmId", VmId("1")}}}});
  }
  answers_[machines_] = {Page(machines)};
  EXPECT_THAT(Outcome(), HasSubstr("it lists more than 100000 machines."));
  EXPECT_EQ(asked(), 1U);
}

TEST_F(AzureCloudTest, EverySubscriptionMustAnswer) {
  provider_.azure->subscriptions = {kFirst, kSecond};
  answers_["/subscriptions/" + kSecond + kCompute + "virtualMachines?api-version=2024-07-01"] = {
      Refused(403, "AuthorizationFailed")};
  EXPECT_THAT(Outcome(), HasSubstr("AccessDenied: Azure Resource Manager of " + kSecond));
}

TEST_F(AzureCloudTest, ALinkLeadsNobodyElsewhere) {
  for (const std::string& other :
       {std::string("https://example.org") + machines_, "http://management.azure.com" + machines_,
        "https://management.azure.com.example.org" + machines_,
        "https://management.azure.com@example.org" + machines_,
        "https://management.azure.com:8443" + machines_, machines_, std::string("x"),
        std::string("https://management.azure.com"),
        std::string("https://management.azure.com?x")}) {
    answers_[machines_] = {Page({Vm("1")}, other)};
    const std::size_t before = asked();
    EXPECT_THAT(Outcome(), AllOf(HasSubstr("ListInvalid: "),
                                 HasSubstr("its next page is to be somewhere else")))
        << other;
    EXPECT_EQ(asked(), before + 1);
  }
}

TEST_F(AzureCloudTest, AnIdLeadsNobodyElsewhere) {
  json odd = Vm("1");
  odd["properties"]["networkProfile"]["networkInterfaces"][0]["id"] = ".example.org/x";
  answers_[machines_] = {Page({odd})};
  EXPECT_THAT(Outcome(),
              AllOf(HasSubstr("ListInvalid: "), HasSubstr("an id begins with .example.org")));
  for (const rest::Request& request : client_.requests()) {
    EXPECT_THAT(request.url, HasSubstr("https://management.azure.com/subscriptions/"));
  }
}

TEST_F(AzureCloudTest, PagesThatGoRoundEndInAnError) {
  answers_[machines_] = {Page({Vm("1")}, kManager + machines_)};
  EXPECT_THAT(Outcome(), HasSubstr("cannot be believed: its pages go round in a circle."));
}

TEST_F(AzureCloudTest, WhatIsNoListIsRefused) {
  for (const char* other : {"", "<html>", "7", "[]", "{}", R"({"value": {}})", R"({"value": null})",
                            R"({"value": [], "nextLink": 7})"}) {
    answers_[machines_] = {rest::Response{.status = 200, .headers = {}, .body = other}};
    EXPECT_THAT(Outcome(), HasSubstr("ListInvalid: The answer of https://management.azure.com "
                                     "cannot be believed: it is no "))
        << other;
  }
  answers_[machines_] = {Page({7})};
  EXPECT_THAT(Outcome(), HasSubstr("one of its machines has no id."));
  answers_[machines_] = {rest::Response{
      .status = 301, .headers = {{"location", "https://elsewhere"}}, .body = "<html/>"}};
  EXPECT_EQ(Outcome(),
            "EndpointInvalid: https://management.azure.com answers with HTTP status 301, and not "
            "as Azure Resource Manager does: correct the endpoint.");
}

TEST_F(AzureCloudTest, WhatMayPassIsTriedAgain) {
  answers_[machines_] = {Refused(429, "TooManyRequests"), Fail(Code::kTimeout, "slow"),
                         Refused(500, "InternalServerError"), Page({Vm("1")})};
  EXPECT_EQ(Outcome(), "1@10.0.0.1");
  EXPECT_GT(clock_.mono.since_start, 0ms) << "with waits";
}

TEST_F(AzureCloudTest, WhoeverAsksTheSubscriptionWaitsAndNobodyElse) {
  rest::Response slow = Refused(429, "TooManyRequests");
  slow.headers["retry-after"] = "600";
  answers_[machines_] = {slow};
  const MonoTime begun = clock_.mono;
  EXPECT_THAT(Outcome(), HasSubstr("Throttled: Azure Resource Manager of " + kFirst));
  provider_.azure->locations = {"westeurope"};
  EXPECT_THAT(Outcome(), HasSubstr("Throttled: "));
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(clock_.mono, begun) << "no thread sleeps meanwhile";
  provider_.azure->subscriptions = {kSecond};
  const std::string other = "/subscriptions/" + kSecond + kCompute;
  answers_[other + "virtualMachines?api-version=2024-07-01"] = {Page({})};
  answers_[other + "virtualMachineScaleSets?api-version=2024-07-01"] = {Page({})};
  EXPECT_EQ(Outcome(), "");
  provider_.azure->subscriptions = {kFirst};
  provider_.azure->endpoint = "https://westeurope.management.azure.com";
  answers_[machines_] = {Page({Vm("1")})};
  EXPECT_EQ(Outcome(), "1@10.0.0.1") << "the same one elsewhere";
}

}  // namespace
}  // namespace slipway::cloud::azure
