#include "src/cloud/azure/azure_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "reconciler/base/json.hpp"
#include "src/cloud/text.hpp"
#include "tests/src/cloud/azure/credentials/test_certificate.hpp"
#include "tests/src/cloud/fake_rest_client.hpp"
#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"
#include "tests/src/test_clock.hpp"

// The whole way from a Fleet's provider to a list, with an API that misbehaves in every way it can.
namespace slipway::cloud::azure {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kManager = "https://management.azure.com";
const std::string kFirst = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const std::string kSecond = "11111111-2222-3333-4444-555555555555";
const std::string kCompute = "/providers/Microsoft.Compute/";
const std::string kNetwork = "/providers/Microsoft.Network/";

std::string VmId(const std::string& digit) { return "f5f1c3a4-2f6e-4b56-9a8e-00000000000" + digit; }

std::string IdOf(const std::string& name, const std::string& group = "g") {
  return "/subscriptions/" + kFirst + "/resourceGroups/" + group + kCompute + "virtualMachines/" +
         name;
}

std::string InterfaceOf(const std::string& name) {
  return "/subscriptions/" + kFirst + "/resourceGroups/g" + kNetwork + "networkInterfaces/" + name;
}

json View(const std::string& power) {
  return {
      {"statuses", {{{"code", "ProvisioningState/succeeded"}}, {{"code", "PowerState/" + power}}}}};
}

/// A machine whose name is one digit.
json Vm(const std::string& name, const std::string& group = "g") {
  return {
      {"id", IdOf(name, group)},
      {"name", name},
      {"location", "westeurope"},
      {"properties",
       {{"vmId", VmId(name)},
        {"provisioningState", "Succeeded"},
        {"networkProfile", {{"networkInterfaces", json::array({{{"id", InterfaceOf(name)}}})}}}}}};
}

json WithView(json described, const std::string& power = "running") {
  described["properties"]["instanceView"] = View(power);
  return described;
}

json Interface(const std::string& name) {
  return {{"id", InterfaceOf(name)},
          {"properties",
           {{"ipConfigurations",
             json::array({{{"properties", {{"privateIPAddress", "10.0.0." + name}}}}})}}}};
}

rest::Response Answer(const json& body, int status = 200) {
  return {.status = status, .headers = {{"x-ms-request-id", "req-7"}}, .body = PrintJson(body)};
}

rest::Response Page(const std::vector<json>& value, const std::string& next = "") {
  json page = {{"value", value}};
  if (!next.empty()) {
    page["nextLink"] = next;
  }
  return Answer(page);
}

rest::Response Refused(int status, const std::string& code, const std::string& message = "no") {
  return Answer({{"error", {{"code", code}, {"message", message}}}}, status);
}

/// A subscription with the machines 1 and 2, and the scale set "set" with none.
class AzureCloudTest : public ::testing::Test {
 protected:
  AzureCloudTest() {
    provider_.azure = api::AzureProvider{.subscriptions = {kFirst}};
    const std::string whole = "/subscriptions/" + kFirst;
    machines_ = whole + kCompute + "virtualMachines?api-version=2024-07-01";
    status_ = machines_ + "&statusOnly=true";
    sets_ = whole + kCompute + "virtualMachineScaleSets?api-version=2024-07-01";
    interfaces_ = whole + kNetwork + "networkInterfaces?api-version=2024-05-01";
    answers_[machines_] = {Page({Vm("1"), Vm("2")})};
    answers_[status_] = {Page({WithView(Vm("1")), WithView(Vm("2"))})};
    answers_[sets_] = {Page({})};
    answers_[interfaces_] = {Page({Interface("1"), Interface("2")})};
  }

  /// What comes next at a path; the last of them stays.
  Result<rest::Response> Next(const rest::Request& request) {
    if (request.url.ends_with("/oauth2/v2.0/token")) {
      return entra_;
    }
    const auto found = answers_.find(request.url.substr(request.url.find('/', 8)));
    if (found == answers_.end()) {
      return Refused(404, "ResourceNotFound", "There is no " + request.url);
    }
    Result<rest::Response> next = found->second.front();
    if (found->second.size() > 1) {
      found->second.pop_front();
    }
    return next;
  }

