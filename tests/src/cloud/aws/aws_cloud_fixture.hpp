#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "src/cloud/aws/aws_cloud.hpp"
#include "tests/src/cloud/fake_rest_client.hpp"

// An API that misbehaves in every way it can, and a container that Slipway runs in.
namespace slipway::cloud::aws {

inline constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

inline std::string InstanceXml(const std::string& id) {
  return "<item><instancesSet><item><instanceId>" + id +
         "</instanceId><instanceState><name>running</name></instanceState></item></instancesSet></"
         "item>";
}

inline rest::Response Page(const std::vector<std::string>& ids, const std::string& token = "") {
  std::string items;
  for (const std::string& id : ids) {
    items += InstanceXml(id);
  }
  return {.status = 200,
          .headers = {},
          .body = "<DescribeInstancesResponse><reservationSet>" + items +
                  "</reservationSet><nextToken>" + token +
                  "</nextToken></DescribeInstancesResponse>"};
}

/// A page of instances that are in the Auto Scaling group "web/eu".
inline rest::Response PageInGroup(const std::vector<std::string>& ids) {
  rest::Response page = Page(ids);
  const std::string tag =
      "<tagSet><item><key>aws:autoscaling:groupName</key><value>web/eu</value></item></tagSet></"
      "item></instancesSet>";
  for (std::size_t at = 0; (at = page.body.find("</item></instancesSet>", at)) != std::string::npos;
       at += tag.size()) {
    page.body.replace(at, std::string_view("</item></instancesSet>").size(), tag);
  }
  return page;
}

/// What Auto Scaling says of it.
inline rest::Response Group(const std::map<std::string, std::string>& states) {
  std::string members;
  for (const auto& [instance, state] : states) {
    members += "<member><InstanceId>" + instance + "</InstanceId><LifecycleState>" + state +
               "</LifecycleState></member>";
  }
  return {.status = 200,
          .headers = {},
          .body =
              "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
              "<AutoScalingGroups><member><AutoScalingGroupName>web/eu</"
              "AutoScalingGroupName><Instances>" +
              members +
              "</Instances></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
              "</DescribeAutoScalingGroupsResponse>"};
}

inline rest::Response Refusal(int status, const std::string& code,
                              const std::string& message = "no") {
  return {.status = status,
          .headers = {{"date", "Thu, 01 Jan 1970 00:16:40 GMT"}},
          .body = "<Response><Errors><Error><Code>" + code + "</Code><Message>" + message +
                  "</Message></Error></Errors><RequestID>req-7</RequestID></Response>"};
}

/// What STS answers.
inline rest::Response RoleGiven() {
  return {.status = 200,
          .headers = {},
          .body =
              "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</"
              "AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
              "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
              "</AssumeRoleResponse>"};
}

class AwsCloudTest : public ::testing::Test, protected Clock {
 protected:
  AwsCloudTest() { provider_.aws = api::AwsProvider{.regions = {"eu-west-1"}}; }

  Time Now() const override { return Time(now_.since_start); }
  MonoTime Mono() const override { return now_; }

  Result<rest::Response> Next() {
    if (meanwhile_) {
      meanwhile_();
    }
    if (answers_.empty()) {
      return Fail(Code::kUnavailable, "https://somewhere: there is no answer any more");
    }
    Result<rest::Response> next = answers_.front();
    answers_.pop_front();
    return next;
  }

  Result<std::vector<runtime::ListedServer>> List(const SecretData& secret = {}) {
    return cloud_.List(provider_, secret);
  }

  /// "Reason: message" of the error.
  std::string Failure(const SecretData& secret = {}) {
    const auto listed = List(secret);
    if (listed.has_value()) {
      return "it listed " + std::to_string(listed.value().size());
    }
    EXPECT_THAT(listed.error().message,
                ::testing::Not(::testing::AnyOf(::testing::HasSubstr(kSecret),
                                                ::testing::HasSubstr("session-of-the-test"))));
    return runtime::ReasonOf(listed.error()) + ": " + listed.error().message;
  }

  std::size_t asked() const { return client_.requests().size(); }

  MonoTime now_{Duration(1'000'000)};
  api::Provider provider_;
  std::deque<Result<rest::Response>> answers_;
  std::function<void()> meanwhile_;  ///< what happens while somebody is asked
  FakeRestClient client_{[this](const rest::Request&) { return Next(); }};
  int keys_given_ = 0;
  bool keys_ = true;
  /// The container that Slipway runs in: gives other keys each time.
  FakeRestClient metadata_{[this](const rest::Request&) -> Result<rest::Response> {
    if (!keys_) {
      return rest::Response{.status = 404, .headers = {}, .body = "no role"};
    }
    return rest::Response{
        .status = 200,
        .headers = {},
        .body = R"({"AccessKeyId":"AKID)" + std::to_string(keys_given_++) +
                R"(","SecretAccessKey":")" + kSecret +
                R"(","Token":"session-of-the-test","Expiration":"2100-01-01T00:00:00Z"})"};
  }};
  process::PosixProcessRunner processes_;
  const Environment in_container_ = {
      {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/keys"}};

  AwsCloud CloudIn(Environment environment) {
    return {{.web = client_, .metadata = metadata_, .processes = processes_, .clock = *this},
            {.environment = std::move(environment), .limits = {}, .seed = 3},
            [this](Duration length) {
              now_ = now_ + length;
              return true;
            }};
  }

  AwsCloud cloud_ = CloudIn(in_container_);
};

}  // namespace slipway::cloud::aws
