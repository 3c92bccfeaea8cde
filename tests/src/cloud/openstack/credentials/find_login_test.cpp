#include "src/cloud/openstack/credentials/find_login.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace slipway::cloud::openstack {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kShop = R"(
clouds:
  shop:
    region_name: RegionOne
    identity_api_version: 3
    volume_api_version: 2
    auth:
      auth_url: https://k.example.org
      username: lister
      password: hush
      user_domain_name: Default
      project_name: shop
      project_domain_name: Default
)";
constexpr const char* kOther = R"(
  other:
    verify: true
    auth: {auth_url: "https://o.example.org", application_credential_id: c1, application_credential_secret: hush}
)";

/// A machine with a home folder of its own, and nothing in it.
class FindLoginTest : public ::testing::Test {
 protected:
  FindLoginTest() {
    std::string name = std::filesystem::temp_directory_path() / "slipway-openstack-XXXXXX";
    home_ = ::mkdtemp(name.data());
    environment_["HOME"] = home_;
  }
  ~FindLoginTest() override { std::filesystem::remove_all(home_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = home_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  /// Whose login is found, or why none is.
  std::string Found(const std::string& cloud = "") {
    const auto login = FindLogin(environment_, cloud, "");
    if (login.has_value()) {
      return WhoIs(login.value()) + login.value().origin;
    }
    EXPECT_THAT(login.error().message, Not(HasSubstr("hush")));
    return login.error().message;
  }

  std::filesystem::path home_;
  Environment environment_;
};

TEST_F(FindLoginTest, TheOrderIsThatOfTheSdk) {
  EXPECT_THAT(Found(), AllOf(HasSubstr("There are no credentials for OpenStack: neither "),
                             HasSubstr((home_ / ".config/openstack").string()),
                             HasSubstr("nor /etc/openstack has a clouds.yaml"),
                             HasSubstr("OS_CLOUD and OS_AUTH_URL are not set")));
  EXPECT_EQ(FindLogin(environment_, "", "").error().code, Code::kNotFound);
  const std::string path = Write(".config/openstack/clouds.yaml", kShop);
  EXPECT_EQ(Found(), "the user lister of cloud shop in " + path) << "there is no other";
  environment_["OS_AUTH_URL"] = "https://e.example.org";
  environment_["OS_APPLICATION_CREDENTIAL_ID"] = "e1";
  environment_["OS_APPLICATION_CREDENTIAL_SECRET"] = "hush";
  EXPECT_EQ(Found(), "the application credential e1 of the OS_ variables");
  environment_["OS_CLOUD"] = "other";
  EXPECT_EQ(Found(),
            "There are no credentials for OpenStack: " + path + " has no cloud other, but shop");
  Write(".config/openstack/clouds.yaml", std::string(kShop) + kOther);
  EXPECT_EQ(Found(), "the application credential c1 of cloud other in " + path);
  EXPECT_EQ(Found("shop"), "the user lister of cloud shop in " + path) << "as the Fleet says";
}

TEST_F(FindLoginTest, WhatIsSetUpByHalfEndsTheSearch) {
  Write(".config/openstack/clouds.yaml", kShop);
  environment_["OS_USERNAME"] = "somebody";
  EXPECT_EQ(Found(),
            "There are no credentials for OpenStack: the OS_ variables cannot be used: it "
            "has no auth_url");
  environment_.erase("OS_USERNAME");
  environment_["OS_CLIENT_CONFIG_FILE"] = home_ / "typo.yaml";
  EXPECT_THAT(Found(), HasSubstr("OS_CLIENT_CONFIG_FILE: "));
}

TEST_F(FindLoginTest, AFileThatCannotBeUsedEndsTheSearchAndIsNotQuoted) {
  const auto with = [&](const std::string& text) {
    Write(".config/openstack/clouds.yaml", text);
    return Found();
  };
  EXPECT_THAT(with("clouds: [hush"), HasSubstr("clouds.yaml is no YAML"));
  EXPECT_THAT(with("hush"), HasSubstr("clouds.yaml has no clouds"));
  EXPECT_THAT(with("cloud: {}"), HasSubstr("clouds.yaml has no clouds"));
  EXPECT_THAT(with(""), HasSubstr("clouds.yaml has no clouds"));
  EXPECT_THAT(with("clouds: {}"), HasSubstr("has several clouds"));
  EXPECT_THAT(with("clouds: {shop: }"), HasSubstr(": it is empty"));
  EXPECT_THAT(with("clouds: {shop: {auth: {password: 0123}}}"),
              HasSubstr("its password is no text: write it in quotes"));
  EXPECT_THAT(with("clouds: {shop: {verify: no}}"), HasSubstr("it says not to verify"));
  EXPECT_THAT(with("clouds: {a: {}, b: {}}"),
              HasSubstr("has several clouds: say in OS_CLOUD, or in the Fleet's cloud, which one: "
                        "a, b"));
  std::filesystem::remove(home_ / ".config/openstack/clouds.yaml");
  std::filesystem::create_directories(home_ / ".config/openstack/clouds.yaml");
  EXPECT_THAT(Found(), Not(HasSubstr("are not set")));
}

TEST_F(FindLoginTest, SecureYamlAddsWhatIsSecret) {
  std::string text = kShop;
  text.replace(text.find("      password: hush\n"), 21, "");
  const std::string path = Write(".config/openstack/clouds.yaml", text);
  EXPECT_THAT(Found(), HasSubstr("it has no password"));
  Write(".config/openstack/secure.yaml", "clouds: {other: {auth: {password: hush}}}");
  EXPECT_THAT(Found(), HasSubstr("it has no password"));
  Write(".config/openstack/secure.yaml", "clouds: {shop: {auth: {password: 7}}}");
  EXPECT_THAT(Found(), AllOf(HasSubstr("secure.yaml: its password"), HasSubstr("in quotes")));
  Write(".config/openstack/secure.yaml", "clouds: {shop: {auth: {password: hush}}}");
  EXPECT_EQ(Found(), "the user lister of cloud shop in " + path);
}

TEST_F(FindLoginTest, AnAuthorityIsForTheWholeProcess) {
  Write(".config/openstack/clouds.yaml", std::string(kShop) + "    cacert: /etc/shop.pem\n");
  EXPECT_THAT(Found(), HasSubstr("its cacert is not read here: name the file in OS_CACERT"));
  environment_["OS_CACERT"] = "/etc/shop.pem";
  EXPECT_THAT(Found(), HasSubstr("the user lister"));
}

TEST_F(FindLoginTest, TheEnvironmentSaysWhereNobodyElseDoes) {
  Write(".config/openstack/clouds.yaml", std::string(kShop) + kOther);
  environment_["OS_REGION_NAME"] = "RegionTwo";
  environment_["OS_INTERFACE"] = "internal";
  EXPECT_EQ(FindLogin(environment_, "shop", "").value().region, "RegionOne");
  EXPECT_EQ(FindLogin(environment_, "other", "").value().region, "RegionTwo");
  EXPECT_EQ(FindLogin(environment_, "other", "").value().interface, "internal");
}

TEST_F(FindLoginTest, ASecretSaysEverythingItself) {
  environment_["OS_PASSWORD"] = "hush";
  SecretData secret = {{"auth_url", "https://k.example.org"}, {"user_id", "u1"}};
  const auto refused = LoginOfSecret("keys", secret, "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "The Secret keys cannot be used: it has no password.");
  secret["password"] = "hush\n";
  secret["project_id"] = "p1";
  const auto login = LoginOfSecret("keys", secret, "");
  ASSERT_TRUE(login.has_value());
  EXPECT_EQ(login.value().password, "hush");
  EXPECT_EQ(login.value().origin, " of Secret keys");
}

}  // namespace
}  // namespace slipway::cloud::openstack
