#include "src/cloud/gcp/credentials/key_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconciler/base/json.hpp"

namespace slipway::cloud::gcp {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json ServiceAccount() {
  return {{"type", "service_account"},
          {"client_email", "list@shop-prod.iam.gserviceaccount.com"},
          {"private_key_id", "k1"},
          {"private_key", "hush"},
          {"token_uri", "https://oauth2.googleapis.com/token"}};
}

json External(json source) {
  return {{"type", "external_account"},
          {"audience", "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"},
          {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
          {"token_url", "https://sts.googleapis.com/v1/token"},
          {"credential_source", std::move(source)}};
}

std::string Complaint(const json& file) {
  const auto read = ReadKeyFile(PrintJson(file));
  const std::string message = read.has_value() ? "" : read.error().message;
  EXPECT_THAT(message, Not(HasSubstr("hush")));
  return message;
}

template <typename Kind>
Kind ReadAs(const json& file) {
  const auto read = ReadKeyFile(PrintJson(file));
  EXPECT_TRUE(read.has_value()) << (read.has_value() ? "" : read.error().message);
  return read.has_value() && std::holds_alternative<Kind>(read.value())
             ? std::get<Kind>(read.value())
             : Kind();
}

TEST(KeyFile, EachKindIsRead) {
  const auto key = ReadAs<ServiceAccountKey>(ServiceAccount());
  EXPECT_EQ(key.email, "list@shop-prod.iam.gserviceaccount.com");
  EXPECT_EQ(key.key_id, "k1");
  EXPECT_EQ(key.pem, "hush");
  const auto user = ReadAs<AuthorizedUser>({{"type", "authorized_user"},
                                            {"client_id", "id"},
                                            {"client_secret", "hush"},
                                            {"refresh_token", "hush2"},
                                            {"quota_project_id", "bill"}});
  EXPECT_EQ(user.refresh_token, "hush2");
  EXPECT_EQ(user.token_url, "https://oauth2.googleapis.com/token") << "gcloud does not write it";
  EXPECT_EQ(user.quota_project, "bill");
  const auto file = ReadAs<ExternalAccount>(External({{"file", "/run/token"}}));
  EXPECT_EQ(file.file, "/run/token");
  EXPECT_EQ(file.field, "");
  const auto url = ReadAs<ExternalAccount>(
      External({{"url", "http://169.254.169.254/token"},
                {"headers", {{"Metadata", "True"}}},
                {"format", {{"type", "json"}, {"subject_token_field_name", "access_token"}}}}));
  EXPECT_EQ(url.url, "http://169.254.169.254/token");
  EXPECT_EQ(url.headers, (std::map<std::string, std::string>{{"Metadata", "True"}}));
  EXPECT_EQ(url.field, "access_token");
}

TEST(KeyFile, WhatIsMissingIsNamed) {
  EXPECT_EQ(ReadKeyFile("hush").error().message, "it is no JSON object");
  EXPECT_EQ(Complaint(json::array()), "it is no JSON object");
  EXPECT_EQ(Complaint({{"private_key", "hush"}}), "it has no type");
  EXPECT_EQ(Complaint({{"type", "gdch_service_account"}}),
            "its type is gdch_service_account, and not service_account, authorized_user or "
            "external_account");
  for (const char* name : {"client_email", "private_key"}) {
    json file = ServiceAccount();
    file[name] = 7;
    EXPECT_EQ(Complaint(file), std::string("it has no ") + name);
  }
  for (const char* name : {"audience", "subject_token_type", "token_url"}) {
    json file = External({{"file", "/run/token"}});
    file.erase(name);
    EXPECT_EQ(Complaint(file), std::string("it has no ") + name);
  }
  EXPECT_EQ(Complaint({{"type", "authorized_user"}}), "it has no client_id");
}

TEST(KeyFile, SecretsGoOverHttpsOrStayOnThisMachine) {
  const auto complaint = [](const std::string& url) {
    json file = ServiceAccount();
    file["token_uri"] = url;
    return Complaint(file);
  };
  for (const char* good : {"https://x/token", "http://127.0.0.1:80/token", "http://localhost/t",
                           "http://127.0.0.1:80/list@shop-prod:token"}) {
    EXPECT_EQ(complaint(good), "") << good;
  }
  for (const char* bad : {"http://oauth2.googleapis.com/token", "http://127.0.0.1.example.org/",
                          "http://localhost:80@example.org/", "ftp://x", "127.0.0.1"}) {
    EXPECT_EQ(complaint(bad), "its token_uri is no https:// URL") << bad;
  }
  json file = External({{"file", "/run/token"}});
  file["service_account_impersonation_url"] = "http://iamcredentials.googleapis.com/";
  EXPECT_EQ(Complaint(file), "its service_account_impersonation_url is no https:// URL");
}

TEST(KeyFile, SourcesThatSlipwayDoesNotAskAreRefused) {
  const std::string other = "its credential_source must be a file or a url";
  for (const json& source : {json(), json::object(), json{{"executable", {{"command", "x"}}}},
                             json{{"file", "/a"}, {"url", "https://b"}},
                             json{{"environment_id", "aws1"}, {"url", "http://169.254.169.254"}}}) {
    EXPECT_THAT(Complaint(External(source)), HasSubstr(other)) << source;
  }
  EXPECT_EQ(Complaint(External({{"url", "file:///etc/shadow"}})),
            "the url of its credential_source is no http:// or https:// URL");
  EXPECT_EQ(Complaint(External({{"file", "/a"}, {"format", {{"type", "xml"}}}})),
            "the format of its credential_source is neither text nor json");
  EXPECT_EQ(Complaint(External({{"file", "/a"}, {"format", {{"type", "json"}}}})),
            "the format of its credential_source has no subject_token_field_name");
}

}  // namespace
}  // namespace slipway::cloud::gcp