  /// "Reason: message" of the error, or the names, states and addresses of what is listed.
  std::string Outcome(const SecretData& secret = {}) {
    const auto listed = cloud_.List(provider_, secret);
    if (!listed.has_value()) {
      EXPECT_THAT(listed.error().message, Not(HasSubstr("hush")));
      return runtime::ReasonOf(listed.error()) + ": " + listed.error().message;
    }
    std::string text;
    for (const runtime::ListedServer& server : listed.value()) {
      text += (text.empty() ? "" : " ") + server.name.substr(0, server.name.find('-')) + "@" +
              server.address + (server.state == runtime::MachineState::kRunning ? "" : "!");
    }
    return text;
  }

  /// With an environment of its own.
  AzureCloud CloudIn(Environment environment) {
    return {{.web = client_, .metadata = metadata_, .clock = clock_},
            {.environment = std::move(environment), .limits = {}, .seed = 3},
            [](Duration) { return true; }};
  }

  /// "NEEDS WHERE REASON" of each check.
  std::vector<std::string> Checks() {
    std::vector<std::string> checks;
    for (const Check& check : cloud_.Examine(provider_, {}).checks) {
      checks.push_back(check.needs + " " + check.where + " " +
                       (check.trouble ? runtime::ReasonOf(*check.trouble) : "ok"));
    }
    return checks;
  }

  std::size_t asked() const { return client_.requests().size(); }

  TestClock clock_;
  api::Provider provider_;
  std::string machines_;
  std::string status_;
  std::string sets_;
  std::string interfaces_;
  std::map<std::string, std::deque<Result<rest::Response>>> answers_;
  rest::Response entra_{
      .status = 200, .headers = {}, .body = R"({"access_token": "hush-app", "expires_in": 3599})"};
  FakeRestClient client_{[this](const rest::Request& request) { return Next(request); }};
  int tokens_given_ = 0;
  int machine_status_ = 200;
  /// The machine that Slipway runs on: gives another token each time.
  FakeRestClient metadata_{[this](const rest::Request&) -> Result<rest::Response> {
    return rest::Response{.status = machine_status_,
                          .headers = {},
                          .body = R"({"access_token": "hush)" + std::to_string(tokens_given_++) +
                                  R"(", "expires_in": "3599"})"};
  }};
  AzureCloud cloud_{{.web = client_, .metadata = metadata_, .clock = clock_},
                    {.environment = {}, .limits = {}, .seed = 3},
                    [this](Duration length) {
                      clock_.mono.since_start += length;
                      return true;
                    }};
};

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

TEST_F(AzureCloudTest, ATokenThatEndsHalfWayIsRenewedOnce) {
  answers_[status_] = {Refused(401, "ExpiredAuthenticationToken"),
                       Page({WithView(Vm("1")), WithView(Vm("2"))})};
  EXPECT_EQ(Outcome(), "1@10.0.0.1 2@10.0.0.2");
  EXPECT_EQ(client_.requests().back().headers.at("authorization"), "Bearer hush1");
  answers_[status_] = {Refused(401, "InvalidAuthenticationToken", "Not Bearer hush2")};
  EXPECT_EQ(Outcome(),
            "CredentialsRefused: Azure Resource Manager of " + kFirst +
                " answers InvalidAuthenticationToken: Not Bearer [secret] (request req-7). The "
                "credentials are those of the managed identity of this machine.");
}

