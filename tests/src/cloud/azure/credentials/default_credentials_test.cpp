#include "src/cloud/azure/credentials/default_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/src/cloud/azure/credentials/test_certificate.hpp"
#include "tests/src/cloud/fake_rest_client.hpp"
#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::cloud::azure {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kResource = "https://management.azure.com";
constexpr const char* kToken = R"({"access_token": "hush-token", "expires_in": 3600})";
constexpr const char* kMachinesToken =
    R"({"access_token": "hush-token", "expires_in": "3600", "expires_on": "1795654800"})";

/// A machine with a folder of its own, and nothing in it.
class AzureDefaultCredentialsTest : public ::testing::Test {
 protected:
  AzureDefaultCredentialsTest() {
    std::string name = std::filesystem::temp_directory_path() / "slipway-azure-XXXXXX";
    home_ = ::mkdtemp(name.data());
  }
  ~AzureDefaultCredentialsTest() override { std::filesystem::remove_all(home_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(home_ / name) << text;
    return home_ / name;
  }

  void NameApplication() {
    environment_["AZURE_TENANT_ID"] = "tenant";
    environment_["AZURE_CLIENT_ID"] = "client";
  }

  Doors doors() { return {.web = web_, .metadata = metadata_, .clock = clock_}; }

  Result<AccessToken> Get() { return DefaultCredentials(doors(), environment_, kResource).Get(); }

  std::string SourceOf() {
    const auto token = Get();
    return token.has_value() ? token.value().source : "none: " + token.error().message;
  }

  Error Trouble() {
    const auto token = Get();
    EXPECT_FALSE(token.has_value());
    if (token.has_value()) {
      return Fail(Code::kInternal, "");
    }
    EXPECT_THAT(token.error().message, Not(HasSubstr("hush")));
    return token.error();
  }

  std::filesystem::path home_;
  Environment environment_;
  TestClock clock_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)};
  rest::Response entra_{.status = 200, .headers = {}, .body = kToken};
  rest::Response machine_{.status = 200, .headers = {}, .body = kMachinesToken};
  bool on_azure_ = false;
  Code silence_ = Code::kUnavailable;
  FakeRestClient web_{[this](const rest::Request&) -> Result<rest::Response> { return entra_; }};
  FakeRestClient metadata_{[this](const rest::Request&) -> Result<rest::Response> {
    if (!on_azure_) {
      return Fail(silence_, "http://169.254.169.254 cannot be reached");
    }
    return machine_;
  }};
};

