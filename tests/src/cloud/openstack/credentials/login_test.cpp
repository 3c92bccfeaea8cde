#include "src/cloud/openstack/credentials/login.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::cloud::openstack {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Settings& ByPassword() {
  static const Settings kSettings = {{"auth_url", "https://k.example.org:5000/identity/v3/"},
                                     {"username", "lister"},
                                     {"password", "hush"},
                                     {"user_domain_name", "Default"},
                                     {"project_name", "shop"},
                                     {"project_domain_name", "Default"}};
  return kSettings;
}

const Settings& ByCredential() {
  static const Settings kSettings = {{"auth_url", "https://k.example.org"},
                                     {"application_credential_id", "c1"},
                                     {"application_credential_secret", "hush"}};
  return kSettings;
}

Settings With(Settings settings, const Settings& changed) {
  for (const auto& [name, value] : changed) {
    settings[name] = value;
  }
  return settings;
}

std::string Complaint(const Settings& settings) {
  const auto login = ReadLogin(settings, "");
  if (login.has_value()) {
    return "";
  }
  EXPECT_THAT(login.error().message, Not(HasSubstr("hush")));
  return login.error().message;
}

TEST(OpenstackLogin, APasswordIsAUsersInAProject) {
  const auto login = ReadLogin(ByPassword(), "");
  ASSERT_TRUE(login.has_value()) << login.error().message;
  EXPECT_EQ(login.value().auth_url, "https://k.example.org:5000/identity");
  EXPECT_EQ(login.value().user.name, "lister");
  EXPECT_EQ(login.value().project.name, "shop");
  EXPECT_EQ(login.value().interface, "public");
  EXPECT_EQ(WhoIs(login.value()), "the user lister");
}

TEST(OpenstackLogin, AnApplicationCredentialHasItsOwnProject) {
  for (const char* type : {"", "v3applicationcredential"}) {
    const auto login = ReadLogin(With(ByCredential(), {{"auth_type", type}}), "shop");
    ASSERT_TRUE(login.has_value()) << login.error().message;
    EXPECT_EQ(login.value().project, Named());
    EXPECT_EQ(WhoIs(login.value()), "the application credential c1");
  }
  Settings named = With(ByCredential(), {{"application_credential_id", ""},
                                         {"application_credential_name", "slipway"}});
  EXPECT_EQ(Complaint(named), "it has neither username nor user_id");
  named["user_id"] = "u1";
  EXPECT_EQ(WhoIs(ReadLogin(named, "").value()), "the application credential slipway");
}

TEST(OpenstackLogin, TheFleetMayNameAnotherProject) {
  EXPECT_EQ(ReadLogin(ByPassword(), "other").value().project,
            (Named{.id = "", .name = "other", .domain_id = "", .domain_name = "Default"}));
  const std::string id = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(ReadLogin(ByPassword(), id).value().project.id, id);
  EXPECT_EQ(ReadLogin(With(ByPassword(), {{"project_id", id}}), "other").value().project.id, "");
}

TEST(OpenstackLogin, OldNamesAreKnown) {
  const auto login = ReadLogin({{"auth_url", "http://127.0.0.1:5000/v2.0"},
                                {"user_id", "u1"},
                                {"password", "hush"},
                                {"tenant_name", "shop"},
                                {"default_domain", "default"},
                                {"endpoint_type", "internalURL"}},
                               "");
  ASSERT_TRUE(login.has_value()) << login.error().message;
  EXPECT_EQ(login.value().auth_url, "http://127.0.0.1:5000");
  EXPECT_EQ(login.value().project.domain_id, "default");
  EXPECT_EQ(login.value().interface, "internal");
}

TEST(OpenstackLogin, WhatLacksIsSaid) {
  const std::string domain = "it has username, and neither user_domain_name nor user_domain_id";
  EXPECT_EQ(Complaint({}), "it has no auth_url");
  EXPECT_THAT(Complaint({{"profile", "ovh"}}), HasSubstr("write the auth_url that the profile"));
  EXPECT_EQ(Complaint(With(ByPassword(), {{"username", ""}})),
            "it has neither username nor user_id");
  EXPECT_EQ(Complaint(With(ByPassword(), {{"user_domain_name", ""}})), domain);
  EXPECT_EQ(Complaint(With(ByPassword(), {{"password", ""}})), "it has no password");
  EXPECT_EQ(Complaint(With(ByPassword(), {{"project_name", ""}})),
            "it has neither project_name nor project_id");
  EXPECT_EQ(Complaint(With(ByPassword(), {{"project_domain_name", ""}})),
            "it has project_name, and neither project_domain_name nor project_domain_id");
  EXPECT_EQ(Complaint(With(ByCredential(), {{"auth_type", "v3applicationcredential"},
                                            {"application_credential_secret", ""}})),
            "it has no application_credential_secret");
  EXPECT_EQ(Complaint(With(ByCredential(), {{"application_credential_id", ""}})),
            "it has neither application_credential_id nor application_credential_name");
}

TEST(OpenstackLogin, WhatCannotBeUsedIsRefused) {
  for (const char* url : {"http://k.example.org", "http://127.0.0.1.example.org", "ftp://k",
                          "http://localhost@k.example.org", "https://u:hush@k.example.org",
                          "https://", "k.example.org", "https://k.example.org/?x=hush"}) {
    EXPECT_THAT(Complaint(With(ByPassword(), {{"auth_url", url}})),
                HasSubstr("its auth_url is no https:// URL"))
        << url;
  }
  EXPECT_THAT(Complaint(With(ByPassword(), {{"verify", "false"}})), HasSubstr("OS_CACERT"));
  EXPECT_THAT(Complaint(With(ByPassword(), {{"verify", "False"}})), HasSubstr("OS_CACERT"));
  EXPECT_THAT(Complaint(With(ByPassword(), {{"insecure", "1"}})), HasSubstr("OS_CACERT"));
  EXPECT_EQ(Complaint(With(ByPassword(), {{"verify", "true"}, {"insecure", "false"}})), "");
  EXPECT_EQ(Complaint(With(ByPassword(), {{"cert", "/etc/cert"}})),
            "it has a client certificate, and Slipway shows none");
  EXPECT_EQ(Complaint(With(ByPassword(), {{"identity_api_version", "2.0"}})),
            "its identity_api_version is 2, and Slipway speaks 3");
  EXPECT_EQ(Complaint(With(ByPassword(), {{"auth_type", "v3oidcpassword"}})),
            "its auth_type is v3oidcpassword, and not password or v3applicationcredential");
  EXPECT_EQ(Complaint(With(ByPassword(), {{"interface", "private"}})),
            "its interface is \"private\", and not public, internal or admin");
}

}  // namespace
}  // namespace slipway::cloud::openstack