TEST_F(AzureCloudTest, TheApplicationOfASecretAsksForTokens) {
  provider_.azure->secret_ref = api::SecretRef{.name = "app"};
  const SecretData secret = {{"tenantID", "t"}, {"clientID", "c"}, {"clientSecret", "hush-secret"}};
  EXPECT_EQ(Outcome(secret), "1@10.0.0.1 2@10.0.0.2");
  const std::size_t first = asked();
  EXPECT_EQ(client_.requests()[0].url, "https://login.microsoftonline.com/t/oauth2/v2.0/token");
  EXPECT_THAT(client_.requests()[0].body, HasSubstr("client_secret=hush-secret"));
  EXPECT_EQ(client_.requests()[1].headers.at("authorization"), "Bearer hush-app");
  EXPECT_EQ(Outcome(secret), "1@10.0.0.1 2@10.0.0.2");
  EXPECT_EQ(asked(), 2 * first - 1) << "one token for both";
  EXPECT_EQ(tokens_given_, 0);
  provider_.azure->cloud = api::AzureEnvironment::kChina;
  EXPECT_EQ(Outcome(secret), "1@10.0.0.1 2@10.0.0.2");
  const rest::Request token = client_.requests()[2 * first - 1];
  EXPECT_EQ(token.url, "https://login.chinacloudapi.cn/t/oauth2/v2.0/token");
  EXPECT_THAT(token.body, HasSubstr("scope=https%3A%2F%2Fmanagement.chinacloudapi.cn%2F.default"));
  EXPECT_THAT(client_.requests().back().url, HasSubstr("https://management.chinacloudapi.cn/sub"));
}

TEST_F(AzureCloudTest, ASecretMayHoldACertificate) {
  provider_.azure->secret_ref = api::SecretRef{.name = "app"};
  EXPECT_EQ(Outcome({{"tenantID", "t"},
                     {"clientID", "c"},
                     {"certificate", CertificateOf(gcp::RsaKey()) + gcp::RsaKey()}}),
            "1@10.0.0.1 2@10.0.0.2");
  EXPECT_THAT(client_.requests()[0].body, HasSubstr("client_assertion=ey"));
}

TEST_F(AzureCloudTest, ASecretThatCannotBeUsedSaysWhy) {
  provider_.azure->secret_ref = api::SecretRef{.name = "app"};
  const std::string said =
      "SecretInvalid: The Secret app needs tenantID, clientID and either clientSecret or "
      "certificate: ";
  EXPECT_EQ(Outcome(), said + "it has no tenantID.");
  EXPECT_EQ(Outcome({{"tenantID", "t"}}), said + "it has no clientID.");
  SecretData secret = {{"tenantID", "t"}, {"clientID", "c"}};
  EXPECT_EQ(Outcome(secret), said + "it has neither of both.");
  secret["certificate"] = "hush";
  EXPECT_EQ(Outcome(secret), said + "it holds no certificate in PEM.");
  secret["certificate"] = CertificateOf(gcp::RsaKey()) + Encrypted(gcp::RsaKey());
  EXPECT_EQ(Outcome(secret), said + "its key is encrypted, and nobody is there to say with what.");
  secret["clientSecret"] = "hush";
  EXPECT_EQ(Outcome(secret), said + "it has both.");
  secret.erase("certificate");
  secret["tenantID"] = "evil.example.org/x?";
  EXPECT_EQ(Outcome(secret), said + "the id of the tenant is no id.");
  EXPECT_EQ(asked(), 0U);
}

TEST_F(AzureCloudTest, AnotherEndpointIsGivenTheTokenOfASecretAndNeverTheOwn) {
  for (const char* other : {"https://example.org/", "https://management.azure.com.example.org",
                            "https://evilmanagement.azure.com", "http://127.0.0.1:80",
                            "https://x.azure.com", "https://management.chinacloudapi.cn"}) {
    provider_.azure->endpoint = other;
    EXPECT_THAT(Outcome(), HasSubstr("EndpointInvalid: The control plane's own token goes to"))
        << other;
  }
  EXPECT_EQ(asked(), 0U);
  EXPECT_EQ(tokens_given_, 0);
  provider_.azure->endpoint = "https://example.org/";
  provider_.azure->secret_ref = api::SecretRef{.name = "app"};
  answers_[machines_] = {Page({Vm("1")}, kManager + machines_ + "&$skiptoken=a")};
  answers_[machines_ + "&$skiptoken=a"] = {Page({Vm("2")})};
  EXPECT_EQ(Outcome({{"tenantID", "t"}, {"clientID", "c"}, {"clientSecret", "hush"}}),
            "1@10.0.0.1 2@10.0.0.2")
      << "a link that names the cloud's own host is followed at the endpoint";
  for (const rest::Request& request : client_.requests()) {
    EXPECT_TRUE(request.url.starts_with("https://example.org/subscriptions/") ||
                request.url.starts_with("https://login.microsoftonline.com/"));
  }
  EXPECT_EQ(tokens_given_, 0);
}

