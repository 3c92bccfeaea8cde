#include "src/cloud/gcp/credentials/token_exchange.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"
#include "src/cloud/gcp/credentials/signed_assertion.hpp"
#include "tests/src/cloud/fake_rest_client.hpp"
#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::cloud::gcp {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kSts = "https://sts.googleapis.com/v1/token";
constexpr const char* kImpersonate =
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
    "list@shop-prod.iam.gserviceaccount.com:generateAccessToken";

class TokenExchangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    answers_["https://oauth2.googleapis.com/token"] = {
        .status = 200,
        .headers = {},
        .body = R"({"access_token": "hush-token", "expires_in": 3599, "token_type": "Bearer"})"};
  }

  Result<AccessToken> Obtain(const std::string& file) {
    const auto key = ReadKeyFile(file);
    EXPECT_TRUE(key.has_value()) << (key.has_value() ? "" : key.error().message);
    return TokenOf({.web = web_, .metadata = web_, .clock = clock_}, key.value());
  }

  /// Code and message of the error; looks for secrets in it.
  std::string Complaint(const std::string& file) {
    const auto token = Obtain(file);
    EXPECT_FALSE(token.has_value());
    const std::string message = token.has_value() ? "" : token.error().message;
    EXPECT_THAT(message, Not(HasSubstr("hush")));
    return message;
  }

  json External(json source) const {
    return {{"type", "external_account"},
            {"audience", "//iam.googleapis.com/pools/p"},
            {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
            {"token_url", kSts},
            {"credential_source", std::move(source)}};
  }

  TestClock clock_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)};
  std::map<std::string, rest::Response> answers_;
  FakeRestClient web_{[this](const rest::Request& request) -> Result<rest::Response> {
    const auto at = answers_.find(request.url);
    if (at == answers_.end()) {
      return Fail(Code::kUnavailable, "https://somewhere cannot be reached");
    }
    return at->second;
  }};
};

TEST_F(TokenExchangeTest, AServiceAccountSignsWhoItIs) {
  const auto token = Obtain(ServiceAccountFile());
  ASSERT_TRUE(token.has_value()) << token.error().message;
  EXPECT_EQ(token.value().text, "hush-token");
  EXPECT_EQ(token.value().expires, clock_.Now() + 3599s);
  EXPECT_EQ(token.value().source, "the service account list@shop-prod.iam.gserviceaccount.com");
  const rest::Request request = web_.requests().front();
  const std::string grant = "&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
  ASSERT_TRUE(request.body.starts_with("assertion=") && request.body.ends_with(grant));
  const std::string jwt = request.body.substr(10, request.body.size() - 10 - grant.size());
  const std::size_t claims = jwt.find('.') + 1;
  const std::size_t signature = jwt.find('.', claims) + 1;
  EXPECT_EQ(ReadJson(FromBase64Url(jwt.substr(0, claims - 1))),
            (json{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "k1"}}));
  const std::int64_t now =
      std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
  EXPECT_EQ(ReadJson(FromBase64Url(jwt.substr(claims, signature - claims - 1))),
            (json{{"iss", "list@shop-prod.iam.gserviceaccount.com"},
                  {"scope", "https://www.googleapis.com/auth/compute.readonly"},
                  {"aud", "https://oauth2.googleapis.com/token"},
                  {"iat", now},
                  {"exp", now + 3600}}));
  EXPECT_TRUE(RsaSigned(jwt.substr(0, signature - 1), jwt.substr(signature)));
}

TEST_F(TokenExchangeTest, AKeyThatIsNoneIsSaid) {
  for (const char* pem :
       {"hush", "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\n"}) {
    json file = json::parse(ServiceAccountFile());
    file["private_key"] = pem;
    EXPECT_EQ(
        Complaint(PrintJson(file)),
        "There is no token for the service account list@shop-prod.iam.gserviceaccount.com: its "
        "private_key is no RSA key in PEM");
  }
}

TEST_F(TokenExchangeTest, AUserHasARefreshToken) {
  const auto token = Obtain(R"({"type": "authorized_user", "client_id": "a b", "client_secret": "c",
                                "refresh_token": "r", "quota_project_id": "bill"})");
  ASSERT_TRUE(token.has_value()) << token.error().message;
  EXPECT_EQ(token.value().headers.at("x-goog-user-project"), "bill");
  EXPECT_EQ(web_.requests().front().body,
            "client_id=a%20b&client_secret=c&grant_type=refresh_token&refresh_token=r");
}

TEST_F(TokenExchangeTest, AnIdentityOfAnotherProviderIsExchanged) {
  std::string path = std::filesystem::temp_directory_path() / "slipway-gcp-XXXXXX";
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  const std::string file = path + "/token";
  std::ofstream(file) << "subject-token\n";
  answers_[kSts] = {
      .status = 200, .headers = {}, .body = R"({"access_token": "federated", "expires_in": 3600})"};
  auto token = Obtain(PrintJson(External({{"file", file}})));
  std::filesystem::remove_all(path);
  ASSERT_TRUE(token.has_value()) << token.error().message;
  EXPECT_EQ(token.value().text, "federated");
  EXPECT_THAT(web_.requests().back().body,
              AllOf(HasSubstr("&subject_token=subject-token&"),
                    HasSubstr("audience=%2F%2Fiam.googleapis.com%2Fpools%2Fp&"),
                    HasSubstr("compute.readonly")));
  EXPECT_THAT(Complaint(PrintJson(External({{"file", file}}))), HasSubstr(file + " is not there"));
}

