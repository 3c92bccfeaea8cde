#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/json.hpp"
#include "src/cloud/azure/azure_cloud.hpp"
#include "tests/src/cloud/fake_rest_client.hpp"
#include "tests/src/test_clock.hpp"

// A small subscription, of which every answer can be spoilt.
namespace slipway::cloud::azure {

using nlohmann::json;

inline constexpr const char* kManager = "https://management.azure.com";
inline const std::string kFirst = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
inline const std::string kSecond = "11111111-2222-3333-4444-555555555555";
inline const std::string kCompute = "/providers/Microsoft.Compute/";
inline const std::string kNetwork = "/providers/Microsoft.Network/";

inline std::string VmId(const std::string& digit) {
  return "f5f1c3a4-2f6e-4b56-9a8e-00000000000" + digit;
}

inline std::string IdOf(const std::string& name, const std::string& group = "g") {
  return "/subscriptions/" + kFirst + "/resourceGroups/" + group + kCompute + "virtualMachines/" +
         name;
}

inline std::string InterfaceOf(const std::string& name) {
  return "/subscriptions/" + kFirst + "/resourceGroups/g" + kNetwork + "networkInterfaces/" + name;
}

inline json View(const std::string& power) {
  return {
      {"statuses", {{{"code", "ProvisioningState/succeeded"}}, {{"code", "PowerState/" + power}}}}};
}

/// A machine whose name is one digit.
inline json Vm(const std::string& name, const std::string& group = "g") {
  return {
      {"id", IdOf(name, group)},
      {"name", name},
      {"location", "westeurope"},
      {"properties",
       {{"vmId", VmId(name)},
        {"provisioningState", "Succeeded"},
        {"networkProfile", {{"networkInterfaces", json::array({{{"id", InterfaceOf(name)}}})}}}}}};
}

inline json WithView(json described, const std::string& power = "running") {
  described["properties"]["instanceView"] = View(power);
  return described;
}

inline json Interface(const std::string& name) {
  return {{"id", InterfaceOf(name)},
          {"properties",
           {{"ipConfigurations",
             json::array({{{"properties", {{"privateIPAddress", "10.0.0." + name}}}}})}}}};
}

inline rest::Response Answer(const json& body, int status = 200) {
  return {.status = status, .headers = {{"x-ms-request-id", "req-7"}}, .body = PrintJson(body)};
}

inline rest::Response Page(const std::vector<json>& value, const std::string& next = "") {
  json page = {{"value", value}};
  if (!next.empty()) {
    page["nextLink"] = next;
  }
  return Answer(page);
}

inline rest::Response Refused(int status, const std::string& code,
                              const std::string& message = "no") {
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
      EXPECT_THAT(listed.error().message, ::testing::Not(::testing::HasSubstr("hush")));
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

}  // namespace slipway::cloud::azure