TEST_F(AzureCloudTest, TheOwnTokenIsForTheCloudThatIsAsked) {
  provider_.azure->cloud = api::AzureEnvironment::kUSGovernment;
  EXPECT_EQ(Outcome(), "1@10.0.0.1 2@10.0.0.2");
  EXPECT_THAT(metadata_.requests().front().url,
              HasSubstr("resource=https%3A%2F%2Fmanagement.usgovcloudapi.net"));
  EXPECT_THAT(client_.requests().front().url, HasSubstr("https://management.usgovcloudapi.net/"));
}

TEST_F(AzureCloudTest, ASecretOfOneCloudGoesToNoOther) {
  provider_.azure->secret_ref = api::SecretRef{.name = "app"};
  const SecretData secret = {{"tenantID", "t"}, {"clientID", "c"}, {"clientSecret", "hush"}};
  using enum api::AzureEnvironment;
  const std::string path = "/t/oauth2/v2.0/token";
  struct Case {
    api::AzureEnvironment cloud;
    std::string variable;
    std::string url;
  };
  for (const Case& each :
       {Case{kChina, "https://login.microsoftonline.com/", "https://login.chinacloudapi.cn"},
        Case{kChina, "LOGIN.microsoftonline.com", "https://login.chinacloudapi.cn"},
        Case{kChina, "https://login.microsoftonline.com:443", "https://login.chinacloudapi.cn"},
        Case{kPublic, "https://login.microsoftonline.us", "https://login.microsoftonline.com"},
        Case{kUSGovernment, "https://login.microsoftonline.us/",
             "https://login.microsoftonline.us"},
        Case{kChina, "https://login.example.org", "https://login.example.org"}}) {
    provider_.azure->cloud = each.cloud;
    AzureCloud cloud = CloudIn({{"AZURE_AUTHORITY_HOST", each.variable}});
    const std::size_t before = asked();
    EXPECT_TRUE(cloud.List(provider_, secret).has_value());
    EXPECT_EQ(client_.requests()[before].url, each.url + path) << each.variable;
  }
}