TEST_F(AzureDefaultCredentialsTest, PlacesAreLookedAtInAzuresOrder) {
  on_azure_ = true;
  EXPECT_EQ(SourceOf(), "the managed identity of this machine");
  NameApplication();
  EXPECT_EQ(SourceOf(), "the managed identity client of this machine");
  const std::string token = Write("token", "hush-subject\n");
  environment_["AZURE_FEDERATED_TOKEN_FILE"] = token;
  EXPECT_EQ(SourceOf(), "the application client of the environment");
  EXPECT_THAT(web_.requests().back().body, HasSubstr("client_assertion=hush-subject&"));
  environment_["AZURE_CLIENT_CERTIFICATE_PATH"] =
      Write("pem", CertificateOf(gcp::RsaKey()) + gcp::RsaKey());
  EXPECT_EQ(SourceOf(), "the application client of the environment");
  EXPECT_THAT(web_.requests().back().body, HasSubstr("client_assertion=ey"));
  environment_["AZURE_CLIENT_SECRET"] = "hush secret";
  EXPECT_EQ(SourceOf(), "the application client of the environment");
  const rest::Request asked = web_.requests().back();
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.url, "https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
  EXPECT_EQ(asked.headers.at("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(asked.body,
            "client_id=client&client_secret=hush%20secret&grant_type=client_credentials&"
            "scope=https%3A%2F%2Fmanagement.azure.com%2F.default");
  EXPECT_THAT(metadata_.requests(), SizeIs(2));
}

TEST_F(AzureDefaultCredentialsTest, WhatIsSetUpAndDoesNotWorkEndsTheSearch) {
  on_azure_ = true;
  environment_["AZURE_CLIENT_SECRET"] = "hush";
  EXPECT_THAT(Trouble().message, HasSubstr("AZURE_CLIENT_SECRET is set: AZURE_TENANT_ID and"));
  NameApplication();
  environment_["AZURE_TENANT_ID"] = "a/../b";
  EXPECT_THAT(Trouble().message, HasSubstr("the id of the tenant is no id"));
  NameApplication();
  environment_["AZURE_AUTHORITY_HOST"] = "http://example.org";
  EXPECT_THAT(Trouble().message, HasSubstr("AZURE_AUTHORITY_HOST is no https:// URL"));
  environment_.erase("AZURE_AUTHORITY_HOST");
  environment_.erase("AZURE_CLIENT_SECRET");
  environment_["AZURE_CLIENT_CERTIFICATE_PATH"] = home_ / "typo.pem";
  EXPECT_THAT(Trouble().message, AllOf(HasSubstr("AZURE_CLIENT_CERTIFICATE_PATH: "),
                                       HasSubstr("typo.pem is not there")));
  environment_["AZURE_CLIENT_CERTIFICATE_PATH"] = Write("no.pem", "hush");
  EXPECT_THAT(Trouble().message, HasSubstr("no.pem cannot be used: it holds no certificate"));
  environment_.erase("AZURE_CLIENT_CERTIFICATE_PATH");
  environment_["AZURE_FEDERATED_TOKEN_FILE"] = home_ / "typo";
  EXPECT_THAT(Trouble().message, HasSubstr("typo is not there"));
  environment_["AZURE_FEDERATED_TOKEN_FILE"] = Write("empty", " \n");
  EXPECT_THAT(Trouble().message, HasSubstr("/empty is empty"));
  EXPECT_EQ(Trouble().code, Code::kInvalid);
  EXPECT_THAT(web_.requests(), SizeIs(0));
  EXPECT_THAT(metadata_.requests(), SizeIs(0));
}

TEST_F(AzureDefaultCredentialsTest, ANoIsSaidInMicrosoftsWords) {
  NameApplication();
  environment_["AZURE_CLIENT_SECRET"] = "hush";
  entra_ = {
      .status = 401,
      .headers = {},
      .body = R"({"error": "invalid_client", "error_description": "AADSTS7: hush is wrong"})"};
  EXPECT_EQ(Trouble().message,
            "There is no token for the application client: it is answered invalid_client: AADSTS7: "
            "[secret] is wrong. The credentials are those of the environment");
  EXPECT_EQ(Trouble().code, Code::kUnauthorized);
  entra_ = {.status = 403, .headers = {}, .body = "<html>"};
  EXPECT_EQ(Trouble().code, Code::kInvalid);
  EXPECT_THAT(Trouble().message, HasSubstr("HTTP status 403, and not as Microsoft does"));
  entra_.status = 429;
  EXPECT_EQ(Trouble().code, Code::kTooManyRequests);
  entra_.status = 503;
  EXPECT_EQ(Trouble().code, Code::kUnavailable);
  for (const char* none :
       {"", "{}", R"({"access_token": "a b", "expires_in": 1})", R"({"access_token": "hush"})",
        R"({"access_token": "hush", "expires_in": "soon"})",
        R"({"access_token": "hush", "expires_in": 0})",
        R"({"access_token": "hush", "expires_in": 99999999})",
        R"({"access_token": "hush", "expires_on": "9223372036854775807"})",
        R"({"access_token": "hush", "expires_on": -9223372036854775808})",
        R"({"access_token": "hush", "expires_on": 1})"}) {
    entra_ = {.status = 200, .headers = {}, .body = none};
    EXPECT_EQ(Trouble().code, Code::kInvalid) << none;
  }
}

TEST_F(AzureDefaultCredentialsTest, TheOperatorSaysWhereItsSecretGoes) {
  NameApplication();
  environment_["AZURE_CLIENT_SECRET"] = "hush";
  for (const auto& [authority, url] : std::map<std::string, std::string>{
           {"login.chinacloudapi.cn", "https://login.chinacloudapi.cn/tenant/oauth2/v2.0/token"},
           {"https://login.microsoftonline.us//",
            "https://login.microsoftonline.us/tenant/oauth2/v2.0/token"}}) {
    environment_["AZURE_AUTHORITY_HOST"] = authority;
    EXPECT_TRUE(Get().has_value());
    EXPECT_EQ(web_.requests().back().url, url);
  }
  on_azure_ = true;
  environment_["AZURE_AUTHORITY_HOST"] = "http://127.0.0.1:8080";
  EXPECT_TRUE(Get().has_value()) << "no proxy sees what goes to this machine";
  EXPECT_EQ(metadata_.requests().back().url, "http://127.0.0.1:8080/tenant/oauth2/v2.0/token");
}

TEST_F(AzureDefaultCredentialsTest, TheMachineIsAskedAsAzureWantsIt) {
  on_azure_ = true;
  environment_["AZURE_CLIENT_ID"] = "client";
  EXPECT_TRUE(Get().has_value());
  const rest::Request machine = metadata_.requests().back();
  EXPECT_EQ(machine.url,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
            "&resource=https%3A%2F%2Fmanagement.azure.com&client_id=client");
  EXPECT_EQ(machine.headers.at("metadata"), "true");
  environment_ = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token"},
                  {"IDENTITY_HEADER", "hush-header"}};
  EXPECT_TRUE(Get().has_value());
  const rest::Request service = metadata_.requests().back();
  EXPECT_EQ(service.url,
            "http://127.0.0.1:41741/msi/token?api-version=2019-08-01"
            "&resource=https%3A%2F%2Fmanagement.azure.com");
  EXPECT_EQ(service.headers.at("x-identity-header"), "hush-header");
  machine_ = {.status = 401, .headers = {}, .body = R"({"message": "hush-header is wrong"})"};
  EXPECT_THAT(Trouble().message, HasSubstr("HTTP status 401: [secret] is wrong"));
}

