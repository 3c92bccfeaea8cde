#include "src/cloud/aws/sigv4.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"

// The published vectors, one by one; sigv4/README.md says where they are from.
namespace slipway::cloud::aws {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kVectors = 38;

/// Those that ask for what Slipway does not do. The test sees to it that each of them would fail.
const std::map<std::string, std::string> kLeftOut = {
    {"get-relative-relative-unnormalized", "S3 only: the path is not normalised"},
    {"get-relative-unnormalized", "S3 only: the path is not normalised"},
    {"get-slash-dot-slash-unnormalized", "S3 only: the path is not normalised"},
    {"get-slash-pointless-dot-unnormalized", "S3 only: the path is not normalised"},
    {"get-slash-unnormalized", "S3 only: the path is not normalised"},
    {"get-slashes-unnormalized", "S3 only: the path is not normalised"},
    {"post-sts-header-after", "the session token is added after signing; here all is signed"},
};

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// A request as HTTP writes it. A line that begins with a blank goes on with the value before; one name's values are joined by commas,
/// which is how our requests hold them.
rest::Request ReadRequest(const std::string& text) {
  const std::size_t head = text.find("\n\n");
  std::istringstream lines(text.substr(0, head));
  rest::Request request;
  request.body = head == std::string::npos ? "" : text.substr(head + 2);
  std::string line;
  std::getline(lines, line);
  const std::size_t target = line.find(' ') + 1;
  request.method = line.substr(0, target - 1);
  const std::string path = line.substr(target, line.rfind(" HTTP/") - target);
  std::string name;
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(':');
    if (line.starts_with(' ')) {
      request.headers[name] += "\n" + line;
      continue;
    }
    name = line.substr(0, colon);
    const bool again = request.headers.contains(name);
    request.headers[name] += (again ? "," : "") + line.substr(colon + 1);
  }
  request.url = "https://" + request.headers["Host"] + path;
  request.headers.erase("Host");
  return request;
}

struct Vector {
  rest::Request request;
  Credentials credentials;
  SigningScope scope;
  std::string canonical;      ///< what is hashed
  std::string authorization;  ///< what comes of it
};

Vector ReadVector(const std::filesystem::path& folder) {
  const nlohmann::json context = ReadJson(ReadText(folder / "context.json"));
  const nlohmann::json& who = context.at("credentials");
  Vector vector;
  vector.request = ReadRequest(ReadText(folder / "request.txt"));
  vector.credentials.key_id = who.at("access_key_id");
  vector.credentials.secret = who.at("secret_access_key");
  vector.credentials.session_token = who.value("token", "");
  vector.scope.region = context.at("region");
  vector.scope.service = context.at("service");
  vector.scope.time = api::ParseTime(context.at("timestamp").get<std::string>()).value();
  vector.canonical = ReadText(folder / "header-canonical-request.txt");
  if (context.at("sign_body")) {
    // Services other than S3 need no such header, so it is for the caller to set.
    vector.request.headers["x-amz-content-sha256"] =
        vector.canonical.substr(vector.canonical.rfind('\n') + 1);
  }
  vector.authorization =
      ReadRequest(ReadText(folder / "header-signed-request.txt")).headers.at("Authorization");
  return vector;
}

TEST(SigV4, SignsAsThePublishedVectorsDo) {
  std::size_t seen = 0;
  for (const auto& folder : std::filesystem::directory_iterator(SLIPWAY_SIGV4_VECTORS)) {
    if (!folder.is_directory()) {
      continue;
    }
    ++seen;
    Vector vector = ReadVector(folder.path());
    Sign(vector.request, vector.credentials, vector.scope);
    const std::string name = folder.path().filename();
    if (const auto left_out = kLeftOut.find(name); left_out != kLeftOut.end()) {
      EXPECT_NE(vector.request.headers.at("Authorization"), vector.authorization)
          << name << " need not be left out: " << left_out->second;
    } else {
      EXPECT_EQ(vector.request.headers.at("Authorization"), vector.authorization)
          << name << " wants this hashed:\n"
          << vector.canonical;
    }
  }
  EXPECT_EQ(seen, kVectors);
}

class SigningTest : public ::testing::Test {
 protected:
  std::string Signed(rest::Request request) const {
    Sign(request, credentials_, scope_);
    return request.headers.at("Authorization");
  }
  std::string SignedUrl(const std::string& url) const {
    rest::Request request;
    request.url = url;
    return Signed(request);
  }