TEST_F(AzureCloudTest, NoTokenIsSentForAllToRead) {
  AzureCloud cloud = CloudIn({{"AZURE_RESOURCE_MANAGER_URL", "http://arm.example.org"}});
  const auto refused = cloud.List(provider_, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(runtime::ReasonOf(refused.error()), "EndpointInvalid");
  EXPECT_THAT(refused.error().message, HasSubstr("AZURE_RESOURCE_MANAGER_URL"));
  EXPECT_EQ(asked(), 0U);
  EXPECT_EQ(tokens_given_, 0);
  EXPECT_EQ(runtime::ReasonOf(*cloud.Examine(provider_, {}).checks.front().trouble),
            "EndpointInvalid");
  provider_.azure->endpoint = kManager;
  EXPECT_TRUE(cloud.List(provider_, {}).has_value()) << "the Fleet says where";
}

TEST_F(AzureCloudTest, WhatStandsAroundASecretIsNoneOfIt) {
  provider_.azure->secret_ref = api::SecretRef{.name = "app"};
  const SecretData secret = {
      {"tenantID", "t\n"}, {"clientID", "c\n"}, {"clientSecret", "hush-secret\n"}};
  EXPECT_EQ(Outcome(secret), "1@10.0.0.1 2@10.0.0.2");
  EXPECT_THAT(client_.requests()[0].body, HasSubstr("client_secret=hush-secret&"));
  entra_ = {.status = 401,
            .headers = {},
            .body = R"({"error": "invalid_client", "error_description": "hush-secret is wrong"})"};
  AzureCloud cloud = CloudIn({});
  EXPECT_THAT(cloud.List(provider_, secret).error().message, HasSubstr("[secret] is wrong"));
}

TEST_F(AzureCloudTest, TheDoctorTriesAWholeListToo) {
  const std::string set =
      "/subscriptions/" + kFirst + "/resourceGroups/g" + kCompute + "virtualMachineScaleSets/set";
  answers_[sets_] = {Page({{{"id", set}, {"properties", json::object()}}})};
  answers_[set + "/virtualMachines?api-version=2024-07-01&$expand=instanceView"] = {Page({})};
  std::vector<std::string> checks = {
      "credentials the managed identity of this machine ok",
      "Microsoft.Compute/virtualMachines/read " + kFirst + " ok",
      "Microsoft.Compute/virtualMachineScaleSets/read " + kFirst + " ok",
      "Microsoft.Network/networkInterfaces/read " + kFirst + " ok",
      "a whole list all subscriptions ok"};
  EXPECT_EQ(Checks(), checks);
  answers_[set + "/virtualMachines?api-version=2024-07-01&$expand=instanceView"] = {
      Refused(403, "AuthorizationFailed")};
  checks.back() = "a whole list all subscriptions AccessDenied";
  EXPECT_EQ(Checks(), checks) << "only instances may not be read";
}

TEST_F(AzureCloudTest, TheDoctorKnowsThatAGroupNeedsOneSubscriptionOnly) {
  provider_.azure->resource_groups = {"g"};
  provider_.azure->subscriptions = {kFirst, kSecond};
  const std::string group = "/subscriptions/" + kFirst + "/resourceGroups/g";
  const std::string other = "/subscriptions/" + kSecond + "/resourceGroups/g";
  const std::vector<std::string> lists = {
      kCompute + "virtualMachines?api-version=2024-07-01",
      kCompute + "virtualMachineScaleSets?api-version=2024-07-01",
      kNetwork + "networkInterfaces?api-version=2024-05-01"};
  for (const std::string& list : lists) {
    answers_[group + list] = {Page({})};
    answers_[other + list] = {Refused(404, "ResourceGroupNotFound")};
  }
  EXPECT_EQ(Checks(), (std::vector<std::string>{
                          "credentials the managed identity of this machine ok",
                          "Microsoft.Compute/virtualMachines/read " + kFirst + "/g ok",
                          "Microsoft.Compute/virtualMachineScaleSets/read " + kFirst + "/g ok",
                          "Microsoft.Network/networkInterfaces/read " + kFirst + "/g ok",
                          "a whole list all subscriptions ok"}));
  for (const std::string& list : lists) {
    answers_[group + list] = {Refused(404, "ResourceGroupNotFound")};
  }
  const std::vector<std::string> checks = Checks();
  EXPECT_THAT(checks, SizeIs(8));
  EXPECT_EQ(checks.back(), "a whole list all subscriptions InvalidRequest");
}

TEST_F(AzureCloudTest, TheRoleIsAssignedWhereverItIsNeeded) {
  provider_.azure->subscriptions = {kFirst, kSecond};
  const auto scopes = [&] {
    const std::string policy = cloud_.Examine(provider_, {}).policy;
    std::vector<std::string> found;
    for (auto at = policy.find("--scope "); at != std::string::npos;
         at = policy.find("--scope ", at + 1)) {
      found.push_back(policy.substr(at + 8, policy.find('\n', at) - at - 8));
    }
    return found;
  };
  EXPECT_THAT(scopes(),
              ElementsAre("'/subscriptions/" + kFirst + "'", "'/subscriptions/" + kSecond + "'"));
  provider_.azure->resource_groups = {"a", "b(1)"};
  provider_.azure->subscriptions = {kSecond};
  EXPECT_THAT(scopes(), ElementsAre("'/subscriptions/" + kSecond + "/resourceGroups/a'",
                                    "'/subscriptions/" + kSecond + "/resourceGroups/b(1)'"));
}

TEST_F(AzureCloudTest, WithoutCredentialsNobodyIsAsked) {
  machine_status_ = 404;
  EXPECT_THAT(Outcome(), AllOf(HasSubstr("CredentialsMissing: There are no credentials for Azure: "
                                         "tried, in this order: "),
                               HasSubstr("what answers there is not Azure's")));
  EXPECT_THAT(client_.requests(), IsEmpty());
}

}  // namespace
}  // namespace slipway::cloud::azure