TEST_F(TokenExchangeTest, WhichThenMayBecomeAServiceAccount) {
  answers_["http://127.0.0.1/subject"] = {
      .status = 200, .headers = {}, .body = R"({"value": "subject-token"})"};
  answers_[kSts] = {.status = 200,
                    .headers = {},
                    .body = R"({"access_token": "hush-federated", "expires_in": 3600})"};
  answers_[kImpersonate] = {
      .status = 200,
      .headers = {},
      .body = R"({"accessToken": "of-the-account", "expireTime": "2026-11-26T01:00:00Z"})"};
  json file = External({{"url", "http://127.0.0.1/subject"},
                        {"headers", {{"metadata", "True"}}},
                        {"format", {{"type", "json"}, {"subject_token_field_name", "value"}}}});
  file["service_account_impersonation_url"] = kImpersonate;
  const auto token = Obtain(PrintJson(file));
  ASSERT_TRUE(token.has_value()) << token.error().message;
  EXPECT_EQ(token.value().text, "of-the-account");
  EXPECT_EQ(token.value().expires, clock_.Now() + 1h);
  EXPECT_EQ(token.value().source, "the service account list@shop-prod.iam.gserviceaccount.com");
  const auto requests = web_.requests();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_EQ(requests[0].headers.at("metadata"), "True");
  EXPECT_THAT(requests[1].body, HasSubstr("cloud-platform")) << "or it could ask for nothing";
  EXPECT_EQ(requests[2].headers.at("authorization"), "Bearer hush-federated");
  EXPECT_EQ(ReadJson(requests[2].body),
            (json{{"scope", {"https://www.googleapis.com/auth/compute.readonly"}},
                  {"lifetime", "3600s"}}));
  answers_[kImpersonate] = {
      .status = 403,
      .headers = {},
      .body =
          R"({"error": {"message": "Permission denied: hush-federated", "status": "PERMISSION_DENIED"}})"};
  EXPECT_EQ(
      Complaint(PrintJson(file)),
      "There is no token for the service account list@shop-prod.iam.gserviceaccount.com: it is "
      "answered PERMISSION_DENIED: Permission denied: [secret]");
  answers_["http://127.0.0.1/subject"].body = "subject-token";
  EXPECT_THAT(Complaint(PrintJson(file)), HasSubstr("has no value"));
}

TEST_F(TokenExchangeTest, ARefusalIsOfOneKind) {
  const auto code = [this](int status, const std::string& body) {
    answers_["https://oauth2.googleapis.com/token"] = {
        .status = status, .headers = {}, .body = body};
    return Obtain(ServiceAccountFile()).error().code;
  };
  EXPECT_EQ(code(400, R"({"error": "invalid_grant"})"), Code::kUnauthorized);
  EXPECT_EQ(code(401, R"({"error": "invalid_client"})"), Code::kUnauthorized);
  EXPECT_EQ(code(429, ""), Code::kTooManyRequests);
  EXPECT_EQ(code(503, ""), Code::kUnavailable);
  EXPECT_EQ(code(404, "<html/>"), Code::kInvalid);
  EXPECT_EQ(code(302, ""), Code::kInvalid);
  EXPECT_EQ(code(200, "<html/>"), Code::kInvalid);
  answers_.clear();
  EXPECT_EQ(Obtain(ServiceAccountFile()).error().code, Code::kUnavailable);
}

TEST_F(TokenExchangeTest, OnlyATokenThatEndsIsOne) {
  const auto complaint = [this](const std::string& body) {
    const auto token = ReadToken(body, clock_.Now());
    return token.has_value() ? "" : token.error().message;
  };
  EXPECT_EQ(complaint(R"({"access_token": "t", "expires_in": 1})"), "");
  for (const char* none : {"", "[]", "{}", R"({"access_token": 7, "expires_in": 1})",
                           R"({"access_token": "a\nb", "expires_in": 1})"}) {
    EXPECT_EQ(complaint(none), "the answer holds no access token") << none;
  }
  for (const char* endless :
       {R"({"access_token": "t"})", R"({"access_token": "t", "expires_in": 0})",
        R"({"access_token": "t", "expires_in": "3600"})",
        R"({"access_token": "t", "expires_in": 1e30})",
        R"({"access_token": "t", "expires_in": 18446744073709551615})",
        R"({"accessToken": "t", "expireTime": "soon"})",
        R"({"accessToken": "t", "expireTime": "2026-11-25T00:00:00Z"})"}) {
    EXPECT_EQ(complaint(endless), "the answer does not say when the access token ends") << endless;
  }
}

}  // namespace
}  // namespace slipway::cloud::gcp
