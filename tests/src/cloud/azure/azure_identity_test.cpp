#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/src/cloud/azure/azure_cloud_fixture.hpp"
#include "tests/src/cloud/azure/credentials/test_certificate.hpp"
#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"

// Who asks, where their token goes, and what the doctor says of it.
namespace slipway::cloud::azure {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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
  const Examination examined = cloud.Examine(provider_, {});
  ASSERT_TRUE(examined.checks.front().trouble.has_value());
  EXPECT_EQ(runtime::ReasonOf(*examined.checks.front().trouble), "EndpointInvalid");
  provider_.azure->endpoint = kManager;
  EXPECT_TRUE(cloud.List(provider_, {}).has_value()) << "the Fleet says where";
}

TEST_F(AzureCloudTest, WhatStandsAroundASecretIsNoneOfIt) {
  provider_.azure->secret_ref = api::SecretRef{.name = "app"};
  const SecretData secret = {
      {"tenantID", "t\n"}, {"clientID", "c\n"}, {"clientSecret", "hush-secret\n"}};
  ASSERT_EQ(Outcome(secret), "1@10.0.0.1 2@10.0.0.2");
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