TEST_F(AzureDefaultCredentialsTest, WhoeverTheEnvironmentNamesMaySpeakLater) {
  for (const Environment& named :
       {Environment{{"IDENTITY_ENDPOINT", "http://127.0.0.1:1/x"}, {"IDENTITY_HEADER", "hush"}},
        Environment{{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1"}}}) {
    environment_ = named;
    for (const auto& [silent, code] : std::map<Code, Code>{{Code::kTimeout, Code::kTimeout},
                                                           {Code::kUnavailable, Code::kUnavailable},
                                                           {Code::kTooLarge, Code::kInvalid}}) {
      silence_ = silent;
      EXPECT_EQ(Trouble().code, code);
      EXPECT_THAT(Trouble().message, HasSubstr("nobody gives tokens where the environment says"));
    }
  }
}

TEST_F(AzureDefaultCredentialsTest, WhatSlipwayDoesNotAskIsSaid) {
  on_azure_ = true;
  for (const Environment& other :
       {Environment{{"IDENTITY_ENDPOINT", "http://localhost:40342/x"}, {"IMDS_ENDPOINT", "x"}},
        Environment{{"MSI_ENDPOINT", "http://localhost/x"}},
        Environment{{"IDENTITY_ENDPOINT", "https://x"},
                    {"IDENTITY_HEADER", "hush"},
                    {"IDENTITY_SERVER_THUMBPRINT", "x"}}}) {
    environment_ = other;
    EXPECT_THAT(Trouble().message, HasSubstr("which Slipway does not ask"));
  }
  EXPECT_THAT(metadata_.requests(), SizeIs(0));
}

TEST_F(AzureDefaultCredentialsTest, OnlyAzuresServiceIsBelieved) {
  EXPECT_EQ(Trouble().code, Code::kNotFound);
  EXPECT_THAT(Trouble().message, AllOf(HasSubstr("tried, in this order: AZURE_CLIENT_SECRET, "),
                                       HasSubstr("this is no machine of Azure"),
                                       HasSubstr("Name an application in AZURE_TENANT_ID")));
  on_azure_ = true;
  const std::string json = R"({"error": "odd", "error_description": "Identity not found"})";
  const auto code = [&](int status, const std::string& body) {
    machine_ = {.status = status, .headers = {}, .body = body};
    return Trouble().code;
  };
  EXPECT_EQ(code(400, json), Code::kNotFound);
  EXPECT_THAT(Trouble().message, HasSubstr("it has no such identity: odd: Identity not found"));
  EXPECT_EQ(code(404, "<html>"), Code::kNotFound) << "that of another provider";
  EXPECT_THAT(Trouble().message, HasSubstr("what answers there is not Azure's"));
  EXPECT_EQ(code(404, json), Code::kUnavailable) << "it is being renewed";
  EXPECT_EQ(code(410, json), Code::kUnavailable);
  EXPECT_EQ(code(503, ""), Code::kUnavailable);
  EXPECT_EQ(code(429, ""), Code::kTooManyRequests);
  EXPECT_EQ(code(403, json), Code::kNotFound);
  EXPECT_EQ(code(200, "hush"), Code::kInvalid);
}

TEST_F(AzureDefaultCredentialsTest, ATokenIsKeptUntilItIsForgottenOrEnds) {
  on_azure_ = true;
  DefaultCredentials credentials(doors(), environment_, kResource);
  const auto first = credentials.Get();
  ASSERT_TRUE(first.has_value() && credentials.Get().has_value());
  EXPECT_THAT(metadata_.requests(), SizeIs(1));
  credentials.Forget(first.value());
  ASSERT_TRUE(credentials.Get().has_value());
  EXPECT_THAT(metadata_.requests(), SizeIs(2));
  clock_.mono.since_start += 56min;
  ASSERT_TRUE(credentials.Get().has_value());
  EXPECT_THAT(metadata_.requests(), SizeIs(3));
}

}  // namespace
}  // namespace slipway::cloud::azure
