#include "src/cloud/gcp/credentials/default_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/src/cloud/fake_rest_client.hpp"
#include "tests/src/cloud/gcp/credentials/rsa_key.hpp"
#include "tests/src/test_clock.hpp"

namespace slipway::cloud::gcp {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kToken = R"({"access_token": "hush-token", "expires_in": 3600})";
constexpr const char* kUser = R"({"type": "authorized_user", "client_id": "id",
  "client_secret": "hush-client", "refresh_token": "hush-refresh"})";

/// A machine with a home folder of its own, and nothing in it.
class DefaultCredentialsTest : public ::testing::Test {
 protected:
  DefaultCredentialsTest() {
    std::string name = std::filesystem::temp_directory_path() / "slipway-gcp-XXXXXX";
    home_ = ::mkdtemp(name.data());
    environment_["HOME"] = home_;
  }
  ~DefaultCredentialsTest() override { std::filesystem::remove_all(home_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = home_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  Doors doors() { return {.web = web_, .metadata = metadata_, .clock = clock_}; }

  std::string SourceOf() {
    const auto token = DefaultCredentials(doors(), environment_).Get();
    return token.has_value() ? token.value().source : "none: " + token.error().message;
  }

  Error Trouble() {
    const auto token = DefaultCredentials(doors(), environment_).Get();
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
  rest::Response machine_{
      .status = 200, .headers = {{"metadata-flavor", "Google"}}, .body = kToken};
  bool on_google_ = false;
  FakeRestClient web_{[](const rest::Request&) -> Result<rest::Response> {
    return rest::Response{.status = 200, .headers = {}, .body = kToken};
  }};
  FakeRestClient metadata_{[this](const rest::Request&) -> Result<rest::Response> {
    if (!on_google_) {
      return Fail(Code::kUnavailable, "http://169.254.169.254 cannot be reached");
    }
    return machine_;
  }};
};

TEST_F(DefaultCredentialsTest, PlacesAreLookedAtInGooglesOrder) {
  on_google_ = true;
  EXPECT_EQ(SourceOf(), "the service account of this machine");
  EXPECT_EQ(metadata_.requests().front().url,
            "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token");
  EXPECT_EQ(metadata_.requests().front().headers.at("metadata-flavor"), "Google");
  const std::string of_gcloud = Write(".config/gcloud/application_default_credentials.json", kUser);
  EXPECT_EQ(SourceOf(), "the user of gcloud of " + of_gcloud);
  const std::string moved = Write("elsewhere/application_default_credentials.json", kUser);
  environment_["CLOUDSDK_CONFIG"] = home_ / "elsewhere";
  EXPECT_EQ(SourceOf(), "the user of gcloud of " + moved);
  const std::string named = Write("key.json", ServiceAccountFile());
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = named;
  EXPECT_EQ(SourceOf(), "the service account list@shop-prod.iam.gserviceaccount.com of " + named);
  EXPECT_THAT(metadata_.requests(), SizeIs(1));
}

TEST_F(DefaultCredentialsTest, AFileThatDoesNotWorkEndsTheSearch) {
  on_google_ = true;
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = home_ / "typo.json";
  EXPECT_THAT(Trouble().message, AllOf(HasSubstr("GOOGLE_APPLICATION_CREDENTIALS: "),
                                       HasSubstr("typo.json is not there")));
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = Write("key.json", "hush");
  EXPECT_THAT(Trouble().message, HasSubstr("key.json cannot be used: it is no JSON object"));
  environment_.erase("GOOGLE_APPLICATION_CREDENTIALS");
  Write(".config/gcloud/application_default_credentials.json", "{}");
  EXPECT_THAT(Trouble().message, HasSubstr("cannot be used: it has no type"));
  EXPECT_THAT(metadata_.requests(), SizeIs(0));
}

TEST_F(DefaultCredentialsTest, WithoutAnyEveryPlaceIsNamed) {
  const Error none = Trouble();
  EXPECT_EQ(none.code, Code::kNotFound);
  EXPECT_THAT(none.message,
              AllOf(HasSubstr("GOOGLE_APPLICATION_CREDENTIALS (not set); the file of gcloud ("),
                    HasSubstr("application_default_credentials.json is not there"),
                    HasSubstr("no metadata server answers"), HasSubstr("Name a key file in")));
  environment_ = {{"NO_GCE_CHECK", "true"}};
  EXPECT_THAT(Trouble().message, AllOf(HasSubstr("neither CLOUDSDK_CONFIG nor HOME is set"),
                                       HasSubstr("NO_GCE_CHECK is true")));
}

TEST_F(DefaultCredentialsTest, OnlyGooglesMetadataServerIsBelieved) {
  on_google_ = true;
  environment_["GCE_METADATA_HOST"] = "127.0.0.1:8080";
  EXPECT_EQ(SourceOf(), "the service account of this machine");
  EXPECT_THAT(metadata_.requests().back().url, HasSubstr("http://127.0.0.1:8080/computeMetadata/"));
  machine_.headers.clear();
  EXPECT_EQ(Trouble().code, Code::kNotFound);
  machine_.headers["metadata-flavor"] = "Google";
  machine_.status = 404;
  EXPECT_THAT(Trouble().message, HasSubstr("the machine has no service account: give it one"));
  machine_.status = 503;
  EXPECT_EQ(Trouble().code, Code::kUnavailable) << "it may pass";
  machine_.status = 429;
  EXPECT_EQ(Trouble().code, Code::kTooManyRequests);
  machine_.status = 200;
  machine_.body = "hush";
  EXPECT_EQ(Trouble().code, Code::kInvalid);
}

TEST_F(DefaultCredentialsTest, ATokenIsKeptUntilItIsForgottenOrEnds) {
  on_google_ = true;
  DefaultCredentials credentials(doors(), environment_);
  ASSERT_TRUE(credentials.Get().has_value());
  const auto first = credentials.Get();
  ASSERT_TRUE(first.has_value());
  EXPECT_THAT(metadata_.requests(), SizeIs(1));
  AccessToken other = first.value();
  other.text = "another";
  credentials.Forget(other);
  ASSERT_TRUE(credentials.Get().has_value());
  EXPECT_THAT(metadata_.requests(), SizeIs(1)) << "it is another one that is no good";
  credentials.Forget(first.value());
  ASSERT_TRUE(credentials.Get().has_value());
  EXPECT_THAT(metadata_.requests(), SizeIs(2));
  clock_.mono.since_start += 56min;
  ASSERT_TRUE(credentials.Get().has_value());
  EXPECT_THAT(metadata_.requests(), SizeIs(3));
}

TEST_F(DefaultCredentialsTest, CallsOfAUserAreCountedWhereTheEnvironmentSays) {
  Write(".config/gcloud/application_default_credentials.json", kUser);
  environment_["GOOGLE_CLOUD_QUOTA_PROJECT"] = "bill";
  EXPECT_EQ(
      DefaultCredentials(doors(), environment_).Get().value().headers.at("x-goog-user-project"),
      "bill");
}

TEST_F(DefaultCredentialsTest, GivenKeysSayWhoseTheyAre) {
  KeyCredentials credentials(doors(), ReadKeyFile(ServiceAccountFile()).value(), " of Secret key");
  EXPECT_EQ(credentials.Get().value().source,
            "the service account list@shop-prod.iam.gserviceaccount.com of Secret key");
}

}  // namespace
}  // namespace slipway::cloud::gcp
