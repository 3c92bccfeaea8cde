#include "tests/src/cloud/aws/credentials/aws_world.hpp"

#include <cstdlib>
#include <fstream>
#include <utility>

namespace slipway::cloud::aws {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string& WithoutSecrets(const std::string& message) {
  EXPECT_THAT(message, Not(HasSubstr(kHush)));
  return message;
}

rest::Response Answers(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

std::string JsonCredentials(const std::string& id, const std::string& expires) {
  return R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":")" + id +
         R"(","SecretAccessKey":"hush-secret","Token":"hush-token","Expiration":")" + expires +
         R"("})";
}

std::string StsCredentials(const std::string& id, const std::string& expires) {
  return R"(<?xml version="1.0"?>
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/slipway</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>)" +
         id + R"(</AccessKeyId><SecretAccessKey>hush-sts-secret</SecretAccessKey>
      <SessionToken>hush-sts-token</SessionToken><Expiration>)" +
         expires + R"(</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>
</AssumeRoleResponse>)";
}

std::string StsTrouble(const std::string& code, const std::string& message) {
  return R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
  <Type>Sender</Type><Code>)" +
         code + "</Code><Message>" + message +
         "</Message></Error><RequestId>f00d-1</RequestId></ErrorResponse>";
}

Result<rest::Response> FakeClient::Send(const rest::Request& request) {
  Server server;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const auto at = servers_.find(request.method + " " + request.url);
    if (at == servers_.end()) {
      const std::size_t path = request.url.find('/', request.url.find("://") + 3);
      return Fail(Code::kUnavailable, request.url.substr(0, path) + " cannot be reached");
    }
    server = at->second;
  }
  return server(request);
}

void FakeClient::On(const std::string& method_and_url, Server server) {
  const std::lock_guard lock(mutex_);
  servers_[method_and_url] = std::move(server);
}

void FakeClient::On(const std::string& method_and_url, const rest::Response& response) {
  On(method_and_url, [response](const rest::Request&) { return response; });
}

std::vector<rest::Request> FakeClient::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

AwsTest::AwsTest() {
  std::string name = std::filesystem::temp_directory_path() / "slipway-aws-XXXXXX";
  home_ = ::mkdtemp(name.data());
  environment_ = {{"HOME", home_.string()}, {"PATH", "/usr/bin:/bin"}};
}

AwsTest::~AwsTest() { std::filesystem::remove_all(home_); }

std::string AwsTest::Write(const std::string& name, const std::string& text) {
  const std::filesystem::path path = home_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string AwsTest::SourceOf() {
  const auto found = Chain().Get();
  EXPECT_TRUE(found.has_value()) << found.error().message;
  return found.has_value() ? found.value().source : "";
}

std::string AwsTest::Trouble() {
  const auto found = Chain().Get();
  EXPECT_FALSE(found.has_value()) << found.value().source;
  return found.has_value() ? "" : WithoutSecrets(found.error().message);
}

void AwsTest::BeInstance(const std::string& role, const std::string& credentials) {
  const std::string service = "http://169.254.169.254/latest/";
  const std::string roles = service + "meta-data/iam/security-credentials/";
  const auto guarded = [](const rest::Response& response) {
    return [response](const rest::Request& request) {
      const auto token = request.headers.find("x-aws-ec2-metadata-token");
      const bool knows = token != request.headers.end() && token->second == "hush-metadata";
      return knows ? response : Answers(401, "");
    };
  };
  metadata_.On("PUT " + service + "api/token", Answers(200, "hush-metadata"));
  metadata_.On("GET " + roles, guarded(Answers(200, role)));
  metadata_.On("GET " + roles + role, guarded(Answers(200, credentials)));
}

}  // namespace slipway::cloud::aws