  Credentials credentials_{.key_id = "AKID",
                           .secret = "secret",
                           .session_token = "",
                           .expires = std::nullopt,
                           .source = "a test"};
  SigningScope scope_{.region = "eu-west-1", .service = "ec2", .time = Time(Duration(999))};
};

/// The vectors hold no path that is escaped already. Signatures by botocore 1.44.8.
TEST_F(SigningTest, SignsAsBotocoreDoes) {
  credentials_.secret = "wJalr/secret+KEY";
  scope_.time = api::ParseTime("2026-11-26T07:08:09Z").value();
  rest::Request form;
  form.method = "POST";
  form.url = "http://ec2.example:80";
  form.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8";
  form.body = "Action=DescribeInstances&Version=2016-11-15";
  EXPECT_THAT(Signed(form),
              EndsWith("16a6ddc7d67660d005b170095d6f5d4e1264f0bbf03d073c34a4a5d2f9176e35"));
  rest::Request escaped;
  escaped.url = "https://ec2.example:8443/a%20b/%E1%88%B4/?x=%2F&y=a%20b&a=";
  escaped.headers["Accept"] = "a  b";
  credentials_.session_token = "hush/token==";
  EXPECT_EQ(Signed(escaped),
            "AWS4-HMAC-SHA256 Credential=AKID/20261126/eu-west-1/ec2/aws4_request, "
            "SignedHeaders=accept;host;x-amz-date;x-amz-security-token, "
            "Signature=fa08ffcea0c840d6609d9e3da2d4232240ad2786ac1428b36aa457153e105e26");
}

TEST_F(SigningTest, TheHostIsSignedAsClientsSendIt) {
  const std::string plain = SignedUrl("https://ec2.example/");
  EXPECT_EQ(SignedUrl("https://ec2.example"), plain);
  EXPECT_EQ(SignedUrl("https://EC2.example:443/"), plain);
  EXPECT_NE(SignedUrl("https://ec2.example:80/"), plain);
  EXPECT_NE(SignedUrl("https://ec2.example:8443/"), plain);
  EXPECT_EQ(SignedUrl("http://ec2.example:80/"), SignedUrl("http://ec2.example"));
}

TEST_F(SigningTest, AQueryIsSignedAsAwsReadsIt) {
  EXPECT_EQ(SignedUrl("https://h/?b=%7e&a=1"), SignedUrl("https://h/?a=1&b=~"));
  EXPECT_EQ(SignedUrl("https://h/?a=%2b"), SignedUrl("https://h?a=+"));
  EXPECT_EQ(SignedUrl("https://h/?a"), SignedUrl("https://h/?a=&"));
  EXPECT_EQ(SignedUrl("https://h/?a=%2"), SignedUrl("https://h/?a=%252")) << "no escape";
  EXPECT_NE(SignedUrl("https://h/?a=1"), SignedUrl("https://h/?a=2"));
}

TEST_F(SigningTest, EverythingOfARequestIsSigned) {
  rest::Request request;
  request.url = "https://h/";
  const std::string plain = Signed(request);
  request.body = "Action=DescribeInstances";
  const std::string with_body = Signed(request);
  EXPECT_NE(with_body, plain);
  request.method = "POST";
  EXPECT_NE(Signed(request), with_body);
  request.headers["User-Agent"] = "slipway";
  EXPECT_THAT(Signed(request), HasSubstr("SignedHeaders=host;user-agent;x-amz-date"));
}

TEST_F(SigningTest, SigningAgainReplacesWhatWasSigned) {
  rest::Request once;
  once.url = "https://h/";
  rest::Request twice = once;
  twice.headers = {{"AUTHORIZATION", "old"}, {"X-Amz-Security-Token", "old"}};
  Sign(once, credentials_, scope_);
  Sign(twice, credentials_, scope_);
  Sign(twice, credentials_, scope_);
  EXPECT_EQ(twice.headers, once.headers);
  EXPECT_EQ(once.headers.at("x-amz-date"), "19700101T000000Z");
}

TEST_F(SigningTest, WhatIsNoUrlDoesNoHarm) {
  for (const char* url : {"", "x", "://", "https://", "https://?", "https://h#f", "https://h/%"}) {
    EXPECT_THAT(SignedUrl(url), HasSubstr("Signature=")) << url;
    EXPECT_THAT(SignedUrl(url), Not(HasSubstr("secret"))) << url;
  }
}

}  // namespace
}  // namespace slipway::cloud::aws
